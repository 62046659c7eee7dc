package pipeline

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// changeCase changes the letters of strings, wildcards and placeholders apart (section 7.16).
type changeCase struct{ change func(string) string }

func readCase(a *params, _ *Item) transformation {
	key := a.renamed("method", "case_type")
	if key == "method" {
		key = a.renamed("method", "case")
	}
	return changeCase{letterChanges[a.choice(key, "invalid method", "lower", "upper", "snake_case")]}
}

func (t changeCase) applyRule(r *run) error {
	return r.eachValue(func(_ *sigma.Item, v sigma.Value) ([]sigma.Value, bool, error) {
		s, ok := asString(v)
		if !ok {
			return nil, false, nil
		}
		p := slices.Clone(s.Pattern)
		for i := range p {
			if p[i].Kind == sigma.TokenLiteral {
				p[i].Text = t.change(p[i].Text)
			}
		}
		changed := !slices.Equal(p, s.Pattern)
		s.Pattern = p
		return []sigma.Value{s}, changed, nil
	})
}
