// Package stdin is the input that reads lines from standard input. What it has read and not handed on when it is stopped can be given to
// the next process.
//
// Source: daemon.md section 6.
package stdin

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// Input reads lines until the stream ends.
type Input struct {
	r     io.Reader
	file  *file // r, if it is one: then reads can be interrupted
	lines *flow.Lines
	ended bool // nobody reads any more
}

// New returns an input that reads r.
func New(r io.Reader) *Input { return Resume(nil, 0, r) }

// Resume returns an input that reads what another one has left, and then r; line is the number of the last line before it.
func Resume(rest []byte, line int64, r io.Reader) *Input {
	in := &Input{r: r, file: interruptible(r)}
	if in.file != nil {
		in.r = in.file
	}
	in.lines = flow.ResumeLines(rest, in.r, line, &origin)
	return in
}

var origin = flow.Origin{Type: "stdin"}

// patience is how long a read that is interrupted may take. It takes longer only if somebody else reads the same pipe.
const patience = time.Second

// Run implements flow.Input. A read of a file is interrupted when ctx ends. Any other one is left behind, and what it still reads is dropped.
func (in *Input) Run(ctx context.Context, out *flow.Intake) error {
	done := make(chan error, 1)
	go func() { done <- in.lines.Forward(ctx, out) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		if in.file == nil {
			return nil
		}
		in.file.interrupt()
		select {
		case err = <-done:
		case <-time.After(patience):
			return nil
		}
	}
	in.ended = true
	if ctx.Err() != nil || errors.Is(err, errStopped) {
		return nil
	}
	return err
}

// Rest returns, after Run has returned, what was read and not put into the intake, and the number of the last line before it.
func (in *Input) Rest() (rest []byte, line int64) {
	if !in.ended {
		return nil, 0
	}
	return in.lines.Rest()
}

// Close implements flow.Input. The stream belongs to the caller.
func (in *Input) Close() error {
	if in.file != nil {
		in.file.release()
	}
	return nil
}
