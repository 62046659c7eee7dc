package codegen

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

func TestLiterals(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"":                   `""`,
		"net.exe":            `"net.exe"`,
		`\net.exe`:           "`\\net.exe`",
		`C:\a "b"`:           "`C:\\a \"b\"`",
		"a\\`b":              "\"a\\\\`b\"",
		"a\\\tb":             `"a\\\tb"`,
		"a\\\u202e":          `"a\\\u202e"`,
		`"quoted"`:           `"\"quoted\""`,
		"\x00\xff\U0001f600": `"\x00\xff\U0001f600"`,
	} {
		if got := literal(s); got != want {
			t.Errorf("literal(%q) = %s, want %s", s, got, want)
		}
	}
}

func TestCommentText(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"1 of selection_*":     "1 of selection_*",
		`say "x" \n`:           `say "x" \\n`,
		`\"`:                   `\\"`,
		"a\n//go:build x":      `a\n//go:build x`,
		"``a'' */ `b` +build":  "`\\x60a'\\x27 */ `b` \\x2bbuild",
		"\u202e\x00\u00e4\xff": `\u202e\x00\u00e4\xff`,
	} {
		if got := commentText(s); got != want {
			t.Errorf("commentText(%q) = %s, want %s", s, got, want)
		}
	}
}

func FuzzLiteralsMeanTheirText(f *testing.F) {
	for _, s := range hostileTexts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := strconv.Unquote(literal(s)); err != nil || got != s {
			t.Errorf("literal(%q) = %s", s, literal(s))
		}
		for _, c := range []string{commentText(s), commentQuoted(s)} {
			if strings.ContainsFunc(c, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("comment text %q of %q", c, s)
			}
		}
	})
}

func TestNumbersThatGoCannotExpressAreErrors(t *testing.T) {
	t.Parallel()
	for _, x := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
		if lit, err := floatLiteral(x); err == nil {
			t.Errorf("floatLiteral(%g) = %s", x, lit)
		}
	}
}
