package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector is a sink that keeps what it gets.
type collector struct {
	mu    sync.Mutex
	lines []string
	block chan struct{} // if not nil, Deliver waits for it
}

func (c *collector) Deliver(ctx context.Context, lines [][]byte) (int, error) {
	if c.block != nil {
		select {
		case <-c.block:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range lines {
		c.lines = append(c.lines, string(l))
	}
	return len(lines), nil
}

func (c *collector) Close() error { return nil }

// letters is a dead-letter queue that keeps what it gets.
type letters struct {
	mu   sync.Mutex
	list []flow.DeadLetter
}

func (l *letters) Offer(_ context.Context, d flow.DeadLetter) {
	l.mu.Lock()
	l.list = append(l.list, d)
	l.mu.Unlock()
	d.Ack.Done(true)
}

func (l *letters) Configured() bool { return true }

// rig is a pipeline between an intake and a sink.
type rig struct {
	t      *testing.T
	in     *flow.Intake
	fanout *flow.Fanout
	sender *flow.Sender
	p      *Pipeline
	sink   *collector
	dead   letters

	observe func(*flow.Unit)

	events, parseErrors, panics, off atomic.Int64
	committed, batches, handedOn     atomic.Int64
	stopAll                          context.CancelFunc
	done                             sync.WaitGroup
	acked, redelivered               atomic.Int64
}

func newRig(t *testing.T, gen *Generation, change func(*PipelineOptions, *rig)) *rig {
	t.Helper()
	r := &rig{t: t, sink: &collector{}}
	r.in = flow.NewIntake(100, flow.IntakeHooks{})
	opts := PipelineOptions{
		Batch: 8, Workers: 3, Format: decode.FormatJSON, Intake: r.in, Dead: &r.dead,
		Hooks: Hooks{
			Batch: func(b BatchInfo) {
				r.batches.Add(1)
				r.events.Add(int64(b.Events))
				r.parseErrors.Add(int64(b.Bad))
			},
			Committed: func(n int) { r.committed.Add(int64(n)) },
			HandedOn:  func(time.Duration) { r.handedOn.Add(1) },
			Detection: func(*rtlib.Meta) {}, Correlation: func(*correlate.Rule) {}, Untimed: func() {},
			Bad: func(*flow.Message, error) {}, Late: func(int) {}, Evicted: func(*correlate.Rule, int) {},
			Panic: func(_ *rtlib.Meta, _ any, _ []byte, off bool) {
				r.panics.Add(1)
				if off {
					r.off.Add(1)
				}
			},
		},
	}
	if change != nil {
		change(&opts, r)
	}
	r.sender = flow.NewSender(r.sink, flow.SenderOptions{Queue: 10, BatchMax: 4, Exhausted: func(context.Context, *flow.Unit, int, error) {
		t.Error("a delivery failed")
	}})
	r.fanout = flow.NewFanout([]*flow.Sender{r.sender}, 10, r.observe)
	opts.Results = r.fanout
	r.p = NewPipeline(gen, opts)
	ctx, cancel := context.WithCancel(context.Background())
	r.stopAll = cancel
	r.done.Go(func() { r.p.Run(ctx) })
	r.done.Go(func() { r.fanout.Run(ctx) })
	r.done.Go(func() { r.sender.Run(ctx) })
	t.Cleanup(func() { cancel(); r.done.Wait() })
	return r
}

// put sends an event and counts its acknowledgement.
func (r *rig) put(number int, text string) {
	ack := flow.NewAck(func(ok bool) {
		if ok {
			r.acked.Add(1)
		} else {
			r.redelivered.Add(1)
		}
	})
	if err := r.in.Put(context.Background(), flow.Message{Data: []byte(text), Ack: ack, Number: int64(number)}); err != nil {
		r.t.Error(err)
	}
}

// end closes the intake and waits for everything to be written.
func (r *rig) end() {
	r.in.Close()
	r.done.Wait()
}

// titles returns the titles of the results, and their events' numbers if they include the event.
func (r *rig) results() (out []result) {
	for _, l := range r.sink.lines {
		var x result
		if err := json.Unmarshal([]byte(l), &x); err != nil {
			r.t.Fatalf("%s: %v", l, err)
		}
		out = append(out, x)
	}
	return out
}

type result struct {
	Title string `json:"rule_title"`
	Event struct {
		N int `json:"n"`
	} `json:"event"`
}

// always returns a generation of rules with the given titles that match every event, and of correlations.
func always(t *testing.T, titles []string, corrs ...*correlate.Rule) *Generation {
	t.Helper()
	rules := Rules{Correlations: corrs}
	for _, title := range titles {
		rules.Detections = append(rules.Detections, &rtlib.Rule{
			Meta: rtlib.Meta{Source: title, Title: title, ID: title, IncludeEvent: true}, Match: func(*rtlib.Event) bool { return true },
		})
	}
	g, err := New(rules, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestResultsComeInTheOrderOfTheEventsWhateverTheBatches(t *testing.T) {
	t.Parallel()
	const n = 2000
	for range 5 {
		batch, workers := 1+rand.IntN(64), 1+rand.IntN(8)
		r := newRig(t, always(t, []string{"a", "b"}), func(o *PipelineOptions, _ *rig) { o.Batch, o.Workers = batch, workers })
		for i := range n {
			r.put(i, fmt.Sprintf(`{"n":%d}`, i))
		}
		r.end()
		got := r.results()
		if len(got) != 2*n {
			t.Fatalf("batch %d, %d workers: %d results, want %d", batch, workers, len(got), 2*n)
		}
		for i, x := range got {
			if want := [...]string{"a", "b"}[i%2]; x.Event.N != i/2 || x.Title != want {
				t.Fatalf("batch %d, %d workers: result %d is %v", batch, workers, i, x)
			}
		}
		if r.acked.Load() != n || r.redelivered.Load() != 0 || r.events.Load() != n {
			t.Errorf("%d acknowledged, %d failed, %d events", r.acked.Load(), r.redelivered.Load(), r.events.Load())
		}
	}
}

func TestWhatIsNoEventGoesToTheDeadLettersInOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, always(t, []string{"a"}), nil)
	for i := range 300 {
		text := fmt.Sprintf(`{"n":%d}`, i)
		if i%3 == 0 {
			text = fmt.Sprintf(`{"n":%d`, i)
		}
		r.put(i, text)
	}
	r.end()
	if len(r.sink.lines) != 200 || r.parseErrors.Load() != 100 || r.acked.Load() != 300 || len(r.dead.list) != 100 {
		t.Fatalf("%d results, %d parse errors, %d acknowledged, %d letters", len(r.sink.lines), r.parseErrors.Load(), r.acked.Load(), len(r.dead.list))
	}
	for i, d := range r.dead.list {
		if want := fmt.Sprintf(`{"n":%d`, 3*i); string(d.Text) != want || d.Error != flow.ErrorParse || d.Number != int64(3*i) {
			t.Fatalf("letter %d: %s, %s", i, d.Text, d.Error)
		}
	}
}

// TestWhatIsAnsweredIsCounted looks at the counts whenever a message is answered, with a log and without, with results and without, and
// also if it is no event.
func TestWhatIsAnsweredIsCounted(t *testing.T) {
	t.Parallel()
	for _, log := range []bool{false, true} {
		for _, gen := range []*Generation{always(t, []string{"a"}), always(t, nil)} {
			var r *rig
			if log {
				r = logged(t, gen, &diary{}, CommitLimits{Events: 20})
			} else {
				r = newRig(t, gen, nil)
			}
			var events, bad, early atomic.Int64
			const n = 500
			for i := range n {
				text, seen, counted := fmt.Sprintf(`{"n":%d}`, i), &events, &r.committed
				if i%5 == 0 {
					text, seen, counted = "no event", &bad, &r.parseErrors
				}
				ack := flow.NewAck(func(bool) {
					if done := seen.Add(1); counted.Load() < done || r.events.Load()+r.parseErrors.Load() < done {
						early.Add(1)
					}
				})
				if err := r.in.Put(t.Context(), flow.Message{Data: []byte(text), Ack: ack}); err != nil {
					t.Fatal(err)
				}
			}
			r.end()
			if events.Load() != n*4/5 || bad.Load() != n/5 || r.committed.Load() != n*4/5 || early.Load() != 0 {
				t.Errorf("log %t: %d events and %d others answered, %d of them before they were counted; %d committed", log, events.Load(), bad.Load(),
					early.Load(), r.committed.Load())
			}
			if b := r.batches.Load(); b < n/8 || r.handedOn.Load() != b {
				t.Errorf("log %t: %d batches, %d handed on", log, b, r.handedOn.Load())
			}
		}
	}
}

// judgedBy returns by which generation each event was judged: the rules a-g and b-g of generation g are twins.
func judgedBy(t *testing.T, got []result, events int) []string {
	t.Helper()
	by := map[int]map[string]string{}
	for _, x := range got {
		if len(x.Title) < 2 || x.Title[1] != '-' {
			continue
		}
		if by[x.Event.N] == nil {
			by[x.Event.N] = map[string]string{}
		}
		twin, gen := x.Title[:1], x.Title[2:]
		if by[x.Event.N][twin] != "" {
			t.Fatalf("event %d has two results of twin %s", x.Event.N, twin)
		}
		by[x.Event.N][twin] = gen
	}
	var order []string
	for n := range events {
		a, b := by[n]["a"], by[n]["b"]
		if a == "" || a != b {
			t.Fatalf("event %d was judged by generations %q and %q", n, a, b)
		}
		order = append(order, a)
	}
	return order
}

// TestEachEventIsJudgedByOneGeneration swaps generations under load: of each event both twins of one generation report, generations
// never go back, and a correlation over all events counts every one of them.
func TestEachEventIsJudgedByOneGeneration(t *testing.T) {
	t.Parallel()
	const events, perFiring = 4000, 5
	count := func(gen string) *correlate.Rule {
		return &correlate.Rule{
			Meta: rtlib.Meta{Source: "c", ID: "c", Title: "counted"}, Type: correlate.EventCount, Timespan: 3600, References: []string{"a"},
			Sources: []correlate.Source{{Rule: "a-" + gen, At: []int{0}}}, Action: correlate.ActionReset,
			Thresholds: []correlate.Threshold{{Op: correlate.GreaterEqual, Value: perFiring}},
		}
	}
	gen := func(i int) *Generation {
		g := fmt.Sprintf("%06d", i)
		return always(t, []string{"a-" + g, "b-" + g}, count(g))
	}
	r := newRig(t, gen(0), nil)
	var feeding sync.WaitGroup
	swapped := make(chan struct{}, 1)
	feeding.Go(func() {
		for i := range events {
			if i%200 == 199 {
				<-swapped // so that a slow machine swaps as well
			}
			r.put(i, fmt.Sprintf(`{"n":%d,"timestamp":1795168800}`, i))
		}
	})
	swaps := 0
	for end := make(chan struct{}); ; {
		if swaps == 0 {
			go func() { feeding.Wait(); close(end) }()
		}
		swaps++
		if _, err := r.p.Swap(context.Background(), gen(swaps)); err != nil {
			t.Fatal(err)
		}
		select {
		case swapped <- struct{}{}:
		default:
		}
		select {
		case <-end:
		default:
			continue
		}
		break
	}
	r.end()
	got := r.results()
	order := judgedBy(t, got, events)
	for i := 1; i < len(order); i++ {
		if order[i] < order[i-1] {
			t.Fatalf("event %d was judged by generation %s after %s", i, order[i], order[i-1])
		}
	}
	counted := 0
	for _, x := range got {
		if x.Title == "counted" {
			counted++
		}
	}
	if counted != events/perFiring {
		t.Errorf("the correlation fired %d times, want %d", counted, events/perFiring)
	}
	if swaps < 10 {
		t.Errorf("only %d swaps", swaps)
	}
	t.Logf("%d swaps over %d events", swaps, events)
}

// TestStateThatIsExportedTooEarlyIsNoticed is the negative control of the test above: a generation that takes over the copy of an earlier
// moment, and not what has changed since, misses what came in between.
func TestStateThatIsExportedTooEarlyIsNoticed(t *testing.T) {
	t.Parallel()
	g := counting(t)
	w := g.NewWorker(rtlib.LogSource{})
	feed := func(w *Worker, n int) (fired int) {
		for range n {
			if _, _, err := w.JSON([]byte(`{"user":"bo","timestamp":1795168800}`)); err != nil {
				t.Fatal(err)
			}
			w.hits = []int{0}
			fired += len(w.Correlate(time.Unix(1795168800, 0)))
		}
		return fired
	}
	feed(w, 3)
	var heirs [3]takeover // unfinished, finished, finished from a generation that came in between
	for i := range heirs {
		heirs[i].to = counting(t)
	}
	heirs[2].begin(counting(t))
	for i := range heirs[:2] {
		heirs[i].begin(g)
	}
	for i := range heirs {
		if err := heirs[i].copy(true); err != nil {
			t.Fatal(err)
		}
	}
	feed(w, 1) // after the copy
	for i := range heirs[1:] {
		heirs[i+1].finish(g)
	}
	for i, want := range []int{0, 1, 1} {
		h := &heirs[i]
		if diff := cmp.Diff(h.to.Correlations.AppendState(nil), h.follower.AppendState(nil)); diff != "" {
			t.Errorf("heir %d and its follower: %s", i, diff)
		}
		if n := feed(h.to.NewWorker(rtlib.LogSource{}), 1); n != want {
			t.Errorf("heir %d fired %d times, want %d", i, n, want)
		}
	}
}

func TestARuleThatPanicsCostsItsOwnAnswerAndIsSwitchedOffAfterTenTimes(t *testing.T) {
	t.Parallel()
	g := always(t, []string{"before", "bad", "after"})
	bad := &rtlib.Rule{Meta: rtlib.Meta{Source: "bad", Title: "bad", ID: "bad-id"}, Match: func(*rtlib.Event) bool { panic("no rule does this") }}
	g, err := New(Rules{Detections: []*rtlib.Rule{g.Set.Rules()[0], bad, g.Set.Rules()[2]}}, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, g, func(o *PipelineOptions, _ *rig) { o.Workers, o.Batch = 1, 1 })
	const n = 30
	for i := range n {
		r.put(i, fmt.Sprintf(`{"n":%d}`, i))
	}
	r.end()
	if len(r.sink.lines) != 2*n || r.acked.Load() != n {
		t.Errorf("%d results, want %d; %d acknowledged", len(r.sink.lines), 2*n, r.acked.Load())
	}
	if r.panics.Load() != maxPanics || r.off.Load() != 1 || !g.Off(1) || g.Off(0) {
		t.Errorf("%d panics, switched off %d times", r.panics.Load(), r.off.Load())
	}
	if len(r.dead.list) != maxPanics || r.dead.list[0].Error != "rule panic: bad-id" || string(r.dead.list[0].Text) != `{"n":0}` {
		t.Errorf("letters: %v", r.dead.list)
	}
}

// TestNothingIsLostWhenThePipelineIsStopped stops everything while a sink is stuck: each event is delivered, or a result that is
// left over, or a message that is left over.
func TestNothingIsLostWhenThePipelineIsStopped(t *testing.T) {
	t.Parallel()
	const n = 150
	r := newRig(t, always(t, []string{"a"}), func(_ *PipelineOptions, r *rig) { r.sink.block = make(chan struct{}) })
	var feeding sync.WaitGroup
	feeding.Go(func() {
		for i := range n {
			if r.in.Put(context.Background(), flow.Message{Data: fmt.Appendf(nil, `{"n":%d}`, i), Number: int64(i)}) != nil {
				return
			}
		}
	})
	for range 20 {
		r.sink.block <- struct{}{} // some deliveries go through
	}
	r.in.Close()
	feeding.Wait()
	r.stopAll()
	r.done.Wait()
	seen := map[int]string{}
	note := func(number int, where string) {
		if seen[number] != "" {
			t.Errorf("event %d is in %s and in %s", number, seen[number], where)
		}
		seen[number] = where
	}
	for _, x := range r.results() {
		note(x.Event.N, "the sink")
	}
	for _, x := range r.sender.Abandon() {
		note(int(x.Unit.Number), "the sender")
	}
	for _, x := range r.fanout.Rest() {
		note(int(x.Unit.Number), "the fan-out")
	}
	for _, u := range r.p.Rest().Units {
		note(int(u.Number), "the pipeline, judged")
	}
	for _, m := range append(r.p.Rest().Messages, r.in.Rest()...) {
		note(int(m.Number), "the pipeline")
	}
	for i := range len(seen) {
		if seen[i] == "" {
			t.Errorf("event %d is nowhere", i)
		}
	}
	where := map[string]int{}
	for _, w := range seen {
		where[w]++
	}
	if judged := len(seen) - where["the pipeline"]; r.events.Load() != int64(judged) {
		t.Errorf("%d events are reported, %d were judged: %v", r.events.Load(), judged, where)
	}
	if len(where) < 4 {
		t.Errorf("the stop was not in the middle of things: %v", where)
	}
}

func TestACallBetweenBatchesFailsOnceThePipelineHasEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t, always(t, []string{"a"}), nil)
	called := 0
	if err := r.p.Do(context.Background(), func(*Generation) { called++ }); err != nil || called != 1 {
		t.Errorf("error %v, called %d times", err, called)
	}
	r.end()
	if err := r.p.Do(context.Background(), func(*Generation) { called++ }); err != ErrEnded || called != 1 {
		t.Errorf("error %v, called %d times", err, called)
	}
}

