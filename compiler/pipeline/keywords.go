package pipeline

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// Package modifier writes the default operator of keywords, "contains", as stars around their text. A pipeline works on the
// text as written (section 2): a mapping key "foo" hits the keyword foo, and a keyword that a pipeline sets is still one that is
// searched for. So the stars go before the first item and come back after the last.

// bareKeywords takes the stars that were not written off the strings of keyword items.
func (r *run) bareKeywords() {
	r.eachKeyword(func(it *sigma.Item) {
		if hasTextOperator(it) || len(it.Raw) != len(it.Values) {
			return
		}
		for i, v := range it.Values {
			if s, ok := v.(sigma.String); ok {
				s.Pattern = withoutStars(s.Pattern, modifier.ReadPattern(it.Raw[i].Text))
				it.Values[i] = s
			}
		}
	})
}

// searchKeywords puts stars around the strings of keyword items.
func (r *run) searchKeywords() {
	r.eachKeyword(func(it *sigma.Item) {
		if !hasTextOperator(it) {
			wrap(it)
		}
	})
}

func (r *run) eachKeyword(f func(it *sigma.Item)) {
	// Nothing fails and nothing is replaced.
	_ = r.visit(visitor{item: func(it *sigma.Item, _ bool) (sigma.Node, error) {
		if it.Field.Kind == sigma.FieldKeyword {
			f(it)
		}
		return it, nil
	}})
}

// hasTextOperator reports whether the rule says itself where in a text the values of it stand.
func hasTextOperator(it *sigma.Item) bool {
	return slices.ContainsFunc(it.Modifiers, func(m sigma.Modifier) bool {
		return m.Name == "contains" || m.Name == "startswith" || m.Name == "endswith"
	})
}

// withoutStars returns p without a star at an end where written has none.
func withoutStars(p, written sigma.Pattern) sigma.Pattern {
	star := func(p sigma.Pattern, i int) bool { return len(p) > 0 && p[i].Kind == sigma.TokenStar }
	if star(p, 0) && !star(written, 0) {
		p = p[1:]
	}
	if star(p, len(p)-1) && !star(written, len(written)-1) {
		p = p[:len(p)-1]
	}
	return slices.Clone(p)
}
