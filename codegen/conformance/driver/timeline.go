package driver

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// Step is what an event of a timeline has beyond other events. The steps of a case are jobs in order; the first one says how its
// correlations are configured.
type Step struct {
	// Time is the time of the event in seconds, nil if the event itself says it.
	Time    *float64          `json:"time"`
	Options correlate.Options `json:"options"`
}

// Firing is one firing of a correlation.
type Firing struct {
	Rule   string            `json:"rule"` // title
	Value  float64           `json:"value"`
	Group  map[string]string `json:"group"`
	Events []string          `json:"events"` // JSON texts
	Refs   []Ref             `json:"refs"`
}

// Ref is a reference to an event.
type Ref struct {
	Time int64   `json:"time"`
	ID   *string `json:"id"`
}

// clock is the time of day for timelines: none depends on it, and no event of theirs lies beyond it.
const clock = 1 << 40

// timeline is the correlations of a case in the middle of its steps.
type timeline struct {
	*set
	plan   *decode.Plan
	engine *correlate.Engine
	input  correlate.Input
	hide   bool
}

// step evaluates an event of a timeline.
func (e *Evaluator) step(job *Job) (Result, error) {
	t, err := e.timeline(job)
	if err != nil {
		return Result{}, err
	}
	return e.eval(t.set, t.plan, job, func(ev *rtlib.Event, hits []int, res *Result) {
		t.engine.Extract(&t.input, ev, hits)
		if job.Step.Time != nil {
			t.input.SetTime(int64(math.Floor(max(*job.Step.Time, 0))))
		}
		for _, f := range t.engine.Apply(&t.input, clock) {
			res.Firings = append(res.Firings, newFiring(f))
		}
		if t.hide {
			res.Matches = t.visible(res.Matches, hits)
		}
	})
}

// timeline returns the timeline of the job's case, which begins with the first job of the case.
func (e *Evaluator) timeline(job *Job) (*timeline, error) {
	if t, ok := e.timelines[job.Case]; ok {
		return t, nil
	}
	s, err := e.set(setKey{job.Case, job.Routing})
	if err != nil {
		return nil, err
	}
	var rules []*correlate.Rule
	for _, r := range e.rules.Correlations {
		if File(r.Meta.Source) == job.Case {
			rules = append(rules, r)
		}
	}
	engine, err := correlate.New(s.Rules(), rules, job.Step.Options)
	if err != nil {
		return nil, fmt.Errorf("correlations of %s: %w", job.Case, err)
	}
	fields := slices.Concat(s.Fields(), engine.Fields())
	t := &timeline{set: s, plan: decode.NewPlan(fields, s.AllStrings()), engine: engine, hide: job.Step.Options.HideDetections}
	e.timelines[job.Case] = t
	return t, nil
}

// visible leaves out the matches that are withheld.
func (t *timeline) visible(matches []Match, hits []int) []Match {
	out := make([]Match, 0, len(matches))
	for i, hit := range hits {
		if !t.engine.Hidden(hit) {
			out = append(out, matches[i])
		}
	}
	return out
}

// newFiring copies f, whose memory the correlations use again.
func newFiring(f correlate.Firing) Firing {
	out := Firing{Rule: f.Rule.Meta.Title, Value: f.Value, Group: map[string]string{}, Events: []string{}, Refs: []Ref{}}
	for _, g := range f.Group {
		out.Group[g.Name] = strings.Clone(g.Value)
	}
	for _, ev := range f.Events {
		out.Events = append(out.Events, string(ev))
	}
	for _, ref := range f.Refs {
		r := Ref{Time: ref.Time}
		if ref.HasID {
			id := strings.Clone(ref.ID)
			r.ID = &id
		}
		out.Refs = append(out.Refs, r)
	}
	return out
}
