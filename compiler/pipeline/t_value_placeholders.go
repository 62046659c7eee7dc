package pipeline

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// valuePlaceholders fills placeholders from the variables of the pipeline (section 8).
type valuePlaceholders struct{ selection }

func readValuePlaceholders(a *params, _ *Item) transformation {
	return valuePlaceholders{readSelection(a)}
}

func (t valuePlaceholders) applyRule(r *run) error {
	return r.fillPlaceholders(t.selection, r.variable)
}

// variable returns the values of the variable name.
func (r *run) variable(name string) ([]filling, error) {
	i := slices.IndexFunc(r.pipeline.Vars, func(v Var) bool { return v.Name == name })
	if i < 0 {
		return nil, fail(CodePlaceholder, "Placeholder replacement variable '%s' doesn't exist", name)
	}
	v := r.pipeline.Vars[i]
	r.vars = union(r.vars, []string{name})
	if len(v.Members) == 0 {
		if !v.Dynamic {
			return nil, fail(CodePlaceholder, "placeholder replacement variable '%s' is empty", name)
		}
		r.warn(CodeEmptySource, "variable '%s' is an empty list, so the value matches nothing", name)
	}
	var out []filling
	for _, n := range v.Members {
		text, ok := memberText(n)
		if !ok {
			return nil, fail(CodePlaceholder, "placeholder replacement variable '%s' must hold a string or number, not a %s", name, n.Kind)
		}
		if ids := sourcesOf([]*yamldoc.Node{n}); len(ids) > 0 && !v.Dynamic {
			return nil, fail(CodeUnknownSource, "variable '%s' refers to the unknown source '%s'", name, ids[0])
		}
		out = append(out, filling{text: text})
	}
	return out, nil
}

// memberText returns the text of a string or number.
func memberText(n *yamldoc.Node) (string, bool) {
	if n.Kind == yamldoc.KindString {
		return n.Text, true
	}
	number, ok := sigma.NumberOf(n)
	return number.Text, ok
}