func TestAFilterMakesEventsOfOneMessage(t *testing.T) {
	t.Parallel()
	r := newRig(t, always(t, []string{"a"}), func(o *PipelineOptions, _ *rig) {
		o.Format = decode.FormatAuto
		o.Filter = func(event []byte) ([][]byte, error) {
			var list struct{ Records []json.RawMessage }
			if err := json.Unmarshal(event, &list); err != nil {
				return nil, err
			}
			var out [][]byte
			for _, x := range list.Records {
				out = append(out, x)
			}
			return out, nil
		}
	})
	r.put(0, `{"Records":[{"n":1},{"n":2}]}`)
	r.put(1, `{"Records":[]}`)
	r.put(2, `plain text`)
	r.end()
	var got []int
	for _, x := range r.results() {
		got = append(got, x.Event.N)
	}
	if diff := cmp.Diff([]int{1, 2, 0}, got); diff != "" || r.acked.Load() != 3 || r.events.Load() != 3 {
		t.Errorf("%s; %d acknowledged, %d events", diff, r.acked.Load(), r.events.Load())
	}
}

func TestCostsAreMeasuredOnSampledEvents(t *testing.T) {
	t.Parallel()
	g := always(t, []string{"a", "b"})
	r := newRig(t, g, func(o *PipelineOptions, _ *rig) { o.CostRate = 1 })
	for i := range 50 {
		r.put(i, fmt.Sprintf(`{"n":%d}`, i))
	}
	r.end()
	c := g.Costs()
	if c.Sampled != 50 || len(c.Rules) != 2 || c.Rules[0].Evaluations != 50 || c.Rules[1].Matches != 50 || c.Total != c.Rules[0].Time+c.Rules[1].Time {
		t.Errorf("got %+v", c)
	}
}

