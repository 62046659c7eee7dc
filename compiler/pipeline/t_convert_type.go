package pipeline

import (
	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// convertType turns numbers into strings, or strings into numbers (section 7.15).
type convertType struct{ number bool }

// typeNames are further names of the two types.
var typeNames = map[string]string{"string": "str", "int": "num", "integer": "num", "float": "num", "bool": "bool", "boolean": "bool"}

func readConvertType(a *params, _ *Item) transformation {
	n := a.required("target_type")
	if n == nil {
		return convertType{}
	}
	if standard, ok := typeNames[n.Text]; ok {
		a.compatible(n.Pos, a.where, "target type '"+n.Text+"'", "'str' or 'num'")
		if standard == "bool" {
			return convertBool{}
		}
		return convertType{number: standard == "num"}
	}
	return convertType{number: a.choice("target_type", "invalid value", "str", "num") == "num"}
}

func (t convertType) applyRule(r *run) error {
	return r.eachValue(func(_ *sigma.Item, v sigma.Value) ([]sigma.Value, bool, error) {
		if t.number {
			return toNumber(v)
		}
		if n, ok := v.(sigma.Number); ok {
			return []sigma.Value{sigma.String{Pattern: modifier.Literal(n.Text)}}, true, nil
		}
		return nil, false, nil
	})
}

// toNumber turns a string into a number. The alternatives of an expansion have to stay strings, so they are only checked.
func toNumber(v sigma.Value) ([]sigma.Value, bool, error) {
	switch v := v.(type) {
	case sigma.String:
		n, err := numberOf(v)
		return []sigma.Value{n}, true, err
	case sigma.Expansion:
		for _, s := range v.Values {
			if _, err := numberOf(s); err != nil {
				return nil, false, err
			}
		}
	}
	return nil, false, nil
}

// numberOf reads the text of s as a number.
func numberOf(s sigma.String) (sigma.Number, error) {
	if text, ok := literalText(s.Pattern); ok {
		if n, ok := sigma.ParseNumber(text); ok {
			return n, nil
		}
	}
	return sigma.Number{}, fail(CodeConversion, "the value '%s' can't be converted to number", plainText(s.Pattern))
}

// convertBool turns the strings true and false into booleans. It exists for pipelines of other implementations.
type convertBool struct{}

func (convertBool) applyRule(r *run) error {
	return r.eachValue(func(_ *sigma.Item, v sigma.Value) ([]sigma.Value, bool, error) {
		s, _ := v.(sigma.String)
		switch text, _ := literalText(s.Pattern); text {
		case "true", "True", "TRUE":
			return []sigma.Value{sigma.Bool{Value: true}}, true, nil
		case "false", "False", "FALSE":
			return []sigma.Value{sigma.Bool{Value: false}}, true, nil
		}
		return nil, false, nil
	})
}
