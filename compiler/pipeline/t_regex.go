package pipeline

import (
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// regexMethod is for query backends, which compare regular expressions where they cannot compare strings. Here strings keep
// their meaning; only the method "plain" shows, because it says that letter case counts (section 7.18).
type regexMethod struct{ cased bool }

func readRegex(a *params, _ *Item) transformation {
	return regexMethod{a.choice("method", "invalid method", "ignore_case_brackets", "ignore_case_flag", "plain") == "plain"}
}

func (t regexMethod) applyRule(r *run) error {
	return r.eachValue(func(_ *sigma.Item, v sigma.Value) ([]sigma.Value, bool, error) {
		s, ok := asString(v)
		if !ok {
			return nil, false, nil
		}
		if name := placeholderIn(s.Pattern); name != "" {
			return nil, false, fail(diag.CodeUnhandledPlaceholder, "unhandled placeholder '%s'", name)
		}
		changed := t.cased && !s.Cased
		s.Cased = s.Cased || t.cased
		return []sigma.Value{s}, changed, nil
	})
}

// placeholderIn returns the name of the first placeholder of p, or "".
func placeholderIn(p sigma.Pattern) string {
	for _, token := range p {
		if token.Kind == sigma.TokenPlaceholder {
			return token.Text
		}
	}
	return ""
}
