package modifier

import (
	"strings"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// builder gathers a Pattern and keeps its invariants: no empty literals, no neighbouring ones.
type builder struct {
	tokens sigma.Pattern
	text   strings.Builder // literal text that no token holds yet
}

// token appends t, which is not a literal.
func (b *builder) token(t sigma.Token) {
	b.flush()
	b.tokens = append(b.tokens, t)
}

func (b *builder) flush() {
	if b.text.Len() > 0 {
		b.tokens = append(b.tokens, sigma.Token{Kind: sigma.TokenLiteral, Text: b.text.String()})
		b.text.Reset()
	}
}

func (b *builder) pattern() sigma.Pattern {
	b.flush()
	return b.tokens
}

// Literal returns the pattern of a text without wildcards.
func Literal(text string) sigma.Pattern {
	if text == "" {
		return nil
	}
	return sigma.Pattern{{Kind: sigma.TokenLiteral, Text: text}}
}

// ReadPattern reads the text of a rule value by section 5.1. Percent signs are ordinary.
func ReadPattern(text string) sigma.Pattern {
	var b builder
	b.read(text)
	return b.pattern()
}

// read appends text, in which stars, question marks and backslashes are special.
func (b *builder) read(text string) {
	for i := 0; i < len(text); {
		run := countBackslashes(text[i:])
		i += run
		if i == len(text) || text[i] != '*' && text[i] != '?' {
			b.text.WriteString(strings.Repeat(`\`, (run+1)/2))
			if i < len(text) {
				b.text.WriteByte(text[i])
				i++
			}
			continue
		}
		b.text.WriteString(strings.Repeat(`\`, run/2))
		b.wildcard(text[i], run%2 == 1)
		i++
	}
}

// wildcard appends a star or question mark.
func (b *builder) wildcard(c byte, escaped bool) {
	switch {
	case escaped:
		b.text.WriteByte(c)
	case c == '*':
		b.token(sigma.Token{Kind: sigma.TokenStar})
	default:
		b.token(sigma.Token{Kind: sigma.TokenQuestion})
	}
}

// countBackslashes returns the length of the run of backslashes at the start of text.
func countBackslashes(text string) int { return len(text) - len(strings.TrimLeft(text, `\`)) }

// PatternText writes p as the text of a rule value: ReadPattern, or ReadPlaceholders if p has placeholders, makes p of it
// again.
func PatternText(p sigma.Pattern) string {
	var b strings.Builder
	percent := hasPlaceholder(p)
	for i, t := range p {
		switch t.Kind {
		case sigma.TokenStar:
			b.WriteByte('*')
		case sigma.TokenQuestion:
			b.WriteByte('?')
		case sigma.TokenPlaceholder:
			b.WriteString("%" + t.Text + "%")
		case sigma.TokenLiteral:
			writeLiteral(&b, t.Text, percent, i+1 < len(p))
		}
	}
	return b.String()
}

// writeLiteral writes one literal token. percent says that percent signs are special, more that another token follows.
func writeLiteral(b *strings.Builder, text string, percent, more bool) {
	for i := 0; i < len(text); {
		run := countBackslashes(text[i:])
		i += run
		special := i < len(text) && (text[i] == '*' || text[i] == '?' || percent && text[i] == '%')
		switch {
		case special:
			run = 2*run + 1
		case run > 1 || run == 1 && i == len(text) && more:
			// A single backslash may stand as it is, unless the next token would make an escape of it.
			run *= 2
		}
		b.WriteString(strings.Repeat(`\`, run))
		if i < len(text) {
			b.WriteByte(text[i])
			i++
		}
	}
}

// literalText returns the text of p, and false if p holds anything but literals.
func literalText(p sigma.Pattern) (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].Kind == sigma.TokenLiteral:
		return p[0].Text, true
	}
	return "", false
}

// hasPlaceholder reports whether p has a placeholder.
func hasPlaceholder(p sigma.Pattern) bool {
	for _, t := range p {
		if t.Kind == sigma.TokenPlaceholder {
			return true
		}
	}
	return false
}
