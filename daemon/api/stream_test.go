package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/live"
)

// big is a unit of which few fit into the buffers of a connection.
var big = &flow.Unit{Results: []flow.Result{{JSON: []byte(`{"a":"` + strings.Repeat("x", 64<<10) + `"}`)}}}

// deadClient opens a tail over TCP and does not read it.
func deadClient(t *testing.T, addr, query string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET /api/v1/detections/stream%s HTTP/1.1\r\nHost: localhost\r\n\r\n", query)
	if _, err := bufio.NewReaderSize(conn, 16).ReadString('\n'); err != nil { // the handler has subscribed by now
		t.Fatal(err)
	}
}

// eventually waits until ok is true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestAClientThatDoesNotReadHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	opts := options()
	opts.Tail = live.NewHub[*flow.Unit](2, 1000)
	srv := httptest.NewServer(New(&fake{state: StateRunning}, opts))
	deadClient(t, srv.Listener.Addr().String(), "")
	published := make(chan struct{})
	go func() {
		defer close(published)
		for range 5000 {
			opts.Tail.Publish(big)
		}
	}()
	select {
	case <-published:
	case <-time.After(10 * time.Second):
		t.Fatal("publishing waits for the client")
	}
	opts.Tail.Close()
	ended := make(chan struct{})
	go func() { srv.Close(); close(ended) }() // waits for the handler
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the handler outlives the end of streams")
	}
}

func TestAClientThatDoesNotReadLosesItsSessionWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	opts := options()
	opts.Tail = live.NewHub[*flow.Unit](1, 1000)
	srv := httptest.NewServer(New(&fake{state: StateRunning}, opts))
	defer srv.Close()
	deadClient(t, srv.Listener.Addr().String(), "?duration=50ms")
	for range 1000 {
		opts.Tail.Publish(big)
	}
	eventually(t, "the session is still open", func() bool { return opts.Tail.Active() == 0 })
}

func TestAConnectionServesAnotherRequestAfterAStream(t *testing.T) {
	t.Parallel()
	opts := options()
	opts.Tap = live.NewHub[Tapped](1, 10)
	var dials atomic.Int32
	srv := httptest.NewUnstartedServer(New(&fake{state: StateRunning}, opts))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			dials.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL + "/api/v1/tap?duration=20ms")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.HasPrefix(string(text), `{"rsigma_tap_summary":{"captured":0,`) {
		t.Errorf("%v: %s", err, text)
	}
	<-time.After(grace + grace/4) // whatever the stream had to be done by is over
	resp, err = srv.Client().Get(srv.URL + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestHeadTakesNoSession(t *testing.T) {
	t.Parallel()
	opts := options()
	opts.Tail, opts.Tap = live.NewHub[*flow.Unit](0, 1), live.NewHub[Tapped](0, 1) // there is none to take
	_, ask := serve(t, New(&fake{state: StateRunning}, opts))
	for _, path := range []string{"/api/v1/detections/stream", "/api/v1/tap"} {
		resp, _ := ask("HEAD", path)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/x-ndjson" {
			t.Errorf("%s: %d %v", path, resp.StatusCode, resp.Header)
		}
		if resp, _ := ask("GET", path); resp.StatusCode != 409 {
			t.Errorf("%s by GET: %d", path, resp.StatusCode)
		}
		if resp, _ := ask("HEAD", path+"?limit=x"); resp.StatusCode != 400 {
			t.Errorf("%s with a bad limit: %d", path, resp.StatusCode)
		}
	}
}

func TestDurationsAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "1m30s": 90 * time.Second, "1min 30sec": 90 * time.Second, " 2 hours ": 2 * time.Hour, "1.5h": 90 * time.Minute,
		"1day": 24 * time.Hour, "500ms": 500 * time.Millisecond, "5µs": 5 * time.Microsecond, "0s": 0, "4m59.5s": 299500 * time.Millisecond,
	} {
		if got, ok := parseDuration(text); !ok || got != want {
			t.Errorf("%q: %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"x", "5", "s", "-1s", "1x", "1.2.3s", "1s 5", "9999999999999weeks", "1e9s", "NaNs", "1 0s"} {
		if got, ok := parseDuration(text); ok {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestRedactionAlsoFindsKeysWithDots(t *testing.T) {
	t.Parallel()
	r := newRedactor([][]string{{"user", "name"}, {"a", "b", "c"}, {"l", "1"}})
	got := string(r.apply([]byte(`{"user.name":"bo","user":{"name":"al","id":7},"a":{"b.c":"secret"},"l":["p","q"]}`)))
	for _, hidden := range []string{`"bo"`, `"al"`, `"secret"`, `"q"`} {
		if strings.Contains(got, hidden) {
			t.Errorf("%s is shown: %s", hidden, got)
		}
	}
	if !strings.Contains(got, `"id":7`) || !strings.Contains(got, `"p"`) {
		t.Errorf("too much is hidden: %s", got)
	}
}
