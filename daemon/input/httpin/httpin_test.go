package httpin

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
	"github.com/rsigma-go/rsigma/rtlib/frame"
)

func TestContract(t *testing.T) {
	t.Parallel()
	flowtest.Input(t, func(t *testing.T) flowtest.Source {
		in := New(Options{MaxBody: 64 << 20})
		server := httptest.NewServer(in)
		return flowtest.Source{
			Input: in, Type: "http",
			Send: func(events []string) {
				for post(server.URL, strings.Join(events, "\n")) == "not ready" {
				}
			},
			Stop: server.Close,
		}
	})
}

// post sends a body over a connection of its own and says if the input was not ready.
func post(url, body string) string {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(url, "", strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	if strings.Contains(string(text), "not ready") {
		return "not ready"
	}
	return string(text)
}

// ready returns an input that puts events into intake.
func ready(t *testing.T, opts Options, intake *flow.Intake) *Input {
	t.Helper()
	if opts.MaxBody == 0 {
		opts.MaxBody = 64 << 20
	}
	in := New(opts)
	ctx, cancel := context.WithCancel(context.Background())
	ran := flowtest.Go(func() { in.Run(ctx, intake) })
	t.Cleanup(func() {
		cancel()
		flowtest.Soon(t, "the input has returned", ran)
	})
	flowtest.Soon(t, "the input takes events", in.Ready())
	return in
}

func intake(size int) *flow.Intake { return flow.NewIntake(size, flow.IntakeHooks{}) }

func serve(in http.Handler, query, encoding string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/api/v1/events"+query, body)
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	in.ServeHTTP(w, r)
	return w
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

func TestEveryReplyIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", frame.MaxLine+1)
	small := zipped("a\nb\n")
	for name, c := range map[string]struct {
		maxBody         int64
		query, encoding string
		body            io.Reader
		status          int
		reply           string
		queued          []string
	}{
		"lines":            {body: strings.NewReader("a\r\n\n  \nb"), status: 200, reply: `{"accepted":2}`, queued: []string{"a", "b"}},
		"an empty body":    {body: strings.NewReader(""), status: 200, reply: `{"accepted":0}`},
		"blank lines":      {body: strings.NewReader("\n\n"), status: 200, reply: `{"accepted":0}`},
		"gzip":             {encoding: "gzip", body: strings.NewReader(small), status: 200, reply: `{"accepted":2}`, queued: []string{"a", "b"}},
		"gzip, in capital": {encoding: "GZIP", body: strings.NewReader(small), status: 200, reply: `{"accepted":2}`, queued: []string{"a", "b"}},
		"identity":         {encoding: "identity", body: strings.NewReader("a"), status: 200, reply: `{"accepted":1}`, queued: []string{"a"}},
		"bad UTF-8":        {body: strings.NewReader("\xff\n"), status: 200, reply: `{"accepted":1}`, queued: []string{"\xff"}},
		"a long line": {
			body: strings.NewReader("a\n\n" + long + "\nb"), status: 413, queued: []string{"a"},
			reply: `{"error":"line exceeds maximum size","max_bytes":1048576,"accepted":1,"line":3}`,
		},
		"a body over the limit": {
			maxBody: 4, body: strings.NewReader("a\nb\nc\n"), status: 413, queued: []string{"a", "b"},
			reply: `{"error":"request body exceeds maximum size","max_bytes":4,"accepted":2}`,
		},
		"a body at the limit": {maxBody: 4, body: strings.NewReader("a\nb\n"), status: 200, reply: `{"accepted":2}`, queued: []string{"a", "b"}},
		"decompressed over the limit": {
			maxBody: 100, encoding: "gzip", body: strings.NewReader(zipped("a\n" + strings.Repeat("b", 1000))), status: 413, queued: []string{"a"},
			reply: `{"error":"request body exceeds maximum size","max_bytes":100,"accepted":1}`,
		},
		"compressed over the limit": {
			maxBody: 8, encoding: "gzip", body: strings.NewReader(small), status: 413,
			reply: `{"error":"request body exceeds maximum size","max_bytes":8,"accepted":0}`,
		},
		"another encoding": {encoding: "zstd", body: strings.NewReader("a"), status: 415, reply: `{"error":"unsupported content encoding"}`},
		"two encodings":    {encoding: "gzip, gzip", body: strings.NewReader("a"), status: 415, reply: `{"error":"unsupported content encoding"}`},
		"gzip that is none": {
			encoding: "gzip", body: strings.NewReader("a\n"), status: 400, reply: `{"error":"failed to read request body","accepted":0}`,
		},
		"gzip that breaks off": {
			encoding: "gzip", body: strings.NewReader(small[:len(small)-4]), status: 400, queued: []string{"a", "b"},
			reply: `{"error":"failed to read request body","accepted":2}`,
		},
		"a body that breaks off": {
			body: io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(io.ErrUnexpectedEOF)), status: 400, queued: []string{"a"},
			reply: `{"error":"failed to read request body","accepted":1}`,
		},
		"a bad query": {query: "?sync=x", body: strings.NewReader("a"), status: 400, reply: `{"error":"invalid query parameter","parameter":"sync"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			queue := intake(10)
			w := serve(ready(t, Options{MaxBody: c.maxBody}, queue), c.query, c.encoding, c.body)
			if w.Code != c.status || w.Body.String() != c.reply || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("%d %s %v, want %d %s", w.Code, w.Body, w.Header(), c.status, c.reply)
			}
			var queued []string
			for _, m := range queue.Rest() {
				queued = append(queued, string(m.Data))
			}
			if diff := cmp.Diff(c.queued, queued); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNobodyIsServedBeforeTheStartOrAfterTheEnd(t *testing.T) {
	t.Parallel()
	in := New(Options{MaxBody: 1 << 20})
	w := serve(in, "", "", strings.NewReader("a"))
	if w.Code != 503 || w.Body.String() != `{"error":"not ready","accepted":0}` || w.Header().Get("Retry-After") != "1" {
		t.Errorf("before: %d %s %v", w.Code, w.Body, w.Header())
	}
	select {
	case <-in.Ready():
		t.Error("ready before the start")
	default:
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in.Run(ctx, intake(1))
	const closed = `{"error":"event channel closed","accepted":0}`
	if w := serve(in, "", "", strings.NewReader("")); w.Code != 503 || w.Body.String() != closed {
		t.Errorf("after: %d %s", w.Code, w.Body)
	}
	queue := intake(10)
	in = ready(t, Options{}, queue)
	queue.Close()
	if w := serve(in, "", "", strings.NewReader("a")); w.Code != 503 || w.Body.String() != closed {
		t.Errorf("closed: %d %s", w.Code, w.Body)
	}
}

func TestAFullQueueIsA429WhenThereIsATimeout(t *testing.T) {
	t.Parallel()
	w := serve(ready(t, Options{Timeout: time.Millisecond}, intake(2)), "", "", strings.NewReader("a\nb\nc\n"))
	if w.Code != 429 || w.Body.String() != `{"error":"event queue full","accepted":2}` || w.Header().Get("Retry-After") != "1" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
}

func TestLinesAreQueuedWhileTheBodyIsRead(t *testing.T) {
	t.Parallel()
	queue := intake(10)
	server := httptest.NewServer(ready(t, Options{}, queue))
	defer server.Close()
	r, w := io.Pipe()
	replied := make(chan string, 1)
	go func() {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Post(server.URL, "", r)
		if err != nil {
			replied <- err.Error()
			return
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		replied <- string(text)
	}()
	for i := range 3 {
		io.WriteString(w, "x\n")
		if got, ok := queue.Take(t.Context(), nil, 1); !ok || got[0].Number != int64(i+1) {
			t.Fatalf("line %d: %v", i, got)
		}
	}
	w.Close()
	if text := flowtest.Soon(t, "reply", replied); text != `{"accepted":3}` {
		t.Error(text)
	}
}

// syncRequest sends three lines with sync=true and lets the test settle their acknowledgements before it returns the reply.
func syncRequest(t *testing.T, body string, settle func(taken []flow.Message, queue *flow.Intake, hangUp context.CancelFunc)) *httptest.ResponseRecorder {
	t.Helper()
	queue := intake(10)
	in := ready(t, Options{}, queue)
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	r := httptest.NewRequest(http.MethodPost, "/api/v1/events?sync=true", strings.NewReader(body)).WithContext(ctx)
	w := httptest.NewRecorder()
	done := flowtest.Go(func() { in.ServeHTTP(w, r) })
	var taken []flow.Message
	for len(taken) < 3 {
		taken, _ = queue.Take(t.Context(), taken, 3)
	}
	select {
	case <-done:
		t.Fatalf("a reply before anything is committed: %s", w.Body)
	default:
	}
	settle(taken, queue, hangUp)
	flowtest.Soon(t, "reply", done)
	return w
}

func TestSyncWaitsUntilEveryLineIsCommitted(t *testing.T) {
	t.Parallel()
	w := syncRequest(t, "a\nb\nc\n", func(taken []flow.Message, _ *flow.Intake, _ context.CancelFunc) {
		for _, m := range taken {
			m.Ack.Done(true)
		}
	})
	if w.Code != 200 || w.Body.String() != `{"accepted":3,"committed":3,"failed":0}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestSyncTellsOfLinesThatWereNotCommitted(t *testing.T) {
	t.Parallel()
	w := syncRequest(t, "a\nb\nc\n", func(taken []flow.Message, _ *flow.Intake, _ context.CancelFunc) {
		for i, m := range taken {
			m.Ack.Done(i != 1)
		}
	})
	if want := `{"error":"not everything was committed","accepted":3,"committed":2,"failed":1}`; w.Code != 503 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestSyncWaitsAlsoWhenNotEverythingWasAccepted(t *testing.T) {
	t.Parallel()
	w := syncRequest(t, "a\nb\nc\n"+strings.Repeat("x", frame.MaxLine+1), func(taken []flow.Message, _ *flow.Intake, _ context.CancelFunc) {
		for _, m := range taken {
			m.Ack.Done(true)
		}
	})
	want := `{"error":"line exceeds maximum size","max_bytes":1048576,"accepted":3,"committed":3,"failed":0,"line":4}`
	if w.Code != 413 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestSyncEndsWhenTheClientGoes(t *testing.T) {
	t.Parallel()
	w := syncRequest(t, "a\nb\nc\n", func(taken []flow.Message, _ *flow.Intake, hangUp context.CancelFunc) {
		taken[0].Ack.Done(true)
		hangUp()
	})
	if w.Code != 503 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestBodiesInFlightAreBounded(t *testing.T) {
	t.Parallel()
	in := ready(t, Options{Timeout: 5 * time.Millisecond}, intake(10))
	for range maxBuffers {
		in.buffers.slots <- struct{}{}
	}
	if w := serve(in, "", "", strings.NewReader("a")); w.Code != 429 || w.Body.String() != `{"error":"event queue full","accepted":0}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	<-in.buffers.slots
	for range 3 {
		if w := serve(in, "", "", strings.NewReader("a")); w.Code != 200 {
			t.Errorf("a buffer was not given back: %d %s", w.Code, w.Body)
		}
	}
}

func TestASmallRequestIsCheap(t *testing.T) {
	queue := intake(10)
	in := ready(t, Options{}, queue)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const n = 1000
	for range n {
		serve(in, "", "", strings.NewReader("{}\n"))
		queue.Rest()
	}
	runtime.ReadMemStats(&after)
	// A buffer of its own would be 256 KiB; the race detector makes the pool forget one in four.
	if each := (after.TotalAlloc - before.TotalAlloc) / n; each > 128<<10 {
		t.Errorf("%d bytes for a request of one event", each)
	}
}

func TestACompressedBombIsRefusedSoon(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	block := make([]byte, 1<<20)
	for range 32 {
		z.Write(block)
	}
	z.Close()
	w := serve(ready(t, Options{MaxBody: 8 << 20}, intake(10)), "", "gzip", &bomb)
	if want := `{"error":"request body exceeds maximum size","max_bytes":8388608,"accepted":0}`; w.Code != 413 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
