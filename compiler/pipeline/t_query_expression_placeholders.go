package pipeline

import "github.com/rsigma-go/rsigma/compiler/sigma"

// queryExpressionPlaceholders would make a piece of a query. Nothing here can evaluate one, so a rule that needs it is
// rejected (section 8).
type queryExpressionPlaceholders struct{ selection }

func readQueryExpressionPlaceholders(a *params, _ *Item) transformation {
	a.requiredText("expression")
	a.mapping(a.optional("mapping"), "mapping")
	return queryExpressionPlaceholders{readSelection(a)}
}

func (t queryExpressionPlaceholders) applyRule(r *run) error {
	return r.eachValue(func(_ *sigma.Item, v sigma.Value) ([]sigma.Value, bool, error) {
		p := placeholderPattern(v)
		name := placeholderIn(p)
		switch {
		case name == "":
		case len(p) > 1:
			return nil, false, fail(CodeQueryExpression, "a query expression only allows placeholder-only strings, not '%s'", plainText(p))
		case t.selects(name):
			return nil, false, fail(CodeQueryExpression, "query expressions cannot be evaluated (placeholder '%s')", name)
		}
		return nil, false, nil
	})
}
