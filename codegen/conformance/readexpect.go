package conformance

import (
	"encoding/json"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
	"github.com/rsigma-go/rsigma/rtlib"
)

// readExpectations reads what the case n expects, and insists that it expects something.
func (r *fileReader) readExpectations(n *yamldoc.Node, c *Case) {
	if b := r.boolean(n.Get("routing"), "routing"); b != nil {
		c.Routing = *b
	}
	r.readEvents(n.Get("events"), c)
	r.readTimeline(n, c)
	r.readExpect(n.Get("expect"), c)
	if c.ErrorClass != "" && c.Error == "" {
		r.errorf(n, "error_class goes with error")
	}
	if c.Error == "" && c.Warning == "" && c.Expect == nil && len(c.Events) == 0 && len(c.Timeline) == 0 {
		r.errorf(n, "case %q expects nothing (one of events, timeline, error, warning, expect)", c.Name)
	}
}

func (r *fileReader) readEvents(n *yamldoc.Node, c *Case) {
	for _, e := range r.list(n, "events") {
		if ev, ok := r.readEvent(e); ok {
			c.Events = append(c.Events, ev)
		}
	}
}

func (r *fileReader) readEvent(n *yamldoc.Node) (ev Event, ok bool) {
	if !r.keys(n, "an event", "event", "event_json", "match", "rules", "selections", "logsource") {
		return ev, false
	}
	ev.Pos = n.Pos
	obj, text := n.Get("event"), n.Get("event_json")
	switch {
	case (obj == nil) == (text == nil):
		r.errorf(n, "an event has either event or event_json")
	case obj != nil:
		ev.JSON = r.json(obj, "event")
	default:
		ev.JSON = []byte(r.str(text, "event_json"))
		if !json.Valid(ev.JSON) {
			r.errorf(text, "event_json is no JSON")
		}
	}
	ev.Match = r.boolean(n.Get("match"), "match")
	if v := n.Get("rules"); v != nil {
		ev.Rules, ev.HasRules = r.members(v, "rules"), true
	}
	if (ev.Match == nil) == !ev.HasRules {
		r.errorf(n, "an event has either match or rules")
	}
	if v := n.Get("selections"); v != nil {
		ev.Selections, ev.HasSelections = r.members(v, "selections"), true
	}
	ev.LogSource = r.readLogSource(n.Get("logsource"))
	return ev, true
}

// readLogSource reads the dimensions of an event. definition is none.
func (r *fileReader) readLogSource(n *yamldoc.Node) (l rtlib.LogSource) {
	if n == nil {
		return l
	}
	if n.Kind != yamldoc.KindMapping {
		r.errorf(n, "logsource must be a mapping, not a %s", n.Kind)
		return l
	}
	for _, p := range n.Pairs {
		v := r.str(p.Value, "logsource "+p.Key)
		switch p.Key {
		case "category":
			l.Category = v
		case "product":
			l.Product = v
		case "service":
			l.Service = v
		case "definition":
		default:
			l.Custom = append(l.Custom, rtlib.Dimension{Key: p.Key, Value: v})
		}
	}
	return l
}

func (r *fileReader) readTimeline(n *yamldoc.Node, c *Case) {
	timeline, fires := n.Get("timeline"), n.Get("fires")
	if (timeline == nil) != (fires == nil) {
		r.errorf(n, "timeline and fires go together")
		return
	}
	for _, s := range r.list(timeline, "timeline") {
		c.Timeline = append(c.Timeline, r.readStep(s))
	}
	for _, f := range r.list(fires, "fires") {
		if f, ok := r.readFiring(f, len(c.Timeline)); ok {
			c.Fires = append(c.Fires, f)
		}
	}
	if v := n.Get("detections"); v != nil {
		c.Detections = []int{}
		for _, item := range r.list(v, "detections") {
			if i := r.integer(item, "an entry of detections"); i != nil {
				c.Detections = append(c.Detections, *i)
			}
		}
		if len(c.Detections) != len(c.Timeline) {
			r.errorf(v, "detections has %d entries for a timeline of %d", len(c.Detections), len(c.Timeline))
		}
	}
}

func (r *fileReader) readStep(n *yamldoc.Node) (s Step) {
	s.Pos = n.Pos
	if n.Kind == yamldoc.KindSequence {
		if len(n.Items) != 2 {
			r.errorf(n, "a step of a timeline is [time, event]")
			return s
		}
		s.Time = r.number(n.Items[0], "the time of a step")
		s.JSON = r.json(n.Items[1], "the event of a step")
		return s
	}
	if !r.keys(n, "a step of a timeline", "event") {
		return s
	}
	if ev := n.Get("event"); ev != nil {
		s.JSON = r.json(ev, "event")
	} else {
		r.errorf(n, "a step of a timeline has an event")
	}
	return s
}

func (r *fileReader) readFiring(n *yamldoc.Node, steps int) (f Firing, ok bool) {
	if !r.keys(n, "a firing", "at", "rule", "value", "group", "events", "refs") {
		return f, false
	}
	f.Pos = n.Pos
	f.Rule = "corr"
	if v := n.Get("rule"); v != nil {
		f.Rule = r.str(v, "rule")
	}
	at := r.integer(n.Get("at"), "at")
	if at == nil || *at >= steps {
		r.errorf(n, "a firing says at which step of the timeline it happens (at: 0 to %d)", steps-1)
		return f, false
	}
	f.At = *at
	f.Value = r.number(n.Get("value"), "value")
	if g := n.Get("group"); g != nil {
		if g.Kind != yamldoc.KindMapping {
			r.errorf(g, "group must be a mapping, not a %s", g.Kind)
		}
		f.Group = g
	}
	if v := n.Get("events"); v != nil {
		f.HasEvents = true
		for _, e := range r.list(v, "events") {
			f.Events = append(f.Events, r.json(e, "a reported event"))
		}
	}
	if v := n.Get("refs"); v != nil {
		f.HasRefs = true
		for _, ref := range r.list(v, "refs") {
			f.Refs = append(f.Refs, r.readRef(ref))
		}
	}
	return f, true
}

func (r *fileReader) readRef(n *yamldoc.Node) (ref Ref) {
	if n.Kind != yamldoc.KindSequence || len(n.Items) != 2 {
		r.errorf(n, "a reference is [time, id or null]")
		return ref
	}
	if t := r.number(n.Items[0], "the time of a reference"); t != nil {
		ref.Time = *t
	}
	if id := n.Items[1]; id.Kind != yamldoc.KindNull {
		s := r.str(id, "the id of a reference")
		ref.ID = &s
	}
	return ref
}

// otherChecks are the checks on processed rules that need the pipeline's own state.
var otherChecks = []string{"fields", "applied", "not_applied", "group_by", "aliases", "condition_field"}

func (r *fileReader) readExpect(n *yamldoc.Node, c *Case) {
	if n == nil || !r.keys(n, "expect", append([]string{"logsource", "custom_attributes"}, otherChecks...)...) {
		return
	}
	e := &Expect{Pos: n.Pos, LogSource: n.Get("logsource"), CustomAttributes: n.Get("custom_attributes")}
	for _, check := range []*yamldoc.Node{e.LogSource, e.CustomAttributes} {
		if check != nil && check.Kind != yamldoc.KindMapping {
			r.errorf(check, "an expected log source or set of attributes must be a mapping, not a %s", check.Kind)
		}
	}
	for _, p := range n.Pairs {
		if slices.Contains(otherChecks, p.Key) {
			e.Others = append(e.Others, p.Key)
		}
	}
	c.Expect = e
}
