package correlate

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib"
)

const tenYears = 10 * 365 * 24 * 60 * 60

// present counts the groups whose newest entry may be trusted.
func present(e *Engine, now int64) (n int) {
	for i := range e.Rules() {
		for info := range e.Groups(i) {
			if trusted(info.Newest, now) {
				n++
			}
		}
	}
	return n
}

// The workload of the clocks: each step sends a few events, and each minute the groups are swept. A user sends clockRuns events, a step
// apart, and is gone for good. The last minutes are quiet apart from one user, so that all others can be swept.
const (
	clockStart = 1_700_000_010 // a multiple of the tumbling window
	clockSteps = 320
	clockQuiet = 60
	clockStep  = 5 // seconds
	clockUsers = 3 // at a time
	clockRuns  = 20
)

type wallClock struct {
	name string
	at   func(now int64) int64
	slow bool // ever behind
}

// clocks are wall clocks: the time that they show at a true time.
var clocks = []wallClock{
	{"true", func(now int64) int64 { return now }, false},
	{"an hour fast", func(now int64) int64 { return now + 3600 }, false},
	{"an hour slow", func(now int64) int64 { return now - 3600 }, true},
	{"ten years fast", func(now int64) int64 { return now + tenYears }, false},
	{"ten years slow", func(now int64) int64 { return now - tenYears }, true},
	{"frozen", func(int64) int64 { return clockStart }, true},
	{"an hour fast for a while", func(now int64) int64 { return now + jump(now, 3600) }, false},
	{"an hour slow for a while", func(now int64) int64 { return now + jump(now, -3600) }, true},
	{"ten years fast for a while", func(now int64) int64 { return now + jump(now, tenYears) }, false},
	{"ten years slow for a while", func(now int64) int64 { return now + jump(now, -tenYears) }, true},
}

// jump is by in the second fifth of the workload.
func jump(now, by int64) int64 {
	if fifth := (now - clockStart) * 5 / (clockSteps * clockStep); fifth == 1 {
		return by
	}
	return 0
}

type eventTime struct {
	name string
	at   func(now int64) (int64, bool)
	base int64
}

// times say what time an event has that happens at a true time; false if it has none. base is what to take off to compare runs.
var times = []eventTime{
	{"of its own", func(now int64) (int64, bool) { return now, true }, clockStart},
	{"1970", func(now int64) (int64, bool) { return now - clockStart, true }, 0},
	{"2999", func(now int64) (int64, bool) { return now - clockStart + year2999, true }, year2999},
	{"of arrival", func(int64) (int64, bool) { return 0, false }, 0},
}

const year2999 = 32_472_144_000

// clockRules count, count values, look for both rules, look for them in order with suppression, sum up with reset, in all windows, and
// count firings.
func clockRules() []*Rule {
	rule := func(source string, typ Type, threshold float64, sources ...Source) *Rule {
		r := &Rule{
			Meta: rtlib.Meta{Title: source, Source: source}, Type: typ, Timespan: 60, Sources: sources,
			GroupBy: []Part{{Name: "User"}}, Thresholds: []Threshold{{GreaterEqual, threshold}},
		}
		for _, s := range sources {
			r.References = append(r.References, s.Rule)
		}
		return r
	}
	both := []Source{{"d0", []int{0}}, {"d1", []int{1}}}
	first := both[:1]
	count := rule("count", EventCount, 4, first...)
	values := rule("values", ValueCount, 3, first...)
	values.Fields = []rtlib.Field{"V"}
	temporal := rule("temporal", Temporal, 2, both...)
	temporal.Thresholds, temporal.Suppress = nil, 40
	ordered := rule("ordered", TemporalOrdered, 2, both...)
	ordered.Thresholds, ordered.Suppress, ordered.Action = nil, 30, ActionReset
	session := rule("session", EventCount, 5, first...)
	session.Window, session.Gap = Session, 12
	tumbling := rule("tumbling", EventCount, 3, first...)
	tumbling.Window, tumbling.Timespan = Tumbling, 30
	sum := rule("sum", ValueSum, 20, first...)
	sum.Fields, sum.Action = []rtlib.Field{"N"}, ActionReset
	chain := rule("chain", EventCount, 2, Source{"count", []int{0}})
	chain.Generate = true
	return []*Rule{count, values, temporal, ordered, session, tumbling, sum, chain}
}

// A clockFiring is a firing; its time is compared apart.
type clockFiring struct {
	time int64
	rest string
}

// clockRun is one run of the workload.
type clockRun struct {
	limit int // groups
	clock wallClock
	time  eventTime
	flood bool                       // each step brings an event of the year 2999, for a group of its own
	sweep func(e *Engine, now int64) // takes the place of Engine.Sweep
	twin  bool                       // feeds the twin too, which has no cap

	fired, twins []clockFiring
	most         int // groups after a sweep, without those of 2999
	last         int // the same after the last one
	stats        Stats
}

