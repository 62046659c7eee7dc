// Package extract runs jq expressions over JSON values. It is the only importer of the jq library; value lists of pipelines use it.
// It reads no files and keeps no state between calls.
package extract

import (
	"context"
	"fmt"
	"time"

	"github.com/itchyny/gojq"
)

// Limits of one run: an expression can loop for ever, or yield without end.
const (
	maxTime    = 10 * time.Second
	maxOutputs = 1_000_000
)

// JQ is a compiled jq expression. It is safe for concurrent use.
type JQ struct{ code *gojq.Code }

// CompileJQ compiles expr. The environment and files are out of its reach.
func CompileJQ(expr string) (*JQ, error) {
	query, err := gojq.Parse(expr)
	if err != nil {
		return nil, fmt.Errorf("jq expression %q: %w", expr, err)
	}
	code, err := gojq.Compile(query, gojq.WithEnvironLoader(func() []string { return nil }))
	if err != nil {
		return nil, fmt.Errorf("jq expression %q: %w", expr, err)
	}
	return &JQ{code}, nil
}

// Run returns what the expression yields for value, which has the shape that encoding/json gives to an any. It fails with the first
// error of the expression, after ten seconds, and beyond a million outputs.
func (q *JQ) Run(value any) ([]any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), maxTime)
	defer cancel()
	var out []any
	for it := q.code.RunWithContext(ctx, value); ; {
		v, ok := it.Next()
		if !ok {
			return out, nil
		}
		if err, ok := v.(error); ok {
			return nil, fmt.Errorf("jq: %w", err)
		}
		if len(out) == maxOutputs {
			return nil, fmt.Errorf("jq: more than %d outputs", maxOutputs)
		}
		out = append(out, v)
	}
}
