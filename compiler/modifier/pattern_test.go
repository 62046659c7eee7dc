package modifier_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// show writes a pattern so that every token can be told from its neighbours.
func show(p sigma.Pattern) string {
	var parts []string
	for _, t := range p {
		switch t.Kind {
		case sigma.TokenStar:
			parts = append(parts, "*")
		case sigma.TokenQuestion:
			parts = append(parts, "?")
		case sigma.TokenPlaceholder:
			parts = append(parts, "%"+t.Text+"%")
		case sigma.TokenLiteral:
			parts = append(parts, "<"+t.Text+">")
		}
	}
	return strings.Join(parts, "")
}

func TestBackslashesEscapeOnlyWildcardsAndThemselves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{``, ``},
		{`plain`, `<plain>`},
		{`*`, `*`},
		{`a**b`, `<a>**<b>`},
		{`a?c*`, `<a>?<c>*`},
		{`\x`, `<\x>`},
		{`\\x`, `<\x>`},
		{`\\\x`, `<\\x>`},
		{`\\\\x`, `<\\x>`},
		{`\\\\\x`, `<\\\x>`},
		{`\`, `<\>`},
		{`x\\`, `<x\>`},
		{`x\\\`, `<x\\>`},
		{`\*`, `<*>`},
		{`\\*`, `<\>*`},
		{`\\\*`, `<\*>`},
		{`\\\\*`, `<\\>*`},
		{`\\\\\*`, `<\\*>`},
		{`\?\\?`, `<?\>?`},
		{`C:\dir\*.exe`, `<C:\dir*.exe>`},
		{`%name%`, `<%name%>`},
	} {
		if got := show(modifier.ReadPattern(c.text)); got != c.want {
			t.Errorf("ReadPattern(%q) = %s, want %s", c.text, got, c.want)
		}
	}
}

func TestPlaceholdersStandBetweenUnescapedPercentSigns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{`%a%`, `%a%`},
		{`x%a%%b.c%y`, `<x>%a%%b.c%<y>`},
		{`50% off*now`, `<50% off>*<now>`},
		{`\%x\%`, `<%x%>`},
		{`\%x%`, `<%x%>`},
		{`%x\%`, `<%x%>`},
		{`a\\%x%`, `<a\>%x%`},
		{`a\\\%x%`, `<a\%x%>`},
		{`%%`, `<%%>`},
		{`%%x%`, `<%>%x%`},
		{`%a\%b%c%`, `<%a%b>%c%`},
		{`%a%*`, `%a%*`},
		{`%a%\*`, `%a%<*>`},
	} {
		if got := show(modifier.ReadPlaceholders(c.text)); got != c.want {
			t.Errorf("ReadPlaceholders(%q) = %s, want %s", c.text, got, c.want)
		}
	}
}

func TestPatternTextReadsWell(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, `*`, `a?b`, `C:\Windows\System32`, `\\\\srv\share`, `x\\*`, `\*`, `\\\*`, `%TEMP%\x`, `trailing\`,
	} {
		if got := modifier.PatternText(modifier.ReadPattern(text)); got != text {
			t.Errorf("PatternText of %q = %q", text, got)
		}
	}
	for _, text := range []string{`%a%`, `\%x%a%`, `x\\%a%`, `C:\x%a%\*`} {
		if got := modifier.PatternText(modifier.ReadPlaceholders(text)); got != text {
			t.Errorf("PatternText of %q = %q", text, got)
		}
	}
}

func FuzzPatternTextReadsBackToTheSamePattern(f *testing.F) {
	for _, s := range []string{``, `*`, `\\*`, `\\\*`, `a\`, `%a%`, `\%a%\\%b%`, `%a\\%*`, `\\\\%x%\?`, `%%%`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := modifier.ReadPattern(text)
		checkInvariants(t, p)
		if again := modifier.ReadPattern(modifier.PatternText(p)); !slices.Equal(p, again) {
			t.Errorf("%q reads as %s, written and read again as %s", text, show(p), show(again))
		}
		p = modifier.ReadPlaceholders(text)
		checkInvariants(t, p)
		read := modifier.ReadPattern
		if slices.ContainsFunc(p, func(t sigma.Token) bool { return t.Kind == sigma.TokenPlaceholder }) {
			read = modifier.ReadPlaceholders
		}
		if again := read(modifier.PatternText(p)); !slices.Equal(p, again) {
			t.Errorf("%q reads under expand as %s, written and read again as %s", text, show(p), show(again))
		}
	})
}

func checkInvariants(t *testing.T, p sigma.Pattern) {
	t.Helper()
	for i, token := range p {
		if token.Kind != sigma.TokenLiteral {
			continue
		}
		if token.Text == "" || i > 0 && p[i-1].Kind == sigma.TokenLiteral {
			t.Errorf("empty or neighbouring literals in %s", show(p))
		}
	}
}
