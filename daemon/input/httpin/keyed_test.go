package httpin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
	"github.com/rsigma-go/rsigma/rtlib/frame"
)

// engine commits what is in a queue, as the daemon would: whole messages only, each with its reply. It counts what it evaluates.
type engine struct {
	queue *flow.Intake

	mu        sync.Mutex
	replies   map[string][]byte
	evaluated map[string]int
	open      []flow.Message // of a message whose end has not come
	refuse    bool           // commit nothing
	lookups   error
}

func newEngine(size int) *engine {
	return &engine{queue: intake(size), replies: map[string][]byte{}, evaluated: map[string]int{}}
}

func (e *engine) lookup(_ context.Context, key string) ([]byte, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b, ok := e.replies[key]
	return b, ok, e.lookups
}

// step takes one message and commits if it is the last of several. It is false at the end of the queue.
func (e *engine) step(ctx context.Context) bool {
	taken, ok := e.queue.Take(ctx, nil, 1)
	if !ok {
		return false
	}
	e.open = append(e.open, taken[0])
	if taken[0].More {
		return true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, m := range e.open {
		if !e.refuse {
			e.evaluated[string(m.Data)]++
			if m.Reply != nil {
				e.replies[m.Reply.Key] = m.Reply.Body
			}
		}
		m.Ack.Done(!e.refuse)
	}
	e.open = nil
	return true
}

// run commits until the test ends.
func (e *engine) run(t *testing.T) {
	done := flowtest.Go(func() {
		for e.step(context.Background()) {
		}
	})
	t.Cleanup(func() {
		e.queue.Close()
		flowtest.Soon(t, "the engine has returned", done)
	})
}

func (e *engine) input(t *testing.T) *Input { return ready(t, Options{Replies: e.lookup}, e.queue) }

// keyed sends a request with a key.
func keyed(in http.Handler, key, body string) *httptest.ResponseRecorder {
	return keyedFrom(context.Background(), in, key, strings.NewReader(body))
}

func keyedFrom(ctx context.Context, in http.Handler, key string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/api/v1/events?sync=true", body).WithContext(ctx)
	r.Header.Set("Idempotency-Key", key)
	w := httptest.NewRecorder()
	in.ServeHTTP(w, r)
	return w
}

func expect(t *testing.T, what string, w *httptest.ResponseRecorder, status int, body string, replay bool) {
	t.Helper()
	if w.Code != status || w.Body.String() != body || (w.Header().Get("Idempotent-Replay") == "true") != replay {
		t.Errorf("%s: %d %s %v, want %d %s, replay %v", what, w.Code, w.Body, w.Header(), status, body, replay)
	}
	if retry := w.Header().Get("Retry-After"); (retry != "") != (status == 503 || status == 429) {
		t.Errorf("%s: Retry-After %q with %d", what, retry, status)
	}
}

const reused = `{"error":"Idempotency-Key was used with another body","accepted":0}`

func TestARepeatedRequestIsAnsweredAndNotEvaluated(t *testing.T) {
	t.Parallel()
	e := newEngine(2)
	e.run(t)
	in := e.input(t)
	const good = `{"accepted":3,"committed":3,"failed":0}`
	expect(t, "first", keyed(in, "k 1", "a\n\nb\nc\n"), 200, good, false)
	expect(t, "repeated", keyed(in, "k 1", "a\n\nb\nc\n"), 200, good, true)
	expect(t, "another body", keyed(in, "k 1", "a\nb\nc\n"), 422, reused, false)
	in = e.input(t) // after a restart
	expect(t, "repeated later", keyed(in, "k 1", "a\n\nb\nc\n"), 200, good, true)
	expect(t, "another key", keyed(in, "k 2", "a"), 200, `{"accepted":1,"committed":1,"failed":0}`, false)
	expect(t, "no lines", keyed(in, "k 3", "\n"), 200, `{"accepted":0,"committed":0,"failed":0}`, false)
	if got := fmt.Sprint(e.evaluated); got != "map[a:2 b:1 c:1]" {
		t.Errorf("evaluated: %s", got)
	}
	if n := len(in.flights.by) + int(in.memory.used.Load()); n != 0 {
		t.Errorf("%d is left", n)
	}
}

func TestWithoutAKeyEveryRequestIsEvaluated(t *testing.T) {
	t.Parallel()
	e := newEngine(2)
	e.run(t)
	in := e.input(t)
	for range 2 {
		serve(in, "?sync=true", "", strings.NewReader("a"))
	}
	if e.evaluated["a"] != 2 {
		t.Errorf("the control: %d", e.evaluated["a"])
	}
}

func TestKeysThatAreOfNoUseAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keys    []string
		query   string
		without bool
		want    string
	}{
		"empty":        {[]string{""}, "?sync=true", false, "invalid Idempotency-Key"},
		"long":         {[]string{strings.Repeat("k", 129)}, "?sync=true", false, "1 to 128"},
		"a control":    {[]string{"a\tb"}, "?sync=true", false, "printable"},
		"not ASCII":    {[]string{"é"}, "?sync=true", false, "printable"},
		"two":          {[]string{"a", "b"}, "?sync=true", false, "invalid"},
		"no sync":      {[]string{"a"}, "", false, "needs sync=true"},
		"sync is off":  {[]string{"a"}, "?sync=false", false, "needs sync=true"},
		"nothing kept": {[]string{"a"}, "?sync=true", true, "--state-db"},
	} {
		e := newEngine(10)
		opts := Options{Replies: e.lookup}
		if c.without {
			opts.Replies = nil
		}
		r := httptest.NewRequest(http.MethodPost, "/api/v1/events"+c.query, strings.NewReader("a"))
		r.Header["Idempotency-Key"] = c.keys
		w := httptest.NewRecorder()
		ready(t, opts, e.queue).ServeHTTP(w, r)
		if w.Code != 400 || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if n, _ := e.queue.Len(); n > 0 {
			t.Errorf("%s: %d lines are queued", name, n)
		}
	}
	if !validKey(strings.Repeat(" ~", 64)) {
		t.Error("128 characters are allowed")
	}
}

