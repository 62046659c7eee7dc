package correlate

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// moves are the ways in which a state gets from one engine into another.
var moves = map[string]func(from, to *Engine) error{
	"JSON": func(from, to *Engine) error {
		_, err := to.LoadJSON(from.AppendJSON(nil))
		return err
	},
	"compact": func(from, to *Engine) error {
		_, err := to.LoadState(from.AppendState([]byte("prefix"))[len("prefix"):])
		return err
	},
}

// movable makes a scenario one whose outcome a moved state cannot change. The JSON form knows neither the newest event time nor
// which of two correlations was fed last, both of which matter for evictions only.
func movable(s *scenario, how string) bool {
	if how == "JSON" {
		s.opts.MaxStateEntries = 0
		return false // no sweeps
	}
	return true
}

func TestAMovedStateGoesOnAsIfNothingHadHappened(t *testing.T) {
	t.Parallel()
	for how, move := range moves {
		var moved, firings atomic.Int64
		for range rounds(t) {
			rapid.Check(t, func(t *rapid.T) {
				s := drawScenario(t)
				sweeps := movable(s, how)
				still, moving := newDriver(s.engine(t)), newDriver(s.engine(t))
				clock := int64(testNow - 50)
				for n := range rapid.IntRange(20, 80).Draw(t, "events") {
					if rapid.IntRange(0, 9).Draw(t, "move") == 0 {
						next := s.engine(t)
						if err := move(moving.e, next); err != nil {
							t.Fatal(err)
						}
						moving = newDriver(next)
						checkInvariants(t, next)
						moved.Add(1)
					}
					if sweeps && rapid.IntRange(0, 40).Draw(t, "sweep") == 17 {
						still.e.Sweep(testNow)
						moving.e.Sweep(testNow)
					}
					ev := s.drawEvent(t, &clock, n)
					want, got := still.apply(t, ev, testNow), moving.apply(t, ev, testNow)
					if got != want {
						t.Fatalf("%s, event %d %s\n got %s\nwant %s\n%s", how, n, ev.json, got, want, describeRules(s))
					}
					firings.Add(int64(strings.Count(want, "\n")))
				}
			})
		}
		t.Logf("%s: %d moves, %d firings", how, moved.Load(), firings.Load())
		if moved.Load() < 50 || firings.Load() < 50 {
			t.Errorf("%s: %d moves, %d firings; the floor is 50", how, moved.Load(), firings.Load())
		}
	}
}

// TestAMirrorFollowsByChanges keeps a second engine up to date by increments, some of which are lost and asked for again, and goes
// on with it at the end.
func TestAMirrorFollowsByChanges(t *testing.T) {
	t.Parallel()
	var increments, firings atomic.Int64
	for range rounds(t) {
		rapid.Check(t, func(t *rapid.T) {
			s := drawScenario(t)
			main, mirror := newDriver(s.engine(t)), s.engine(t)
			clock, mark := int64(testNow-50), uint64(0)
			follow := func() {
				delta, next := main.e.Changes(nil, mark)
				if rapid.IntRange(0, 4).Draw(t, "lost") == 0 {
					return // the mark stays, so that the next increment covers this one too
				}
				if _, err := mirror.ApplyChanges(delta); err != nil {
					t.Fatal(err)
				}
				mark = next
				increments.Add(1)
			}
			steps := rapid.IntRange(20, 80).Draw(t, "events")
			for n := range steps {
				main.apply(t, s.drawEvent(t, &clock, n), testNow)
				if rapid.IntRange(0, 3).Draw(t, "follow") == 0 {
					follow()
				}
			}
			delta, _ := main.e.Changes(nil, mark)
			if _, err := mirror.ApplyChanges(delta); err != nil {
				t.Fatal(err)
			}
			checkInvariants(t, mirror)
			other := newDriver(mirror)
			for n := range 20 {
				ev := s.drawEvent(t, &clock, steps+n)
				want, got := main.apply(t, ev, testNow), other.apply(t, ev, testNow)
				if got != want {
					t.Fatalf("event %d %s\n got %s\nwant %s\n%s", n, ev.json, got, want, describeRules(s))
				}
				firings.Add(int64(strings.Count(want, "\n")))
			}
		})
	}
	t.Logf("%d increments, %d firings after them", increments.Load(), firings.Load())
	if increments.Load() < 50 || firings.Load() < 50 {
		t.Errorf("%d increments, %d firings; the floor is 50", increments.Load(), firings.Load())
	}
}

// counting returns an engine with one correlation of each window form, all fed by rule d0.
func counting(t testing.TB, ids ...string) *Engine {
	t.Helper()
	var rules []*Rule
	for i, typ := range []Type{EventCount, ValueCount, Temporal, ValueSum} {
		r := &Rule{
			Type: typ, Timespan: 60, References: []string{"d0"}, Sources: []Source{{Rule: "d0", At: []int{0}}},
			GroupBy: []Part{{Name: "u"}, {Name: "h"}}, Thresholds: []Threshold{{Op: GreaterEqual, Value: 2}}, EventMode: EventsRefs,
		}
		r.Meta.ID, r.Meta.Source = ids[i], fmt.Sprint("r", i)
		if typ == ValueCount || typ == ValueSum {
			r.Fields = append(r.Fields, "n")
		}
		rules = append(rules, r)
	}
	s := &scenario{detections: []string{"d0"}, rules: rules}
	return s.engine(t)
}

