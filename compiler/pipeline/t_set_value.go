package pipeline

import (
	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// setValue replaces every value, of whatever kind, by one (section 7.14).
type setValue struct{ value sigma.Value }

func readSetValue(a *params, _ *Item) transformation {
	n := a.required("value")
	force := a.optional("force_type")
	if n == nil {
		return setValue{}
	}
	v := a.scalarValue(n, "value", true)
	if force != nil {
		switch a.choice("force_type", "invalid value", "str", "num") {
		case "str":
			v = a.forceString(n, v)
		case "num":
			v = a.forceNumber(n, v)
		}
	}
	return setValue{v}
}

// forceString turns a number into a string.
func (a *params) forceString(n *yamldoc.Node, v sigma.Value) sigma.Value {
	switch v := v.(type) {
	case sigma.String:
		return v
	case sigma.Number:
		return sigma.String{Pattern: modifier.Literal(v.Text)}
	}
	a.invalid(n, "value", "a %s can't be converted to a string", n.Kind)
	return v
}

// forceNumber turns a numeric string into a number.
func (a *params) forceNumber(n *yamldoc.Node, v sigma.Value) sigma.Value {
	if number, ok := v.(sigma.Number); ok {
		return number
	}
	if n.Kind == yamldoc.KindString {
		if number, ok := sigma.ParseNumber(n.Text); ok {
			return number
		}
	}
	a.invalid(n, "value", "'%s' can't be converted to number", n.Text)
	return v
}

func (t setValue) applyRule(r *run) error {
	return r.eachValue(func(*sigma.Item, sigma.Value) ([]sigma.Value, bool, error) {
		return []sigma.Value{t.value}, true, nil
	})
}
