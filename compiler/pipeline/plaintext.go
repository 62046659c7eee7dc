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
	var p sigma.Pattern
	for text != "" {
		name, found := "", false
		if placeholders && text[0] == '%' {
			name, _, found = strings.Cut(text[1:], "%")
		}
		if found && name != "" {
			p = append(p, sigma.Token{Kind: sigma.TokenPlaceholder, Text: name})
			text = text[len(name)+2:]
			continue
		}
		p, text = readPlainToken(p, text)
	}
	return p
}

// readPlainToken appends what begins text, at least one byte of it, and returns the rest.
func readPlainToken(p sigma.Pattern, text string) (sigma.Pattern, string) {
	rest := strings.TrimLeft(text, `\`)
	run := len(text) - len(rest)
	switch {
	case rest == "":
		return appendLiteral(p, text), ""
	case !isWildcardByte(rest[0]):
		if run > 0 {
			return appendLiteral(p, text[:run]), rest
		}
		return appendLiteral(p, rest[:1]), rest[1:]
	}
	p = appendLiteral(p, strings.Repeat(`\`, run/2))
	if run%2 == 1 {
		return appendLiteral(p, rest[:1]), rest[1:]
	}
	return append(p, wildcardToken(rest[0])), rest[1:]
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