func TestClientsDoNotSeeTheRepliesOfOthers(t *testing.T) {
	t.Parallel()
	e := newEngine(2)
	e.run(t)
	in := ready(t, Options{Replies: e.lookup, Client: func(r *http.Request) string { return r.Header.Get("Test-Client") }}, e.queue)
	for _, name := range []string{"", "a", "b", "a"} {
		r := httptest.NewRequest(http.MethodPost, "/api/v1/events?sync=true", strings.NewReader("x"))
		r.Header.Set("Idempotency-Key", "k")
		r.Header.Set("Test-Client", name)
		in.ServeHTTP(httptest.NewRecorder(), r)
	}
	if e.evaluated["x"] != 3 || e.replies["a\x1fk"] == nil || e.replies["k"] == nil {
		t.Errorf("%d times, %q", e.evaluated["x"], e.replies)
	}
}

func TestWhatDoesNotArriveAsAWholeIsNotQueued(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", frame.MaxLine+1)
	many := strings.Repeat("a\n", flow.MaxWhole)
	for name, c := range map[string]struct {
		body   io.Reader
		status int
		reply  string
	}{
		"it breaks off": {
			io.MultiReader(strings.NewReader("a\nb\n"), iotest.ErrReader(io.ErrUnexpectedEOF)), 400, `{"error":"failed to read request body","accepted":0}`,
		},
		"a long line": {
			strings.NewReader("a\n" + long), 413, `{"error":"line exceeds maximum size","max_bytes":1048576,"accepted":0,"line":2}`,
		},
		"a long body": {
			strings.NewReader(many + strings.Repeat("\n", 2<<20)), 413, `{"error":"request body exceeds maximum size","max_bytes":2097152,"accepted":0}`,
		},
		"many lines": {strings.NewReader(many + "a"), 413, `{"error":"too many lines for an Idempotency-Key","max_lines":16384,"accepted":0}`},
	} {
		e := newEngine(100)
		in := ready(t, Options{MaxBody: 2 << 20, Replies: e.lookup}, e.queue)
		expect(t, name, keyedFrom(t.Context(), in, "k", c.body), c.status, c.reply, false)
		if n, _ := e.queue.Len(); n > 0 || in.memory.used.Load() != 0 {
			t.Errorf("%s: %d lines are queued, %d bytes taken", name, n, in.memory.used.Load())
		}
	}
}

