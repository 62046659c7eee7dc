package pipeline

import (
	"strings"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// plainText writes p in the plain text form of section 2: literals as they are, wildcards as stars and question marks,
// their literal counterparts escaped, placeholders in percent signs. Unlike in a rule, a backslash is doubled only directly
// before a star or question mark. readPlain makes p of it again.
func plainText(p sigma.Pattern) string {
	var b strings.Builder
	for i, t := range p {
		switch t.Kind {
		case sigma.TokenStar:
			b.WriteByte('*')
		case sigma.TokenQuestion:
			b.WriteByte('?')
		case sigma.TokenPlaceholder:
			b.WriteString("%" + t.Text + "%")
		case sigma.TokenLiteral:
			next := i+1 < len(p) && (p[i+1].Kind == sigma.TokenStar || p[i+1].Kind == sigma.TokenQuestion)
			writePlain(&b, t.Text, next)
		}
	}
	return b.String()
}

// writePlain writes a literal; wildcard says that a wildcard follows it.
func writePlain(b *strings.Builder, text string, wildcard bool) {
	for text != "" {
		rest := strings.TrimLeft(text, `\`)
		run := len(text) - len(rest)
		special := rest != "" && isWildcardByte(rest[0])
		if special || rest == "" && wildcard {
			run *= 2
		}
		b.WriteString(strings.Repeat(`\`, run))
		if special {
			b.WriteByte('\\')
		}
		if rest == "" {
			return
		}
		b.WriteByte(rest[0])
		text = rest[1:]
	}
}

func isWildcardByte(c byte) bool { return c == '*' || c == '?' }

// readPlain reads a text in plain text form. Percent signs make placeholders only if the value had some before.
func readPlain(text string, placeholders bool) sigma.Pattern {
	var b patternBuilder
	for text != "" {
		name, found := "", false
		if placeholders && text[0] == '%' {
			name, _, found = strings.Cut(text[1:], "%")
		}
		if found && name != "" {
			b.token(sigma.Token{Kind: sigma.TokenPlaceholder, Text: name})
			text = text[len(name)+2:]
			continue
		}
		text = b.readPlain(text)
	}
	return b.pattern()
}

// patternBuilder gathers a pattern in linear time.
type patternBuilder struct {
	tokens  sigma.Pattern
	literal strings.Builder // text that no token holds yet
}

func (b *patternBuilder) token(t sigma.Token) {
	b.flush()
	b.tokens = append(b.tokens, t)
}

func (b *patternBuilder) flush() {
	if b.literal.Len() > 0 {
		b.tokens = append(b.tokens, sigma.Token{Kind: sigma.TokenLiteral, Text: b.literal.String()})
		b.literal.Reset()
	}
}

func (b *patternBuilder) pattern() sigma.Pattern {
	b.flush()
	return b.tokens
}

// readPlain takes what begins text, at least one byte of it, and returns the rest.
func (b *patternBuilder) readPlain(text string) string {
	rest := strings.TrimLeft(text, `\`)
	run := len(text) - len(rest)
	switch {
	case rest == "" || !isWildcardByte(rest[0]) && run > 0:
		b.literal.WriteString(text[:run])
		return rest
	case !isWildcardByte(rest[0]):
		b.literal.WriteByte(rest[0])
		return rest[1:]
	}
	b.literal.WriteString(strings.Repeat(`\`, run/2))
	if run%2 == 1 {
		b.literal.WriteByte(rest[0])
	} else {
		b.token(wildcardToken(rest[0]))
	}
	return rest[1:]
}

func wildcardToken(c byte) sigma.Token {
	if c == '*' {
		return sigma.Token{Kind: sigma.TokenStar}
	}
	return sigma.Token{Kind: sigma.TokenQuestion}
}

// appendLiteral appends text to p so that no literal is empty and no two are neighbours. It may write into the last token
// of p, so p must be the caller's own.
func appendLiteral(p sigma.Pattern, text string) sigma.Pattern {
	if text == "" {
		return p
	}
	if last := len(p) - 1; last >= 0 && p[last].Kind == sigma.TokenLiteral {
		p[last].Text += text
		return p
	}
	return append(p, sigma.Token{Kind: sigma.TokenLiteral, Text: text})
}

// appendPattern appends q to p, joins literals that meet, and keeps one of two stars that meet. p must be the caller's own.
func appendPattern(p, q sigma.Pattern) sigma.Pattern {
	for i, t := range q {
		meets := i == 0 && len(p) > 0 && p[len(p)-1].Kind == sigma.TokenStar && t.Kind == sigma.TokenStar
		switch {
		case t.Kind == sigma.TokenLiteral:
			p = appendLiteral(p, t.Text)
		case !meets:
			p = append(p, t)
		}
	}
	return p
}

// literalText returns the text of p if it holds nothing but literals.
func literalText(p sigma.Pattern) (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].Kind == sigma.TokenLiteral:
		return p[0].Text, true
	}
	return "", false
}

// contains reports whether p has a token of one of kinds.
func contains(p sigma.Pattern, kinds ...sigma.TokenKind) bool {
	for _, t := range p {
		for _, k := range kinds {
			if t.Kind == k {
				return true
			}
		}
	}
	return false
}

// withStars returns p with a star at both ends where there is none.
func withStars(p sigma.Pattern) sigma.Pattern {
	star := sigma.Pattern{{Kind: sigma.TokenStar}}
	return appendPattern(appendPattern(append(sigma.Pattern(nil), star...), p), star)
}
