package correlate

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

const testNow = 1_000_000 // wall clock of the tests

// A scenario is a random rule set.
type scenario struct {
	detections []string
	rules      []*Rule
	opts       Options
	stride     int64 // seconds between events, about
}

func (s *scenario) detectionRules() (rules []*rtlib.Rule) {
	for _, source := range s.detections {
		rules = append(rules, &rtlib.Rule{Meta: rtlib.Meta{Title: source, Source: source}})
	}
	return rules
}

func (s *scenario) engine(t interface{ Fatal(...any) }) *Engine {
	e, err := New(s.detectionRules(), s.rules, s.opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// cover counts what random tests have tried, so that they can fail below a floor.
type cover struct{ events, firings, chained, suppressed, late, evicted, expired, futures atomic.Int64 }

func drawScenario(t *rapid.T) *scenario {
	s := &scenario{}
	for i := range rapid.IntRange(1, 3).Draw(t, "detections") {
		s.detections = append(s.detections, fmt.Sprint("d", i))
	}
	s.opts = Options{
		Suppress:        rapid.SampledFrom([]int64{0, 0, 0, 3, 20}).Draw(t, "suppress"),
		Action:          rapid.SampledFrom([]Action{ActionDefault, ActionDefault, ActionAlert, ActionReset}).Draw(t, "action"),
		EventMode:       rapid.SampledFrom([]EventMode{EventsDefault, EventsFull, EventsRefs}).Draw(t, "mode"),
		MaxEvents:       rapid.SampledFrom([]int{0, 1, 3}).Draw(t, "max events"),
		MaxStateEntries: rapid.SampledFrom([]int{0, 1, 3, 4, 11}).Draw(t, "max state"),
		MaxGroupEntries: rapid.SampledFrom([]int{0, 0, 0, -1, 1, 2, 3, 5}).Draw(t, "max group"),
		SkipUntimed:     rapid.Bool().Draw(t, "skip"),
	}
	s.stride = rapid.SampledFrom([]int64{0, 1, 2, 5}).Draw(t, "stride")
	for i := range rapid.IntRange(1, 4).Draw(t, "rules") {
		s.rules = append(s.rules, s.drawRule(t, i))
	}
	return s
}

func (s *scenario) drawRule(t *rapid.T, i int) *Rule {
	span := rapid.SampledFrom([]int64{1, 3, 10, 30}).Draw(t, "timespan")
	r := &Rule{
		Meta:     rtlib.Meta{Title: fmt.Sprint("r", i), Source: fmt.Sprint("r", i), ID: fmt.Sprint("id", i)},
		Type:     Type(rapid.IntRange(int(EventCount), int(ValueMedian)).Draw(t, "type")),
		Window:   Window(rapid.IntRange(0, 2).Draw(t, "window")),
		Timespan: span,
		Gap:      rapid.Int64Range(1, 6).Draw(t, "gap"),
		Generate: rapid.Bool().Draw(t, "generate"),
		Suppress: rapid.SampledFrom([]int64{0, 0, 5}).Draw(t, "rule suppress"),
		Action:   rapid.SampledFrom([]Action{ActionDefault, ActionDefault, ActionAlert, ActionReset}).Draw(t, "rule action"),
	}
	if rapid.IntRange(0, 3).Draw(t, "own choices") == 0 {
		r.EventMode = rapid.SampledFrom([]EventMode{EventsNone, EventsFull, EventsRefs}).Draw(t, "rule mode")
		r.MaxEvents = rapid.SampledFrom([]int{1, 2}).Draw(t, "rule max events")
		r.MaxGroupEntries = rapid.SampledFrom([]int{-1, 2, 4, 50}).Draw(t, "rule max group")
	}
	s.drawSources(t, r, i)
	for k := range rapid.IntRange(0, 2).Draw(t, "parts") {
		p := Part{Name: fmt.Sprint("g", k)}
		if rapid.IntRange(0, 3).Draw(t, "alias") == 0 {
			p.Aliases = []AliasField{{Source: rapid.IntRange(0, len(r.Sources)-1).Draw(t, "aliased"), Field: "g9"}}
		}
		r.GroupBy = append(r.GroupBy, p)
	}
	switch r.Type {
	case ValueCount:
		r.Fields = []rtlib.Field{"v"}
		if rapid.Bool().Draw(t, "tuple") {
			r.Fields = append(r.Fields, "g1")
		}
	case ValueSum, ValueAvg, ValuePercentile, ValueMedian:
		r.Fields = []rtlib.Field{"n"}
		r.Percentile = rapid.SampledFrom([]float64{-3, 0, 10, 33.3, 50, 90, 99, 100, 250}).Draw(t, "percentile")
	}
	s.drawCondition(t, r)
	return r
}

// drawSources lets rule i be fed by detections and by rules before it.
func (s *scenario) drawSources(t *rapid.T, r *Rule, i int) {
	pool := slices.Clone(s.detections)
	for k := range i {
		pool = append(pool, fmt.Sprint("r", k))
	}
	positions := rapid.IntRange(1, 3).Draw(t, "positions")
	at := map[string][]int{}
	for p := range positions {
		source := rapid.SampledFrom(pool).Draw(t, "source")
		r.References = append(r.References, "ref-"+source)
		at[source] = append(at[source], p)
	}
	// A name that two rules share: position 0 names another rule as well.
	if other := rapid.SampledFrom(pool).Draw(t, "shared"); len(at[other]) == 0 && rapid.Bool().Draw(t, "share") {
		for p, ref := range r.References {
			if ref == r.References[0] {
				at[other] = append(at[other], p)
			}
		}
	}
	for _, source := range pool {
		if at[source] != nil {
			r.Sources = append(r.Sources, Source{source, at[source]})
		}
	}
}

func (s *scenario) drawCondition(t *rapid.T, r *Rule) {
	if r.Type == Temporal || r.Type == TemporalOrdered {
		switch rapid.IntRange(0, 2).Draw(t, "condition") {
		case 0:
			return
		case 1:
			r.Extended = drawCond(t, r.References, 2)
			return
		}
	}
	for range rapid.IntRange(1, 2).Draw(t, "thresholds") {
		v := float64(rapid.IntRange(0, 4).Draw(t, "threshold"))
		if len(r.Fields) == 1 && r.Fields[0] == "n" {
			v = rapid.SampledFrom([]float64{0, 0.1, 0.3, 1, 5.5, 0.6000000000000001, 100, -7, 1e15}).Draw(t, "number threshold")
		}
		op := Compare(rapid.IntRange(int(Greater), int(NotEqualTo)).Draw(t, "op"))
		r.Thresholds = append(r.Thresholds, Threshold{op, v})
	}
}

func drawCond(t *rapid.T, refs []string, depth int) rtlib.Cond {
	kind := rapid.IntRange(0, 4).Draw(t, "cond")
	if depth == 0 || kind < 2 {
		return rtlib.Sel(rapid.SampledFrom(refs).Draw(t, "sel"))
	}
	a, b := drawCond(t, refs, depth-1), drawCond(t, refs, depth-1)
	switch kind {
	case 2:
		return rtlib.AllConds{a, b}
	case 3:
		return rtlib.AnyConds{a, b}
	default:
		return rtlib.NotCond{X: a}
	}
}

func twinCond(x rtlib.Cond, fired map[string]bool) bool {
	switch x := x.(type) {
	case rtlib.Sel:
		return fired[string(x)]
	case rtlib.AllConds:
		return twinCond(x[0], fired) && twinCond(x[1], fired)
	case rtlib.AnyConds:
		return twinCond(x[0], fired) || twinCond(x[1], fired)
	case rtlib.NotCond:
		return !twinCond(x.X, fired)
	default:
		panic("no such condition")
	}
}

// drawEvent draws the event after clock.
func (s *scenario) drawEvent(t *rapid.T, clock *int64, n int) *twinEvent {
	ev := &twinEvent{fields: map[string]any{}}
	*clock += rapid.Int64Range(0, s.stride).Draw(t, "step")
	at := *clock
	switch rapid.IntRange(0, 19).Draw(t, "time") {
	case 0, 1:
		at -= rapid.Int64Range(1, 40).Draw(t, "late")
	case 2:
		at += rapid.Int64Range(1, 60).Draw(t, "early")
	case 3:
		at = testNow + farFuture + rapid.Int64Range(-1, 100).Draw(t, "future")
	case 4:
		at = -5
	}
	if rapid.IntRange(0, 19).Draw(t, "untimed") > 0 {
		ev.time = &at
		ev.fields["timestamp"] = float64(at)
	}
	for _, g := range []string{"g0", "g1", "g9"} {
		switch k := rapid.IntRange(0, 7).Draw(t, g); k {
		case 0:
		case 1:
			ev.fields[g] = nil
		case 2:
			ev.fields[g] = []any{"a"}
		case 3:
			ev.fields[g] = 5.0
		default:
			ev.fields[g] = []string{"a", "b", "5", "null"}[k-4]
		}
	}
	if k := rapid.IntRange(0, 7).Draw(t, "v"); k < 6 {
		ev.fields["v"] = []any{"a", "b", "c", "null", nil, 5.0}[k]
	}
	if k := rapid.IntRange(0, 11).Draw(t, "n"); k < 11 {
		ev.fields["n"] = []any{0.1, 0.2, 0.3, 1.0, 5.5, -7.0, "0.1", 1e15, 0.7, nil, "x"}[k]
	}
	if rapid.Bool().Draw(t, "has id") {
		ev.id = fmt.Sprint("e", n)
		ev.fields["id"] = ev.id
	}
	for i := range s.detections {
		if rapid.IntRange(0, 2).Draw(t, "hit") > 0 {
			ev.hits = append(ev.hits, i)
		}
	}
	data, err := json.Marshal(ev.fields)
	if err != nil {
		panic(err)
	}
	ev.json = string(data)
	return ev
}

// show writes firings of the engine as the twin does.
func show(fs []Firing) string {
	var b strings.Builder
	for _, f := range fs {
		x := twinFiring{rule: f.Index, time: f.Time, group: f.Group, value: f.Value, refs: f.Refs}
		for _, data := range f.Events {
			x.events = append(x.events, string(data))
		}
		fmt.Fprintln(&b, x.String())
	}
	return b.String()
}

// A driver gives events to an engine.
type driver struct {
	e    *Engine
	plan *decode.Plan
	ev   *rtlib.Event
	in   Input
	log  []byte // memory of the binary form
}

func newDriver(e *Engine) *driver {
	return &driver{e: e, plan: decode.NewPlan(e.Fields(), false), ev: rtlib.NewEvent()}
}

func (d *driver) apply(t interface{ Fatal(...any) }, ev *twinEvent, now int64) string {
	if err := d.plan.JSON(d.ev, []byte(ev.json)); err != nil {
		t.Fatal(err)
	}
	d.e.Extract(&d.in, d.ev, ev.hits)
	d.log = d.in.AppendBinary(d.log[:0])
	var in Input // as if it came from a log
	if err := d.e.ReadInput(&in, d.log); err != nil {
		t.Fatal(err)
	}
	return show(d.e.Apply(&in, now))
}

func TestTheEngineAgreesWithItsTwin(t *testing.T) {
	t.Parallel()
	var seen cover
	for range rounds(t) {
		rapid.Check(t, func(t *rapid.T) { agree(t, &seen) })
	}
	t.Logf("%d events, %d firings (%d chained), %d suppressed, %d late feeds, %d evicted, %d expired, %d far-future events",
		seen.events.Load(), seen.firings.Load(), seen.chained.Load(), seen.suppressed.Load(), seen.late.Load(),
		seen.evicted.Load(), seen.expired.Load(), seen.futures.Load())
	floor := int64(20)
	if testing.Short() {
		floor = 1
	}
	for name, n := range map[string]*atomic.Int64{"firings": &seen.firings, "chained": &seen.chained,
		"suppressed": &seen.suppressed, "late": &seen.late, "evicted": &seen.evicted, "expired": &seen.expired, "future": &seen.futures} {
		if n.Load() < floor {
			t.Errorf("%s: only %d, the floor is %d", name, n.Load(), floor)
		}
	}
}

// rounds is how often a property is checked with the usual number of checks.
func rounds(t *testing.T) int {
	if testing.Short() {
		return 4
	}
	return 15
}

func agree(t *rapid.T, seen *cover) {
	s := drawScenario(t)
	e := s.engine(t)
	d := newDriver(e)
	tw := newTwin(s.detections, s.rules, s.opts)
	clock := rapid.SampledFrom([]int64{0, 100, testNow - 50}).Draw(t, "start")
	now := int64(testNow)
	for n := range rapid.IntRange(20, 120).Draw(t, "events") {
		if rapid.IntRange(0, 30).Draw(t, "the wall clock is set") == 17 {
			now = testNow + rapid.SampledFrom([]int64{0, 0, 3600, -3600, 2 * farFuture, -2 * farFuture, tenYears, -tenYears}).Draw(t, "by")
		}
		if rapid.IntRange(0, 40).Draw(t, "sweep") == 17 {
			e.sweepGroups = rapid.IntRange(1, 4).Draw(t, "groups at once")
			for e.Sweep(now) {
			}
			tw.sweep(now)
		}
		ev := s.drawEvent(t, &clock, n)
		got := d.apply(t, ev, now)
		var want strings.Builder
		for _, f := range tw.apply(ev, now) {
			fmt.Fprintln(&want, f.String())
			seen.firings.Add(1)
			if len(tw.rules[f.rule].Sources) > 0 && strings.HasPrefix(tw.rules[f.rule].Sources[0].Rule, "r") {
				seen.chained.Add(1)
			}
		}
		if got != want.String() {
			t.Fatalf("event %d %s hits %v\n got %s\nwant %s\n%s", n, ev.json, ev.hits, got, want.String(), describeRules(s))
		}
		if got, want := e.Stats().Groups, tw.live(); got != want {
			t.Fatalf("event %d %s hits %v: %d groups, want %d\n%s", n, ev.json, ev.hits, got, want, describeRules(s))
		}
		checkInvariants(t, e)
		seen.events.Add(1)
	}
	stats := e.Stats()
	seen.suppressed.Add(int64(stats.Suppressed))
	seen.late.Add(int64(stats.Late))
	seen.expired.Add(int64(stats.Expired))
	seen.futures.Add(int64(stats.FarFuture))
	for _, n := range stats.Evicted {
		seen.evicted.Add(int64(n))
	}
}

func describeRules(s *scenario) string {
	var b strings.Builder
	fmt.Fprintf(&b, "options %+v\n", s.opts)
	for _, r := range s.rules {
		fmt.Fprintf(&b, "%s: %s %s %ds gap %d refs %v sources %v by %v fields %v thresholds %v extended %v suppress %d action %s kept %d\n",
			r.Meta.Title, r.Type, r.Window, r.Timespan, r.Gap, r.References, r.Sources, r.GroupBy, r.Fields, r.Thresholds, r.Extended,
			r.Suppress, r.Action, r.MaxGroupEntries)
	}
	return b.String()
}

// checkInvariants looks at what the engine takes for granted about itself.
func checkInvariants(t interface{ Fatalf(string, ...any) }, e *Engine) {
	entries := 0
	for _, id := range e.due.list {
		g := e.groups.at(id)
		c := e.corrs[g.corr]
		if g.life != live || e.due.list[g.place] != id {
			t.Fatalf("group %d is out of place", id)
		}
		if at := e.emptyAt(c, g); g.due > at {
			t.Fatalf("group %d is due at %d, but empty at %d", id, g.due, at)
		}
		for i := range c.queueCount() {
			q := e.queueAt(c, g, i)
			n := uint64(0)
			greatest := int64(math.MinInt64)
			for k := range q.n {
				x := e.runsOf(c).at(&q.ring, k)
				n += x.times
				greatest = max(greatest, x.time)
			}
			if n != q.count {
				t.Fatalf("group %d: %d entries, count says %d", id, n, q.count)
			}
			if c.window == Sliding && n > 0 && e.greatest(c, q) != greatest {
				t.Fatalf("group %d: greatest time %d, want %d", id, e.greatest(c, q), greatest)
			}
			entries += int(n)
		}
	}
	if stats := e.Stats(); stats.Entries != entries || stats.Groups != len(e.due.list) {
		t.Fatalf("%d groups, %d entries: stats say %+v", len(e.due.list), entries, stats)
	}
}