func TestMemoryOfWholeBodiesIsBounded(t *testing.T) {
	t.Parallel()
	e := newEngine(100)
	in := e.input(t)
	in.memory.used.Store(in.memory.max - minMemory - 2*lineMemory)
	expect(t, "no room", keyed(in, "k", "aaaa\nb\n"), 429, `{"error":"event queue full","accepted":0}`, false)
	in.memory.used.Store(0)
	e.run(t)
	expect(t, "room", keyed(in, "k", "aaaa\nb\n"), 200, `{"accepted":2,"committed":2,"failed":0}`, false)
}

func TestWhoAsksMeanwhileWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(2)
		in := New(Options{MaxBody: 1 << 20, Replies: e.lookup})
		ctx, cancel := context.WithCancel(t.Context())
		go in.Run(ctx, e.queue)
		synctest.Wait()
		replies := make([]*httptest.ResponseRecorder, 5)
		var requests sync.WaitGroup
		for i := range replies {
			requests.Go(func() { replies[i] = keyed(in, "k", "a\nb\nc\n") })
		}
		synctest.Wait()
		expect(t, "another body meanwhile", keyed(in, "k", "x"), 422, reused, false)
		for range 3 {
			e.step(t.Context())
		}
		requests.Wait()
		replays := 0
		for _, w := range replies {
			if w.Header().Get("Idempotent-Replay") == "true" {
				replays++
			}
			if w.Code != 200 || w.Body.String() != `{"accepted":3,"committed":3,"failed":0}` {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
		if replays != 4 || e.evaluated["a"] != 1 {
			t.Errorf("%d replays, evaluated %v", replays, e.evaluated)
		}
		cancel()
	})
}

// TestAnOutcomeThatIsUnknownIsKnownToTheRepeat: the client has been told that nobody knows, or has hung up; then the lines are committed
// after all.
func TestAnOutcomeThatIsUnknownIsKnownToTheRepeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(1)
		in := New(Options{MaxBody: 1 << 20, Replies: e.lookup, SyncTimeout: time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		go in.Run(ctx, e.queue)
		synctest.Wait()
		const unknown = `{"error":"not committed in time, the outcome is unknown: repeat the request with its Idempotency-Key","accepted":0}`
		start := time.Now()
		expect(t, "timed out", keyed(in, "k", "a\nb\nc\n"), 503, unknown, false)
		if d := time.Since(start); d != time.Second {
			t.Errorf("after %v", d)
		}
		gone, hangUp := context.WithCancel(t.Context())
		hangUp()
		keyedFrom(gone, in, "k", strings.NewReader("a\nb\nc\n"))
		go func() {
			for range 3 {
				e.step(t.Context())
			}
		}()
		expect(t, "repeated", keyed(in, "k", "a\nb\nc\n"), 200, `{"accepted":3,"committed":3,"failed":0}`, true)
		if got := fmt.Sprint(e.evaluated); got != "map[a:1 b:1 c:1]" {
			t.Errorf("evaluated %s", got)
		}
		cancel()
	})
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	e := newEngine(2)
	e.refuse = true
	e.lookups = errors.New("no disk")
	e.run(t)
	in := e.input(t)
	expect(t, "no look-up", keyed(in, "k", "a"), 503, `{"error":"earlier replies cannot be looked up","accepted":0}`, false)
	e.mu.Lock()
	e.lookups = nil
	e.mu.Unlock()
	expect(t, "not committed", keyed(in, "k", "a"), 503, `{"error":"not everything was committed","accepted":0}`, false)
	e.mu.Lock()
	e.refuse = false
	e.replies["bad"] = []byte("?")
	e.mu.Unlock()
	expect(t, "committed", keyed(in, "k", "a"), 200, `{"accepted":1,"committed":1,"failed":0}`, false)
	expect(t, "damaged", keyed(in, "bad", "a"), 503, `{"error":"the earlier reply cannot be read","accepted":0}`, false)
	if e.evaluated["a"] != 1 {
		t.Errorf("evaluated %v", e.evaluated)
	}
}

