package correlate

import (
	"fmt"
	"math"
	"slices"

	"github.com/rsigma-go/rsigma/rtlib"
)

// kind is what the entries of a correlation are.
type kind uint8

const (
	kindCount    kind = iota // times
	kindDistinct             // values, counted once each
	kindSum                  // numbers, added
	kindRank                 // numbers, in order
	kindTemporal             // times in a queue per reference
)

var kinds = map[Type]kind{
	EventCount: kindCount, ValueCount: kindDistinct, Temporal: kindTemporal, TemporalOrdered: kindTemporal, ValueSum: kindSum,
	ValueAvg: kindSum, ValuePercentile: kindRank, ValueMedian: kindRank,
}

// corr is a rule, resolved.
type corr struct {
	rule  *Rule
	index uint16
	kind  kind

	window    Window
	span, gap int64
	suppress  int64
	reset     bool
	mode      EventMode
	maxEvents uint32
	maxKept   uint64 // entries of a queue; 0 is no cap
	percent   float64

	sources []source
	outer   []feed // the correlations that its firings feed, in load order

	// Temporal types. References that name the same rules share a queue.
	queues  int
	queueOf []int // by position
	when    cond  // extended condition
	sets    queueSets
}

// source is a rule that feeds a corr, with what its feeds read.
type source struct {
	from     int    // number of the detection, or -1 minus that of the correlation
	id, name string // of the rule; detections have no name here

	queues []int    // temporal: queues that a feed goes to
	parts  []lookup // by part of the group key
	values []lookup // by field of the rule
}

// lookup finds a text: among the values that a firing reports, by name; then in the event.
type lookup struct {
	names []string
	reads []int32 // numbers in Engine.reads
}

// feed says that something feeds source number source of corr number corr.
type feed struct{ corr, source int }

// read is a field that Extract reads.
type read struct {
	field        rtlib.FieldID
	text, number bool // what is wanted of it
}

// want is what Extract takes from events that a detection matches.
type want struct {
	reads     []int32
	event, id bool
}

// maxDetections bounds the memory that a definition from outside can ask for.
const maxDetections = 1 << 20

// longest keeps sums of times and timespans within int64. Times are below 2^40.
const longest = 1 << 50

type resolver struct {
	engine *Engine
	opts   Options
	reads  map[rtlib.FieldID]int32
}

func (r *resolver) resolve(detections []*rtlib.Rule, rules []*Rule) error {
	e := r.engine
	for _, name := range r.opts.TimestampFields {
		e.times = append(e.times, rtlib.Field(name).ID())
	}
	origin := map[string]int{} // detections count from 0 up, correlations from -1 down
	for i, d := range detections {
		if d != nil {
			origin[d.Meta.Source] = i
		}
	}
	if len(detections) > maxDetections {
		return fmt.Errorf("%d detections; at most %d are possible", len(detections), maxDetections)
	}
	if r.opts.Action > ActionReset || r.opts.EventMode > EventsRefs {
		return fmt.Errorf("unknown action %s or event mode %s", r.opts.Action, r.opts.EventMode)
	}
	if len(rules) > math.MaxUint16 {
		return fmt.Errorf("%d correlations; at most %d are possible", len(rules), math.MaxUint16)
	}
	for i, rule := range rules {
		origin[rule.Meta.Source] = -1 - i
		c, err := r.corr(rule, i)
		if err != nil {
			return fmt.Errorf("correlation %q: %w", rule.Meta.Title, err)
		}
		e.corrs = append(e.corrs, c)
	}
	e.feeds = make([][]feed, len(detections))
	e.hidden = make([]bool, len(detections))
	e.wants = make([]want, len(detections))
	for i, c := range e.corrs {
		for s := range c.rule.Sources {
			from, ok := origin[c.rule.Sources[s].Rule]
			if !ok {
				return fmt.Errorf("correlation %q: no rule has the source %q", c.rule.Meta.Title, c.rule.Sources[s].Rule)
			}
			src := r.source(c, s)
			src.from = from
			if from >= 0 {
				src.id = detections[from].Meta.ID
				e.feeds[from] = append(e.feeds[from], feed{i, s})
			} else {
				inner := e.corrs[-1-from]
				inner.outer = append(inner.outer, feed{i, s})
				src.id, src.name = inner.rule.Meta.ID, inner.rule.Name
			}
			c.sources = append(c.sources, src)
		}
	}
	for d := range detections {
		r.detection(d)
	}
	return nil
}

func (r *resolver) corr(rule *Rule, index int) (*corr, error) {
	c := &corr{rule: rule, index: uint16(index), window: rule.Window}
	var ok bool
	if c.kind, ok = kinds[rule.Type]; !ok {
		return nil, fmt.Errorf("unknown type %s", rule.Type)
	}
	switch {
	case rule.Timespan <= 0 || rule.Window == Session && rule.Gap <= 0:
		return nil, fmt.Errorf("timespan %d s, gap %d s", rule.Timespan, rule.Gap)
	case rule.Action > ActionReset || rule.EventMode > EventsRefs:
		return nil, fmt.Errorf("unknown action %s or event mode %s", rule.Action, rule.EventMode)
	case slices.ContainsFunc(rule.Thresholds, func(t Threshold) bool { return t.Op > NotEqualTo }):
		return nil, fmt.Errorf("unknown operator")
	case rule.Window > Session:
		return nil, fmt.Errorf("unknown window mode %s", rule.Window)
	case c.kind == kindDistinct && len(rule.Fields) == 0, (c.kind == kindSum || c.kind == kindRank) && len(rule.Fields) != 1:
		return nil, fmt.Errorf("%d fields", len(rule.Fields))
	}
	c.span, c.gap = min(rule.Timespan, longest), min(rule.Gap, longest)
	c.percent = 50
	if rule.Type == ValuePercentile {
		c.percent = min(max(rule.Percentile, 0), 100)
		if math.IsNaN(c.percent) {
			return nil, fmt.Errorf("percentile %v", rule.Percentile)
		}
	}
	r.choices(c)
	if c.kind != kindTemporal {
		return c, nil
	}
	return c, c.resolveReferences()
}

