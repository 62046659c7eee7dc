package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
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

// rss returns the resident memory of the process in MiB.
func (p *process) rss() int {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Skipf("no memory figures on this system: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb / 1024
		}
	}
	p.t.Fatal("no VmRSS")
	return 0
}

// peak follows the memory of p until the function it returns is called, which gives the highest figure.
func (p *process) peak() func() int {
	stop, done := make(chan struct{}), make(chan int)
	go func() {
		most := 0
		for {
			most = max(most, p.rss())
			select {
			case <-stop:
				done <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() int { close(stop); return <-done }
}

// accepted posts body and returns how many lines the daemon has taken, whatever the answer.
func accepted(t *testing.T, url string, body io.Reader) (status, n int) {
	t.Helper()
	resp, err := http.Post(url, "application/x-ndjson", body)
	if err != nil {
		return 0, 0
	}
	defer resp.Body.Close()
	var out struct{ Accepted int }
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		t.Errorf("status %d: %v", resp.StatusCode, err)
	}
	return resp.StatusCode, out.Accepted
}

// twins returns the rules of generation g: a-g and b-g match every event with a field n, and counted fires for every fifth of them.
func twins(g int) string {
	rule := "title: %s-%06d\nname: %s\nlogsource: {category: c}\ndetection: {s: {n|exists: true}, condition: s}\nrsigma.include_event: \"true\"\n---\n"
	return fmt.Sprintf(rule, "a", g, "a") + fmt.Sprintf(rule, "b", g, "b") +
		"title: counted\nid: 22222222-2222-4222-8222-222222222222\ncorrelation: {type: event_count, rules: a, timespan: 60s, condition: {gte: 5}}\nrsigma.action: reset\n"
}

// TestReloadsUnderLoadLoseAndDoubleNothing reloads again and again while events come in: of each event both twins of one generation
// report, generations never go back, and the correlation counts every event across all swaps. Every third reload is of a broken rule.
func TestReloadsUnderLoadLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		if testing.Short() {
			t.Skip("other tests go the same ways")
		}
		reloadsUnderLoad(t, scale(100, 400), 0)
	})
	t.Run("state file", func(t *testing.T) {
		t.Parallel()
		reloadsUnderLoad(t, scale(100, 400), 0, "--state-db", filepath.Join(t.TempDir(), "state.db"))
	})
	t.Run("ten a second", func(t *testing.T) {
		t.Parallel()
		if testing.Short() {
			t.Skip("other tests go the same ways")
		}
		reloadsUnderLoad(t, scale(10, 200), 100*time.Millisecond, "--state-db", filepath.Join(t.TempDir(), "state.db"))
	})
}

// reloadsUnderLoad makes so many reloads, one every pace, which is as fast as they go if it is 0. Events come at 20,000 a second at most.
func reloadsUnderLoad(t *testing.T, reloads int, pace time.Duration, flags ...string) {
	t.Helper()
	dir, outDir := t.TempDir(), t.TempDir()
	out := filepath.Join(outDir, "out.ndjson")
	put := func(text string) {
		t.Helper()
		tmp := filepath.Join(outDir, "tmp")
		if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(tmp, filepath.Join(dir, "r.yml")); err != nil {
			t.Fatal(err)
		}
	}
	put(twins(0))
	args := append([]string{"-r", dir, "--input", "http", "--output", "file://" + out, "--reload-debounce-ms", "0", "--batch-size", "64"}, flags...)
	p := launch(t, args...).ready()
	url, reload := p.url("/api/v1/events"), p.url("/api/v1/reload?wait=true")
	var sent atomic.Int64
	stop := make(chan struct{})
	var load sync.WaitGroup
	load.Go(func() {
		due := time.NewTicker(10 * time.Millisecond)
		defer due.Stop()
		for {
			select {
			case <-stop:
				return
			case <-due.C:
			}
			var b bytes.Buffer
			for range 200 {
				fmt.Fprintf(&b, "{\"n\":%d,\"timestamp\":1795168800}\n", sent.Add(1))
			}
			if status, n := accepted(t, url, &b); status != 200 || n != 200 {
				t.Errorf("status %d, %d accepted", status, n)
				return
			}
		}
	})
	start := time.Now()
	good, bad := 0, 0
	for i := 1; i <= reloads; i++ {
		time.Sleep(time.Until(start.Add(time.Duration(i) * pace)))
		text, want := twins(i), 200
		if i%3 == 0 {
			text, want = twins(i)+"---\ntitle: broken\ndetection: {}\n", 422
		}
		put(text)
		resp, err := http.Post(reload, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Fatalf("reload %d: status %d, want %d\n%s", i, resp.StatusCode, want, p.log())
		}
		if want == 200 {
			good++
		} else {
			bad++
		}
	}
	rate := float64(reloads) / time.Since(start).Seconds()
	close(stop)
	load.Wait()
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	n := int(sent.Load())
	if err := twinsFault(fileLines(t, out), n); err != nil {
		t.Error(err)
	}
	t.Logf("%d reloads (%d of broken rules) at %.0f/s over %d events", reloads, bad, rate, n)
	if good < reloads/2 {
		t.Errorf("only %d reloads went through", good)
	}
}

