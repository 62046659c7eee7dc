package cost

import (
	"time"

	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

// Sample measures the rules of a program on events. It is not safe for concurrent use. What it measures depends on the machine, and on
// what else runs there.
type Sample struct {
	set     *ruleset.Set
	plan    *decode.Plan
	ev      *rtlib.Event
	scratch *ruleset.Scratch
	rules   []Rule
	spent   []time.Duration // by rule
	clock   time.Duration   // that reading the clock takes
	events  int
	total   time.Duration
}

// NewSample returns an empty sample for the rules of p.
func NewSample(p *ir.Program) (*Sample, error) {
	runnable := interp.Rules(p)
	rules, err := predict(p, runnable)
	if err != nil {
		return nil, err
	}
	set, err := ruleset.New(runnable, ruleset.Options{})
	if err != nil {
		return nil, err
	}
	return &Sample{
		set: set, plan: decode.NewPlan(set.Fields(), set.AllStrings()), ev: rtlib.NewEvent(), scratch: set.NewScratch(),
		rules: rules, spent: make([]time.Duration, len(rules)), clock: clockCost(),
	}, nil
}

// clockCost measures how long it takes to measure nothing.
func clockCost() time.Duration {
	const n = 10000
	var sum time.Duration
	for range n {
		sum += time.Since(time.Now())
	}
	return sum / n
}

// Add measures one event, a JSON value. The error, a *decode.SyntaxError, says that it is none.
func (s *Sample) Add(event []byte) error {
	if err := s.plan.JSON(s.ev, event); err != nil {
		return err
	}
	s.events++
	start := time.Now()
	s.set.Eval(s.ev, s.scratch)
	s.total += time.Since(start)
	s.set.EachCandidate(s.ev, s.scratch, func(i int) {
		start := time.Now()
		matched := s.set.Judge(i, s.ev)
		s.spent[i] += time.Since(start) - s.clock
		s.rules[i].Evaluations++
		if matched {
			s.rules[i].Matches++
		}
	})
	return nil
}

// Events returns the number of events measured.
func (s *Sample) Events() int { return s.events }

// Total returns the nanoseconds per event of the whole rule set, the search index included.
func (s *Sample) Total() float64 { return s.perEvent(s.total) }

func (s *Sample) perEvent(d time.Duration) float64 {
	if s.events == 0 {
		return 0
	}
	return max(0, float64(d.Nanoseconds())/float64(s.events))
}

// Rules returns the rules in load order with their measurements.
func (s *Sample) Rules() []Rule {
	for i := range s.rules {
		s.rules[i].Measured = s.perEvent(s.spent[i])
	}
	return s.rules
}
