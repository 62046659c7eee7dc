package correlate

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rsigma-go/rsigma/rtlib"
)

// reopen returns an engine made from the definition of e.
func reopen(t interface{ Fatal(...any) }, e *Engine) *Engine {
	opened, err := OpenDefinition(e.AppendDefinition(nil))
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// adorn adds to a scenario what only definitions care about.
func (s *scenario) adorn(t *rapid.T) {
	s.opts.HideDetections = rapid.Bool().Draw(t, "hide")
	s.opts.TimestampFields = rapid.SampledFrom([][]string{nil, {"ts"}, {"timestamp", "ts"}}).Draw(t, "time fields")
	for _, r := range s.rules {
		if rapid.IntRange(0, 2).Draw(t, "nameless") == 0 {
			r.Meta.ID = ""
			r.Name = rapid.SampledFrom([]string{"", "name <&> \x00", "r0"}).Draw(t, "name")
		}
		for i := range r.GroupBy {
			if p := &r.GroupBy[i]; rapid.IntRange(0, 3).Draw(t, "alternatives") == 0 {
				p.Fields = []rtlib.Field{rtlib.Literal + "g.x", rtlib.Field(p.Name), "g9"}
			}
		}
		if r.Extended != nil && rapid.Bool().Draw(t, "of") {
			r.Extended = rtlib.AnyConds{rtlib.OfSels{N: rapid.IntRange(0, 2).Draw(t, "n"), Names: r.References}, r.Extended}
		}
		if rapid.IntRange(0, 5).Draw(t, "infinite") == 0 {
			r.Thresholds = append(r.Thresholds, Threshold{Less, math.Inf(1)}, Threshold{Greater, math.Inf(-1)})
		}
	}
}

func TestAnEngineOfADefinitionDoesTheSame(t *testing.T) {
	t.Parallel()
	var firings, loads atomic.Int64
	for range 1 + rounds(t)/3 {
		rapid.Check(t, func(t *rapid.T) {
			s := drawScenario(t)
			s.adorn(t)
			a := newDriver(s.engine(t))
			b := newDriver(reopen(t, a.e))
			if diff := cmp.Diff(string(a.e.AppendDefinition(nil)), string(b.e.AppendDefinition(nil))); diff != "" {
				t.Fatal(diff)
			}
			clock := int64(100)
			for n := range rapid.IntRange(20, 60).Draw(t, "events") {
				switch k := rapid.IntRange(0, 30).Draw(t, "what else"); {
				case k == 1:
					a.e.Sweep(testNow)
					b.e.Sweep(testNow)
				case k < 4:
					b = newDriver(reopen(t, b.e))
					if got, err := b.e.LoadState(a.e.AppendState(nil)); err != nil || got.Skipped > 0 {
						t.Fatal(got, err)
					}
					loads.Add(1)
				}
				ev := s.drawEvent(t, &clock, n)
				want := a.apply(t, ev, testNow)
				var in Input
				if err := b.e.ReadInput(&in, a.log); err != nil {
					t.Fatal(err)
				}
				if err := b.plan.JSON(b.ev, []byte(ev.json)); err != nil {
					t.Fatal(err)
				}
				b.e.Extract(&b.in, b.ev, ev.hits)
				if got := b.in.AppendBinary(nil); !bytes.Equal(got, a.log) {
					t.Fatalf("event %s: extracted %q, want %q", ev.json, got, a.log)
				}
				if got := show(b.e.Apply(&in, testNow)); got != want {
					t.Fatalf("event %d %s hits %v\n got %s\nwant %s\n%s", n, ev.json, ev.hits, got, want, describeRules(s))
				}
				sameBytes(t, a.e, b.e)
				firings.Add(int64(strings.Count(want, "\n")))
			}
			compareStates(t, a.e, b.e)
			for i := range s.detections {
				if a.e.Hidden(i) != b.e.Hidden(i) {
					t.Fatalf("detection %d is hidden: %v", i, b.e.Hidden(i))
				}
			}
		})
	}
	t.Logf("%d loads, %d firings", loads.Load(), firings.Load())
	if loads.Load() < 50 || firings.Load() < 50 {
		t.Error("too few")
	}
}

// sameBytes compares what two engines write.
func sameBytes(t *rapid.T, a, b *Engine) {
	if !bytes.Equal(a.AppendState(nil), b.AppendState(nil)) {
		compareStates(t, a, b)
		t.Fatalf("states differ in what JSON does not show: newest %d and %d, %d and %d feeds", a.newest, b.newest, a.seq, b.seq)
	}
}

func definedEngine(t testing.TB, change func(detections []*rtlib.Rule, r *Rule, o *Options)) *Engine {
	t.Helper()
	r := &Rule{
		Meta: rtlib.Meta{ID: "id", Title: "title", Source: "a.yml", Digest: "x"}, Name: "name", Type: Temporal, Window: Session,
		Timespan: 60, Gap: 5, References: []string{"d0", "d1"}, Sources: []Source{{"d0", []int{0}}, {"d1", []int{1}}},
		GroupBy:    []Part{{Name: "g", Fields: []rtlib.Field{"f", rtlib.Indexed + "h[0]"}, Aliases: []AliasField{{1, "a"}}}},
		Fields:     []rtlib.Field{"v"},
		Percentile: 12.5, Thresholds: []Threshold{{Greater, 0.1}}, Generate: true, Suppress: 7, Action: ActionReset,
		Extended:  rtlib.AllConds{rtlib.Sel("d0"), rtlib.NotCond{X: rtlib.AnyConds{rtlib.Sel("d1")}}, rtlib.OfSels{N: 1, Names: []string{"d0"}}},
		EventMode: EventsRefs, MaxEvents: 3, MaxGroupEntries: 4,
	}
	detections := []*rtlib.Rule{{Meta: rtlib.Meta{Source: "x"}}, {Meta: rtlib.Meta{Source: "d0", ID: "i0"}}, {Meta: rtlib.Meta{Source: "d1"}}}
	opts := Options{MaxEvents: 9}
	change(detections, r, &opts)
	e, err := New(detections, []*Rule{r}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestDefinitionsDifferExactlyIfSomethingThatCountsDoes(t *testing.T) {
	t.Parallel()
	type change = func(d []*rtlib.Rule, r *Rule, o *Options)
	base := string(definedEngine(t, func([]*rtlib.Rule, *Rule, *Options) {}).AppendDefinition(nil))
	for name, c := range map[string]change{
		"nothing":  func([]*rtlib.Rule, *Rule, *Options) {},
		"defaults": func(_ []*rtlib.Rule, _ *Rule, o *Options) { o.MaxStateEntries, o.Action = 100_000, ActionAlert },
		"paths": func(d []*rtlib.Rule, r *Rule, _ *Options) {
			r.Meta.Source, r.Meta.Digest, d[1].Meta.Source, r.Sources[0].Rule = "moved.yml", "y", "also", "also"
		},
		"a detection that feeds nothing": func(d []*rtlib.Rule, _ *Rule, _ *Options) { d[0].Meta.ID = "changed" },
	} {
		if diff := cmp.Diff(base, string(definedEngine(t, c).AppendDefinition(nil))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	changes := []change{
		func(d []*rtlib.Rule, _ *Rule, _ *Options) { d[1].Meta.ID = "other" },
		func(d []*rtlib.Rule, _ *Rule, _ *Options) { d[0], d[1] = d[1], d[0] },
		func(d []*rtlib.Rule, _ *Rule, _ *Options) { d[0].Meta.Custom = `{"rsigma.suppress":"5m"}` },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Meta.Title = "other" },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Meta.ID = "other" },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Name = "other" },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Type = TemporalOrdered },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Window = Sliding },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Timespan = 61 },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Gap = 6 },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.References = []string{"d0", "d1", "d2"} },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Sources[1].At = []int{0, 1} },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Sources[1].Rule = "x" },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.GroupBy[0].Name = "x" },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.GroupBy[0].Fields[0] = "x" },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.GroupBy[0].Aliases[0].Source = 0 },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.GroupBy[0].Aliases[0].Field = "x" },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Fields = []rtlib.Field{"x"} },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Percentile = 13 },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Thresholds[0].Op = Less },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Thresholds[0].Value = math.Nextafter(0.1, 1) },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Extended = nil },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Extended.(rtlib.AllConds)[0] = rtlib.Sel("d1") },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) {
			r.Extended.(rtlib.AllConds)[1] = rtlib.AnyConds{rtlib.Sel("d1")}
		},
		func(_ []*rtlib.Rule, r *Rule, _ *Options) {
			r.Extended.(rtlib.AllConds)[2] = rtlib.OfSels{N: 2, Names: []string{"d0"}}
		},
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Extended = rtlib.AnyConds(r.Extended.(rtlib.AllConds)) },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Generate = false },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Suppress = 8 },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.Action = ActionAlert },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.EventMode = EventsFull },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.MaxEvents = 4 },
		func(_ []*rtlib.Rule, r *Rule, _ *Options) { r.MaxGroupEntries = 5 },
		func(_ []*rtlib.Rule, _ *Rule, o *Options) { o.Suppress = 1 },
		func(_ []*rtlib.Rule, _ *Rule, o *Options) { o.Action = ActionReset },
		func(_ []*rtlib.Rule, _ *Rule, o *Options) { o.EventMode = EventsFull },
		func(_ []*rtlib.Rule, _ *Rule, o *Options) { o.MaxEvents = 8 },
		func(_ []*rtlib.Rule, _ *Rule, o *Options) { o.MaxStateEntries = 8 },
		func(_ []*rtlib.Rule, _ *Rule, o *Options) { o.MaxGroupEntries = 8 },
		func(_ []*rtlib.Rule, _ *Rule, o *Options) { o.HideDetections = true },
		func(_ []*rtlib.Rule, _ *Rule, o *Options) { o.TimestampFields = []string{"x"} },
		func(_ []*rtlib.Rule, _ *Rule, o *Options) { o.SkipUntimed = true },
	}
	seen := map[string]int{base: -1}
	for i, c := range changes {
		e := definedEngine(t, c)
		data := string(e.AppendDefinition(nil))
		if k, ok := seen[data]; ok {
			t.Errorf("change %d gives the definition of change %d", i, k)
		}
		seen[data] = i
		if got := string(reopen(t, e).AppendDefinition(nil)); got != data {
			t.Errorf("change %d: %s", i, cmp.Diff(data, got))
		}
	}
	for typ, fields := range map[reflect.Type]int{reflect.TypeFor[Rule](): 19, reflect.TypeFor[Options](): 9,
		reflect.TypeFor[Source](): 2, reflect.TypeFor[Part](): 3, reflect.TypeFor[AliasField](): 2, reflect.TypeFor[Threshold](): 2} {
		if n := typ.NumField(); n != fields {
			t.Errorf("%s has %d fields: the definition and this test know %d", typ, n, fields)
		}
	}
}

