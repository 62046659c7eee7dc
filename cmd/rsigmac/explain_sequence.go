package main

import (
	"slices"
	"time"

	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
	"github.com/rsigma-go/rsigma/rtlib/decode"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

// sequence runs all rules of a program over the events in order, and remembers what they did to the chosen correlations.
type sequence struct {
	chosen []*correlate.Rule
	fed    map[*correlate.Rule][]feed
	fired  map[*correlate.Rule][]firing
	// Untimed are the events, from 1, without a time of their own; the time of day stood in.
	untimed []int

	set    *ruleset.Set
	sc     *ruleset.Scratch
	plan   *decode.Plan
	ev     *rtlib.Event
	engine *correlate.Engine
	input  correlate.Input
	rules  []*correlate.Rule // of the engine
	events int
}

// feed is one source of a correlation that matched an event, or fired on it.
type feed struct {
	event int
	title string
}

// firing is one firing of a correlation, copied from the engine's memory.
type firing struct {
	event int
	time  int64
	value float64
	group []correlate.GroupValue
}

func newSequence(prog *ir.Program, chosen []*ir.Correlation) (*sequence, error) {
	s := &sequence{
		fed: map[*correlate.Rule][]feed{}, fired: map[*correlate.Rule][]firing{}, ev: rtlib.NewEvent(), rules: interp.Correlations(prog),
	}
	for _, c := range chosen {
		s.chosen = append(s.chosen, c.Rule)
	}
	detections := interp.Rules(prog)
	var err error
	if s.set, err = ruleset.New(detections, ruleset.Options{}); err != nil {
		return nil, err
	}
	if s.engine, err = correlate.New(detections, s.rules, correlate.Options{}); err != nil {
		return nil, err
	}
	s.sc = s.set.NewScratch()
	s.plan = decode.NewPlan(slices.Concat(s.set.Fields(), s.engine.Fields()), s.set.AllStrings())
	return s, nil
}

// event runs one event.
func (s *sequence) event(data []byte) error {
	if err := s.plan.JSON(s.ev, data); err != nil {
		return err
	}
	s.events++
	hits := s.set.Eval(s.ev, s.sc)
	for _, hit := range hits {
		s.feed(&s.set.Rules()[hit].Meta)
	}
	s.engine.Extract(&s.input, s.ev, hits)
	if _, ok := s.input.Time(); !ok && s.input.Feeds() {
		s.untimed = append(s.untimed, s.events)
	}
	for _, f := range s.engine.Apply(&s.input, time.Now().Unix()) {
		s.feed(&f.Rule.Meta)
		out := firing{event: s.events, time: f.Time, value: f.Value}
		for _, g := range f.Group {
			out.group = append(out.group, correlate.GroupValue{Name: g.Name, Value: string([]byte(g.Value))})
		}
		s.fired[f.Rule] = append(s.fired[f.Rule], out)
	}
	return nil
}

// feed notes that the rule behind m matched or fired.
func (s *sequence) feed(m *rtlib.Meta) {
	for _, c := range s.chosen {
		if slices.ContainsFunc(c.Sources, func(src correlate.Source) bool { return src.Rule == m.Source }) {
			s.fed[c] = append(s.fed[c], feed{s.events, m.Title})
		}
	}
}

// groups returns the groups of c as the events left them.
func (s *sequence) groups(c *correlate.Rule) []correlate.GroupInfo {
	return slices.Collect(s.engine.Groups(slices.Index(s.rules, c)))
}
