package correlate

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rsigma-go/rsigma/rtlib"
)

// recorded counts what the random test of logs has seen.
type recorded struct{ events, idleEvents, firings, parts, loads, clocks, idles, feeds, sweeps, clears, evicted, futures atomic.Int64 }

// count counts the records of a part, reading it as Replay does.
func (c *recorded) count(t *rapid.T, e *Engine, part []byte) {
	r := logReader{compactReader: compactReader{data: part[1 : len(part)-4]}, e: e}
	for len(r.data) > 0 {
		switch r.byte() {
		case logApply:
			var in Input
			r.now()
			r.input(e, &in)
			c.feeds.Add(1)
		case logIdle:
			r.now()
			r.uvarint()
			c.idles.Add(1)
		case logClock:
			r.varint()
			c.clocks.Add(1)
		case logSweep:
			r.now()
			c.sweeps.Add(1)
		case logClear:
			c.clears.Add(1)
		}
	}
	if r.bad {
		t.Fatal("a part that cannot be read")
	}
}

// TestALogGivesTheSameState has three engines: one is fed without a recorder, one with it, and one replays the log, sometimes
// from a new base.
func TestALogGivesTheSameState(t *testing.T) {
	t.Parallel()
	var seen recorded
	for range rounds(t) {
		rapid.Check(t, func(t *rapid.T) { agreeOnLog(t, &seen) })
	}
	t.Logf("%d events, %d of them feed nothing; records: %d feeds, %d idle, %d clock, %d sweeps, %d clears; %d parts, %d firings, %d bases, "+
		"%d evicted, %d far-future events", seen.events.Load(), seen.idleEvents.Load(), seen.feeds.Load(), seen.idles.Load(),
		seen.clocks.Load(), seen.sweeps.Load(), seen.clears.Load(), seen.parts.Load(), seen.firings.Load(), seen.loads.Load(),
		seen.evicted.Load(), seen.futures.Load())
	floor := int64(200)
	if testing.Short() {
		floor = 20
	}
	for name, n := range map[string]*atomic.Int64{"firings": &seen.firings, "idle": &seen.idles, "clocks": &seen.clocks, "sweeps": &seen.sweeps,
		"clears": &seen.clears, "bases": &seen.loads, "evictions": &seen.evicted, "future": &seen.futures} {
		if n.Load() < floor {
			t.Errorf("%s: only %d, the floor is %d", name, n.Load(), floor)
		}
	}
}

func agreeOnLog(t *rapid.T, seen *recorded) {
	s := drawScenario(t)
	idle := rapid.SampledFrom([]int{0, 1, 3, 6}).Draw(t, "idle") // of 7
	plain, live := newDriver(s.engine(t)), newDriver(s.engine(t))
	rec := NewRecorder(live.e)
	replica := reopen(t, live.e)
	wants := ""
	follow := func() {
		part := rec.AppendLog([]byte("before"))[len("before"):]
		got := ""
		if err := replica.Replay(part, func(fs []Firing) { got += show(fs) }); err != nil {
			t.Fatal(err)
		}
		if got != wants {
			t.Fatalf("replayed\n got %s\nwant %s\n%s", got, wants, describeRules(s))
		}
		sameBytes(t, live.e, replica)
		sameBytes(t, plain.e, replica)
		checkInvariants(t, replica)
		if len(part) > 0 {
			seen.count(t, replica, part)
			seen.parts.Add(1)
		}
		wants = ""
	}
	clock := rapid.SampledFrom([]int64{0, 100, testNow - 50, testNow + farFuture - 30}).Draw(t, "start")
	now := int64(testNow)
	for n := range rapid.IntRange(20, 100).Draw(t, "events") {
		now += rapid.SampledFrom([]int64{0, 0, 0, 0, 1, -1, 7, 100, tenYears, -tenYears}).Draw(t, "now")
		switch k := rapid.IntRange(0, 60).Draw(t, "what else"); {
		case k < 7:
			follow()
		case k == 7:
			follow()
			replica = reopen(t, replica)
			if _, err := replica.LoadState(live.e.AppendState(nil)); err != nil {
				t.Fatal(err)
			}
			seen.loads.Add(1)
		case k < 11:
			rec.Sweep(now)
			plain.e.Sweep(now)
		case k == 11:
			rec.Reset()
			plain.e.Reset()
		}
		ev := s.drawEvent(t, &clock, n)
		if ev.time != nil && rapid.IntRange(0, 15).Draw(t, "far") == 0 { // trusted or just not
			*ev.time = now + farFuture + rapid.Int64Range(-1, 2).Draw(t, "how far")
			ev.fields["timestamp"] = float64(*ev.time)
			data, err := json.Marshal(ev.fields)
			if err != nil {
				t.Fatal(err)
			}
			ev.json = string(data)
		}
		if rapid.IntRange(0, 6).Draw(t, "feeds nothing") < idle {
			ev.hits = nil
			seen.idleEvents.Add(1)
		}
		want := plain.apply(t, ev, now)
		var in Input
		if err := live.e.ReadInput(&in, plain.log); err != nil {
			t.Fatal(err)
		}
		if got := show(rec.Apply(&in, now)); got != want {
			t.Fatalf("recorded\n got %s\nwant %s", got, want)
		}
		wants += want
		seen.events.Add(1)
		seen.firings.Add(int64(strings.Count(want, "\n")))
	}
	follow()
	stats := plain.e.Stats()
	for _, n := range stats.Evicted {
		seen.evicted.Add(int64(n))
	}
	seen.futures.Add(int64(stats.FarFuture))
}

