package pipeline

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// scalarValue reads a value that is written in a pipeline: strings by the rules for rule values, so that stars are
// wildcards. Null is refused unless null. After an error it returns a null.
func (a *params) scalarValue(n *yamldoc.Node, name string, null bool) sigma.Value {
	switch n.Kind {
	case yamldoc.KindString:
		return sigma.String{Pattern: modifier.ReadPattern(n.Text)}
	case yamldoc.KindBool:
		return sigma.Bool{Value: n.Bool}
	case yamldoc.KindNull:
		if null {
			return sigma.Null{}
		}
	}
	if number, ok := sigma.NumberOf(n); ok {
		return number
	}
	a.invalid(n, name, "a %s is not a value", n.Kind)
	return sigma.Null{}
}

// equalValues reports whether a and b are of the same kind and equal: strings token by token, numbers by value. Nulls and
// values of other kinds never are.
func equalValues(a, b sigma.Value) bool {
	switch a := a.(type) {
	case sigma.String:
		s, ok := asString(b)
		return ok && !a.Windash && slices.Equal(a.Pattern, s.Pattern)
	case sigma.Number:
		n, ok := b.(sigma.Number)
		if ok && a.IsInt && n.IsInt {
			return a.Int == n.Int
		}
		return ok && a.Float == n.Float
	case sigma.Bool:
		x, ok := b.(sigma.Bool)
		return ok && a == x
	}
	return false
}

// asString returns v if it is a string to a pipeline. One under "windash" is an expansion, which transformations and conditions
// on text do not look into (section 2).
func asString(v sigma.Value) (sigma.String, bool) {
	s, ok := v.(sigma.String)
	return s, ok && !s.Windash
}

// stringText returns the plain text of a string.
func stringText(v sigma.Value) (string, bool) {
	s, ok := asString(v)
	return plainText(s.Pattern), ok
}

// stringTexts returns the plain texts of values if all of them are strings.
func stringTexts(values []sigma.Value) ([]string, bool) {
	var out []string
	for _, v := range values {
		text, ok := stringText(v)
		if !ok {
			return nil, false
		}
		out = append(out, text)
	}
	return out, true
}