// twinsFault says what is wrong with the results for events 1 to n, nil if nothing is.
func twinsFault(lines []string, n int) error {
	by := map[string][]string{"a": make([]string, n+1), "b": make([]string, n+1)}
	counted, last := 0, ""
	for _, l := range lines {
		var r struct {
			Title string `json:"rule_title"`
			Event struct{ N int }
		}
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			return err
		}
		twin, gen, ok := strings.Cut(r.Title, "-")
		if !ok {
			counted++
			continue
		}
		if by[twin][r.Event.N] != "" {
			return fmt.Errorf("event %d has two results of twin %s", r.Event.N, twin)
		}
		by[twin][r.Event.N] = gen
		if gen < last {
			return fmt.Errorf("event %d was judged by generation %s after %s", r.Event.N, gen, last)
		}
		last = gen
	}
	for i := 1; i <= n; i++ {
		if by["a"][i] == "" || by["a"][i] != by["b"][i] {
			return fmt.Errorf("event %d was judged by generations %q and %q", i, by["a"][i], by["b"][i])
		}
	}
	if counted != n/5 {
		return fmt.Errorf("the correlation fired %d times, want %d", counted, n/5)
	}
	return nil
}

// TestTheTwinsNoticeEveryFault is the negative control of the test above: results with a fault in them are refused.
func TestTheTwinsNoticeEveryFault(t *testing.T) {
	t.Parallel()
	good := func() []string {
		var out []string
		for n := 1; n <= 10; n++ {
			for _, twin := range []string{"a", "b"} {
				out = append(out, fmt.Sprintf(`{"rule_title":"%s-%06d","event":{"n":%d}}`, twin, n/4, n))
			}
			if n%5 == 0 {
				out = append(out, `{"rule_title":"counted"}`)
			}
		}
		return out
	}
	if err := twinsFault(good(), 10); err != nil {
		t.Fatalf("good results: %v", err)
	}
	for name, change := range map[string]func([]string) []string{
		"a result is lost":       func(l []string) []string { return l[1:] },
		"a result is doubled":    func(l []string) []string { return append(l, l[0]) },
		"two generations":        func(l []string) []string { l[0] = strings.Replace(l[0], "000000", "000001", 1); return l },
		"a generation goes back": func(l []string) []string { l[2], l[3], l[20], l[21] = l[20], l[21], l[2], l[3]; return l },
		"a firing is lost":       func(l []string) []string { return l[:len(l)-1] },
		"a firing too many":      func(l []string) []string { return append(l, `{"rule_title":"counted"}`) },
	} {
		if twinsFault(change(good()), 10) == nil {
			t.Errorf("%s, and nothing is noticed", name)
		}
	}
}