// run runs the workload and returns r.
func (r *clockRun) run(t *testing.T) *clockRun {
	t.Helper()
	detections := []*rtlib.Rule{{Meta: rtlib.Meta{Source: "d0"}}, {Meta: rtlib.Meta{Source: "d1"}}}
	e, err := New(detections, clockRules(), Options{MaxStateEntries: r.limit})
	if err != nil {
		t.Fatal(err)
	}
	d, tw := newDriver(e), newTwin([]string{"d0", "d1"}, clockRules(), Options{MaxStateEntries: math.MaxInt})
	for step := range clockSteps {
		now := clockStart + int64(step)*clockStep
		wall := r.clock.at(now)
		for _, ev := range r.events(t, step, now) {
			r.feed(t, d, ev, wall)
			if !r.twin {
				continue
			}
			for _, f := range tw.apply(ev, wall) {
				r.twins = append(r.twins, clockFiring{f.time, fmt.Sprint(f.rule, f.group, f.value)})
			}
		}
		if step%12 == 11 {
			r.sweep(e, wall)
			tw.sweep(wall)
			r.last = present(e, max(wall, now))
			r.most = max(r.most, r.last)
		}
	}
	checkInvariants(t, e)
	r.stats = e.Stats()
	return r
}

func (r *clockRun) feed(t *testing.T, d *driver, ev *twinEvent, wall int64) {
	t.Helper()
	if err := d.plan.JSON(d.ev, []byte(ev.json)); err != nil {
		t.Fatal(err)
	}
	d.e.Extract(&d.in, d.ev, ev.hits)
	for _, f := range d.e.Apply(&d.in, wall) {
		r.fired = append(r.fired, clockFiring{f.Time, fmt.Sprint(f.Index, f.Group, f.Value)})
	}
}

// events are those of a step.
func (r *clockRun) events(t *testing.T, step int, now int64) (events []*twinEvent) {
	t.Helper()
	add := func(user string, hit int, at int64, timed bool) {
		ev := &twinEvent{hits: []int{hit}, fields: map[string]any{"User": user, "V": fmt.Sprint("v", step%4), "N": float64(step % 7)}}
		if timed {
			ev.time, ev.fields["timestamp"] = &at, float64(at)
		}
		text, err := json.Marshal(ev.fields)
		if err != nil {
			t.Fatal(err)
		}
		ev.json = string(text)
		events = append(events, ev)
	}
	at, timed := r.time.at(now)
	for k := range clockUsers {
		if step < clockSteps-clockQuiet {
			add(fmt.Sprintf("u%d-%d", k, (step+7*k)/clockRuns), (step+k)/2%2, at, timed)
		}
	}
	if step >= clockSteps-clockQuiet {
		add("last", 0, at, timed)
	}
	if r.flood {
		add(fmt.Sprint("flood", step), 0, year2999+int64(step), true)
	}
	return events
}

// difference says where got, whose times count from gotBase, differs from want; "" if nowhere.
func difference(got []clockFiring, gotBase int64, want []clockFiring, wantBase int64) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got) || i >= len(want):
			return fmt.Sprintf("%d firings, want %d", len(got), len(want))
		case got[i].rest != want[i].rest || got[i].time-gotBase != want[i].time-wantBase:
			return fmt.Sprintf("firing %d of %d is %v, want %v", i, len(want), got[i], want[i])
		}
	}
	return ""
}

// sweepAll is Sweep until there is nothing more to do.
func sweepAll(e *Engine, now int64) {
	for e.Sweep(now) {
	}
}

// calmRun is the workload under a true clock.
func calmRun(t *testing.T) *clockRun {
	t.Helper()
	calm := (&clockRun{limit: generous, clock: clocks[0], time: times[0], sweep: sweepAll, twin: true}).run(t)
	if d := difference(calm.fired, 0, calm.twins, 0); d != "" {
		t.Fatalf("the calm run: %s", d)
	}
	return calm
}

// The caps on groups. The tight one holds a few times what is in use at once, and a small part of all.
const (
	generous = 100_000
	tight    = 150
)

func (r *clockRun) String() string {
	return fmt.Sprintf("clock %s, events %s, at most %d groups, flood %v", r.clock.name, r.time.name, r.limit, r.flood)
}

