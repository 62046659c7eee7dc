// Package stdin is the input that reads lines from standard input.
//
// Source: daemon.md section 6.
package stdin

import (
	"context"
	"io"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// Input reads lines until the stream ends.
type Input struct{ r io.Reader }

// New returns an input that reads r.
func New(r io.Reader) *Input { return &Input{r} }

var origin = flow.Origin{Type: "stdin"}

// Run implements flow.Input. A read cannot be interrupted: when ctx ends it is left behind, and what it still reads is dropped.
func (in *Input) Run(ctx context.Context, out *flow.Intake) error {
	done := make(chan error, 1)
	go func() { done <- flow.NewLines(in.r, &origin).Forward(ctx, out) }()
	select {
	case err := <-done:
		if ctx.Err() != nil {
			return nil
		}
		return err
	case <-ctx.Done():
		return nil
	}
}

// Close implements flow.Input. The stream belongs to the caller.
func (in *Input) Close() error { return nil }
