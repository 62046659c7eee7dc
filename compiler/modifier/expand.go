package modifier

import (
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// piece is a part of a text under "expand": source text, or the name of a placeholder.
type piece struct {
	placeholder bool
	text        string
}

// pieces finds the placeholders of a text (section 8.11). Escaped percent signs have lost their backslash in the result.
func pieces(text string) []piece {
	var out []piece
	var source strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			source.WriteByte(text[i])
			continue
		}
		if isEscaped(text, i) {
			s := source.String()
			source.Reset()
			source.WriteString(s[:len(s)-1] + "%")
			continue
		}
		name := placeholderName(text, i)
		if name == "" {
			source.WriteByte('%')
			continue
		}
		if source.Len() > 0 {
			out = append(out, piece{text: source.String()})
			source.Reset()
		}
		out = append(out, piece{placeholder: true, text: name})
		i += len(name) + 1
	}
	if source.Len() > 0 {
		out = append(out, piece{text: source.String()})
	}
	return out
}

// isEscaped reports whether an odd number of backslashes stands directly before byte i of text.
func isEscaped(text string, i int) bool {
	before := text[:i]
	return (len(before)-len(strings.TrimRight(before, `\`)))%2 == 1
}

// placeholderName returns the name of the placeholder that the percent sign at byte i begins, or "" if it begins none.
func placeholderName(text string, i int) string {
	end := strings.IndexByte(text[i+1:], '%')
	if end < 1 || isEscaped(text, i+1+end) {
		return ""
	}
	return text[i+1 : i+1+end]
}

// ReadPlaceholders reads the text of a rule value under "expand": by section 5.1 around the placeholders.
func ReadPlaceholders(text string) sigma.Pattern {
	var b builder
	for _, p := range pieces(text) {
		if p.placeholder {
			b.token(sigma.Token{Kind: sigma.TokenPlaceholder, Text: p.text})
			continue
		}
		b.read(p.text)
	}
	return b.pattern()
}

// readRaw reads a regular expression under "expand": only percent signs are special.
func readRaw(text string) sigma.Pattern {
	var b builder
	for _, p := range pieces(text) {
		if p.placeholder {
			b.token(sigma.Token{Kind: sigma.TokenPlaceholder, Text: p.text})
			continue
		}
		b.text.WriteString(p.text)
	}
	return b.pattern()
}

// escapedPlaceholder returns the name of the first placeholder whose opening percent sign alone is escaped, or "".
func escapedPlaceholder(text string) string {
	for i := range len(text) {
		if text[i] == '%' && isEscaped(text, i) {
			if name := placeholderName(text, i); name != "" {
				return name
			}
		}
	}
	return ""
}

// deferred returns the value of a text whose modifiers wait for its placeholders.
func (c *chain) deferred(p sigma.Pattern) sigma.Value {
	modifiers := slices.Clone(c.encodings)
	if c.operator == "cidr" {
		return sigma.Deferred{Pattern: p, Modifiers: []string{"cidr"}}
	}
	if c.cased {
		modifiers = append(modifiers, "cased")
	}
	if affix := c.affix(); affix != "" {
		modifiers = append(modifiers, affix)
	}
	return sigma.Deferred{Pattern: p, Modifiers: modifiers}
}

// Report receives what is wrong with a value.
type Report func(severity diag.Severity, code diag.Code, format string, args ...any)

// Finish applies the waiting modifiers of d to p, its pattern with the placeholders filled. It returns nil after an error.
// If p still has placeholders, the result is a Deferred again.
func Finish(d sigma.Deferred, p sigma.Pattern, report Report) sigma.Value {
	if hasPlaceholder(p) {
		return sigma.Deferred{Pattern: p, Modifiers: d.Modifiers}
	}
	c := &chain{}
	for _, name := range d.Modifiers {
		if def := byName[name]; def != nil {
			c.add(def)
		}
	}
	if c.operator == "cidr" {
		return network(PatternText(p), report)
	}
	return finishText(c, p, func(code diag.Code, format string, args ...any) { report(diag.SeverityError, code, format, args...) })
}
