package correlate

import (
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rsigma-go/rsigma/rtlib"
)

// transfers are the ways in which a state gets from one engine into another. exact says that nothing at all is lost.
var transfers = []struct {
	name  string
	exact bool
	move  func(t *rapid.T, from, to *Engine)
}{
	{"compact", true, func(t *rapid.T, from, to *Engine) {
		if _, err := to.LoadState(from.AppendState(nil)); err != nil {
			t.Fatal(err)
		}
	}},
	{"json", false, func(t *rapid.T, from, to *Engine) {
		data := from.AppendJSON(nil)
		if !json.Valid(data) {
			t.Fatalf("not JSON: %s", data)
		}
		if _, err := to.LoadJSON(data); err != nil {
			t.Fatal(err)
		}
	}},
	{"whole changes", true, func(t *rapid.T, from, to *Engine) {
		data, _ := from.Changes(nil, 0)
		if _, err := to.ApplyChanges(data); err != nil {
			t.Fatal(err)
		}
	}},
}

func TestAMovedStateGivesTheSameResults(t *testing.T) {
	t.Parallel()
	for _, way := range transfers {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			var moves, firings atomic.Int64
			for range 1 + rounds(t)/6 {
				rapid.Check(t, func(t *rapid.T) {
					s := drawScenario(t)
					if !way.exact { // caps and sweeps depend on what the form leaves out
						s.opts.MaxStateEntries = 0
					}
					a, ref := newDriver(s.engine(t)), newDriver(s.engine(t)) // ref is never moved
					clock := int64(100)
					for n := range rapid.IntRange(20, 80).Draw(t, "events") {
						switch k := rapid.IntRange(0, 25).Draw(t, "what else"); {
						case k < 4:
							b := newDriver(s.engine(t))
							way.move(t, a.e, b.e)
							compareStates(t, a.e, b.e)
							checkInvariants(t, b.e)
							a = b
							moves.Add(1)
						case k == 11 && way.exact:
							a.e.Sweep(testNow)
							ref.e.Sweep(testNow)
						}
						ev := s.drawEvent(t, &clock, n)
						want := ref.apply(t, ev, testNow)
						if got := a.apply(t, ev, testNow); got != want {
							t.Fatalf("event %d %s hits %v\n got %s\nwant %s\n%s", n, ev.json, ev.hits, got, want, describeRules(s))
						}
						firings.Add(int64(strings.Count(want, "\n")))
					}
				})
			}
			t.Logf("%d moves, %d firings", moves.Load(), firings.Load())
			if moves.Load() < 50 || firings.Load() < 50 {
				t.Error("too few")
			}
		})
	}
}

// compareStates compares what two engines hold, as JSON.
func compareStates(t *rapid.T, a, b *Engine) {
	if diff := cmp.Diff(string(a.AppendJSON(nil)), string(b.AppendJSON(nil))); diff != "" {
		t.Fatal(diff)
	}
}

func TestAReplicaThatFollowsTheChangesTakesOver(t *testing.T) {
	t.Parallel()
	var deltas, lost, whole, firings atomic.Int64
	for range 1 + rounds(t)/6 {
		rapid.Check(t, func(t *rapid.T) {
			s := drawScenario(t)
			a, b := newDriver(s.engine(t)), newDriver(s.engine(t))
			clock, mark := int64(100), uint64(0)
			follow := func() {
				delta, next := a.e.Changes(nil, mark)
				if rapid.IntRange(0, 5).Draw(t, "lose") == 3 {
					lost.Add(1)
					return
				}
				if mark == 0 {
					whole.Add(1)
				}
				if _, err := b.e.ApplyChanges(delta); err != nil {
					t.Fatal(err)
				}
				mark = next
				compareStates(t, a.e, b.e)
				checkInvariants(t, b.e)
				deltas.Add(1)
			}
			for n := range rapid.IntRange(20, 120).Draw(t, "events") {
				switch k := rapid.IntRange(0, 30).Draw(t, "what else"); {
				case k < 6:
					follow()
				case k == 11:
					a.e.Sweep(testNow)
				case k == 12: // the replica takes over, and a new one follows it
					before := mark
					if follow(); mark > before {
						a, b, mark = b, newDriver(s.engine(t)), 0
					}
				}
				ev := s.drawEvent(t, &clock, n)
				firings.Add(int64(strings.Count(a.apply(t, ev, testNow), "\n")))
			}
			for mark == 0 || rapid.IntRange(0, 3).Draw(t, "again") == 1 {
				follow()
			}
			delta, _ := a.e.Changes(nil, mark)
			if _, err := b.e.ApplyChanges(delta); err != nil {
				t.Fatal(err)
			}
			for n := range 20 {
				ev := s.drawEvent(t, &clock, n)
				want := a.apply(t, ev, testNow)
				if got := b.apply(t, ev, testNow); got != want {
					t.Fatalf("event %d %s hits %v\n got %s\nwant %s\n%s", n, ev.json, ev.hits, got, want, describeRules(s))
				}
			}
		})
	}
	t.Logf("%d deltas, %d whole, %d lost, %d firings", deltas.Load(), whole.Load(), lost.Load(), firings.Load())
	if deltas.Load() < 100 || lost.Load() < 10 || firings.Load() < 50 {
		t.Error("too few")
	}
}

