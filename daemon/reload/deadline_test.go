package reload

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// TestACompilationThatTakesTooLongFailsTheReload runs in fake time.
func TestACompilationThatTakesTooLongFailsTheReload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var takes time.Duration
		swaps, deadline := 0, NewDeadline()
		r := NewReloader(ReloaderOptions{
			Load: func(context.Context, Resolve) (*engine.Generation, *Report, error) {
				d := takes
				return deadline.load(func() (*engine.Generation, *Report, error) {
					time.Sleep(d)
					return &engine.Generation{}, &Report{}, nil
				})
			},
			Swap: func(context.Context, *engine.Generation) (correlate.Restored, error) {
				swaps++
				return correlate.Restored{}, nil
			},
			Active: &Report{}, Log: slog.New(slog.DiscardHandler),
		})
		reload := func(d time.Duration) Outcome {
			takes = d
			return r.reload(t.Context(), []request{{TriggerAPI, nil}})
		}
		if out := reload(maxCompile - 1); out.Err != nil || swaps != 1 || out.Generation != 2 {
			t.Fatalf("just in time: %+v, %d swaps", out, swaps)
		}
		out := reload(3 * maxCompile)
		if out.Err == nil || !strings.Contains(out.Err.Error(), "longer than 1m0s") || out.Generation != 2 {
			t.Fatalf("too late: %+v", out)
		}
		if out := reload(0); out.Err == nil || !strings.Contains(out.Err.Error(), "still running") {
			t.Fatalf("while the late one runs: %+v", out)
		}
		time.Sleep(2 * maxCompile)
		if swaps != 1 {
			t.Fatal("the late result was applied")
		}
		if out := reload(0); out.Err != nil || swaps != 2 || out.Generation != 3 {
			t.Errorf("after the late one: %+v, %d swaps", out, swaps)
		}
	})
}
