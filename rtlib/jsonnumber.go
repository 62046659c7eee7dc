package rtlib

import (
	"math"
	"strconv"
	"strings"
)

// NumberText returns the canonical text and the kind of raw, a valid JSON number: an Int if it is written without fraction
// and exponent and fits int64, else a Float. The text of a Float is the shortest decimal that reads back to the same double,
// without exponent and trailing ".0". Two decisions go beyond that: integers up to 2^64-1 keep their digits although they are
// Floats, and a number that overflows to infinity keeps its source text, so that it can be matched as text but equals no
// number. It allocates only if raw is not canonical already.
//
// Source: sigma-language.md section 6.2.
func NumberText(raw string) (text string, kind Kind) {
	if strings.ContainsAny(raw, ".eE") {
		if text, ok := shortDecimal(raw); ok {
			return text, Float
		}
		return floatText(raw), Float
	}
	switch {
	case raw == "-0":
		return "0", Int
	case len(raw) <= 18:
		return raw, Int
	}
	if _, err := strconv.ParseInt(raw, 10, 64); err == nil {
		return raw, Int
	}
	if _, err := strconv.ParseUint(raw, 10, 64); err == nil {
		return raw, Float
	}
	return floatText(raw), Float
}

// shortDecimal handles decimals without exponent and of at most 15 digits: every such decimal survives the way to a double
// and back, so that all there is to do is to drop zeros at its end.
func shortDecimal(raw string) (text string, ok bool) {
	if len(raw) > 16 || strings.ContainsAny(raw, "eE") {
		return "", false
	}
	text = strings.TrimRight(raw, "0")
	text = strings.TrimSuffix(text, ".")
	if text == "-0" {
		text = "0"
	}
	return text, true
}

// floatText returns the text of the double nearest to raw.
func floatText(raw string) string {
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(f, 0) {
		return raw
	}
	if f == 0 {
		return "0"
	}
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'f', -1, 64)
	if string(text) == raw {
		return raw
	}
	return string(text)
}