func TestADefinitionIsShort(t *testing.T) {
	t.Parallel()
	data := definedEngine(t, func([]*rtlib.Rule, *Rule, *Options) {}).AppendDefinition(nil)
	t.Logf("%d bytes: %s", len(data), data)
	if len(data) > 1200 {
		t.Error("too long")
	}
}

func TestADefinitionThatIsNoneIsCorrupt(t *testing.T) {
	t.Parallel()
	good := definedEngine(t, func([]*rtlib.Rule, *Rule, *Options) {}).AppendDefinition(nil)
	for i := range good {
		if _, err := OpenDefinition(good[:i]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut off at %d: %v", i, err)
		}
		bad := bytes.Clone(good)
		bad[i] ^= 4
		if _, err := OpenDefinition(bad); !errors.Is(err, ErrCorrupt) {
			t.Errorf("damaged at %d: %v", i, err)
		}
	}
	for old, bad := range map[string]string{
		`"Detections":3`: `"Detections":30000000`, `"Number":1`: `"Number":3`, `"temporal"`: `"often"`, `"Kind":"not"`: `"Kind":"nor"`,
		`"MaxEvents":9`: `"MaxEvents":"9"`, `"Timespan":60`: `"Timespan":0`, `"Gap":5`: `"Gap":5,"New":1`, `{"Options"`: `{} {"Options"`,
		`"Rule":"detection 1"`: `"Rule":"detection 0"`,
	} {
		body := string(good[:len(good)-4])
		if strings.Count(body, old) == 0 {
			t.Fatalf("%s does not occur", old)
		}
		if _, err := OpenDefinition(appendSum([]byte(strings.Replace(body, old, bad, 1)), 0)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func FuzzOpenDefinition(f *testing.F) {
	for _, e := range []*Engine{fuzzEngine(f), definedEngine(f, func([]*rtlib.Rule, *Rule, *Options) {})} {
		data := e.AppendDefinition(nil)
		f.Add(data[len(definitionMagic) : len(data)-4])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		// The magic and the checksum would keep all but the seeds out.
		e, err := OpenDefinition(appendSum(append([]byte(definitionMagic), body...), 0))
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		b := reopen(t, e)
		if x, y := string(e.AppendDefinition(nil)), string(b.AppendDefinition(nil)); x != y {
			t.Fatal(cmp.Diff(x, y))
		}
		d := newDriver(e)
		for _, ev := range fuzzEvents {
			var hits []int
			for i := range min(len(e.feeds), 3) {
				hits = append(hits, i)
			}
			d.apply(t, &twinEvent{json: ev, hits: hits}, testNow)
		}
		checkInvariants(t, e)
		if _, err := b.LoadState(e.AppendState(nil)); err != nil {
			t.Fatal(err)
		}
		if x, y := string(e.AppendJSON(nil)), string(b.AppendJSON(nil)); x != y {
			t.Fatal(cmp.Diff(x, y))
		}
	})
}