// changed returns a scenario with the same rules but for their time spans, conditions and limits, without some and with others.
func (s *scenario) changed(t *rapid.T) *scenario {
	c := *s
	c.rules = nil
	for _, r := range s.rules {
		n := *r
		if rapid.Bool().Draw(t, "change") {
			n.Timespan = rapid.SampledFrom([]int64{1, 3, 10, 30}).Draw(t, "other timespan")
			n.MaxGroupEntries = rapid.SampledFrom([]int{0, -1, 2, 4}).Draw(t, "other max group")
			if n.Thresholds != nil {
				n.Thresholds = []Threshold{{Greater, float64(rapid.IntRange(0, 3).Draw(t, "other threshold"))}}
			}
		}
		c.rules = append(c.rules, &n)
	}
	switch rapid.IntRange(0, 3).Draw(t, "other rules") {
	case 0:
		c.rules = c.rules[:len(c.rules)-1]
	case 1:
		c.rules = append(c.rules, c.drawRule(t, len(c.rules)))
	}
	return &c
}

// TestChangesGoToOtherRules copies a state into an engine of other rules, and then what has changed meanwhile. What comes of it is compared
// with a copy that is made at once. The caps are off, as what they evict depends on when it comes in, and nothing is swept meanwhile: that
// reaches the copy as a time, and drops what is too old by the time spans of its own rules.
func TestChangesGoToOtherRules(t *testing.T) {
	t.Parallel()
	var moves, moved, firings atomic.Int64
	for range 1 + rounds(t)/6 {
		rapid.Check(t, func(t *rapid.T) {
			s := drawScenario(t)
			s.opts.MaxStateEntries = 0
			a, clock := newDriver(s.engine(t)), int64(100)
			feed := func(n int, sweep bool) {
				for i := range n {
					if sweep && rapid.IntRange(0, 20).Draw(t, "sweep") == 11 {
						a.e.Sweep(testNow)
					}
					a.apply(t, s.drawEvent(t, &clock, i), testNow)
				}
			}
			feed(rapid.IntRange(0, 60).Draw(t, "before"), true)
			other := s.changed(t)
			parts, whole := newDriver(other.engine(t)), newDriver(other.engine(t))
			state, mark := a.e.Changes(nil, 0)
			if _, err := parts.e.LoadState(state); err != nil {
				t.Fatal(err)
			}
			feed(rapid.IntRange(0, 40).Draw(t, "meanwhile"), false)
			delta, _ := a.e.Changes(nil, mark)
			if _, err := parts.e.ApplyChanges(delta); err != nil {
				t.Fatal(err)
			}
			if _, err := whole.e.LoadState(a.e.AppendState(nil)); err != nil {
				t.Fatal(err)
			}
			compareStates(t, whole.e, parts.e)
			checkInvariants(t, parts.e)
			moves.Add(1)
			moved.Add(int64(parts.e.Stats().Groups))
			for n := range 20 {
				ev := s.drawEvent(t, &clock, n)
				want := whole.apply(t, ev, testNow)
				if got := parts.apply(t, ev, testNow); got != want {
					t.Fatalf("event %d %s hits %v\n got %s\nwant %s\n%s", n, ev.json, ev.hits, got, want, describeRules(other))
				}
				firings.Add(int64(strings.Count(want, "\n")))
			}
		})
	}
	t.Logf("%d moves with %d groups, %d firings", moves.Load(), moved.Load(), firings.Load())
	if moves.Load() < 15 || moved.Load() < 50 || firings.Load() < 50 {
		t.Error("too few")
	}
}

