package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
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

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon"
	"github.com/rsigma-go/rsigma/daemon/handover"
	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

// faultVariable names a fault that the program plants into itself.
const faultVariable = "RSIGMAD_TEST_FAULT"

// init plants a fault if that is asked for: then this is the program that is tested.
func init() {
	faults := map[string]func(*handover.Parcel){
		"rest is dropped":          func(p *handover.Parcel) { p.Rest = nil },
		"correlations are dropped": func(p *handover.Parcel) { p.Correlations = nil },
	}
	if fault := faults[os.Getenv(faultVariable)]; fault != nil {
		plant = func(parts *daemon.Parts) { parts.Parcel = fault }
	}
}

// everyFifth matches each event with a field n, and counts to five of them.
const everyFifth = numbered + "name: a\n---\ntitle: counted\nid: 22222222-2222-4222-8222-222222222222\n" +
	"correlation: {type: event_count, rules: a, timespan: 60s, condition: {gte: 5}}\nrsigma.action: reset\n"

// everyFifthFault says what is wrong with the results of everyFifth for events 1 to n, nil if nothing is.
func everyFifthFault(lines []string, n int) error {
	seen := make([]int, n+1)
	counted := 0
	for _, l := range lines {
		var r struct {
			Title string `json:"rule_title"`
			Event struct{ N int }
		}
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			return fmt.Errorf("%s: %w", l, err)
		}
		switch k := r.Event.N; {
		case r.Title == "counted":
			counted++
		case k < 1 || k > n:
			return fmt.Errorf("event %d was never sent", k)
		default:
			seen[k]++
		}
	}
	for k, times := range seen[1:] {
		if times != 1 {
			return fmt.Errorf("event %d has %d results", k+1, times)
		}
	}
	if counted != n/5 {
		return fmt.Errorf("the correlation fired %d times, want %d", counted, n/5)
	}
	return nil
}

// pid returns the id of the process that answers.
func (p *process) pid() int {
	p.t.Helper()
	_, body := p.get("/api/v1/status")
	var st struct{ PID int }
	if err := json.Unmarshal([]byte(body), &st); err != nil || st.PID == 0 {
		p.t.Fatalf("%s: %v", body, err)
	}
	return st.PID
}

// count returns how often message was logged.
func (p *process) count(message string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(p.logs), func(l logLine) bool { return l.message() != message }))
}

// handOver asks process number i for a successor, in turn by signal and by the API, and waits until message is logged once more.
func (p *process) handOver(i int, message string) {
	p.t.Helper()
	before, pid := p.count(message), p.pid()
	if i%2 == 0 {
		if err := syscall.Kill(pid, syscall.SIGUSR2); err != nil {
			p.t.Fatal(err)
		}
	} else if status, body := p.request("POST", "/api/v1/upgrade?wait=true", nil); status != 200 {
		p.t.Fatalf("%d %s\n%s", status, body, p.log())
	}
	for deadline := time.Now().Add(patience); p.count(message) == before; pause() {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: waited in vain\n%s", message, p.log())
		}
	}
}

// takenOver is what a new process logs.
const takenOver = "Taken over from another process"

// gaps measures the longest time between two events.
type gaps struct {
	mu            sync.Mutex
	last, longest time.Duration
	start         time.Time
}

func (g *gaps) event() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.start.IsZero() {
		g.start = time.Now()
	}
	now := time.Since(g.start)
	g.longest, g.last = max(g.longest, now-g.last), now
}

// feeder sends numbered events until it is told to stop.
type feeder struct {
	gaps
	sent atomic.Int64
	stop chan struct{}
	done sync.WaitGroup
}

func (f *feeder) stopped() bool {
	select {
	case <-f.stop:
		return true
	default:
		return false
	}
}

// lines returns the next n events.
func (f *feeder) lines(n int) *bytes.Buffer {
	var b bytes.Buffer
	last := f.sent.Add(int64(n))
	for i := last - int64(n) + 1; i <= last; i++ {
		fmt.Fprintf(&b, "{\"n\":%d,\"timestamp\":1795168800}\n", i)
	}
	return &b
}

