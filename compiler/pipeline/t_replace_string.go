package pipeline

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// replaceString replaces what a pattern matches in strings and in the text of numbers (section 7.12).
type replaceString struct {
	pattern     *regexp.Regexp
	behind      *regexp.Regexp // one character, then pattern
	replacement []replacementPart
	literals    bool // works on each literal segment; wildcards and placeholders stay
	interpret   bool // stars and question marks in the result of a segment are wildcards
}

func readReplaceString(a *params, _ *Item) transformation {
	t := replaceString{literals: a.flag("skip_special"), interpret: a.flag("interpret_special")}
	t.pattern = a.compileAnywhere(a.required("regex"), "regex")
	text := a.requiredText("replacement")
	if t.pattern == nil || a.node.Get("replacement") == nil {
		return t
	}
	t.behind = a.compileBehind(a.node.Get("regex"), "regex")
	n := a.node.Get("replacement")
	var err error
	if t.replacement, err = parseReplacement(text, t.pattern); err != nil {
		a.invalid(n, "replacement", "%v", err)
	}
	if dollarReference.MatchString(text) {
		a.warnf(n.Pos, CodeNoEffect, a.where, "a dollar sign is literal in 'replacement'; groups are written \\1 or \\g<name>")
	}
	return t
}

func (t replaceString) applyRule(r *run) error {
	return r.eachValue(func(_ *sigma.Item, v sigma.Value) ([]sigma.Value, bool, error) {
		switch v := v.(type) {
		case sigma.String:
			if v.Windash {
				return nil, false, nil
			}
			p, ok := t.inPattern(v.Pattern)
			v.Pattern = p
			return []sigma.Value{v}, ok, checkSize(p)
		case sigma.Number:
			p, ok := t.inPattern(appendLiteral(nil, v.Text))
			return []sigma.Value{sigma.String{Pattern: p}}, ok, checkSize(p)
		}
		return nil, false, nil
	})
}

// checkSize refuses texts that replacement has blown up.
func checkSize(p sigma.Pattern) error {
	size := len(p)
	for _, token := range p {
		size += len(token.Text)
	}
	if size > maxText {
		return fail(CodeTooLarge, "replacement makes a text of more than %d bytes", maxText)
	}
	return nil
}

// inPattern returns p with its matches replaced, and whether there was one.
func (t replaceString) inPattern(p sigma.Pattern) (sigma.Pattern, bool) {
	if t.literals {
		return t.segments(p)
	}
	text, ok := t.replace(plainText(p))
	return readPlain(text, contains(p, sigma.TokenPlaceholder)), ok
}

// segments replaces in every literal of p on its own.
func (t replaceString) segments(p sigma.Pattern) (sigma.Pattern, bool) {
	var out patternBuilder
	changed := false
	for _, token := range p {
		if token.Kind != sigma.TokenLiteral {
			out.token(token)
			continue
		}
		text, ok := t.replace(token.Text)
		changed = changed || ok
		for i := range len(text) {
			if t.interpret && isWildcardByte(text[i]) {
				out.token(wildcardToken(text[i]))
				continue
			}
			out.literal.WriteByte(text[i])
		}
	}
	return out.pattern(), changed
}

// replace returns text with all matches replaced, and whether there was one.
func (t replaceString) replace(text string) (string, bool) {
	matches := t.matches(text)
	if matches == nil {
		return text, false
	}
	var b strings.Builder
	end := 0
	for _, m := range matches {
		b.WriteString(text[end:m[0]])
		for _, part := range t.replacement {
			b.WriteString(part.text)
			if g := part.group; g >= 0 && m[2*g] >= 0 {
				b.WriteString(text[m[2*g]:m[2*g+1]])
			}
		}
		end = m[1]
	}
	b.WriteString(text[end:])
	return b.String(), true
}

// matches returns all matches in text as Python counts them: an empty one right behind another is one, too, which package
// regexp leaves out. So "x*" has four matches in "axb".
func (t replaceString) matches(text string) [][]int {
	var out [][]int
	found := t.pattern.FindAllStringSubmatchIndex(text, -1)
	for i, m := range found {
		out = append(out, m)
		end := m[1]
		if m[0] == end || i+1 < len(found) && found[i+1][0] == end {
			continue
		}
		_, width := utf8.DecodeLastRuneInString(text[:end])
		if empty := t.behind.FindStringSubmatchIndex(text[end-width:]); empty != nil && empty[1] == width {
			out = append(out, moved(empty, end-width))
		}
	}
	return out
}

// moved returns the match m, which was made in a text from offset on without its first character, as one of the whole text.
func moved(m []int, offset int) []int {
	for i, at := range m {
		if at >= 0 {
			m[i] = at + offset
		}
	}
	m[0] = m[1]
	return m
}
