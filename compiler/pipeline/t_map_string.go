package pipeline

import (
	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// mapString replaces strings whose plain text is a key of its mapping (section 7.13).
type mapString map[string][]sigma.Pattern

func readMapString(a *params, _ *Item) transformation {
	t := mapString{}
	for _, target := range a.targets("mapping", a.required("mapping"), true) {
		patterns := []sigma.Pattern{}
		for _, text := range target.to {
			patterns = append(patterns, modifier.ReadPattern(text))
		}
		t[target.key] = patterns
	}
	return t
}

func (t mapString) applyRule(r *run) error {
	return r.eachValue(func(_ *sigma.Item, v sigma.Value) ([]sigma.Value, bool, error) {
		s, ok := asString(v)
		if !ok {
			return nil, false, nil
		}
		patterns, ok := t[plainText(s.Pattern)]
		var out []sigma.Value
		for _, p := range patterns {
			s.Pattern = p
			out = append(out, s)
		}
		return out, ok, nil
	})
}