// wrong says what is wrong with a run, "" if nothing is.
func (r *clockRun) wrong(calm *clockRun) string {
	d := ""
	switch _, timed := r.time.at(0); {
	case timed && !r.flood:
		d = difference(r.fired, r.time.base, calm.fired, clockStart)
	case timed:
		d = difference(withoutFlood(r.fired), r.time.base, calm.fired, clockStart)
	case r.twin:
		d = difference(r.fired, 0, r.twins, 0)
	}
	switch {
	case d != "":
		return d
	case r.stats.Groups > r.limit+len(clockRules()): // one event may open several
		return fmt.Sprintf("%d groups", r.stats.Groups)
	case r.limit == generous && slices.Max(r.stats.Evicted) > 0:
		return fmt.Sprintf("groups were evicted: %v", r.stats.Evicted)
	}
	if r.time.base == year2999 || r.clock.slow {
		return "" // the cap bounds them
	}
	// What was in use when a clock was set back stays.
	if r.most > 3*calm.most || r.last > calm.last+2*calm.most {
		return fmt.Sprintf("%d groups after a sweep, %d after the last one; in calm %d and %d", r.most, r.last, calm.most, calm.last)
	}
	return ""
}

// withoutFlood leaves out what the groups of the flood fire.
func withoutFlood(fired []clockFiring) []clockFiring {
	return slices.DeleteFunc(slices.Clone(fired), func(f clockFiring) bool { return strings.Contains(f.rest, "flood") })
}

// TestNoWallClockChangesWhatFiresByEventTime runs the workload under wall clocks that are wrong, stand still or jump, with event times of
// the present, of 1970 and of 2999. What fires is what fires in calm, and no group in use is evicted. Idle groups go, unless the clock is
// behind the events or they are of 2999: then the cap bounds them, and no firing is lost by that.
//
// Events without a time have that of the clock, as section 14.3 defines; the twin says what follows from that. After a jump back a window
// holds its entries of the time to come until they are over by the clock, since section 14.5 knows no watermark, and suppression lasts as
// long. All other groups go as ever.
func TestNoWallClockChangesWhatFiresByEventTime(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the race detector finds nothing where there is one goroutine")
	}
	calm := calmRun(t)
	runs, firings, evicted, untrusted := 0, 0, uint64(0), uint64(0)
	for _, clock := range clocks {
		for _, kind := range times {
			_, timed := kind.at(0)
			for _, r := range []*clockRun{{limit: generous, twin: !timed}, {limit: tight}, {limit: tight, flood: true}} {
				r.clock, r.time, r.sweep = clock, kind, sweepAll
				if d := r.run(t).wrong(calm); d != "" {
					t.Errorf("%v: %s", r, d)
				}
				runs++
				firings += len(r.fired)
				untrusted += r.stats.FarFuture
				for _, n := range r.stats.Evicted {
					evicted += n
				}
				if r.limit == generous && kind.name == "of arrival" {
					t.Logf("%v: %d firings; after a sweep at most %d groups, %d after the last", r, len(r.fired), r.most, r.last)
				}
			}
		}
	}
	t.Logf("%d runs, %d firings, %d in calm; %d stale groups evicted at the tight cap; %d events from too far ahead", runs, firings, len(calm.fired), evicted, untrusted)
	if len(calm.fired) < 800 || evicted < 1000 || untrusted < 1000 {
		t.Error("too little has happened for this to prove anything")
	}
}

// TestWhatGoesByTheWrongClockIsNoticed plants faults in what sweeps: one of the runs must find each.
func TestWhatGoesByTheWrongClockIsNoticed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the race detector finds nothing where there is one goroutine")
	}
	calm := calmRun(t)
	for name, sweep := range map[string]func(*Engine, int64){
		"by the wall clock":        func(e *Engine, now int64) { e.age(now) },
		"by the newest event time": func(e *Engine, _ int64) { e.age(e.newest) },
		"not while that is far ahead": func(e *Engine, now int64) {
			e.age(map[bool]int64{true: e.newest, false: noTime}[trusted(e.newest, now)])
		},
		"not at all": func(*Engine, int64) {},
	} {
		if found := firstWrong(t, calm, sweep); found != "" {
			t.Logf("sweeping %s is found: %s", name, found)
		} else {
			t.Errorf("sweeping %s is not found", name)
		}
	}
}

// firstWrong runs the workload with sweep until something is wrong.
func firstWrong(t *testing.T, calm *clockRun, sweep func(*Engine, int64)) string {
	t.Helper()
	for _, clock := range slices.Backward(clocks) { // those that jump are the most telling
		for _, kind := range slices.Backward(times) {
			_, timed := kind.at(0)
			r := &clockRun{limit: generous, clock: clock, time: kind, sweep: sweep, twin: !timed}
			if d := r.run(t).wrong(calm); d != "" {
				return fmt.Sprintf("%v: %s", r, d)
			}
		}
	}
	return ""
}
