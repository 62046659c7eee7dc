// Package engine runs rules over events. A Generation is one loaded rule set; a Worker evaluates events with it, one after the other; a
// Pipeline evaluates what inputs send, in parallel, keeps the order, correlates with one writer, and changes from one generation to the
// next without losing or doubling an event. The package does no I/O and does not compile rules (package reload does).
package engine

import (
	"time"

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
	swept    time.Time // of the last sweep of Correlations
	panics   panicCounts
	costs    costs
}

// sweepEvery is how much time may pass until groups whose windows are empty go, so that a stream with many groups does not
// hold them until the cap. Nothing expires without an event, so no timer is needed beside the events.
const sweepEvery = time.Minute

// sweepOn is how much time passes until a sweep that has removed many groups goes on: events come in between.
const sweepOn = 5 * time.Millisecond

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
	g := &Generation{Set: set, Digest: rules.Digest(), compiled: compiled, panics: make(panicCounts, len(rules.Detections))}
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

// correlator is what events are fed to: a correlate.Engine, or a correlate.Recorder in front of it.
type correlator interface {
	Apply(in *correlate.Input, now int64) []correlate.Firing
	Sweep(now int64) (more bool)
}

// sweep removes idle groups, through to, if the last time was long enough before at. The first event only starts the clock. now is the
// wall clock, which may be set and says nothing about how much time has passed.
func (g *Generation) sweep(at time.Time, now int64, to correlator) {
	if !g.swept.IsZero() && at.Sub(g.swept) < sweepEvery {
		return
	}
	more := !g.swept.IsZero() && to.Sweep(now)
	g.swept = at
	if more {
		g.swept = at.Add(sweepOn - sweepEvery)
	}
}