// feedStdin writes lines in pieces that end anywhere, and rests behind some of them: then a hand-over finds a part of a line. What counts as the time of an event is when its results come out.
func feedStdin(p *process, out string) *feeder {
	f := &feeder{stop: make(chan struct{})}
	f.done.Go(func() {
		for !f.stopped() {
			for text := f.lines(1 + rand.IntN(40)).Bytes(); len(text) > 0; {
				n := min(len(text), 1+rand.IntN(300))
				if _, err := p.stdin.Write(text[:n]); err != nil {
					p.t.Error(err)
					return
				}
				if text = text[n:]; rand.IntN(4) == 0 {
					time.Sleep(time.Duration(rand.IntN(1000)) * time.Microsecond)
				}
			}
		}
	})
	f.done.Go(func() {
		size := int64(0)
		for !f.stopped() {
			if info, err := os.Stat(out); err == nil && info.Size() > size {
				size = info.Size()
				f.event()
			}
			time.Sleep(200 * time.Microsecond)
		}
	})
	return f
}

// feedHTTP has several clients post events, one of them over HTTP/2. All must be accepted.
func feedHTTP(p *process, path string) *feeder {
	f := &feeder{stop: make(chan struct{})}
	url := p.url(path)
	for c := range 4 {
		tr := &http.Transport{DisableKeepAlives: c == 0, Protocols: new(http.Protocols)}
		tr.Protocols.SetHTTP1(c != 1)
		tr.Protocols.SetUnencryptedHTTP2(c == 1)
		client := &http.Client{Transport: tr}
		f.done.Go(func() {
			defer client.CloseIdleConnections()
			for !f.stopped() {
				resp, err := client.Post(url, "application/x-ndjson", f.lines(20))
				if err != nil {
					p.t.Errorf("a request was not answered: %v", err)
					return
				}
				var got struct{ Accepted int }
				err = json.NewDecoder(resp.Body).Decode(&got)
				resp.Body.Close()
				if err != nil || resp.StatusCode != 200 || got.Accepted != 20 {
					p.t.Errorf("status %d, %d accepted, %v", resp.StatusCode, got.Accepted, err)
				}
				f.event()
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
			}
		})
	}
	return f
}

// upgrades runs a daemon with args under load over n hand-overs, each of which ends with message, and returns what is wrong with the results.
func upgrades(t *testing.T, n int, message string, env []string, args ...string) error {
	out := filepath.Join(t.TempDir(), "out.ndjson")
	http := slices.Contains(args, "http")
	args = append(args, "-r", write(t, "r.yml", everyFifth), "--output", "file://"+out)
	if !http {
		args = append(args, "--exit-on-eof")
	}
	p := launchWith(t, env, args...).ready()
	var f *feeder
	if http {
		f = feedHTTP(p, "/api/v1/events"+map[bool]string{true: "?sync=true"}[slices.Contains(args, "--state-db")])
	} else {
		f = feedStdin(p, out)
	}
	begun := time.Now()
	for i := range n {
		time.Sleep(time.Duration(rand.IntN(50)) * time.Millisecond)
		p.handOver(i, message)
	}
	took := time.Since(begun)
	pid := p.pid()
	time.Sleep(50 * time.Millisecond)
	close(f.stop)
	f.done.Wait()
	if http {
		syscall.Kill(pid, syscall.SIGTERM)
	}
	p.stdin.Close()
	<-p.exited // the last one is gone
	sent := int(f.sent.Load())
	var paused []float64
	for _, l := range p.logs { // nobody writes to it any more
		if (l.Level != "INFO" || l.Fields == nil) && message == takenOver {
			t.Errorf("logged: %s", l.raw)
		}
		if ms, ok := l.Fields["gap_ms"].(float64); ok {
			paused = append(paused, ms)
		}
	}
	slices.Sort(paused)
	middle, most := 0.0, 0.0
	if len(paused) > 0 {
		middle, most = paused[len(paused)/2], paused[len(paused)-1]
	}
	t.Logf("%d hand-overs in %.1f s over %d events, longest gap between two events %d ms; no events taken for %.0f ms, %.0f at most",
		n, took.Seconds(), sent, f.longest.Milliseconds(), middle, most)
	return everyFifthFault(fileLines(t, out), sent)
}

func TestHandOversUnderLoadLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"stdin":                nil,
		"stdin and state file": {"--state-db", "db"},
		"http":                 {"--input", "http"},
		"http and state file":  {"--input", "http", "--state-db", "db"},
		"http and a snapshot":  {"--input", "http", "--state-db", "db", "--durability", "snapshot"},
	} {
		if testing.Short() && !strings.HasSuffix(name, "state file") {
			continue // the others go the same ways
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := slices.Clone(args)
			if i := slices.Index(args, "db"); i >= 0 {
				args[i] = filepath.Join(t.TempDir(), "state.db")
			}
			if err := upgrades(t, scale(5, 50), takenOver, nil, args...); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAFaultOfAHandOverIsNoticed is the negative control of the test above.
func TestAFaultOfAHandOverIsNoticed(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"rest is dropped", "correlations are dropped"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			for range 4 { // a fault may do no harm: nothing was left, and counts stood at a multiple of five
				if err := upgrades(t, 5, takenOver, []string{faultVariable + "=" + fault}); err != nil {
					t.Logf("noticed: %v", err)
					return
				}
			}
			t.Error("nothing was noticed")
		})
	}
}

// TestAnOldProcessBeginsAgainIfTheNewOneDies has every new process die after the old one has let go of everything.
func TestAnOldProcessBeginsAgainIfTheNewOneDies(t *testing.T) {
	t.Parallel()
	const beginsAgain = "The new process cannot take over, this one begins again"
	for _, step := range []string{daemon.StepReceived, daemon.StepOpened} {
		for name, args := range map[string][]string{"stdin": nil, "http and state file": {"--input", "http", "--state-db", "db"}} {
			t.Run(step+" "+name, func(t *testing.T) {
				t.Parallel()
				args := slices.Clone(args)
				if i := slices.Index(args, "db"); i >= 0 {
					args[i] = filepath.Join(t.TempDir(), "state.db")
				}
				if err := upgrades(t, scale(3, 20), beginsAgain, []string{crashVariable + "=" + step + ":1"}, args...); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestWhatCannotTakeOverChangesNothing asks for hand-overs to programs and rules that are broken.
func TestWhatCannotTakeOverChangesNothing(t *testing.T) {
	t.Parallel()
	rules := write(t, "r.yml", everyFifth)
	broken := write(t, "rsigmad-next", "#!/bin/sh\necho broken >&2\nexit 3\n")
	if err := os.Chmod(broken, 0o755); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "-r", rules, "--input", "http", "--upgrade-binary", broken).ready()
	pid := p.pid()
	url := "--url=" + p.url("")
	for want, args := range map[string][]string{
		"the new process has ended: exit status 3": {"upgrade", url},
		"this binary may not take over":            {"upgrade", url, "--binary", "/bin/true"},
		"no daemon answers":                        {"upgrade", "--url", "http://127.0.0.1:1"},
		"want 1s to 5m":                            {"upgrade", url, "--timeout", "1h"},
	} {
		status := map[bool]int{true: 1, false: 3}[strings.HasPrefix(want, "the new process")]
		if r := exec(t, "", args...); r.status != status || !strings.Contains(r.stderr, want) {
			t.Errorf("%v: status %d, %s, want %d, %s", args, r.status, r.stderr, status, want)
		}
	}
	if err := os.WriteFile(rules, []byte("title: broken\ndetection: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	own, err := ownPath()
	if err != nil {
		t.Fatal(err)
	}
	if r := exec(t, "", "upgrade", url, "--binary", own); r.status != 1 || !strings.Contains(r.stderr, "no rule document") {
		t.Errorf("status %d, %s", r.status, r.stderr)
	}
	syscall.Kill(pid, syscall.SIGUSR2)
	p.until("three failures", func() bool {
		n := 0
		for _, l := range p.logs {
			if l.message() == "Upgrade failed, this process goes on" {
				n++
			}
		}
		return n == 3
	})
	if status, n := accepted(t, p.url("/api/v1/events?sync=true"), strings.NewReader(events(1, 5))); status != 200 || n != 5 || p.pid() != pid {
		t.Errorf("status %d, %d accepted, process %d was %d", status, n, p.pid(), pid)
	}
	if n := len(p.output(6)); n != 6 {
		t.Errorf("%d results", n)
	}
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

func TestTheCommandWaitsForTheNewProcess(t *testing.T) {
	t.Parallel()
	p := launch(t, "-r", write(t, "r.yml", everyFifth), "--input", "http").ready()
	old := p.pid()
	r := exec(t, "", "upgrade", "--url", p.url(""))
	if now := p.pid(); r.status != 0 || r.stdout != fmt.Sprintf("{\"status\":\"upgraded\",\"pid\":%d}\n", now) || now == old {
		t.Errorf("status %d, %s%s; process %d was %d", r.status, r.stdout, r.stderr, now, old)
	}
	p.until("the old one has gone", func() bool { return syscall.Kill(old, 0) != nil || zombie(old) })
}

// TestASlowAnswerIsNoOldProcessThatBeganAgain gives the command a daemon that tells how long it has been up and then takes its time, and one
// that really has begun again.
func TestASlowAnswerIsNoOldProcessThatBeganAgain(t *testing.T) {
	t.Parallel()
	for begunAgain, want := range map[bool]int{false: 0, true: 1} {
		start, asked := time.Now(), 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			pid, uptime := 1, time.Since(start).Seconds()
			if r.Method == "POST" {
				pid = 2
				time.Sleep(100 * time.Millisecond)
			} else {
				asked++
			}
			switch {
			case begunAgain:
				uptime = 0.01
			case asked == 1:
				time.Sleep(300 * time.Millisecond)
			case asked > 1:
				pid = 2
			}
			fmt.Fprintf(w, `{"pid":%d,"status":"running","uptime_seconds":%g}`, pid, uptime)
		}))
		if r := exec(t, "", "upgrade", "--url", s.URL); r.status != want {
			t.Errorf("begun again %v: status %d, want %d: %s%s", begunAgain, r.status, want, r.stdout, r.stderr)
		}
		s.Close()
	}
}

// zombie reports whether a process has ended and nobody has asked how.
func zombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && bytes.Contains(text, []byte(") Z "))
}

// TestAStopDuringAHandOverWins stops the daemon while a new process prepares itself.
func TestAStopDuringAHandOverWins(t *testing.T) {
	t.Parallel()
	slow := write(t, "rsigmad-next", "#!/bin/sh\nexec sleep 60\n")
	if err := os.Chmod(slow, 0o755); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "-r", write(t, "r.yml", everyFifth), "--input", "http", "--upgrade-binary", slow).ready()
	if status, body := p.request("POST", "/api/v1/upgrade", nil); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	p.logged("Upgrade: a new process prepares itself")
	if status, body := p.request("POST", "/api/v1/upgrade", nil); status != 429 {
		t.Errorf("a second one: %d %s", status, body)
	}
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// TestARequestUnderWayIsWaitedFor has a client send a body slowly over a hand-over, and others come meanwhile.
func TestARequestUnderWayIsWaitedFor(t *testing.T) {
	t.Parallel()
	p := launch(t, "-r", write(t, "r.yml", everyFifth), "--input", "http").ready()
	url, old := p.url("/api/v1/events?sync=true"), p.pid()
	body, slow := io.Pipe()
	type answer struct{ status, accepted int }
	answers := make(chan answer, 2)
	post := func(body io.Reader) {
		status, n := accepted(t, url, body)
		answers <- answer{status, n}
	}
	go post(body)
	io.WriteString(slow, events(1, 5))
	p.output(6)
	if status, text := p.request("POST", "/api/v1/upgrade?wait=true", nil); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	time.Sleep(700 * time.Millisecond)        // no more connections are accepted by now
	http.DefaultClient.CloseIdleConnections() // one to the old process, which closes it at this moment, would cost the request
	go post(strings.NewReader(events(11, 15)))
	io.WriteString(slow, events(6, 10))
	slow.Close()
	for range 2 {
		if got := <-answers; got.status != 200 || got.accepted != 10 && got.accepted != 5 {
			t.Errorf("%+v", got)
		}
	}
	if lines := p.output(18); len(lines) != 18 || everyFifthFault(lines, 15) != nil || p.pid() == old {
		t.Errorf("%d results, %v; process %d was %d", len(lines), everyFifthFault(lines, 15), p.pid(), old)
	}
}

// TestAUnixSocketIsHandedOver sends each event over a connection of its own: those that come while nobody listens wait.
func TestAUnixSocketIsHandedOver(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "rsigma")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	api, in := filepath.Join(dir, "api"), filepath.Join(dir, "in")
	p := launch(t, "-r", write(t, "r.yml", everyFifth), "--input", "unix://"+in, "--api-addr", "unix://"+api)
	p.logged("Event source started")
	for i := range 3 {
		if r := exec(t, "", "upgrade", "--url", "unix://"+api); r.status != 0 {
			t.Fatalf("%s\n%s", r.stderr, p.log())
		}
		c, err := net.Dial("unix", in)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, events(i+1, i+1))
		c.Close()
		p.output(i + 1)
	}
}

// TestHandOversOverNATSLoseAndDoubleNothing reads from a stream over hand-overs.
func TestHandOversOverNATSLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	for name, more := range map[string][]string{
		"plain": nil, "state file": {"--state-db", filepath.Join(t.TempDir(), "state.db")}, "replay": {"--replay-from-sequence", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := natstest.StartJetStream(t)
			j := s.Client()
			if _, err := j.CreateStream(t.Context(), jetstream.StreamConfig{Name: "rsigma-events", Subjects: []string{"events.>"}}); err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(t.TempDir(), "out.ndjson")
			args := []string{"-r", write(t, "r.yml", everyFifth), "--input", s.ClientURL() + "/events.>", "--output", "file://" + out}
			p := launch(t, append(args, more...)...).ready()
			f := &feeder{stop: make(chan struct{})}
			f.done.Go(func() {
				for !f.stopped() {
					if _, err := j.Publish(context.Background(), "events.x", f.lines(1).Bytes()); err != nil {
						t.Error(err)
						return
					}
				}
			})
			for i := range scale(3, 20) {
				p.handOver(i, takenOver)
			}
			close(f.stop)
			f.done.Wait()
			n := int(f.sent.Load())
			for deadline := time.Now().Add(patience); len(fileLines(t, out)) < n+n/5; pause() {
				if time.Now().After(deadline) {
					t.Fatalf("%d results for %d events\n%s", len(fileLines(t, out)), n, p.log())
				}
			}
			syscall.Kill(p.pid(), syscall.SIGTERM)
			p.stdin.Close()
			<-p.exited
			if err := everyFifthFault(fileLines(t, out), n); err != nil {
				t.Error(err)
			}
			t.Logf("%d events", n)
		})
	}
}

