package modifier

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// text types a value that is compared as text, or keeps its YAML type if no modifier asks for text. It returns nil after an
// error.
func (a *applier) text(c *chain, n *yamldoc.Node) sigma.Value {
	if c.isPlain() {
		if v := plainValue(n); v != nil {
			return v
		}
	}
	p, ok := a.pattern(c, n)
	if !ok {
		return nil
	}
	if hasPlaceholder(p) && len(c.encodings) > 0 {
		return c.deferred(p)
	}
	return finishText(c, p, func(code diag.Code, format string, args ...any) { a.errorf(n.Pos, code, format, args...) })
}

// plainValue returns the typed value of a number, boolean or null, and nil for a string.
func plainValue(n *yamldoc.Node) sigma.Value {
	switch n.Kind {
	case yamldoc.KindNull:
		return sigma.Null{}
	case yamldoc.KindBool:
		return sigma.Bool{Value: n.Bool}
	}
	if number, ok := sigma.NumberOf(n); ok {
		return number
	}
	return nil
}

// pattern reads a value as a pattern. Numbers become their text, and so do the booleans of keyword items (section 9).
func (a *applier) pattern(c *chain, n *yamldoc.Node) (sigma.Pattern, bool) {
	encoded := len(c.encodings) > 0 || c.windash
	number, isNumber := sigma.NumberOf(n)
	switch {
	case n.Kind == yamldoc.KindString:
		a.checkEscapes(c, n)
		if c.expand {
			return ReadPlaceholders(n.Text), true
		}
		return ReadPattern(n.Text), true
	case isNumber && !encoded:
		return Literal(number.Text), true
	case n.Kind == yamldoc.KindBool && c.keyword && !encoded:
		if n.Bool {
			return Literal("true"), true
		}
		return Literal("false"), true
	}
	a.valueType(n, c.purpose())
	return nil, false
}

// purpose names what values are used for in messages.
func (c *chain) purpose() string {
	switch {
	case len(c.encodings) > 0:
		return "modifier " + c.encodings[0]
	case c.windash:
		return "modifier windash"
	case c.operator != "":
		return "modifier " + c.operator
	}
	return "a keyword search"
}

// finishText encodes a pattern without placeholders that matter and applies the text operator. It returns nil after an error.
func finishText(c *chain, p sigma.Pattern, report reporter) sigma.Value {
	variants, ok := encode(c.encodings, p, report)
	if !ok {
		return nil
	}
	values := make([]sigma.String, len(variants))
	for i, v := range variants {
		values[i] = sigma.String{Pattern: anchor(v, c.affix()), Cased: c.cased, Windash: c.windash}
	}
	if len(c.encodings) > 0 && c.encodings[len(c.encodings)-1] == "base64offset" {
		return sigma.Expansion{Values: values}
	}
	return values[0]
}

// reporter tells of an error in the value at hand.
type reporter func(code diag.Code, format string, args ...any)

// anchor turns a text operator into leading and trailing stars. Stars that are there already are not doubled.
func anchor(p sigma.Pattern, operator string) sigma.Pattern {
	star := sigma.Token{Kind: sigma.TokenStar}
	out := make(sigma.Pattern, 0, len(p)+2)
	if (operator == "contains" || operator == "endswith") && (len(p) == 0 || p[0].Kind != sigma.TokenStar) {
		out = append(out, star)
	}
	out = append(out, p...)
	if (operator == "contains" || operator == "startswith") && (len(out) == 0 || out[len(out)-1].Kind != sigma.TokenStar) {
		out = append(out, star)
	}
	return out
}

// checkEscapes warns of escapes that look like a path separator before a wildcard or a placeholder.
func (a *applier) checkEscapes(c *chain, n *yamldoc.Node) {
	if looksLikePath(n.Text) {
		a.warnf(n.Pos, diag.CodeEscapedWildcard, "escaped wildcard: the backslash makes the next character literal").Hint =
			`write \\* for a backslash and a wildcard`
	}
	if name := escapedPlaceholder(n.Text); c.expand && name != "" {
		a.warnf(n.Pos, diag.CodeEscapedPlaceholder, `escaped placeholder: \%%%s%% is taken literally`, name).Hint =
			`write \\ for a backslash before a placeholder`
	}
}

// looksLikePath reports whether a single backslash stands between something like a directory and a star or question mark.
func looksLikePath(text string) bool {
	separator := false // a backslash that escapes nothing came before
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if text[i+1] != '*' && text[i+1] != '?' {
			separator = true
			i += countBackslashes(text[i+1:])
			continue
		}
		if endsInDrive(text[:i]) || separator && endsInName(text[:i]) {
			return true
		}
		i++
	}
	return false
}

// endsInDrive reports whether text ends in a drive letter and a colon.
func endsInDrive(text string) bool {
	rest, colon := strings.CutSuffix(text, ":")
	drive, size := utf8.DecodeLastRuneInString(rest)
	before, _ := utf8.DecodeLastRuneInString(rest[:len(rest)-size])
	return colon && unicode.IsLetter(drive) && !unicode.IsLetter(before)
}

// endsInName reports whether text ends in a character that directory names end in.
func endsInName(text string) bool {
	last, _ := utf8.DecodeLastRuneInString(text)
	return unicode.IsLetter(last) || unicode.IsDigit(last) || strings.ContainsRune(")}_%", last)
}