// TestATermUnderLoadLosesNothingAccepted stops the daemon while clients send: what the answers call accepted is in the output or in the
// dead letters, each event once.
func TestATermUnderLoadLosesNothingAccepted(t *testing.T) {
	t.Parallel()
	for round := range scale(3, 20) {
		dir := t.TempDir()
		out, dead := filepath.Join(dir, "out.ndjson"), filepath.Join(dir, "dlq.ndjson")
		p := launch(t, "-r", write(t, "r.yml", numbered), "--input", "http", "--output", "file://"+out, "--dlq", "file://"+dead,
			"--drain-timeout", strconv.Itoa(round%2*5)).ready() // 0: everything in flight goes to the dead letters
		url := p.url("/api/v1/events")
		var total, next atomic.Int64
		var clients sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			clients.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					var b bytes.Buffer
					for range 500 {
						fmt.Fprintf(&b, "{\"n\":%d}\n", next.Add(1))
					}
					status, n := accepted(t, url, &b)
					total.Add(int64(n))
					if status == 0 {
						return // the listener is gone; nothing was taken
					}
				}
			})
		}
		p.waitForMetric("rsigma_events_processed_total", 2000)
		if status := p.stop(); status != 0 {
			t.Errorf("exit status %d", status)
		}
		close(stop)
		clients.Wait()
		seen := map[int]int{}
		for _, k := range numbers(t, fileLines(t, out)) {
			seen[k]++
		}
		delivered := len(seen)
		for _, line := range fileLines(t, dead) {
			var letter struct {
				Event string `json:"original_event"`
			}
			if err := json.Unmarshal([]byte(line), &letter); err != nil {
				t.Fatal(err)
			}
			var e struct{ N int }
			text := strings.TrimSuffix(strings.TrimPrefix(letter.Event, "["), "]")
			if letter.Event[0] == '[' {
				e.N = numbers(t, []string{text})[0]
			} else if err := json.Unmarshal([]byte(text), &e); err != nil {
				t.Fatal(err)
			}
			seen[e.N]++
		}
		for k, times := range seen {
			if times != 1 {
				t.Errorf("event %d is there %d times", k, times)
			}
		}
		// A connection that broke before its answer leaves the client in doubt, so there may be more than the answers say, never less.
		if int64(len(seen)) < total.Load() {
			t.Errorf("%d events are left of %d accepted", len(seen), total.Load())
		}
		t.Logf("%d accepted, %d delivered, %d in the dead letters", total.Load(), delivered, len(seen)-delivered)
	}
}

// zeros is an endless reader of a letter.
type zeros struct{ left int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.left)
	for i := range p[:n] {
		p[i] = 'x'
	}
	z.left -= n
	return int(n), nil
}

// TestOneHugeLineCostsNoMemory sends a line of a gigabyte (less outside a soak) with an event before it and one behind.
func TestOneHugeLineCostsNoMemory(t *testing.T) {
	t.Parallel()
	size := int64(scale(256, 1024)) << 20
	if testing.Short() {
		size = 32 << 20
	}
	rules := write(t, "r.yml", numbered)
	p := launch(t, "-r", rules).ready()
	before, most := p.rss(), p.peak()
	start := time.Now()
	io.Copy(p.stdin, io.MultiReader(strings.NewReader(events(1, 1)), &zeros{size}, strings.NewReader("\n"+events(2, 2))))
	if got := numbers(t, p.output(2)); got[0] != 1 || got[1] != 2 {
		t.Errorf("got %v", got)
	}
	took := time.Since(start)
	if more := most() - before; more > 64 && !testing.Short() {
		t.Errorf("%d MiB more", more)
	} else {
		t.Logf("stdin: %d MiB in %.1f s, %d MiB more memory", size>>20, took.Seconds(), more)
	}
	if m := p.metrics(); m["rsigma_events_parse_errors_total"] != 1 {
		t.Errorf("%v parse errors", m["rsigma_events_parse_errors_total"])
	}
	h := launch(t, "-r", rules, "--input", "http", "--max-body-bytes", strconv.FormatInt(2<<30, 10)).ready()
	before, most = h.rss(), h.peak()
	status, n := accepted(t, h.url("/api/v1/events"), io.MultiReader(strings.NewReader(events(1, 3)), &zeros{size}))
	if status != 413 || n != 3 {
		t.Errorf("status %d, %d accepted", status, n)
	}
	if more := most() - before; more > 64 && !testing.Short() {
		t.Errorf("HTTP: %d MiB more", more)
	}
}

// TestABombIsRefused sends two gigabytes that compress to two megabytes.
func TestABombIsRefused(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	line := []byte(strings.Repeat(`{"x":1}`+"\n", 8192))
	for range scale(1024, 32768) { // 64 MiB, 2 GiB
		z.Write(line)
	}
	z.Close()
	p := launch(t, "-r", write(t, "r.yml", numbered), "--input", "http", "--max-body-bytes", "4194304").ready()
	before, most := p.rss(), p.peak()
	req, err := http.NewRequest("POST", p.url("/api/v1/events"), &bomb)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 413 || !strings.Contains(string(text), `"error":"request body exceeds maximum size","max_bytes":4194304`) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	if more := most() - before; more > 80 && !testing.Short() {
		t.Errorf("%d MiB more", more)
	} else {
		t.Logf("%d MiB more memory", more)
	}
}

