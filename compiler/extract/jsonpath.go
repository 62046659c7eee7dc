package extract

import (
	"fmt"
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

// Run returns the nodes that the expression selects in value, which has the shape that encoding/json gives to an any.
func (p *JSONPath) Run(value any) ([]any, error) { return p.path.Get(value), nil }