// TestAServiceManagerIsTold plays systemd: it passes the socket and follows what the daemon says.
func TestAServiceManagerIsTold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify")
	said, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	next := func(want string) string {
		t.Helper()
		buf := make([]byte, 1000)
		said.SetReadDeadline(time.Now().Add(patience))
		n, err := said.Read(buf)
		if got := string(buf[:n]); err != nil || !strings.HasPrefix(got, want) {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
		return strings.TrimPrefix(string(buf[:n]), want)
	}
	p := launchWith(t, []string{"NOTIFY_SOCKET=" + path}, "-r", write(t, "r.yml", everyFifth), "--input", "http")
	next("READY=1")
	p.cmd.Process.Signal(syscall.SIGHUP)
	if _, err := strconv.Atoi(strings.TrimSpace(next("RELOADING=1\nMONOTONIC_USEC="))); err != nil {
		t.Error(err)
	}
	next("READY=1")
	p.cmd.Process.Signal(syscall.SIGUSR2)
	pid, err := strconv.Atoi(next("MAINPID="))
	if err != nil {
		t.Fatal(err)
	}
	next("READY=1")
	if now := p.pid(); now != pid {
		t.Errorf("process %d answers, %d was announced", now, pid)
	}
	syscall.Kill(pid, syscall.SIGTERM)
	next("STOPPING=1")
	p.stdin.Close()
	<-p.exited
}
