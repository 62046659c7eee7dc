package extract

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ohler55/ojg/jp"
)

// JSONPath is a compiled JSONPath expression (RFC 9535). It is safe for concurrent use.
type JSONPath struct{ path jp.Expr }

// CompileJSONPath compiles expr, which begins with $. The library differs from the RFC in details: value() is not known, and count()
// over a whole document finds nothing.
func CompileJSONPath(expr string) (*JSONPath, error) {
	if !strings.HasPrefix(strings.TrimSpace(expr), "$") {
		return nil, fmt.Errorf("JSONPath expression %q: want $ at the beginning", expr)
	}
	path, err := jp.ParseString(strings.TrimSpace(expr))
	if err != nil {
		return nil, fmt.Errorf("JSONPath expression %q: %w", expr, err)
	}
	return &JSONPath{path}, nil
}

// Run returns the nodes that the expression selects in value, which has the shape that encoding/json gives to an any, json.Number
// included. Numbers of that type come back as int64 or float64, except integers beyond int64. value is not changed; it is copied only
// if it holds json.Number.
func (p *JSONPath) Run(value any) ([]any, error) {
	if hasNumber(value) {
		value = withNumbers(value)
	}
	return p.path.Get(value), nil
}

// hasNumber reports whether there is a json.Number in value.
func hasNumber(value any) bool {
	switch x := value.(type) {
	case json.Number:
		return true
	case []any:
		return slices.ContainsFunc(x, hasNumber)
	case map[string]any:
		for _, item := range x {
			if hasNumber(item) {
				return true
			}
		}
	}
	return false
}

// withNumbers returns a copy of value with numbers that filters can compare: the library takes json.Number for a text.
func withNumbers(value any) any {
	switch x := value.(type) {
	case json.Number:
		return number(x)
	case []any:
		out := make([]any, len(x))
		for i, item := range x {
			out[i] = withNumbers(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, item := range x {
			out[k] = withNumbers(item)
		}
		return out
	}
	return value
}

func number(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return i
	}
	if f, err := n.Float64(); err == nil && strings.ContainsAny(n.String(), ".eE") {
		return f
	}
	return n
}
