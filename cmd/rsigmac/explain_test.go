package main

import (
	"os"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/frame"
)

// TestTracesAgreeWithTheEngine traces the repository's rules on its example events.
func TestTracesAgreeWithTheEngine(t *testing.T) {
	t.Parallel()
	sources, err := compiler.Load([]string{"../../rules"})
	if err != nil {
		t.Fatal(err)
	}
	prog, _ := compiler.Compile(sources, compiler.Options{})
	x := &explainer{rules: prog.Rules}
	if err := x.prepare(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("../../examples/events.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	events, matches := 0, 0
	judge := func(line []byte, _ int64) {
		events++
		ev := rtlib.NewEvent()
		if err := x.plan.JSON(ev, line); err != nil {
			t.Fatal(err)
		}
		for _, r := range x.runnable {
			want, trace := r.Match(ev), r.Trace(ev)
			if trace.Holds != want {
				t.Errorf("%s: the trace says %v on %s", r.Meta.Source, trace.Holds, line)
			}
			if want {
				matches++
			} else if countMisses(trace, map[*rtlib.Trace]bool{}) == 0 {
				t.Errorf("%s: no nearest miss on %s", r.Meta.Source, line)
			}
		}
	}
	if err := frame.Events(f, frame.Handler{Event: judge, Bad: func(int64, error) {}}); err != nil {
		t.Fatal(err)
	}
	if t.Logf("%d rules, %d events, %d matches", len(x.rules), events, matches); events < 400 || matches < 10 || len(x.rules) < 57 {
		t.Error("that is below the floor")
	}
}