func TestEventsThatFeedNothingLeaveLittle(t *testing.T) {
	t.Parallel()
	e := mustNew(t, Options{MaxStateEntries: 3}, countRule("a.yml", 9))
	rec := NewRecorder(e)
	idle := func(at, now int64) { rec.Apply(&Input{time: at}, now) }
	size := func() int { return len(rec.AppendLog(nil)) }
	if n := size(); n != 0 {
		t.Errorf("nothing has happened: %d bytes", n)
	}
	for i := range int64(1000) {
		idle(testNow+i, testNow+i)
	}
	if n := size(); n > 10 {
		t.Errorf("a thousand times: %d bytes", n)
	}
	for i := range int64(1000) {
		idle(testNow+i, testNow)             // not later
		idle(testNow+2*farFuture+i, testNow) // not to be trusted
	}
	if n := size(); n != 0 {
		t.Errorf("times that change nothing: %d bytes", n)
	}
	d := newDriver(e)
	feed := func(user string, at int64) {
		if err := d.plan.JSON(d.ev, []byte(userEvent(at, user).json)); err != nil {
			t.Fatal(err)
		}
		e.Extract(&d.in, d.ev, []int{0})
		rec.Apply(&d.in, at)
	}
	feed("a", testNow+1001)
	alone := size()
	idle(testNow+1002, testNow)
	feed("b", testNow+1002)
	if n := size(); n != alone {
		t.Errorf("a time that the event behind it covers: %d bytes, want %d", n, alone)
	}
	feed("c", testNow+1003)
	size()
	for range 1000 {
		idle(testNow+1003, testNow+1003) // the first one evicts, since three groups are held
	}
	if n := size(); n > 20 || e.Stats().Groups != 2 {
		t.Errorf("a thousand events at the cap: %d bytes, %d groups", n, e.Stats().Groups)
	}
}

// logOf records the events that the fuzz tests know.
func logOf(t testing.TB) []byte {
	e := fuzzEngine(t)
	rec := NewRecorder(e)
	d := newDriver(e)
	for i, ev := range fuzzEvents {
		if err := d.plan.JSON(d.ev, []byte(ev)); err != nil {
			t.Fatal(err)
		}
		e.Extract(&d.in, d.ev, []int{0})
		rec.Apply(&d.in, testNow+int64(i))
	}
	rec.Apply(&Input{time: 200}, testNow)
	rec.Sweep(testNow + 9)
	rec.Apply(&Input{time: noTime}, math.MinInt64)
	rec.Reset()
	rec.Apply(&Input{time: 200}, math.MaxInt64-farFuture)
	return rec.AppendLog(nil)
}

func TestALogThatIsDamagedChangesNothing(t *testing.T) {
	t.Parallel()
	good := logOf(t)
	if err := fuzzEngine(t).Replay(good, nil); err != nil {
		t.Fatal(err)
	}
	e := seededEngine(t)
	before := e.AppendState(nil)
	for i := range good {
		if i > 0 {
			if err := e.Replay(good[:i], nil); !errors.Is(err, ErrCorrupt) {
				t.Errorf("cut off at %d: %v", i, err)
			}
		}
		bad := bytes.Clone(good)
		bad[i] ^= 4
		if err := e.Replay(bad, nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("damaged at %d: %v", i, err)
		}
	}
	if !bytes.Equal(before, e.AppendState(nil)) {
		t.Error("the state has changed")
	}
	other := mustNew(t, Options{}, countRule("a.yml", 1))
	if err := other.Replay(good, nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("an engine of other rules: %v", err)
	}
	if err := mustNew(t, Options{}, countRule("a.yml", 2)).Replay(NewRecorder(other).sweepOnly(), nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("an engine of almost the same rules: %v", err)
	}
}

