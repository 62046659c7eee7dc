package correlate

import (
	"github.com/rsigma-go/rsigma/rtlib"
)

// Firing is one result of a correlation.
type Firing struct {
	Rule  *Rule
	Index int   // of the rule, in load order
	Time  int64 // of the feed that caused it, in seconds since the epoch
	// Group are the parts of the group key that are present, in group-by order.
	Group []GroupValue
	Value float64 // the aggregated value
	// Events are the JSON texts of the events that led here, oldest first, in mode EventsFull; nil if another firing caused
	// this one.
	Events [][]byte
	// Refs stand for the events in mode EventsRefs.
	Refs []Ref
}

// GroupValue is a part of a group key.
type GroupValue struct{ Name, Value string }

// Ref is a reference to an event.
type Ref struct {
	Time  int64 // seconds since the epoch
	ID    string
	HasID bool
}

// scratch is the memory of one call of Apply.
type scratch struct {
	slots   []int32 // by number of read: index in Input.values plus one
	key     []byte
	value   []byte
	present []bool
	stale   []stale
	input   Input // of Replay

	firings []Firing
	group   []GroupValue
	events  [][]byte
	refs    []Ref
	text    []byte // what the firings refer to

	full, ref uint32 // blobs of the event and of its identifier, once they are buffered
}

func (s *scratch) reset() {
	s.firings, s.group, s.events, s.refs, s.text = s.firings[:0], s.group[:0], s.events[:0], s.refs[:0], s.text[:0]
}

// keep copies b to memory that lasts until the next call. Firings keep what they were given if the memory has to grow.
func (s *scratch) keep(b []byte) []byte {
	from := len(s.text)
	s.text = append(s.text, b...)
	return s.text[from:len(s.text):len(s.text)]
}

// fire reports a firing of group number id at time t unless it is suppressed.
//
// Source: sigma-language.md section 14.7.
func (e *Engine) fire(c *corr, id uint32, t int64, withEvents bool) {
	g := e.groups.at(id)
	if c.suppress > 0 && g.alert != noTime && t-g.alert < c.suppress {
		e.stats.Suppressed++
		return
	}
	g.alert = t
	f := Firing{Rule: c.rule, Index: int(c.index), Time: t, Value: e.aggregate(c, g), Group: e.groupValues(c, g)}
	if withEvents {
		e.reportEvents(c, g, &f)
	}
	e.scratch.firings = append(e.scratch.firings, f)
	if !c.reset {
		return
	}
	e.clear(c, g)
	if g.due != noTime {
		g.due = noTime
		e.due.fix(id)
	}
}

func (e *Engine) groupValues(c *corr, g *group) []GroupValue {
	s := &e.scratch
	from := len(s.group)
	key := e.texts.at(g.key)
	for i := range c.rule.GroupBy {
		var text []byte
		var present bool
		if text, present, key = nextPart(key); present {
			s.group = append(s.group, GroupValue{c.rule.GroupBy[i].Name, rtlib.View(s.keep(text))})
		}
	}
	return s.group[from:len(s.group):len(s.group)]
}