// choices fills in what the rule may leave to the options.
func (r *resolver) choices(c *corr) {
	rule, opts := c.rule, &r.opts
	c.suppress = min(opts.Suppress, longest)
	if rule.Suppress > 0 {
		c.suppress = min(rule.Suppress, longest)
	}
	c.reset = opts.Action == ActionReset
	if rule.Action != ActionDefault {
		c.reset = rule.Action == ActionReset
	}
	c.mode = opts.EventMode
	if rule.EventMode != EventsDefault {
		c.mode = rule.EventMode
	}
	maxEvents := opts.MaxEvents
	if rule.MaxEvents != 0 {
		maxEvents = rule.MaxEvents
	}
	most := math.MaxInt32
	if c.mode == EventsRefs {
		most = MaxRefs
	}
	c.maxEvents = uint32(min(max(maxEvents, 1), most))
	kept := rule.MaxGroupEntries
	if kept == 0 {
		kept = opts.MaxGroupEntries
	}
	if kept != 0 {
		c.maxKept = uint64(max(kept, 1))
	}
}

// source resolves what feeds by source number s read.
func (r *resolver) source(c *corr, s int) source {
	rule := c.rule
	var src source
	for _, at := range rule.Sources[s].At {
		if c.kind == kindTemporal && !slices.Contains(src.queues, c.queueOf[at]) {
			src.queues = append(src.queues, c.queueOf[at])
		}
	}
	for i := range rule.GroupBy {
		part := &rule.GroupBy[i]
		var fields []rtlib.Field
		var names []string
		for _, a := range part.Aliases {
			if a.Source == s {
				fields = append(fields, a.Field)
			}
		}
		if len(fields) == 0 {
			fields = part.Fields
			names = append(names, part.Name)
		}
		if len(fields) == 0 {
			fields = []rtlib.Field{rtlib.Field(part.Name)}
		}
		src.parts = append(src.parts, r.lookup(names, fields, false))
	}
	number := c.kind == kindSum || c.kind == kindRank
	for _, f := range rule.Fields {
		src.values = append(src.values, r.lookup(nil, []rtlib.Field{f}, number))
	}
	return src
}

// lookup resolves a lookup among the given names and those of the fields, then in the fields.
func (r *resolver) lookup(names []string, fields []rtlib.Field, number bool) lookup {
	l := lookup{names: names}
	for _, f := range fields {
		if !slices.Contains(l.names, f.Name()) {
			l.names = append(l.names, f.Name())
		}
		l.reads = append(l.reads, r.read(f.ID(), number))
	}
	return l
}

func (r *resolver) read(id rtlib.FieldID, number bool) int32 {
	e := r.engine
	i, ok := r.reads[id]
	if !ok {
		i = int32(len(e.reads))
		r.reads[id] = i
		e.reads = append(e.reads, read{field: id})
	}
	e.reads[i].text = e.reads[i].text || !number
	e.reads[i].number = e.reads[i].number || number
	return i
}

// identifierFields are where references to events are taken from (section 14.8).
var identifierFields = []rtlib.Field{"id", "_id", "event_id", "EventRecordID", rtlib.Literal + "event.id"}

// detection resolves what happens on matches of detection d.
func (r *resolver) detection(d int) {
	e := r.engine
	w := &e.wants[d]
	hidden := r.opts.HideDetections && len(e.feeds[d]) > 0
	seen := make([]bool, len(e.corrs))
	for _, f := range e.feeds[d] {
		c := e.corrs[f.corr]
		hidden = hidden && !c.rule.Generate
		w.event = w.event || c.mode == EventsFull
		w.id = w.id || c.mode == EventsRefs
		r.reach(w, f, seen)
	}
	e.hidden[d] = hidden
	slices.Sort(w.reads)
	w.reads = slices.Compact(w.reads)
	if w.id && e.ids == nil {
		for _, f := range identifierFields {
			e.ids = append(e.ids, f.ID())
		}
	}
}

// reach adds to w what the feed f and those that it may set off read.
func (r *resolver) reach(w *want, f feed, seen []bool) {
	c := r.engine.corrs[f.corr]
	for _, l := range c.sources[f.source].parts {
		w.reads = append(w.reads, l.reads...)
	}
	for _, l := range c.sources[f.source].values {
		w.reads = append(w.reads, l.reads...)
	}
	if seen[f.corr] {
		return
	}
	seen[f.corr] = true
	for _, outer := range c.outer {
		r.reach(w, outer, seen)
	}
}