// TestAStuckSinkBoundsMemory feeds large events into an output that does not read.
func TestAStuckSinkBoundsMemory(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := launch(t, "-r", write(t, "r.yml", numbered), "--output", "unix://"+socket, "--drain-timeout", "0").ready()
	most := p.peak()
	const events = 10_000
	pad := strings.Repeat("x", 1<<20-100)
	var sent atomic.Int64
	go func() {
		for i := range events {
			if _, err := fmt.Fprintf(p.stdin, "{\"n\":%d,\"p\":\"%s\"}\n", i, pad); err != nil {
				return
			}
			sent.Add(1)
		}
	}()
	for last, same := int64(-1), 0; same < 20; time.Sleep(50 * time.Millisecond) {
		if n := sent.Load(); n == last {
			same++
		} else {
			last, same = n, 0
		}
	}
	if sent.Load() == events {
		t.Error("nothing held the input up")
	}
	if m := p.metrics(); m["rsigma_back_pressure_events_total"] < 1 {
		t.Error("no back-pressure was counted")
	}
	mib := most()
	t.Logf("%d events of 1 MiB were taken, %d MiB at most", sent.Load(), mib)
	if mib > 700 && !testing.Short() { // the race detector, which runs the short forms, multiplies memory
		t.Errorf("%d MiB", mib)
	}
}

// TestEvilTitlesGoThroughEverything runs a rule whose title holds what breaks lines, terminals and formats.
func TestEvilTitlesGoThroughEverything(t *testing.T) {
	t.Parallel()
	const title = "evil \\e[31m \\n \\\" {} \u202e \\0 <b>"
	rule := strings.Replace(numbered, "title: numbered", `title: "`+title+`"`, 1)
	p := launch(t, "-r", write(t, "r.yml", rule), "--input", "http", "--enable-tail").ready()
	resp, err := http.Get(p.url("/api/v1/detections/stream?limit=1"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if status, body := p.request("POST", "/api/v1/events?sync=true", strings.NewReader(events(1, 1))); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	tail, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := p.output(1)
	_, list := p.get("/api/v1/rules?list=true")
	_, metrics := p.get("/metrics")
	for name, text := range map[string]string{"output": out[0], "tail": string(tail), "rules": list, "metrics": metrics, "log": p.log()} {
		if strings.ContainsAny(text, "\x1b\x00\r") {
			t.Errorf("%s: raw control characters in %q", name, text)
		}
	}
	if len(out) != 1 || len(titles(t, out[0])) != 1 || !json.Valid([]byte(list)) {
		t.Errorf("output %q, rules %s", out, list)
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
}

// TestClientsThatDawdleKeepNobodyWaiting has hundreds of clients that connect and say nothing, send headers or bodies byte by byte, or come
// by the thousand. It takes the real time-outs, so only a soak runs it; package listen has the short form.
func TestClientsThatDawdleKeepNobodyWaiting(t *testing.T) {
	if !soak {
		t.Skip("the long form of a test of package listen: make soak")
	}
	p := launch(t, "-r", write(t, "r.yml", numbered), "--input", "http").ready()
	addr := strings.TrimPrefix(p.url(""), "http://")
	before := p.rss()
	var conns []net.Conn
	var stop atomic.Bool
	defer stop.Store(true)
	for i := range 1500 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
		switch i % 3 {
		case 1:
			fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ")
		case 2:
			fmt.Fprint(c, "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
		}
		if i%3 > 0 {
			go func() {
				for !stop.Load() {
					if _, err := c.Write([]byte("x")); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			}()
		}
	}
	var took []time.Duration
	for range 200 {
		start := time.Now()
		if status, _ := p.get("/healthz"); status != 200 {
			t.Errorf("status %d", status)
		}
		took = append(took, time.Since(start))
		time.Sleep(10 * time.Millisecond)
	}
	slices.Sort(took)
	start := time.Now()
	var last [3]atomic.Int64 // by kind of client
	var reading sync.WaitGroup
	for i, c := range conns {
		reading.Go(func() {
			c.SetReadDeadline(start.Add(30 * time.Second))
			io.Copy(io.Discard, c)
			last[i%3].Store(max(last[i%3].Load(), int64(time.Since(start))))
		})
	}
	reading.Wait()
	gone := time.Since(start)
	t.Logf("silent %s, header %s, body %s", time.Duration(last[0].Load()), time.Duration(last[1].Load()), time.Duration(last[2].Load()))
	t.Logf("healthz p50 %s, p99 %s; the clients were gone after %s; %d MiB more memory", took[100], took[197], gone, p.rss()-before)
	if took[197] > 500*time.Millisecond || gone > 15*time.Second {
		t.Error("too slow")
	}
}
