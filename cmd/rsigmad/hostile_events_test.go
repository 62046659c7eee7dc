package main

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// TestCostlyExpressionsHoldUpNobody sends events of 1 MiB that are made for an expression of a thousand steps a byte: it is cut off and
// counted, an ordinary expression still finds its text at the end of the line, and other events go on.
func TestCostlyExpressionsHoldUpNobody(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("what takes a second takes twenty under the race detector: make test")
	}
	big := scale(3, 100)
	rules := write(t, "costly.yml", "title: costly\nid: 33333333-3333-4333-8333-333333333333\nlogsource: {category: c}\ndetection: {s: {x|re: 'a.{0,1000}b'}, condition: s}\n---\n"+
		"title: last\nid: 44444444-4444-4444-8444-444444444444\nlogsource: {category: c}\ndetection: {s: {x|re: 'needle[0-9]+$'}, condition: s}\n")
	p := launch(t, "-r", rules, "--input", "http", "--metrics-extended").ready()
	event := func(i int) string {
		return fmt.Sprintf(`{"x":"%sb needle%d"}`, strings.Repeat("a", 1_000_000), i) + "\n"
	}
	var slowest time.Duration
	for i := range big {
		start := time.Now()
		if status, body := p.request("POST", "/api/v1/events?sync=true", strings.NewReader(event(i))); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		slowest = max(slowest, time.Since(start))
	}
	if n := strings.Count(strings.Join(p.output(big), "\n"), `"rule_title":"last"`); n != big {
		t.Errorf("the text at the end of the line is found in %d of %d events", n, big)
	}
	cut := 0.0
	for series, n := range p.metrics() {
		if strings.HasPrefix(series, "rsigma_regex_truncated_total") {
			cut += n
		}
	}
	if cut < float64(big) {
		t.Errorf("%v matches are counted as cut off, want at least %d", cut, big)
	}
	t.Logf("the slowest of %d events of 1 MiB took %s", big, slowest.Round(time.Millisecond))
}

// TestAFloodOfResetStreamsHoldsUpNobody opens streams and resets them at once, as fast as the daemon lets it.
func TestAFloodOfResetStreamsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	p := launch(t, "-r", write(t, "r.yml", numbered), "--input", "http").ready()
	address := strings.TrimPrefix(p.url(""), "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(http2.ClientPreface)); err != nil {
		t.Fatal(err)
	}
	frames := http2.NewFramer(conn, conn)
	if err := frames.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	var head strings.Builder
	enc := hpack.NewEncoder(&head)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "http"}, {":path", "/api/v1/status"}, {":authority", address}} {
		enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	go func() { // what the daemon says is of no interest
		for {
			if _, err := frames.ReadFrame(); err != nil {
				return
			}
		}
	}()
	streams := scale(5_000, 200_000)
	flooded := make(chan int, 1)
	go func() {
		n := 0
		for ; n < streams; n++ {
			id := uint32(2*n + 1)
			if frames.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte(head.String()), EndStream: true, EndHeaders: true}) != nil ||
				frames.WriteRSTStream(id, http2.ErrCodeCancel) != nil {
				break
			}
		}
		flooded <- n
	}()
	before := p.rss()
	var took []time.Duration
	for range 50 {
		start := time.Now()
		if status, _ := p.get("/healthz"); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
		took = append(took, time.Since(start))
	}
	n := <-flooded
	slices.Sort(took)
	t.Logf("%d streams; healthz p50 %s, max %s; %d MiB more memory", n, took[25], took[49], p.rss()-before)
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