func (r *Recorder) sweepOnly() []byte {
	r.Sweep(testNow)
	return r.AppendLog(nil)
}

func TestARecordNobodyMakesEndsTheReplay(t *testing.T) {
	t.Parallel()
	good := logOf(t)
	for name, record := range map[string][]byte{
		"an unknown mark":  {99},
		"no mark":          {0},
		"half a record":    {logApply, 2, 5},
		"a hit too many":   {logApply, 2, 5, 1, 1, 0, 0, 0},
		"no time":          {logIdle, 2},
		"a time too late":  binary.AppendUvarint([]byte{logIdle, 2}, maxTime+1),
		"a negative clock": binary.AppendVarint([]byte{logClock}, math.MinInt64),
		"half a sweep":     {logSweep, 0x80},
	} {
		e := fuzzEngine(t)
		body := append(slices.Clone(good[:len(good)-4]), record...)
		log := binary.LittleEndian.AppendUint32(body, e.sumOfLog(body))
		if err := e.Replay(log, nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
		want := fuzzEngine(t)
		if err := want.Replay(good, nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.AppendState(nil), e.AppendState(nil)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		use(t, e)
	}
}

func FuzzReplay(f *testing.F) {
	log := logOf(f)
	f.Add(log[:len(log)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		e := seededEngine(t)
		// The checksum would keep all but the seeds out.
		log := binary.LittleEndian.AppendUint32(slices.Clone(body), e.sumOfLog(body))
		if err := e.Replay(log, func(fs []Firing) { show(fs) }); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
		use(t, e)
	})
}

// TestRecordingAndReplayingAllocateNothing records and replays until memory has its size, then counts.
func TestRecordingAndReplayingAllocateNothing(t *testing.T) {
	var rules []*Rule
	for typ := EventCount; typ <= ValueMedian; typ++ {
		r := benchRule(typ, Sliding)
		r.Meta.Source = fmt.Sprint(typ, ".yml")
		r.Timespan, r.EventMode, r.MaxEvents = 300, EventsFull, 3
		rules = append(rules, r)
	}
	rules[0].Thresholds = []Threshold{{Greater, 0}} // fires on every feed
	e := benchEngine(t, Options{}, rules...)
	ins := benchInputs(t, e, 600, func(i int) string {
		return fmt.Sprintf(`{"User":"u%d","V":"value-%d","N":%d.1}`, i%7, i%400, i%500)
	})
	rec, replica := NewRecorder(e), reopen(t, e)
	at, fired := int64(1_000_000), 0
	var part []byte
	note := func(fs []Firing) { fired += len(fs) }
	some := func() {
		for range 100 {
			in := &ins[at%int64(len(ins))]
			in.time = at
			rec.Apply(in, at)
			rec.Apply(&Input{time: at + 1}, at)
			at++
		}
		rec.Sweep(at)
		part = rec.AppendLog(part[:0])
		if err := replica.Replay(part, note); err != nil {
			t.Fatal(err)
		}
	}
	for range 50 {
		some()
	}
	if n := testing.AllocsPerRun(100, some); n != 0 {
		t.Errorf("%v allocations for 200 events", n)
	}
	if fired < 15_000 || !bytes.Equal(e.AppendState(nil), replica.AppendState(nil)) {
		t.Errorf("%d firings, or another state", fired)
	}
}

func TestALogGoesToTodaysRules(t *testing.T) {
	t.Parallel()
	old := mustNew(t, Options{}, countRule("a.yml", 4), countRule("b.yml", 4))
	base, definition := old.AppendState(nil), old.AppendDefinition(nil)
	rec := NewRecorder(old)
	d := newDriver(old)
	for i := range 3 {
		if err := d.plan.JSON(d.ev, []byte(userEvent(int64(i), "bo").json)); err != nil {
			t.Fatal(err)
		}
		old.Extract(&d.in, d.ev, []int{0})
		rec.Apply(&d.in, testNow)
	}
	log := rec.AppendLog(nil)

	e, err := OpenDefinition(definition)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.LoadState(base); err != nil {
		t.Fatal(err)
	}
	if err := e.Replay(log, nil); err != nil {
		t.Fatal(err)
	}
	today, err := New([]*rtlib.Rule{{Meta: rtlib.Meta{Source: "new"}}, oneDetection()[0]}, []*Rule{countRule("b.yml", 4)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := today.LoadState(e.AppendState(nil)); err != nil || got != (Restored{Groups: 1, Skipped: 1}) {
		t.Fatal(got, err)
	}
	ev := userEvent(4, "bo")
	ev.hits = []int{1}
	if out := newDriver(today).apply(t, ev, testNow); !strings.Contains(out, "rule 0 at 4") {
		t.Errorf("%q", out)
	}
}
