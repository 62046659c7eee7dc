package coverage

import (
	"encoding/json"

	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// Sample gathers what events carry of the fields that a rule set reads. It is not safe for concurrent use.
type Sample struct {
	needs   []need
	plan    *decode.Plan
	ev      *rtlib.Event
	empty   *rtlib.Event          // an event without fields
	carried map[rtlib.FieldID]int // events in which the field is not missing
	strings bool                  // some event has a string value
	events  int
	paths   pathTable
}

// NewSample returns an empty sample for the rules of p.
func NewSample(p *ir.Program) *Sample {
	s := &Sample{ev: rtlib.NewEvent(), empty: rtlib.NewEvent(), carried: map[rtlib.FieldID]int{}, paths: newPathTable()}
	s.empty.Reset(rtlib.ShapeJSON, []byte("{}"))
	var fields []rtlib.FieldID
	for _, r := range p.Rules {
		n := needOf(r)
		s.needs = append(s.needs, n)
		fields = append(fields, n.fields...)
	}
	s.plan = decode.NewPlan(fields, false)
	return s
}

// Add takes one event, a JSON value, into account. The error, a *decode.SyntaxError, says that it is none.
func (s *Sample) Add(event []byte) error {
	if err := s.plan.JSON(s.ev, event); err != nil {
		return err
	}
	s.events++
	for _, id := range s.ev.Touched() {
		if s.ev.Value(id).Kind != rtlib.Missing {
			s.carried[id]++
		}
	}
	s.strings = s.strings || s.ev.First(s.ev.Value(rtlib.AnyString.ID())) != nil
	var tree any
	if json.Unmarshal(event, &tree) == nil {
		s.paths.add(tree)
	}
	return nil
}