// countRule is an event_count of detection d0 by User.
func countRule(source string, threshold float64) *Rule {
	return &Rule{
		Meta: rtlib.Meta{Title: source, Source: source}, Type: EventCount, Timespan: 60, References: []string{"d0"},
		Sources: []Source{{"d0", []int{0}}}, GroupBy: []Part{{Name: "User"}}, Thresholds: []Threshold{{GreaterEqual, threshold}},
	}
}

func oneDetection() []*rtlib.Rule { return []*rtlib.Rule{{Meta: rtlib.Meta{Source: "d0", ID: "ID-0"}}} }

func mustNew(t testing.TB, opts Options, rules ...*Rule) *Engine {
	t.Helper()
	e, err := New(oneDetection(), rules, opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestASnapshotOfRsigmaContinues(t *testing.T) {
	t.Parallel()
	count := countRule("a.yml", 5)
	count.Meta.ID = "11111111-0000-4000-8000-000000000001"
	distinct := countRule("b.yml", 3)
	distinct.Name, distinct.Type, distinct.Fields = "distinct", ValueCount, []rtlib.Field{"V"}
	sum := countRule("c.yml", 10)
	sum.Type, sum.Fields, sum.GroupBy = ValueSum, []rtlib.Field{"N"}, nil
	temporal := countRule("d.yml", 1)
	temporal.Type, temporal.Thresholds = Temporal, []Threshold{{GreaterEqual, 1}}
	e := mustNew(t, Options{Suppress: 30}, count, distinct, sum, temporal)
	const snapshot = `{"windows":{
		"11111111-0000-4000-8000-000000000001":[[["bo"],{"EventCount":{"timestamps":[1,2,3,4]}}],[[null],{"EventCount":{"timestamps":[]}}]],
		"distinct":[[["bo"],{"ValueCount":{"entries":[[1,"x"],[2,"y"],[3,"x"],[4,null],["z"]]}}]],
		"c.yml":[[[],{"NumericAgg":{"entries":[[1,2.5],[2,7]]}}]],
		"d.yml":[[["bo"],{"Temporal":{"rule_hits":{"ID-0":[5,3],"who":[9]}}}]],
		"gone":[[["bo"],{"EventCount":{"timestamps":[1]}}]]},
		"last_alert":{"distinct":[[["al"],17]]}, "unheard of": 1}`
	got, err := e.LoadJSON([]byte(snapshot))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Restored{Groups: 5, Skipped: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	want := `{"version":1,"windows":{` +
		`"11111111-0000-4000-8000-000000000001":[[["bo"],{"EventCount":{"timestamps":[1,2,3,4]}}],[[null],{"EventCount":{"timestamps":[]}}]],` +
		`"distinct":[[["bo"],{"ValueCount":{"entries":[[1,"x"],[2,"y"],[3,"x"]]}}]],` +
		`"c.yml":[[[],{"NumericAgg":{"entries":[[1,2.5],[2,7]]}}]],` +
		`"d.yml":[[["bo"],{"Temporal":{"rule_hits":{"d0":[3,5]}}}]]},` +
		`"last_alert":{"distinct":[[["al"],17]]},"event_buffers":{},"event_ref_buffers":{}}`
	if diff := cmp.Diff(want, string(e.AppendJSON(nil))); diff != "" {
		t.Error(diff)
	}
	d := newDriver(e)
	out := d.apply(t, &twinEvent{json: `{"timestamp":6,"User":"bo"}`, hits: []int{0}}, testNow)
	if !strings.Contains(out, "rule 0 at 6 group [{User bo}] value 4014000000000000") { // 5.0
		t.Error(out)
	}
}

func TestSnapshotsOfAnotherTypeOrVersionAreRefused(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{}, countRule("a.yml", 1))
	d := newDriver(e)
	d.apply(t, &twinEvent{json: `{"timestamp":6,"User":"bo"}`, hits: []int{0}}, testNow)
	if _, err := e.LoadJSON([]byte(`{"version":2}`)); !errors.Is(err, ErrSnapshotVersion) {
		t.Error(err)
	}
	if _, err := e.LoadJSON([]byte(`{"windows":3}`)); err == nil {
		t.Error("no error")
	}
	if e.Stats().Groups != 1 {
		t.Error("a refused snapshot has changed the state")
	}
	got, err := e.LoadJSON([]byte(`{"windows":{"a.yml":[[["x"],{"EventCount":{"timestamps":[1]}}],[["y"],{"ValueCount":{"entries":[]}}]]},
		"last_alert":{"a.yml":[[["x"],5]]}}`))
	if err != nil || got.Groups != 0 || got.Skipped != 2 || e.Stats().Groups != 0 {
		t.Errorf("%+v, %v, %d groups", got, err, e.Stats().Groups)
	}
}

func TestACompactStateGoesToRulesOfTheSameIDAndType(t *testing.T) {
	t.Parallel()
	from := mustNew(t, Options{}, countRule("a.yml", 9), countRule("b.yml", 9), countRule("c.yml", 9))
	d := newDriver(from)
	for range 4 {
		d.apply(t, &twinEvent{json: `{"timestamp":6,"User":"bo"}`, hits: []int{0}}, testNow)
	}
	changed := countRule("b.yml", 5)
	changed.Type, changed.Fields = ValueSum, []rtlib.Field{"N"}
	to := mustNew(t, Options{}, changed, countRule("a.yml", 5))
	got, err := to.LoadState(from.AppendState(nil))
	if want := (Restored{Groups: 1, Skipped: 2}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	out := newDriver(to).apply(t, &twinEvent{json: `{"timestamp":6,"User":"bo"}`, hits: []int{0}}, testNow)
	if !strings.Contains(out, "rule 1 at 6") {
		t.Errorf("%q", out)
	}
	data := from.AppendState(nil)
	data[len(data)/2] ^= 1
	if _, err := to.LoadState(data); !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
	if to.Stats().Groups != 1 {
		t.Errorf("%+v", to.Stats())
	}
}

func TestTuplesSurviveASnapshot(t *testing.T) {
	t.Parallel()
	c := &corr{kind: kindDistinct, rule: &Rule{Type: ValueCount, Fields: []rtlib.Field{"a", "b"}}}
	for _, parts := range [][2]string{{"x", "y"}, {"", ""}, {"x\x1f", "y"}, {"x", "\x1fy"}, {"\x1e", "\x1e\x1f\x1e"}} {
		text := appendPart(appendPart(nil, []byte(parts[0]), true), []byte(parts[1]), true)
		got, ok := splitTuple(c, joinTuple(c, text))
		if !ok || string(got) != string(text) {
			t.Errorf("%q came back as %q", parts, got)
		}
	}
	if _, ok := splitTuple(c, "only one"); ok {
		t.Error("a tuple of one part fits two fields")
	}
}

// TestAnAgingReachesAReplicaOnce has a group that is older than an aging which the replica knows of already.
func TestAnAgingReachesAReplicaOnce(t *testing.T) {
	t.Parallel()
	a, b := newDriver(mustNew(t, Options{}, countRule("a.yml", 2))), newDriver(mustNew(t, Options{}, countRule("a.yml", 2)))
	mark := uint64(0)
	follow := func() {
		var delta []byte
		delta, mark = a.e.Changes(nil, mark)
		if _, err := b.e.ApplyChanges(delta); err != nil {
			t.Fatal(err)
		}
	}
	follow()
	a.apply(t, userEvent(150, "new"), testNow)
	a.e.Sweep(testNow)
	follow()
	a.apply(t, userEvent(20, "old"), testNow)
	follow()
	follow()
	want := a.apply(t, userEvent(30, "old"), testNow)
	if got := b.apply(t, userEvent(30, "old"), testNow); got != want || want == "" {
		t.Errorf("got %q, want %q", got, want)
	}
}
