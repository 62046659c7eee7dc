package codegen

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// literal returns s as a Go string literal: a raw one if it holds a backslash and is otherwise plain, so that Windows paths
// stay readable; else an interpreted one in ASCII, in which nothing can hide.
func literal(s string) string {
	if strings.Contains(s, `\`) && isPlain(s) {
		return "`" + s + "`"
	}
	return strconv.QuoteToASCII(s)
}

// isPlain reports whether s can be a raw string: printable ASCII without a backtick.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '`' {
			return false
		}
	}
	return true
}

// floatLiteral returns x as a Go constant. Infinities and NaN have none.
func floatLiteral(x float64) (string, error) {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return "", fmt.Errorf("the number %g cannot be written in Go", x)
	}
	return strconv.FormatFloat(x, 'g', -1, 64), nil
}

// commentText returns s for use inside a comment line: printable ASCII, everything else escaped as in a Go string.
func commentText(s string) string {
	q := commentQuoted(s)
	return strings.NewReplacer(`\\`, `\\`, `\"`, `"`).Replace(q[1 : len(q)-1])
}

// commentQuoted is commentText in quotes.
func commentQuoted(s string) string { return inert.Replace(strconv.QuoteToASCII(s)) }

// inert escapes what tools act on inside a comment line: gofmt makes typographic quotes of doubled ones, vet looks for old
// build constraints.
var inert = strings.NewReplacer("``", "`\\x60", "''", `'\x27`, "+build", `\x2bbuild`)
