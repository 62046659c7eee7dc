package lower

import (
	"strings"

	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/rtlib"
)

// str adds a text value under the cheapest operator that means the same as its pattern.
func (b *itemBuilder) str(v sigma.String) {
	pattern := joinStars(v.Pattern)
	if name, ok := placeholder(pattern); ok {
		b.expand(name, v, pattern)
		return
	}
	op, operand := classify(pattern, v.Windash && hasDash(pattern))
	if v.Cased {
		op = casedOps[op]
	}
	p := b.pred(op)
	p.Strings = append(p.Strings, operand)
}

func (b *itemBuilder) expand(name string, v sigma.String, pattern sigma.Pattern) {
	if !b.opts.PlaceholderFallback {
		b.unhandled(name)
		return
	}
	op := rtlib.ExpandFold
	if v.Cased {
		op = rtlib.Expand
	}
	p := b.pred(op)
	p.Strings = append(p.Strings, globText(pattern, true))
}

// classify chooses the operator, as the folding one, and its operand.
func classify(p sigma.Pattern, dash bool) (rtlib.Op, string) {
	if dash {
		return rtlib.GlobDashFold, globText(p, false)
	}
	star := func(i int) bool { return p[i].Kind == sigma.TokenStar }
	literal := func(i int) bool { return p[i].Kind == sigma.TokenLiteral }
	switch {
	case len(p) == 0:
		return rtlib.EqualFold, ""
	case len(p) == 1 && literal(0):
		return rtlib.EqualFold, p[0].Text
	case len(p) == 2 && literal(0) && star(1):
		return rtlib.PrefixFold, p[0].Text
	case len(p) == 2 && star(0) && literal(1):
		return rtlib.SuffixFold, p[1].Text
	case len(p) == 3 && star(0) && literal(1) && star(2):
		return rtlib.ContainsFold, p[1].Text
	default:
		return rtlib.GlobFold, globText(p, false)
	}
}

var casedOps = map[rtlib.Op]rtlib.Op{
	rtlib.EqualFold:    rtlib.Equal,
	rtlib.PrefixFold:   rtlib.Prefix,
	rtlib.SuffixFold:   rtlib.Suffix,
	rtlib.ContainsFold: rtlib.Contains,
	rtlib.GlobFold:     rtlib.Glob,
	rtlib.GlobDashFold: rtlib.GlobDash,
}

// joinStars makes one star of neighbouring ones.
func joinStars(p sigma.Pattern) sigma.Pattern {
	var out sigma.Pattern
	for _, t := range p {
		if t.Kind == sigma.TokenStar && len(out) > 0 && out[len(out)-1].Kind == sigma.TokenStar {
			continue
		}
		out = append(out, t)
	}
	return out
}

func placeholder(p sigma.Pattern) (name string, ok bool) {
	for _, t := range p {
		if t.Kind == sigma.TokenPlaceholder {
			return t.Text, true
		}
	}
	return "", false
}

func hasDash(p sigma.Pattern) bool {
	for _, t := range p {
		if t.Kind == sigma.TokenLiteral && strings.ContainsAny(t.Text, "-/–—―") {
			return true
		}
	}
	return false
}

// globText writes p in the pattern language of rtlib.Glob, or of rtlib.Expand if percent signs are special.
func globText(p sigma.Pattern, percent bool) string {
	var b strings.Builder
	for _, t := range p {
		switch t.Kind {
		case sigma.TokenStar:
			b.WriteByte('*')
		case sigma.TokenQuestion:
			b.WriteByte('?')
		case sigma.TokenPlaceholder:
			b.WriteString("%" + t.Text + "%")
		case sigma.TokenLiteral:
			for _, r := range t.Text {
				if strings.ContainsRune(`*?\`, r) || percent && r == '%' {
					b.WriteByte('\\')
				}
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}
