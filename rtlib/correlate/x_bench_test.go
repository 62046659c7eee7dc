package correlate

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// benchWindow is how many entries the windows of the benchmarks hold once they are full.
const benchWindow = 2000

// benchRule is a rule that three detections feed and that reports nothing, so that the cost of reports is left out.
func benchRule(typ Type, window Window) *Rule {
	r := &Rule{
		Meta: rtlib.Meta{Title: "bench", Source: "bench.yml"}, Type: typ, Window: window, Timespan: benchWindow, Gap: 100,
		References: []string{"d0", "d1", "d2"}, Sources: []Source{{"d0", []int{0}}, {"d1", []int{1}}, {"d2", []int{2}}},
		GroupBy: []Part{{Name: "User"}}, Thresholds: []Threshold{{Greater, 1e12}},
	}
	switch typ {
	case ValueCount:
		r.Fields = []rtlib.Field{"V"}
	case ValueSum, ValueAvg, ValuePercentile, ValueMedian:
		r.Fields = []rtlib.Field{"N"}
		r.Percentile = 95
	case TemporalOrdered: // it holds, so that the order is looked for, but is suppressed after the first time
		r.Thresholds, r.Suppress = nil, 1<<40
	}
	return r
}

func benchEngine(t testing.TB, opts Options, rules ...*Rule) *Engine {
	t.Helper()
	var detections []*rtlib.Rule
	for i := range 3 {
		detections = append(detections, &rtlib.Rule{Meta: rtlib.Meta{Source: fmt.Sprint("d", i)}})
	}
	e, err := New(detections, rules, opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// benchInputs extracts n events; event i is what make says.
func benchInputs(t testing.TB, e *Engine, n int, make func(i int) string) []Input {
	t.Helper()
	plan := decode.NewPlan(e.Fields(), false)
	ev := rtlib.NewEvent()
	ins := []Input{}
	for i := range n {
		var in Input
		if err := plan.JSON(ev, []byte(make(i))); err != nil {
			t.Fatal(err)
		}
		e.Extract(&in, ev, []int{i % 3})
		ins = append(ins, in)
	}
	return ins
}

// numberStyles are the numbers of value_sum and its like: whole ones add without rounding, decimals do not.
var numberStyles = map[string]func(i int) string{
	"integers": func(i int) string { return fmt.Sprint(i * 7919 % 100_003) },
	"decimals": func(i int) string { return fmt.Sprintf("%d.%02d", i*7919%100_003, i%100) },
}

// BenchmarkApply feeds one group, whose window holds 2,000 entries and, of value_count, as many values.
func BenchmarkApply(b *testing.B) {
	for typ := EventCount; typ <= ValueMedian; typ++ {
		for window := Sliding; window <= Session; window++ {
			styles := []string{"integers"}
			if typ == ValueSum || typ == ValueAvg {
				styles = append(styles, "decimals")
			}
			for _, style := range styles {
				name := fmt.Sprintf("%s/%s", typ, window)
				if len(styles) > 1 {
					name += "/" + style
				}
				b.Run(name, func(b *testing.B) {
					r := benchRule(typ, window)
					e := benchEngine(b, Options{}, r)
					benchApply(b, e, benchInputs(b, e, 4*benchWindow, func(i int) string {
						return fmt.Sprintf(`{"User":"al","V":"value-%d","N":%s}`, i%(2*benchWindow), numberStyles[style](i))
					}))
				})
			}
		}
	}
}

// BenchmarkLate is BenchmarkApply with sliding windows and times that jump back and forth by up to a minute, without and with a
// cap on entries.
func BenchmarkLate(b *testing.B) {
	for typ := EventCount; typ <= ValueMedian; typ++ {
		for _, capped := range []int{0, benchWindow / 2} {
			b.Run(fmt.Sprintf("%s/cap=%d", typ, capped), func(b *testing.B) {
				r := benchRule(typ, Sliding)
				r.MaxGroupEntries = capped
				e := benchEngine(b, Options{}, r)
				ins := benchInputs(b, e, 4*benchWindow, func(i int) string {
					return fmt.Sprintf(`{"User":"al","V":"value-%d","N":%d.1}`, i%(2*benchWindow), i)
				})
				b.ReportAllocs()
				t := int64(1_000_000)
				for b.Loop() {
					in := &ins[t%int64(len(ins))]
					in.time = t - t*7919%61
					e.Apply(in, t)
					t++
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mupdates/s")
			})
		}
	}
}

// BenchmarkFiring reports on every feed.
func BenchmarkFiring(b *testing.B) {
	for _, style := range []string{"integers", "decimals"} {
		for _, typ := range []Type{EventCount, ValueSum, ValueMedian} {
			b.Run(fmt.Sprintf("%s/%s", typ, style), func(b *testing.B) {
				r := benchRule(typ, Sliding)
				r.Thresholds[0].Value = 0
				e := benchEngine(b, Options{}, r)
				ins := benchInputs(b, e, 4*benchWindow, func(i int) string {
					return fmt.Sprintf(`{"User":"al","N":%s}`, numberStyles[style](i+1))
				})
				b.ReportAllocs()
				t := int64(1_000_000)
				for b.Loop() {
					in := &ins[t%int64(len(ins))]
					in.time = t
					e.Apply(in, t)
					t++
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mupdates/s")
			})
		}
	}
}

// benchApply applies ins over and over, one a second.
func benchApply(b *testing.B, e *Engine, ins []Input) {
	b.Helper()
	b.ReportAllocs()
	t := int64(1_000_000)
	apply := func() (fired bool) {
		in := &ins[t%int64(len(ins))]
		in.time = t
		t++
		return len(e.Apply(in, t)) > 0
	}
	for range 3 * benchWindow {
		apply()
	}
	for b.Loop() {
		if apply() {
			b.Fatal("fired")
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mupdates/s")
}

// BenchmarkGroups feeds many groups at random, a few entries each.
func BenchmarkGroups(b *testing.B) {
	for _, groups := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(groups), func(b *testing.B) {
			r := benchRule(EventCount, Sliding)
			r.Timespan = int64(4 * groups)
			e := benchEngine(b, Options{MaxStateEntries: 2 * groups}, r)
			ins := benchInputs(b, e, 1, func(i int) string { return `{"User":"000000000"}` })
			b.ReportAllocs()
			t := int64(1_000_000)
			apply := func() {
				in := &ins[0]
				in.time = t
				nameUser(in, rand.IntN(groups))
				e.Apply(in, t)
				t++
			}
			for range 4 * groups {
				apply()
			}
			for b.Loop() {
				apply()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mupdates/s")
		})
	}
}

// nameUser writes a number over the user of an input.
func nameUser(in *Input, n int) {
	text := in.at(in.values[0].text)
	for i := range text {
		text[len(text)-1-i] = byte('0' + n%10)
		n /= 10
	}
}

// BenchmarkFlood feeds a new group with every event, at the cap: the worst case of eviction.
func BenchmarkFlood(b *testing.B) {
	e := benchEngine(b, Options{}, benchRule(EventCount, Sliding))
	ins := benchInputs(b, e, 1, func(i int) string { return `{"User":"000000000"}` })
	b.ReportAllocs()
	n := 0
	apply := func() {
		ins[0].time = int64(1_000_000 + n/1000)
		nameUser(&ins[0], n)
		e.Apply(&ins[0], ins[0].time)
		n++
	}
	for range 2 * defaultMaxStateEntries {
		apply()
	}
	for b.Loop() {
		apply()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mupdates/s")
}

// BenchmarkChurn is the other worst case at the cap: with every event one group expires and a new one comes.
func BenchmarkChurn(b *testing.B) {
	r := benchRule(EventCount, Sliding)
	r.Timespan = defaultMaxStateEntries
	e := benchEngine(b, Options{}, r)
	ins := benchInputs(b, e, 1, func(i int) string { return `{"User":"000000000"}` })
	b.ReportAllocs()
	n := 0
	apply := func() {
		ins[0].time = int64(1_000_000 + n)
		nameUser(&ins[0], n)
		e.Apply(&ins[0], ins[0].time)
		n++
	}
	for range 2 * defaultMaxStateEntries {
		apply()
	}
	for b.Loop() {
		apply()
	}
	if s := e.Stats(); s.Evicted[0] > 0 || s.Groups < defaultMaxStateEntries-1 {
		b.Fatalf("%+v", s)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mupdates/s")
}

// BenchmarkExtract takes what one correlation needs out of a decoded event.
func BenchmarkExtract(b *testing.B) {
	for _, mode := range []EventMode{EventsNone, EventsRefs, EventsFull} {
		b.Run(mode.String(), func(b *testing.B) {
			r := benchRule(ValueSum, Sliding)
			r.EventMode = mode
			e := benchEngine(b, Options{}, r)
			ev := rtlib.NewEvent()
			line := []byte(`{"@timestamp":"2024-07-10T12:00:00Z","User":"al","N":12.5,"id":"0123456789","Image":"C:\\Windows\\System32\\cmd.exe"}`)
			if err := decode.NewPlan(e.Fields(), false).JSON(ev, line); err != nil {
				b.Fatal(err)
			}
			var in Input
			b.ReportAllocs()
			for b.Loop() {
				e.Extract(&in, ev, []int{0})
			}
		})
	}
}

// BenchmarkMemory measures the heap that groups of event_count take.
func BenchmarkMemory(b *testing.B) {
	for _, entries := range []int{1, 4, 10} {
		b.Run(fmt.Sprintf("entries=%d", entries), func(b *testing.B) {
			for b.Loop() {
				perGroup, e := measureGroups(b, 1_000_000, entries)
				b.ReportMetric(perGroup, "bytes/group")
				runtime.KeepAlive(e)
			}
		})
	}
}

// measureGroups makes groups and returns the bytes of heap that each takes.
func measureGroups(t testing.TB, groups, entries int) (perGroup float64, e *Engine) {
	t.Helper()
	r := benchRule(EventCount, Sliding)
	r.Timespan = 1 << 30
	e = benchEngine(t, Options{MaxStateEntries: 2 * groups}, r)
	ins := benchInputs(t, e, 1, func(i int) string { return `{"User":"user-000000000"}` })
	before := heap()
	for k := range entries {
		for n := range groups {
			ins[0].time = int64(1_000_000 + k*3600)
			nameUser(&ins[0], n)
			e.Apply(&ins[0], ins[0].time)
		}
	}
	if got := e.Stats(); got.Groups != groups || got.Entries != groups*entries {
		t.Fatalf("%+v", got)
	}
	return float64(heap()-before) / float64(groups), e
}

// heap returns the bytes of heap in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkState exports and imports groups of event_count with four entries each.
func BenchmarkState(b *testing.B) {
	for _, groups := range []int{100_000, 1_000_000} {
		_, e := measureGroups(b, groups, 4)
		state := e.AppendState(nil)
		b.Run(fmt.Sprintf("AppendState/%d", groups), func(b *testing.B) {
			var dst []byte
			for b.Loop() {
				dst = e.AppendState(dst[:0])
			}
			b.ReportMetric(float64(len(dst)), "bytes")
		})
		b.Run(fmt.Sprintf("LoadState/%d", groups), func(b *testing.B) {
			for b.Loop() {
				to := benchEngine(b, Options{MaxStateEntries: 2 * groups}, e.Rule(0))
				if got, err := to.LoadState(state); err != nil || got.Groups != groups {
					b.Fatal(got, err)
				}
			}
		})
	}
	_, e := measureGroups(b, 100_000, 4)
	b.Run("AppendJSON/100000", func(b *testing.B) {
		var dst []byte
		for b.Loop() {
			dst = e.AppendJSON(dst[:0])
		}
		b.ReportMetric(float64(len(dst)), "bytes")
	})
}

// BenchmarkLog feeds 100,000 groups of event_count, then the same with a recorder, then replays that, in parts of 512 feeds. What
// feeds nothing is recorded in between.
func BenchmarkLog(b *testing.B) {
	const groups, part = 100_000, 512
	r := benchRule(EventCount, Sliding)
	r.Timespan = 4 * groups
	e := benchEngine(b, Options{MaxStateEntries: 2 * groups}, r)
	in := &benchInputs(b, e, 1, func(i int) string { return `{"User":"user-000000000"}` })[0]
	at := int64(1_000_000)
	next := func() *Input {
		at++
		in.time = at
		nameUser(in, rand.IntN(groups))
		return in
	}
	rec := NewRecorder(e)
	for range 4 * groups {
		e.Apply(next(), at)
	}
	perFeed := func(b *testing.B, feeds int) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*feeds), "ns/feed")
	}
	b.Run("Apply", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for range part {
				e.Apply(next(), at)
			}
		}
		perFeed(b, part)
	})
	var log []byte
	b.Run("Record", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for range part {
				rec.Apply(next(), at)
			}
			log = rec.AppendLog(log[:0])
		}
		perFeed(b, part)
		b.ReportMetric(float64(len(log))/part, "bytes/feed")
	})
	b.Run("Idle", func(b *testing.B) {
		var idle Input
		b.ReportAllocs()
		for b.Loop() {
			for range part {
				at++
				idle.time = at
				rec.Apply(&idle, at)
			}
		}
		perFeed(b, part)
	})
	log = rec.AppendLog(nil)[:0]
	replica := reopen(b, e)
	if _, err := replica.LoadState(e.AppendState(nil)); err != nil {
		b.Fatal(err)
	}
	const parts = 200
	logs := make([][]byte, parts)
	for i := range logs {
		for range part {
			rec.Apply(next(), at)
		}
		logs[i] = rec.AppendLog(nil)
	}
	b.Run("Replay", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(logs[0])))
		n := 0
		for b.Loop() {
			if err := replica.Replay(logs[n%parts], nil); err != nil {
				b.Fatal(err)
			}
			n++
		}
		perFeed(b, part)
	})
}
