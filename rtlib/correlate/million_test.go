package correlate

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// soak says whether the long forms of the tests run (make soak).
var soak = os.Getenv("RSIGMA_SOAK") != ""

// scale returns short, or long in a soak.
func scale(short, long int) int {
	if soak {
		return long
	}
	return short
}

// What a million groups may cost.
const (
	maxBytesPerGroup = 200
	// After a flood of groups with one entry the memory of ten that those before had is full of holes.
	maxBytesAfterFlood = 220
	maxGCSeconds       = 0.050
	leastShare         = 0.99
)

// crowd is an engine of three correlations that count, with a cap. Two of them hold a part of the groups, and the third one the rest.
type crowd struct {
	e    *Engine
	plan *decode.Plan
	ev   *rtlib.Event
	in   Input
	now  int64
	room func(*Engine) // makes room in its own way, before each event; nil leaves that to the engine
}

// flooded is the correlation that somebody makes groups of.
const flooded = 2

func newCrowd(t *testing.T, limit int) *crowd {
	t.Helper()
	var rules []*Rule
	for i := range 3 {
		d := fmt.Sprint("d", i)
		rules = append(rules, &Rule{
			Meta: rtlib.Meta{Source: "c" + d, ID: "c" + d}, Type: EventCount, Timespan: 1 << 36, References: []string{d},
			Sources: []Source{{d, []int{0}}}, GroupBy: []Part{{Name: "User"}}, Thresholds: []Threshold{{Greater, 1e12}},
		})
	}
	e := benchEngine(t, Options{MaxStateEntries: limit}, rules...)
	return &crowd{e: e, plan: decode.NewPlan(e.Fields(), false), ev: rtlib.NewEvent(), now: 1_700_000_000}
}

// group feeds a group with events, each a second after the one before.
func (c *crowd) group(t *testing.T, corr int, user string, events int) {
	t.Helper()
	if err := c.plan.JSON(c.ev, fmt.Appendf(nil, `{"User":%q}`, user)); err != nil {
		t.Fatal(err)
	}
	c.e.Extract(&c.in, c.ev, []int{corr})
	for range events {
		if c.room != nil && c.e.full() {
			c.room(c.e)
		}
		c.now++
		c.in.SetTime(c.now)
		c.e.Apply(&c.in, c.now)
	}
}

// fill makes n groups with the given number of entries: three tenths of them of each correlation but the flooded one.
func (c *crowd) fill(t *testing.T, n, entries int) {
	t.Helper()
	for i := range n {
		corr := [...]int{0, 0, 0, 1, 1, 1, 2, 2, 2, 2}[i%10]
		c.group(t, corr, fmt.Sprintf("user-%07d", i), entries)
	}
}

func (c *crowd) flood(t *testing.T, keys int) {
	t.Helper()
	for i := range keys {
		c.group(t, flooded, fmt.Sprintf("flood-%07d", i), 1)
	}
}

func (c *crowd) held() (held [3]int) {
	for i := range held {
		for range c.e.Groups(i) {
			held[i]++
		}
	}
	return held
}

// liveHeap returns the bytes of live objects.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // what the first one has only unlinked
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// gcSeconds returns the processor time of one garbage collection, the mean of some, and how much of that was otherwise idle.
func gcSeconds() (total, idle float64) {
	samples := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/cpu/classes/gc/mark/idle:cpu-seconds"}}
	read := func() (total, idle float64) {
		metrics.Read(samples)
		return samples[0].Value.Float64(), samples[1].Value.Float64()
	}
	runtime.GC()
	const cycles = 10
	total0, idle0 := read()
	for range cycles {
		runtime.GC()
	}
	total, idle = read()
	return (total - total0) / cycles, (idle - idle0) / cycles
}

// share returns the least share of groups that a correlation other than the flooded one has kept.
func share(before, after [3]int) float64 {
	least := math.Inf(1)
	for i := range before {
		if i != flooded {
			least = min(least, float64(after[i])/float64(before[i]))
		}
	}
	return least
}

// TestAMillionGroupsCostLittleAndAFloodLeavesThemAlone fills an engine up to its cap with groups of ten entries, all in different seconds,
// which is the most that ten events can cost a correlation that counts: equal ones share an entry. Keys have 12 letters. Then one correlation
// is flooded with five times as many keys. Heap is all that is live because of the engine, after a collection.
func TestAMillionGroupsCostLittleAndAFloodLeavesThemAlone(t *testing.T) { // not parallel: it looks at the heap of the process
	if testing.Short() {
		t.Skip("the race detector finds nothing where there is one goroutine")
	}
	limit, keys := scale(20_000, 1_000_000), scale(100_000, 5_000_000)
	const entries = 10
	before := liveHeap()
	c := newCrowd(t, limit)
	c.fill(t, limit-1, entries)
	bytes := float64(liveHeap()-before) / float64(limit-1)
	total, idle := gcSeconds()
	held := c.held()
	t.Logf("%d groups with %d entries: %.1f bytes of heap each; a collection takes %.1f ms of processor time, %.1f ms of it while idle",
		limit-1, c.e.Stats().Entries, bytes, 1000*total, 1000*idle)
	if got := c.e.Stats(); got.Entries != entries*(limit-1) || got.Groups != limit-1 {
		t.Fatalf("%+v", got)
	}
	c.flood(t, keys)
	after := c.held()
	evicted := c.e.Stats().Evicted
	full := float64(liveHeap()-before) / float64(limit)
	t.Logf("after %d keys: %v groups of %v are left, evicted %v; %.1f bytes of heap for each group of the cap", keys, after, held, evicted, full)
	if s := share(held, after); s < leastShare {
		t.Errorf("the others keep %.4f of their groups", s)
	}
	if evicted[flooded] < uint64(keys-limit) || c.e.Stats().Groups > limit {
		t.Errorf("%d groups are left and %d evicted", c.e.Stats().Groups, evicted[flooded])
	}
	if soak {
		if bytes > maxBytesPerGroup || full > maxBytesAfterFlood {
			t.Errorf("%.1f bytes for a group, %.1f after the flood; at most %d and %d", bytes, full, maxBytesPerGroup, maxBytesAfterFlood)
		}
		if total > maxGCSeconds {
			t.Errorf("a collection takes %.1f ms", 1000*total)
		}
	}
	runtime.KeepAlive(c)
}

// TestWithoutSharesAFloodEmptiesTheOthers evicts the stalest groups of all correlations, as the engine did before each had its share.
func TestWithoutSharesAFloodEmptiesTheOthers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the race detector finds nothing where there is one goroutine")
	}
	const limit = 5000
	c := newCrowd(t, limit)
	c.room = func(e *Engine) {
		var list []stale
		for _, id := range e.due.list {
			g := e.groups.at(id)
			list = append(list, stale{e.newestOf(e.corrs[g.corr], g), g.fed, id, g.corr})
		}
		n := len(list) - limit*9/10
		selectFirst(list, n)
		e.evictAll(list[:n])
	}
	c.fill(t, limit-1, 10)
	held := c.held()
	c.flood(t, 5*limit)
	s := share(held, c.held())
	t.Logf("the others keep %.4f of their groups", s)
	if s >= leastShare {
		t.Error("it is not noticed that a flood empties the others")
	}
}
