package sigma

import (
	"math"
	"strconv"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// IntNumber returns the Number of an integer.
func IntNumber(i int64) Number {
	return Number{IsInt: true, Int: i, Float: float64(i), Text: strconv.FormatInt(i, 10)}
}

// FloatNumber returns the Number of a double, which must be finite. It stays a double even if it is whole.
func FloatNumber(f float64) Number { return Number{Float: f, Text: FormatFloat(f)} }

// FormatFloat returns the text form of a finite double (section 6.2): the shortest decimal that reads back to f, never with
// an exponent, and "0" for zero of either sign.
func FormatFloat(f float64) string {
	if f == 0 {
		return "0"
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// NumberOf returns the Number of an integer or a finite float node, and false for any other node.
func NumberOf(n *yamldoc.Node) (Number, bool) {
	switch {
	case n.Kind == yamldoc.KindInt:
		return IntNumber(n.Int), true
	case n.Kind == yamldoc.KindFloat && isFinite(n.Float):
		return FloatNumber(n.Float), true
	}
	return Number{}, false
}

// ParseNumber reads a numeric string by the grammar of section 7.3. Without point and exponent, a value that fits 64 bits
// is an integer; everything else is a double, and one that overflows is no number.
func ParseNumber(s string) (Number, bool) {
	if !isNumeric(s) {
		return Number{}, false
	}
	if !strings.ContainsAny(s, ".eE") {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return IntNumber(i), true
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !isFinite(f) {
		return Number{}, false
	}
	return FloatNumber(f), true
}

// isFinite reports whether f is neither infinite nor NaN.
func isFinite(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }

// isNumeric checks [+-]? (digits [. digits*] | . digits) ([eE][+-]?digits)?
func isNumeric(s string) bool {
	s = cutSign(s)
	whole, s := cutDigits(s)
	fraction := 0
	if strings.HasPrefix(s, ".") {
		fraction, s = cutDigits(s[1:])
	}
	if whole+fraction == 0 {
		return false
	}
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	exponent, s := cutDigits(cutSign(s[1:]))
	return exponent > 0 && s == ""
}

// cutSign removes one leading sign.
func cutSign(s string) string {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return s[1:]
	}
	return s
}

// cutDigits removes the leading ASCII digits and returns how many there were.
func cutDigits(s string) (int, string) {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n, s[n:]
}
