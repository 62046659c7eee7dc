// Package extract runs jq and JSONPath expressions over JSON values. It is the only importer of their libraries; value lists and dynamic
// sources of pipelines use it, and the daemon's event filters. It reads no files and keeps no state between calls.
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
type JQ struct {
	code    *gojq.Code
	time    time.Duration
	outputs int
}

// CompileJQ compiles expr. The environment, further inputs, modules and files are out of its reach; programs that name them, or that
// end with halt, are refused.
func CompileJQ(expr string) (*JQ, error) {
	query, err := gojq.Parse(expr)
	if err != nil {
		return nil, fmt.Errorf("jq expression %q: %w", expr, err)
	}
	if name := refused(query); name != "" {
		return nil, fmt.Errorf("jq expression %q: %s is not allowed", expr, name)
	}
	code, err := gojq.Compile(query, gojq.WithEnvironLoader(func() []string { return nil }))
	if err != nil {
		return nil, fmt.Errorf("jq expression %q: %w", expr, err)
	}
	return &JQ{code, maxTime, maxOutputs}, nil
}

// Within returns q with other limits: how long a run may take, and how many outputs it may have.
func (q *JQ) Within(limit time.Duration, outputs int) *JQ { return &JQ{q.code, limit, outputs} }

// Run returns what the expression yields for value, which has the shape that encoding/json gives to an any, and the first error: that of
// an output (RunError; the other outputs are there), or that it takes longer than ten seconds or has more than a million outputs
// (ErrLimit), unless Within says otherwise.
func (q *JQ) Run(value any) ([]any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), q.time)
	defer cancel()
	var out []any
	var first error
	failed := 0
	for it := q.code.RunWithContext(ctx, value); ; {
		v, ok := it.Next()
		if !ok {
			return out, first
		}
		err, isError := v.(error)
		switch {
		case ctx.Err() != nil:
			return out, fmt.Errorf("jq: %w: longer than %s", ErrLimit, q.time)
		case len(out)+failed == q.outputs:
			return out, fmt.Errorf("jq: %w: more than %d outputs", ErrLimit, q.outputs)
		case isError:
			failed++
			if first == nil {
				first = &RunError{err}
			}
		default:
			out = append(out, v)
		}
	}
}
