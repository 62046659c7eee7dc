package stdin

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	flowtest.Input(t, func(*testing.T) flowtest.Source {
		r, w := io.Pipe()
		return flowtest.Source{
			Input: New(r), Type: "stdin",
			Send: func(events []string) { io.WriteString(w, strings.Join(events, "\n")+"\n") },
			Stop: func() { w.Close() },
		}
	})
}

func TestAReadThatBlocksDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	defer w.Close()
	intake := flow.NewIntake(5, flow.IntakeHooks{})
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- New(r).Run(ctx, intake) }()
	io.WriteString(w, "a\n")
	if got, _ := intake.Take(t.Context(), nil, 1); len(got) != 1 || got[0].Number != 1 {
		t.Fatalf("got %v", got)
	}
	cancel()
	if err := flowtest.Soon(t, "the input has returned", ran); err != nil {
		t.Error(err)
	}
	io.WriteString(w, "b\n") // is read by what was left behind
	w.Close()
	if n, _ := intake.Len(); n > 0 {
		t.Errorf("%d events after the end", n)
	}
}

func TestAReadErrorIsReportedAfterWhatCameBefore(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	intake := flow.NewIntake(5, flow.IntakeHooks{})
	err := New(io.MultiReader(strings.NewReader("a\nb\n"), iotest.ErrReader(boom))).Run(t.Context(), intake)
	if n, _ := intake.Len(); !errors.Is(err, boom) || n != 2 {
		t.Errorf("%d events, error %v", n, err)
	}
	if err := New(strings.NewReader("a")).Run(t.Context(), intake); err != nil {
		t.Errorf("the end is no error: %v", err)
	}
}