// TestEqualMessagesGiveEqualIDs judges the same messages twice, in two pipelines, as after a crash.
func TestEqualMessagesGiveEqualIDs(t *testing.T) {
	t.Parallel()
	run := func(origin *flow.Origin) map[string]int {
		seen := map[string]int{}
		var mu sync.Mutex
		r := newRig(t, always(t, []string{"a", "b"}), func(o *PipelineOptions, r *rig) {
			o.Keys = true
			r.observe = func(u *flow.Unit) {
				mu.Lock()
				defer mu.Unlock()
				for i := range u.Results {
					seen[u.Key(i)]++
				}
			}
		})
		for i := range 100 {
			m := flow.Message{Data: fmt.Appendf(nil, `{"n":%d}`, i), Origin: origin, Number: int64(i / 2), Line: i % 2}
			if err := r.in.Put(context.Background(), m); err != nil {
				t.Fatal(err)
			}
		}
		r.end()
		return seen
	}
	stream := &flow.Origin{Type: "nats", Stream: "s", Identity: "s made at noon"}
	first, second := run(stream), run(stream)
	if len(first) != 200 {
		t.Errorf("%d different ids for 200 results", len(first))
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the second time: %s", diff)
	}
	stdin := &flow.Origin{Type: "stdin"}
	a, b := run(stdin), run(stdin)
	for key := range a {
		if b[key] != 0 || first[key] != 0 {
			t.Fatal("an id came up again")
		}
	}
	if len(a) != 200 {
		t.Errorf("%d different ids for 200 results", len(a))
	}
}

func TestAFilterThatComesToNoEndMakesADeadLetter(t *testing.T) {
	t.Parallel()
	r := newRig(t, always(t, []string{"a"}), func(o *PipelineOptions, _ *rig) {
		o.Filter = func([]byte) ([][]byte, error) { return [][]byte{[]byte(`{"n":1}`)}, errors.New("no end") }
	})
	r.put(0, `{"n":7}`)
	r.end()
	if len(r.results()) != 0 || r.events.Load() != 0 || r.acked.Load() != 1 || r.parseErrors.Load() != 1 {
		t.Errorf("%d results, %d events, %d acknowledged, %d bad", len(r.results()), r.events.Load(), r.acked.Load(), r.parseErrors.Load())
	}
}
