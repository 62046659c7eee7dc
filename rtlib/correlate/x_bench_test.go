package correlate

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// load is a correlation under a steady stream of inputs.
type load struct {
	engine *Engine
	inputs []Input
	start  int64
}

const loadStart = 1_700_000_000

// newLoad returns a correlation over 2,000 seconds, fed once a second by two rules in turn. values gives what event i holds in the
// field V, as JSON; threshold decides whether it ever fires.
func newLoad(tb testing.TB, typ Type, window Window, threshold float64, values func(i int) string) *load {
	tb.Helper()
	r := &Rule{
		Meta: rtlib.Meta{Title: "c"}, Type: typ, Window: window, Timespan: 2000, Gap: 100, References: []string{"a", "b"},
		Sources: []Source{{Rule: "a", At: []int{0}}, {Rule: "b", At: []int{1}}}, GroupBy: []Part{{Name: "G"}},
		Thresholds: []Threshold{{Op: Greater, Value: threshold}}, Percentile: 95,
	}
	if typ == ValueCount || typ >= ValueSum {
		r.Fields = []rtlib.Field{"V"}
	}
	detections := []*rtlib.Rule{{Meta: rtlib.Meta{Source: "a"}}, {Meta: rtlib.Meta{Source: "b"}}}
	e, err := New(detections, []*Rule{r}, Options{MaxStateEntries: 2_000_000})
	if err != nil {
		tb.Fatal(err)
	}
	l := &load{engine: e, inputs: make([]Input, 4000), start: loadStart}
	plan, ev := decode.NewPlan(e.Fields(), false), rtlib.NewEvent()
	for i := range l.inputs {
		if err := plan.JSON(ev, []byte(values(i))); err != nil {
			tb.Fatal(err)
		}
		e.Extract(&l.inputs[i], ev, []int{i % 2})
	}
	return l
}

// feed feeds input i at its second.
func (l *load) feed(i int) []Firing {
	in := &l.inputs[i%len(l.inputs)]
	in.SetTime(l.start + int64(i))
	return l.engine.Apply(in, l.start+int64(i))
}

func (l *load) run(b *testing.B) {
	for i := range 8000 { // fill the windows
		l.feed(i)
	}
	b.ReportAllocs()
	for i := 8000; b.Loop(); i++ {
		l.feed(i)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "M/s")
}

func integers(i int) string  { return fmt.Sprintf(`{"G":"g","V":%d}`, i*7919%2003) }
func fractions(i int) string { return fmt.Sprintf(`{"G":"g","V":%d.1}`, i*7919%2003) }
func texts2000(i int) string { return fmt.Sprintf(`{"G":"g","V":"v%d"}`, i%2000) }

// never is a threshold that nothing here reaches, always one that everything does.
const (
	never  = 1e12
	always = -1
)

// BenchmarkApply measures updates of a window that holds 2,000 entries; value_count sees 2,000 distinct values.
func BenchmarkApply(b *testing.B) {
	for typ := EventCount; typ <= ValueMedian; typ++ {
		values := integers
		if typ == ValueCount {
			values = texts2000
		}
		for window := Sliding; window <= Session; window++ {
			b.Run(fmt.Sprintf("%s/%s", typ, window), func(b *testing.B) { newLoad(b, typ, window, never, values).run(b) })
		}
	}
}

// BenchmarkSums adds what sums depend on: whether they can be kept exactly, and whether they have to be reported.
func BenchmarkSums(b *testing.B) {
	for name, values := range map[string]func(int) string{"integers": integers, "fractions": fractions} {
		b.Run(name+"/quiet", func(b *testing.B) { newLoad(b, ValueSum, Sliding, never, values).run(b) })
		b.Run(name+"/firing", func(b *testing.B) { newLoad(b, ValueSum, Sliding, always, values).run(b) })
	}
}

// BenchmarkLate is temporal_ordered with every tenth event ten seconds late.
func BenchmarkLate(b *testing.B) {
	l := newLoad(b, TemporalOrdered, Sliding, never, integers)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		in := &l.inputs[i%len(l.inputs)]
		in.SetTime(l.start + int64(i) - int64(i%10/9*10))
		l.engine.Apply(in, l.start+int64(i))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "M/s")
}

// BenchmarkGroups shows that the cost of an update does not depend on how many groups there are, beyond caches.
func BenchmarkGroups(b *testing.B) {
	for _, groups := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprint(groups), func(b *testing.B) {
			l := newLoad(b, EventCount, Sliding, never, integers)
			l.inputs = manyGroups(b, l.engine, groups)
			for i := range 2 * groups {
				l.feed(i)
			}
			b.ReportAllocs()
			for i := 2 * groups; b.Loop(); i++ {
				l.feed(i)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "M/s")
		})
	}
}

// manyGroups returns an input for each of n groups.
func manyGroups(tb testing.TB, e *Engine, n int) []Input {
	tb.Helper()
	inputs := make([]Input, n)
	plan, ev := decode.NewPlan(e.Fields(), false), rtlib.NewEvent()
	for i := range inputs {
		if err := plan.JSON(ev, fmt.Appendf(nil, `{"G":"10.%d.%d.%d"}`, i>>16, i>>8&255, i&255)); err != nil {
			tb.Fatal(err)
		}
		e.Extract(&inputs[i], ev, []int{0})
	}
	return inputs
}

func TestUpdatesAllocateNothingInASteadyState(t *testing.T) {
	for typ := EventCount; typ <= ValueMedian; typ++ {
		values := integers
		if typ == ValueCount {
			values = texts2000
		}
		for window := Sliding; window <= Session; window++ {
			l := newLoad(t, typ, window, never, values)
			i := 0
			step := func() { l.feed(i); i++ }
			for range 12_000 {
				step()
			}
			if n := testing.AllocsPerRun(4000, step); n > 0 {
				t.Errorf("%s, %s: %v allocations an update", typ, window, n)
			}
		}
	}
}

// TestAMillionGroupsFitIntoTwoHundredMegabytes measures the heap, all bookkeeping included.
func TestAMillionGroupsFitIntoTwoHundredMegabytes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds under the race detector")
	}
	const groups, limit = 1_000_000, 200 << 20
	l := newLoad(t, EventCount, Sliding, never, integers)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	plan, ev := decode.NewPlan(l.engine.Fields(), false), rtlib.NewEvent()
	var in Input
	for i := range groups {
		if err := plan.JSON(ev, fmt.Appendf(nil, `{"G":"10.%d.%d.%d"}`, i>>16, i>>8&255, i&255)); err != nil {
			t.Fatal(err)
		}
		l.engine.Extract(&in, ev, []int{0})
		in.SetTime(loadStart + int64(i)/1000)
		l.engine.Apply(&in, loadStart)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	used := after.HeapAlloc - before.HeapAlloc
	t.Logf("%d groups, %d MB", l.engine.Stats().Groups, used>>20)
	if n := l.engine.Stats().Groups; n != groups || used > limit {
		t.Errorf("%d groups in %d bytes, want %d in at most %d", n, used, groups, limit)
	}
}
