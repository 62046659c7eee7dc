package engine

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

const (
	year     = 365 * 24 * time.Hour
	year2999 = 32_472_144_000
)

// The workload of the clocks: three users at a time, each of whom sends clockRuns events, clockStep apart, and is gone for good.
const (
	clockSteps = 200
	clockStep  = 5 * time.Second
	clockRuns  = 20
)

// wallClock is a clock that shows the true time plus by, all the time or in the second fifth of the workload, or stands still.
type wallClock struct {
	name   string
	by     time.Duration
	jumps  bool
	frozen bool
}

var clocks = []wallClock{
	{name: "true"},
	{name: "an hour fast", by: time.Hour},
	{name: "an hour slow", by: -time.Hour},
	{name: "ten years fast", by: 10 * year},
	{name: "ten years slow", by: -10 * year},
	{name: "frozen", frozen: true},
	{name: "an hour fast for a while", by: time.Hour, jumps: true},
	{name: "an hour slow for a while", by: -time.Hour, jumps: true},
	{name: "ten years fast for a while", by: 10 * year, jumps: true},
	{name: "ten years slow for a while", by: -10 * year, jumps: true},
}

// at returns what the clock shows when since has passed since start.
func (c wallClock) at(start time.Time, since time.Duration) time.Time {
	const fifth = clockSteps * clockStep / 5
	switch {
	case c.frozen:
		return start
	case c.jumps && since/fifth != 1:
		return start.Add(since)
	}
	return start.Add(since + c.by)
}

// touched reports whether the clock jumps while a user of the given generation is there.
func (c wallClock) touched(generation int) bool {
	const fifth = clockSteps / 5
	first, last := generation*clockRuns-14, (generation+1)*clockRuns // users begin at different steps
	return c.jumps && (first < fifth && fifth <= last || first < 2*fifth && 2*fifth <= last)
}

