// Package engine holds the rules that a daemon runs, as one immutable generation, and the working state of a goroutine that
// evaluates events with it. It does no I/O and does not compile rules (package reload does).
package engine

import (
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
	"github.com/rsigma-go/rsigma/rtlib/decode"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

// Rules are the rules of a generation, each kind in load order.
type Rules struct {
	Detections   []*rtlib.Rule
	Correlations []*correlate.Rule
}

// Len returns the number of rules of both kinds.
func (r Rules) Len() int { return len(r.Detections) + len(r.Correlations) }

// Digest identifies a rule set: the digests of its detection rules, then those of its correlations.
func (r Rules) Digest() string {
	digests := make([]string, 0, r.Len())
	for _, d := range r.Detections {
		digests = append(digests, d.Meta.Digest)
	}
	for _, c := range r.Correlations {
		digests = append(digests, c.Meta.Digest)
	}
	return rtlib.SetDigest(digests)
}

// Generation is one loaded rule set. It is immutable and safe for concurrent use, the state of its Correlations excepted.
type Generation struct {
	Set    *ruleset.Set
	Digest string // of the rule set
	// Correlations hold the state of all correlation rules; nil without any. One goroutine at a time may feed them.
	Correlations *correlate.Engine

	compiled map[*rtlib.Meta]bool
	plan     *decode.Plan
	swept    int64 // time of day of the last sweep of Correlations
}

// sweepEvery is how many seconds may pass until groups whose windows are empty go, so that a stream with many groups does not
// hold them until the cap. Nothing expires without an event, so no timer is needed beside the events.
const sweepEvery = 60

// Options are the choices of a Generation.
type Options struct {
	// Routing skips rules whose log source contradicts the event's.
	Routing bool
	// Correlate configures correlations.
	Correlate correlate.Options
}

// New makes a generation of rules. compiled tells which of them, named by their Meta, run generated code; the others are
// interpreted.
func New(rules Rules, compiled map[*rtlib.Meta]bool, opts Options) (*Generation, error) {
	set, err := ruleset.New(rules.Detections, ruleset.Options{Routing: opts.Routing})
	if err != nil {
		return nil, err
	}
	g := &Generation{Set: set, Digest: rules.Digest(), compiled: compiled}
	fields := set.Fields()
	if len(rules.Correlations) > 0 {
		if g.Correlations, err = correlate.New(rules.Detections, rules.Correlations, opts.Correlate); err != nil {
			return nil, err
		}
		fields = append(fields, g.Correlations.Fields()...)
	}
	g.plan = decode.NewPlan(fields, set.AllStrings())
	return g, nil
}

// Engine names the engine that the rule with the given Meta runs on, as provenance spells it.
func (g *Generation) Engine(m *rtlib.Meta) string {
	if g.compiled[m] {
		return "compiled"
	}
	return "interpreted"
}

// Hidden reports whether the detections of rule number i are withheld, since only correlations are to report them.
func (g *Generation) Hidden(i int) bool { return g.Correlations != nil && g.Correlations.Hidden(i) }

// Worker evaluates events one after the other. It must not be shared between goroutines.
type Worker struct {
	gen       *Generation
	ev        *rtlib.Event
	scratch   *ruleset.Scratch
	logSource rtlib.LogSource
	hits      []int
	input     correlate.Input

	// Format and Syslog are how Line reads a line.
	Format decode.Format
	Syslog decode.SyslogOptions
}

// NewWorker returns a worker for g. logSource is given to every event.
func (g *Generation) NewWorker(logSource rtlib.LogSource) *Worker {
	return &Worker{gen: g, ev: rtlib.NewEvent(), scratch: g.Set.NewScratch(), logSource: logSource}
}

// JSON decodes line, one JSON value, and evaluates it. It returns the decoded event and the numbers of the rules that match, in
// load order; both are valid until the next call and as long as line is not changed. The error, a *decode.SyntaxError, says
// that line is not JSON.
func (w *Worker) JSON(line []byte) (*rtlib.Event, []int, error) {
	return w.evaluate(w.gen.plan.JSON(w.ev, line))
}

// Line is JSON for a line of w.Format.
func (w *Worker) Line(line []byte) (*rtlib.Event, []int, error) {
	return w.evaluate(w.gen.plan.Line(w.ev, line, w.Format, w.Syslog))
}

// evaluate evaluates the event that was decoded, unless err says that there is none.
func (w *Worker) evaluate(err error) (*rtlib.Event, []int, error) {
	w.hits = nil
	if err != nil {
		return nil, nil, err
	}
	w.ev.LogSource = w.logSource
	w.hits = w.gen.Set.Eval(w.ev, w.scratch)
	return w.ev, w.hits, nil
}

// Correlate feeds the correlations with the event that the last call of JSON or Line evaluated and returns what fires, in order; the
// result is valid until the next call. now is the time of day in seconds since the epoch. One worker of a generation at a time
// may call it.
func (w *Worker) Correlate(now int64) []correlate.Firing {
	if w.gen.Correlations == nil {
		return nil
	}
	w.gen.sweep(now)
	w.gen.Correlations.Extract(&w.input, w.ev, w.hits)
	return w.gen.Correlations.Apply(&w.input, now)
}

// sweep removes idle groups if the last time was long enough ago. The first event only starts the clock.
func (g *Generation) sweep(now int64) {
	if g.swept != 0 && now-g.swept < sweepEvery {
		return
	}
	if g.swept != 0 {
		g.Correlations.Sweep(now)
	}
	g.swept = now
}