const knownSnapshot = `{"version":1,"windows":{"a":[[["bo",null],{"EventCount":{"timestamps":[100,110]}}]],` +
	`"b":[[["bo",null],{"ValueCount":{"entries":[[100,"7"],[110,"8"]]}}]],` +
	`"c":[[["bo",null],{"Temporal":{"rule_hits":{"d0":[100,110]}}}]],` +
	`"d":[[["bo",null],{"NumericAgg":{"entries":[[100,7.0],[110,8.0]]}}]]},` +
	`"last_alert":{"a":[[["bo",null],110]],"b":[[["bo",null],110]],"c":[],"d":[[["bo",null],100]]},"event_buffers":{},` +
	`"event_ref_buffers":{"a":[[["bo",null],{"entries":[{"timestamp":100,"id":"e1"},{"timestamp":110}],"max_events":10}]]}}`

func TestTheJSONFormIsThatOfTheReference(t *testing.T) {
	t.Parallel()
	e := counting(t, "a", "b", "c", "d")
	sum, err := e.LoadJSON([]byte(knownSnapshot))
	if err != nil || sum.Groups != 4 || sum.Skipped != 0 {
		t.Fatalf("%+v, %v", sum, err)
	}
	for i, want := range []float64{2, 2, 1, 15} {
		for g := range e.Groups(i) {
			if g.Value != want || g.Key[0].Value != "bo" || g.Key[1].Present || g.Oldest != 100 || g.Newest != 110 {
				t.Errorf("rule %d: %+v", i, g)
			}
		}
	}
	text := string(e.AppendJSON(nil))
	for _, part := range []string{`"EventCount":{"timestamps":[100,110]}`, `"entries":[[100,"7"],[110,"8"]]`, `"rule_hits":{"d0":[100,110]}`,
		`"NumericAgg":{"entries":[[100,7`, `"last_alert":{"a":[[["bo",null],110]]`, `{"timestamp":100,"id":"e1"},{"timestamp":110}`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s is not in %s", part, text)
		}
	}
}

func TestWhatDoesNotFitIsLeftOut(t *testing.T) {
	t.Parallel()
	e := counting(t, "a", "x", "b", "d") // b is of another type now, and c is gone
	sum, err := e.LoadJSON([]byte(knownSnapshot))
	if err != nil || sum.Groups != 2 || sum.Skipped != 2 {
		t.Errorf("%+v, %v", sum, err)
	}
	if n := e.Stats().Groups; n != 2 {
		t.Errorf("%d groups", n)
	}
	for _, text := range []string{`{}`, `{"windows":{}}`} {
		if _, err := e.LoadJSON([]byte(text)); err != nil || e.Stats().Groups != 0 {
			t.Errorf("%s: %v, %d groups", text, err, e.Stats().Groups)
		}
	}
	if _, err := e.LoadJSON([]byte(`{"version":2}`)); !errors.Is(err, ErrSnapshotVersion) {
		t.Errorf("another version: %v", err)
	}
	if _, err := e.LoadJSON([]byte(`{"windows":`)); err == nil {
		t.Error("broken JSON is taken")
	}
}

func TestDamagedStatesAreRefused(t *testing.T) {
	t.Parallel()
	e := counting(t, "a", "b", "c", "d")
	if _, err := e.LoadJSON([]byte(knownSnapshot)); err != nil {
		t.Fatal(err)
	}
	state := e.AppendState(nil)
	other := counting(t, "a", "b", "c", "d")
	for i := range state {
		damaged := append([]byte(nil), state...)
		damaged[i] ^= 0x20
		if _, err := other.LoadState(damaged); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d: %v", i, err)
		}
		if _, err := other.LoadState(state[:i]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := other.LoadState(state); err != nil || other.Stats().Groups != 4 {
		t.Errorf("the whole state: %v, %+v", err, other.Stats())
	}
}

// FuzzLoadJSON loads anything; what is loaded must be sound.
func FuzzLoadJSON(f *testing.F) {
	f.Add([]byte(knownSnapshot))
	f.Add([]byte(`{"windows":{"a":[[["x"],{"EventCount":{"timestamps":[9223372036854775807,-1]}}]]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e := counting(t, "a", "b", "c", "d")
		e.LoadJSON(data)
		checkInvariants(t, e)
		e.AppendJSON(nil)
		e.Sweep(testNow)
	})
}

// FuzzLoadState does the same with the compact form, behind its checksum.
func FuzzLoadState(f *testing.F) {
	e := counting(f, "a", "b", "c", "d")
	if _, err := e.LoadJSON([]byte(knownSnapshot)); err != nil {
		f.Fatal(err)
	}
	f.Add(e.AppendState(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		e := counting(t, "a", "b", "c", "d")
		e.LoadState(data)
		e.ApplyChanges(data)
		if len(data) > 4 { // as if the checksum were right
			if r, err := e.openCompact(appendEnd(append([]byte(nil), data[:len(data)-5]...), 0)); err == nil {
				e.applyCompact(r)
			}
		}
		checkInvariants(t, e)
		e.Sweep(testNow)
	})
}