// clockGeneration counts, counts values, and looks for both detections in order, with suppression; a correlation counts firings. Detections
// are hidden but for those that a correlation with generate refers to.
func clockGeneration(t *testing.T) *Generation {
	t.Helper()
	matches := func(kind string) func(*rtlib.Event) bool {
		id := rtlib.Field("v").ID() // the correlation below reads it
		return func(ev *rtlib.Event) bool { return strings.HasPrefix(ev.Value(id).Text, kind) }
	}
	detections := []*rtlib.Rule{
		{Meta: rtlib.Meta{Source: "a", Title: "a"}, Match: matches("a")}, {Meta: rtlib.Meta{Source: "b", Title: "b"}, Match: matches("b")},
	}
	rule := func(title string, typ correlate.Type, at float64, refs ...string) *correlate.Rule {
		r := &correlate.Rule{
			Meta: rtlib.Meta{Source: title, Title: title}, Type: typ, Timespan: 60, References: refs,
			GroupBy: []correlate.Part{{Name: "user"}}, Thresholds: []correlate.Threshold{{Op: correlate.GreaterEqual, Value: at}},
		}
		for i, ref := range refs {
			r.Sources = append(r.Sources, correlate.Source{Rule: ref, At: []int{i}})
		}
		return r
	}
	values := rule("values", correlate.ValueCount, 3, "a")
	values.Fields = []rtlib.Field{"v"}
	ordered := rule("ordered", correlate.TemporalOrdered, 2, "a", "b")
	ordered.Thresholds, ordered.Suppress = nil, 30
	generates := rule("generates", correlate.EventCount, 4, "b")
	generates.Generate = true
	rules := Rules{Detections: detections, Correlations: []*correlate.Rule{
		rule("count", correlate.EventCount, 4, "a"), values, ordered, generates, rule("chain", correlate.EventCount, 2, "count"),
	}}
	g, err := New(rules, nil, Options{Correlate: correlate.Options{HideDetections: true}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// clockRun is one run of the workload through a pipeline.
type clockRun struct {
	clock   wallClock
	time    func(now int64) string // the timestamp of an event, with its comma
	plant   func(correlator) correlator
	results map[string][]string // by user
	total   int

	evicted, negative, groups, last atomic.Int64
}

func (r *clockRun) run(t *testing.T) *clockRun {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		rig := newRig(t, clockGeneration(t), func(o *PipelineOptions, _ *rig) {
			o.Now = func() time.Time { return r.clock.at(start, time.Since(start)) }
			o.CostRate = 1
			o.Hooks.Evicted = func(_ *correlate.Rule, n int) { r.evicted.Add(int64(n)) }
			o.Hooks.Batch = func(b BatchInfo) {
				if b.Elapsed < 0 || b.PerEvent < 0 {
					r.negative.Add(1)
				}
				r.groups.Store(max(r.groups.Load(), int64(b.Groups)))
				r.last.Store(int64(b.Groups))
			}
		})
		rig.p.Do(t.Context(), func(*Generation) {
			if r.plant != nil {
				rig.p.state = r.plant(rig.p.state)
			}
		})
		for step := range clockSteps {
			at := r.time(time.Now().Unix())
			for k := range 3 {
				user := fmt.Sprintf("u%d-%d", k, (step+7*k)/clockRuns)
				rig.put(step, fmt.Sprintf(`{%s"user":%q,"v":"%s%d"}`, at, user, "aabb"[(step+k)%4:][:1], step%5))
			}
			synctest.Wait()
			time.Sleep(clockStep)
		}
		if costs := rig.p.Generation().Costs(); costs.Sampled == 0 || costs.Total < 0 {
			t.Errorf("costs %+v", costs)
		}
		rig.end()
		r.results = map[string][]string{}
		for _, line := range rig.sink.lines {
			user := ""
			if _, rest, ok := strings.Cut(line, `"user","u`); ok {
				user, _, _ = strings.Cut(rest, `"`)
			}
			r.results[user] = append(r.results[user], line)
			r.total++
		}
	})
	return r
}

// wrong says what is wrong with a run, "" if nothing is.
func (r *clockRun) wrong(calm *clockRun, timed bool) string {
	switch {
	case r.evicted.Load() > 0:
		return fmt.Sprintf("%d groups were evicted", r.evicted.Load())
	case r.negative.Load() > 0:
		return fmt.Sprintf("%d batches took less than no time", r.negative.Load())
	case timed || r.clock.frozen:
	case r.groups.Load() > 2*calm.groups.Load() || r.last.Load() > 2*calm.last.Load():
		return fmt.Sprintf("%d groups, %d at the end; in calm %d and %d", r.groups.Load(), r.last.Load(), calm.groups.Load(), calm.last.Load())
	}
	if !timed && r.clock.frozen {
		return "" // no window ends: section 14.3
	}
	for user, want := range calm.results {
		var k, generation int
		fmt.Sscanf(user, "%d-%d", &k, &generation)
		if user != "" && !timed && r.clock.touched(generation) {
			continue
		}
		if got := r.results[user]; !slices.Equal(got, want) {
			return fmt.Sprintf("user %q has %d results, want %d", user, len(got), len(want))
		}
	}
	return ""
}

var eventTimes = []struct {
	name  string
	at    func(now int64) string
	timed bool
}{
	{"of its own", func(now int64) string { return fmt.Sprintf(`"timestamp":%d,`, now) }, true},
	{"1970", func(now int64) string { return fmt.Sprintf(`"timestamp":%d,`, now%100_000) }, true},
	{"2999", func(now int64) string { return fmt.Sprintf(`"timestamp":%d,`, year2999+now%100_000) }, true},
	{"of arrival", func(int64) string { return "" }, false},
}

// TestNoWallClockDisturbsAPipeline runs the workload under wall clocks that are wrong, stand still or jump. Correlations fire as in calm;
// where events have no time, for the users whose clock did not jump. Nothing is evicted, idle groups go, and nothing takes less than no
// time.
func TestNoWallClockDisturbsAPipeline(t *testing.T) {
	t.Parallel()
	calm := (&clockRun{clock: clocks[0], time: eventTimes[0].at}).run(t)
	runs, results := 0, 0
	for _, clock := range clocks {
		for _, kind := range eventTimes {
			r := (&clockRun{clock: clock, time: kind.at}).run(t)
			if d := r.wrong(calm, kind.timed); d != "" {
				t.Errorf("clock %s, events %s: %s", clock.name, kind.name, d)
			}
			runs++
			results += r.total
		}
	}
	t.Logf("%d runs, %d results, %d in calm of %d users; at most %d groups, %d at the end",
		runs, results, calm.total, len(calm.results), calm.groups.Load(), calm.last.Load())
	if calm.total < 300 || len(calm.results) < 20 {
		t.Error("too little has happened for this to prove anything")
	}
}

// byWallClock sweeps by the wall clock, as if each event had arrived without a time.
type byWallClock struct{ correlator }

func (c byWallClock) Sweep(now int64) bool {
	var in correlate.Input
	in.SetTime(now)
	c.Apply(&in, now)
	return c.correlator.Sweep(now)
}

// never does not sweep: what a clock that was set back has led to once.
type never struct{ correlator }

func (never) Sweep(int64) bool { return false }

func TestWhatSweepsByAWrongClockIsNoticed(t *testing.T) {
	t.Parallel()
	calm := (&clockRun{clock: clocks[0], time: eventTimes[0].at}).run(t)
	fast := (&clockRun{clock: clocks[1], time: eventTimes[0].at, plant: func(c correlator) correlator { return byWallClock{c} }}).run(t)
	if d := fast.wrong(calm, true); d == "" {
		t.Error("sweeping by the wall clock is not found")
	} else {
		t.Logf("sweeping by the wall clock is found: %s", d)
	}
	back := (&clockRun{clock: clocks[6], time: eventTimes[3].at, plant: func(c correlator) correlator { return never{c} }}).run(t)
	if d := back.wrong(calm, false); d == "" {
		t.Error("not sweeping after a jump back is not found")
	} else {
		t.Logf("not sweeping is found: %s", d)
	}
}
