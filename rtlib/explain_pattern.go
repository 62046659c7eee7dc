package rtlib

import (
	"strconv"
	"strings"
)

// What match details say about the predicates of an item: the name of the matcher, letter case, and the pattern.
//
// Source: daemon.md section 14.2.

// maxPattern is the number of bytes after which a pattern is cut off.
const maxPattern = 200

// matcherOf describes the predicates of one item. Operators that differ make it "one_of".
func matcherOf(preds []*Pred) (name string, hasCase, sensitive bool) {
	for i, p := range preds {
		n := p.matcherName()
		if i > 0 && n != name {
			n = "one_of"
		}
		name = n
		if has, exact := p.letterCase(); has {
			hasCase, sensitive = true, exact
		}
	}
	if len(preds) > 1 && name == "exact" {
		name = "one_of"
	}
	return name, hasCase, sensitive
}

func (p *Pred) matcherName() string {
	name := p.Op.Matcher()
	switch {
	case p.Field == AnyString:
		return "keyword"
	case name != "exact":
		return name
	}
	switch p.Op {
	case Glob, GlobFold, GlobDash, GlobDashFold:
		name = globMatcherName(p.Strings)
	}
	if name == "exact" && len(p.Strings) > 1 && !p.All {
		return "one_of"
	}
	return name
}

// globMatcherName names patterns by their outer stars: *x* is what contains makes of x.
func globMatcherName(patterns []string) string {
	name := ""
	for i, pattern := range patterns {
		n := globShape(pattern)
		if i > 0 && n != name {
			return "exact"
		}
		name = n
	}
	return name
}

func globShape(pattern string) string {
	g := compileGlob(pattern, globOptions{})
	front := len(g.segments[0]) == 0
	back := len(g.segments[len(g.segments)-1]) == 0
	switch {
	case len(g.segments) == 1, front && back && len(g.segments) == 2:
		return "exact"
	case front && back:
		return "contains"
	case front:
		return "endswith"
	case back:
		return "startswith"
	default:
		return "exact"
	}
}

// letterCase reports whether p compares letters and whether their case counts. A regular expression ignores it if all of its
// operands begin with a flag group that holds i.
func (p *Pred) letterCase() (has, sensitive bool) {
	if p.Op != Regex {
		letters := p.Op.info().letters
		return letters != caseless, letters == exactCase
	}
	for _, expr := range p.Strings {
		flags, isGroup := strings.CutPrefix(expr, "(?")
		n := strings.IndexFunc(flags, func(r rune) bool { return r < 'a' || r > 'z' })
		if !isGroup || n < 0 || flags[n] != ')' || !strings.Contains(flags[:n], "i") {
			return true, true
		}
	}
	return true, false
}

func patternOf(preds []*Pred) string {
	var b strings.Builder
	for _, p := range preds {
		p.eachOperand(func(text string) bool {
			if b.Len() > 0 {
				b.WriteByte('|')
			}
			b.WriteString(text)
			return b.Len() <= maxPattern
		})
	}
	text := b.String()
	if len(text) > maxPattern {
		text = text[:runeStart(text, maxPattern)] + "…"
	}
	return text
}

// eachOperand calls f with the operands of p as text until it returns false.
func (p *Pred) eachOperand(f func(string) bool) {
	switch p.Op.Operands() {
	case OperandsStrings:
		for _, s := range p.Strings {
			if !f(s) {
				return
			}
		}
	case OperandsNumbers:
		p.eachNumber(f)
	case OperandsWant:
		f(strconv.FormatBool(p.Want))
	default:
		f("null")
	}
}

func (p *Pred) eachNumber(f func(string) bool) {
	sign := map[comparison]string{less: "<", less | equal: "<=", greater: ">", greater | equal: ">="}[p.Op.accepts()]
	if p.Part != PartInvalid {
		if sign == "" {
			sign = "="
		}
		sign = strings.ToLower(p.Part.String()) + sign
	}
	for _, i := range p.Ints {
		if !f(sign + strconv.FormatInt(i, 10)) {
			return
		}
	}
	for _, x := range p.Floats {
		if !f(sign + strconv.FormatFloat(x, 'f', -1, 64)) {
			return
		}
	}
}