func TestAFullQueueTakesNothingOfAKeyedRequest(t *testing.T) {
	t.Parallel()
	e := newEngine(1)
	e.queue.Put(t.Context(), flow.Message{})
	in := ready(t, Options{Replies: e.lookup, Timeout: time.Millisecond}, e.queue)
	expect(t, "full", keyed(in, "k", "a\nb"), 429, `{"error":"event queue full","accepted":0}`, false)
	e.queue.Rest()
	e.queue.Close()
	expect(t, "closed", keyed(in, "k", "a\nb"), 503, `{"error":"event channel closed","accepted":0}`, false)
	if n, _ := e.queue.Len(); n > 0 {
		t.Errorf("%d lines are queued", n)
	}
}

const clients, requests = 4, 30

// retries lets clients repeat each request until it is answered, over processes that are killed at random: what is not committed by then
// is gone.
func retries(t *testing.T, lookup func(e *engine) func(context.Context, string) ([]byte, bool, error)) (evaluated map[string]int, kills, replays int) {
	rng := flowtest.Rand(t)
	e := newEngine(1)
	var mu sync.Mutex
	next := make([]int, clients) // requests that were answered
	for total := 0; total < clients*requests; {
		e.queue, e.open = intake(1+rng.IntN(8)), nil
		in := ready(t, Options{Replies: lookup(e)}, e.queue)
		dead, kill := context.WithCancel(t.Context())
		var run sync.WaitGroup
		for c := range clients {
			run.Go(func() {
				for next[c] < requests && dead.Err() == nil {
					id := fmt.Sprintf("%d.%d", c, next[c])
					body := ""
					for l := range 1 + next[c]%5 {
						body += fmt.Sprintf("%s.%d\n", id, l)
					}
					w := keyedFrom(dead, in, id, strings.NewReader(body))
					if w.Code == 200 && dead.Err() == nil { // else the answer does not arrive
						next[c]++
						mu.Lock()
						if w.Header().Get("Idempotent-Replay") != "" {
							replays++
						}
						mu.Unlock()
					}
				}
			})
		}
		finished := flowtest.Go(run.Wait)
		for range 1 + rng.IntN(60) {
			select {
			case <-finished:
			default:
				step, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
				e.step(step)
				stop()
			}
		}
		kill()
		kills++
		e.queue.Close()
		for _, m := range append(e.open, e.queue.Rest()...) {
			m.Ack.Done(false)
		}
		flowtest.Soon(t, "the clients have noticed", finished)
		for land := true; land; time.Sleep(time.Millisecond) {
			for _, m := range e.queue.Rest() {
				m.Ack.Done(false)
			}
			in.flights.mu.Lock()
			land = len(in.flights.by) > 0
			in.flights.mu.Unlock()
		}
		total = 0
		for _, n := range next {
			total += n
		}
	}
	return e.evaluated, kills, replays
}

func TestRetriesAfterKillsEvaluateEachLineOnce(t *testing.T) {
	t.Parallel()
	evaluated, kills, replays := retries(t, func(e *engine) func(context.Context, string) ([]byte, bool, error) { return e.lookup })
	for line, n := range evaluated {
		if n != 1 {
			t.Errorf("%s was evaluated %d times", line, n)
		}
	}
	if want := clients * requests * 3; len(evaluated) != want {
		t.Errorf("%d lines, want %d", len(evaluated), want)
	}
	t.Logf("%d kills, %d answers from before one", kills, replays)
	if kills < 5 || replays == 0 {
		t.Error("too few to say anything")
	}
}

// The control: a daemon that remembers no reply over a kill evaluates lines twice, and the test before must notice.
func TestRetriesWithoutMemoryAreNoticed(t *testing.T) {
	t.Parallel()
	forget := func(context.Context, string) ([]byte, bool, error) { return nil, false, nil }
	evaluated, _, _ := retries(t, func(*engine) func(context.Context, string) ([]byte, bool, error) { return forget })
	for _, n := range evaluated {
		if n > 1 {
			return
		}
	}
	t.Error("nothing was evaluated twice")
}
