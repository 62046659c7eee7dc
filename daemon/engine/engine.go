// Package engine holds the rules that a daemon runs, as one immutable generation, and the working state of a goroutine that
// evaluates events with it. It does no I/O and does not compile rules (package reload does).
package engine

import (
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

// Generation is one loaded rule set. It is immutable and safe for concurrent use.
type Generation struct {
	Set    *ruleset.Set
	Digest string // of the rule set
	// Compiled tells, by rule number, which rules run generated code; the others are interpreted.
	Compiled []bool

	plan *decode.Plan
}

// Options are the choices of a Generation.
type Options struct {
	// Routing skips rules whose log source contradicts the event's.
	Routing bool
}

// New makes a generation of rules. compiled is by rule number.
func New(rules []*rtlib.Rule, compiled []bool, opts Options) (*Generation, error) {
	set, err := ruleset.New(rules, ruleset.Options{Routing: opts.Routing})
	if err != nil {
		return nil, err
	}
	return &Generation{
		Set:      set,
		Digest:   rtlib.SetDigest(rules),
		Compiled: compiled,
		plan:     decode.NewPlan(set.Fields(), set.AllStrings()),
	}, nil
}

// Engine names the engine that rule number i runs on, as provenance spells it.
func (g *Generation) Engine(i int) string {
	if g.Compiled[i] {
		return "compiled"
	}
	return "interpreted"
}

// Worker evaluates events one after the other. It must not be shared between goroutines.
type Worker struct {
	gen       *Generation
	ev        *rtlib.Event
	scratch   *ruleset.Scratch
	logSource rtlib.LogSource
}

// NewWorker returns a worker for g. logSource is given to every event.
func (g *Generation) NewWorker(logSource rtlib.LogSource) *Worker {
	return &Worker{gen: g, ev: rtlib.NewEvent(), scratch: g.Set.NewScratch(), logSource: logSource}
}

// JSON decodes line, one JSON value, and evaluates it. It returns the decoded event and the numbers of the rules that match, in
// load order; both are valid until the next call and as long as line is not changed. The error, a *decode.SyntaxError, says
// that line is not JSON.
func (w *Worker) JSON(line []byte) (*rtlib.Event, []int, error) {
	if err := w.gen.plan.JSON(w.ev, line); err != nil {
		return nil, nil, err
	}
	w.ev.LogSource = w.logSource
	return w.ev, w.gen.Set.Eval(w.ev, w.scratch), nil
}
