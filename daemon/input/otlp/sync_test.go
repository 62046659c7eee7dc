package otlp

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

func TestTheRecordsOfARequestAreCommittedTogether(t *testing.T) {
	t.Parallel()
	queue := intake(2) // they do not fit at once
	in := ready(t, Options{Sync: true, Timeout: time.Minute}, queue)
	var requests sync.WaitGroup
	for range 4 {
		requests.Go(func() {
			body := marshal(t, bodies("a", strings.Repeat("x", maxEvent), "b", "c", strings.Repeat("x", maxEvent)))
			w := post(in, "application/json", "", []byte("{}"))
			if w.Code != 200 {
				t.Errorf("nothing: %d %s", w.Code, w.Body)
			}
			w = post(in, protobufType, "", body)
			if w.Code != 200 || !strings.Contains(w.Body.String(), "refused: 2;") {
				t.Errorf("%d %q: partial success is to name two records", w.Code, w.Body)
			}
		})
	}
	for range 4 {
		var taken []flow.Message
		for len(taken) < 3 {
			taken, _ = queue.Take(t.Context(), taken, 1)
		}
		for i, m := range taken {
			if m.More != (i < 2) || m.Ack != taken[0].Ack {
				t.Errorf("record %d: more %v", i, m.More)
			}
			m.Ack.Done(true)
		}
	}
	requests.Wait()
	other := intake(10)
	post(ready(t, Options{}, other), protobufType, "", marshal(t, bodies("a", "b")))
	for _, m := range other.Rest() {
		if m.More || m.Ack != nil {
			t.Error("without Sync records stand alone")
		}
	}
}

func TestARequestThatHasBegunIsQueuedToItsEnd(t *testing.T) {
	t.Parallel()
	queue, counts := intake(1), &tally{}
	in := ready(t, Options{Sync: true, Timeout: 20 * time.Millisecond, Hooks: counts.hooks()}, queue)
	ctx, hangUp := context.WithCancel(t.Context())
	r := httptest.NewRequest(http.MethodPost, PathHTTP, strings.NewReader(string(marshal(t, bodies("a", "b", "c"))))).WithContext(ctx)
	done := flowtest.Go(func() { in.ServeHTTP(httptest.NewRecorder(), r) })
	taken, _ := queue.Take(t.Context(), nil, 1)
	hangUp()
	time.Sleep(40 * time.Millisecond) // longer than a record may wait
	for len(taken) < 3 {
		taken, _ = queue.Take(t.Context(), taken, 1)
	}
	flowtest.Soon(t, "the handler has returned", done)
	if !taken[0].More || !taken[1].More || taken[2].More {
		t.Error("the end is missing")
	}
	queue.Put(t.Context(), flow.Message{})
	w := post(in, protobufType, "", marshal(t, bodies("a", "b")))
	if w.Code != 429 || w.Header().Get("Retry-After") != "1" {
		t.Errorf("full: %d %s", w.Code, w.Body)
	}
	if n := len(queue.Rest()); n != 1 {
		t.Errorf("%d in the queue", n)
	}
	queue.Close()
	if w := post(in, protobufType, "", marshal(t, bodies("a"))); w.Code != 503 || w.Header().Get("Retry-After") != "1" {
		t.Errorf("closed: %d %s", w.Code, w.Body)
	}
	counts.verify(t, []string{"http protobuf", "http protobuf", "http protobuf"}, 3, []string{"http queue_full", "http channel_closed"})
}

func TestAReplyThatDoesNotComeInTimeIsRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		queue := intake(10)
		in := New(Options{MaxBody: 1 << 20, Sync: true, SyncTimeout: time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		go in.Run(ctx, queue)
		synctest.Wait()
		start := time.Now()
		w := post(in, protobufType, "", marshal(t, bodies("a")))
		const want = `{"error":"not committed in time, the outcome is unknown"}`
		if w.Code != 503 || w.Body.String() != want || w.Header().Get("Retry-After") != "1" || time.Since(start) != time.Second {
			t.Errorf("after %v: %d %s", time.Since(start), w.Code, w.Body)
		}
		cancel()
	})
	queue := intake(10)
	client := dial(t, serve(t, ready(t, Options{Sync: true, SyncTimeout: time.Millisecond}, queue)), nil)
	_, err := client.Export(t.Context(), bodies("a"))
	refused(t, "in time", err, codes.Unavailable, "the outcome is unknown", true)
}
