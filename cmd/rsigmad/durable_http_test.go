package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
	"github.com/rsigma-go/rsigma/daemon/store/sqlite"
)

// clientSiege is a daemon that is killed and started again while clients post events and repeat each request until it is answered. The
// clients are at work at the same time, so events come in any order. A user's five events fire once in any order.
type clientSiege struct {
	t                                *testing.T
	work                             counting
	events, rate                     int  // a second
	keys                             bool // a repeated request has its key
	seed                             uint64
	random                           *rand.Rand
	addr, dir, out                   string // out: the file of results
	args                             []string
	p                                *process
	mu                               sync.Mutex
	next                             int // event
	due                              time.Time
	over                             atomic.Bool  // the last kill is done
	requests, repeats, replies, busy atomic.Int64 // replies: kept from before; busy: requests that are not answered
	hasty                            bool         // the last daemon was killed before it was ready
	doomed                           bool         // this one kills itself
	kills, early, under              int          // early: before it was ready; under: with requests that are not answered
	torn, tornByKill                 int          // lines
	kept                             []byte       // lines of the file that must stay
}

// newClientSiege starts a daemon on a port that it has in all its lives. The port is none that the system gives to clients, because one
// of them could take it, or meet itself there, while no daemon runs.
func newClientSiege(t *testing.T, events, rate int, flags ...string) *clientSiege {
	s := &clientSiege{t: t, work: counting{users: events / 5}, events: events, rate: rate, keys: true, dir: t.TempDir(), seed: rand.Uint64()}
	s.random = rand.New(rand.NewPCG(s.seed, 0))
	for free := false; !free; {
		s.addr = fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000))
		if l, err := net.Listen("tcp", s.addr); err == nil {
			free = l.Close() == nil
		}
	}
	s.out = filepath.Join(s.dir, "out.ndjson")
	s.args = append([]string{"-r", write(t, "rules.yml", countingRules), "--include-event", "--input", "http", "--api-addr", s.addr,
		"--output", "file://" + s.out, "--state-db", filepath.Join(s.dir, "state.db"), "--state-save-interval", "1",
		"--drain-timeout", "60"}, flags...) // what is not delivered at the end of the test would come at the next start
	return s
}

// take returns the next events of a client, none at the end. The last tenth comes ever more slowly, and its end only after the last kill,
// so that each kill meets clients at work.
func (s *clientSiege) take(random *rand.Rand) (from, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, pace := 1+random.IntN(200), time.Second/time.Duration(s.rate)
	if rest := s.events - s.next; rest > 0 && rest <= s.events/10 && !s.over.Load() {
		n, pace = 1+random.IntN(1+rest/200), 10*time.Second/time.Duration(rest)
		for rest <= 5 && !s.over.Load() {
			pause()
		}
	}
	from, n = s.next, min(n, s.events-s.next)
	s.next += n
	if ahead := time.Until(s.due); ahead > 50*time.Millisecond {
		time.Sleep(ahead) // not for less: so several clients go on at once
	}
	s.due = s.due.Add(time.Duration(n) * pace)
	return from, n
}

// client posts events until there are no more.
func (s *clientSiege) client(number uint64) error {
	random := rand.New(rand.NewPCG(s.seed, number))
	c := &http.Client{Timeout: patience, Transport: &http.Transport{}}
	defer c.CloseIdleConnections()
	for {
		from, n := s.take(random)
		if n == 0 {
			return nil
		}
		var body strings.Builder
		for i := range n {
			body.WriteString(s.work.event(from+i) + "\n")
		}
		s.requests.Add(1)
		s.busy.Add(1)
		deadline := time.Now().Add(time.Minute)
		for answered, err := false, error(nil); ; pause() {
			if answered, err = s.post(c, fmt.Sprintf("events-%d", from), body.String()); answered {
				break
			}
			if err = cmp.Or(err, s.t.Context().Err()); err != nil || time.Now().After(deadline) {
				return fmt.Errorf("a request is not answered: %w", err)
			}
			s.repeats.Add(1)
		}
		s.busy.Add(-1)
	}
}

// post makes a request once. To get no answer, or one that asks for a repetition, is no error.
func (s *clientSiege) post(c *http.Client, key, body string) (answered bool, err error) {
	req, _ := http.NewRequest("POST", "http://"+s.addr+"/api/v1/events?sync=true", strings.NewReader(body))
	if s.keys {
		req.Header.Set("Idempotency-Key", key)
	}
	req.GetBody = nil // or the client of the standard library repeats a request with a key by itself, which nobody would count
	resp, err := c.Do(req)
	if err != nil {
		return false, nil
	}
	defer resp.Body.Close()
	switch text, err := io.ReadAll(resp.Body); {
	case err != nil, resp.StatusCode == http.StatusServiceUnavailable, resp.StatusCode == http.StatusTooManyRequests:
		return false, nil
	case resp.StatusCode/100 != 2:
		return false, fmt.Errorf("%s: status %d: %s", key, resp.StatusCode, text)
	}
	if resp.Header.Get("Idempotent-Replay") != "" {
		s.replies.Add(1)
	}
	return true, nil
}

// run kills the daemon so often while clients are at work, and calls between with the file of results while no daemon runs.
func (s *clientSiege) run(kills int, between func(s *clientSiege)) {
	defer s.over.Store(true)
	s.p, s.due = launch(s.t, s.args...).ready(), time.Now()
	failed := make(chan error, 6)
	for i := range cap(failed) {
		go func() { failed <- s.client(uint64(i + 1)) }()
	}
	for s.kills < kills {
		s.strike()
		between(s)
		s.start(s.kills < kills && s.kills%4 == 3)
	}
	s.over.Store(true)
	for range cap(failed) {
		s.must(<-failed)
	}
	s.p.ready()
}

// start starts the next daemon. One that is doomed kills itself behind a commit, before it has answered: that takes so little time that
// other kills seldom meet it, and without it a run would show nothing of keys.
func (s *clientSiege) start(doomed bool) {
	var env []string
	if s.doomed = doomed; doomed {
		env = []string{fmt.Sprint(crashVariable, "=committed:", 1+s.random.IntN(20))}
	}
	s.p = launchWith(s.t, env, s.args...)
}

// strike kills after 150 to 600 ms, and within a request. As in a siege over NATS, a daemon that has not come to be ready by then dies as
// well, but not the next.
func (s *clientSiege) strike() {
	if s.doomed {
		s.p.wait()
		s.kills, s.under, s.hasty = s.kills+1, s.under+1, false
		return
	}
	if s.hasty && !s.p.alive() {
		s.t.Fatalf("the daemon has ended\n%s", s.p.log())
	}
	time.Sleep(time.Duration(150+s.random.IntN(450)) * time.Millisecond)
	// Only time with requests under way counts, so that one is met, of any length and anywhere.
	left, end := time.Duration(4*s.random.ExpFloat64()*float64(time.Millisecond)), time.Now().Add(time.Second)
	for last := time.Now(); left > 0 && last.Before(end); {
		time.Sleep(50 * time.Microsecond)
		now := time.Now()
		if s.busy.Load() > 0 {
			left -= now.Sub(last)
		}
		last = now
	}
	if s.busy.Load() > 0 {
		s.under++
	}
	if s.hasty = !s.p.started(); s.hasty {
		s.early++
	}
	s.p.cmd.Process.Kill()
	s.p.wait()
	s.kills++
}

// place returns how much of the file of results the state file knows to be written. It looks at a copy, because to open the file is to
// mend it, which is for the daemon to do.
func (s *clientSiege) place() int {
	dir := s.t.TempDir()
	defer os.RemoveAll(dir)
	for _, name := range []string{"state.db", "state.db-wal"} {
		text, err := os.ReadFile(filepath.Join(s.dir, name))
		s.must(errors.Join(err, os.WriteFile(filepath.Join(dir, name), text, 0o600)))
	}
	state, err := sqlite.Open(filepath.Join(dir, "state.db"), sqlite.Options{BallastBytes: -1})
	s.must(err)
	defer state.Close(false)
	saved, err := state.Load(s.t.Context())
	s.must(err)
	var size uint64
	for _, p := range saved.Positions {
		if strings.HasPrefix(p.Source, "sink ") {
			// A number of lines, and then version, device, inode and size: see daemon/commitlog and daemon/sink/file.
			for b, k := p.Extra, 0; len(b) > 0; b = b[max(k, 1):] {
				size, k = binary.Uvarint(b)
			}
		}
	}
	return int(size)
}

// text returns the file of results. Whole lines that were there before must still be there as they were.
func (s *clientSiege) text() []byte {
	text, _ := os.ReadFile(s.out) // none is found by the check
	if !bytes.HasPrefix(text, s.kept) {
		s.t.Errorf("of the first %d bytes of the results some have changed", len(s.kept))
	}
	return text
}

func (s *clientSiege) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// watch keeps the whole lines of the file, to see if a later daemon changes them.
func (s *clientSiege) watch() {
	text := s.text()
	if len(text) > 0 && text[len(text)-1] != '\n' {
		s.tornByKill++
	}
	s.kept = text[:bytes.LastIndexByte(text, '\n')+1]
}

// tear cuts the last line of the file at any of its bytes, as a kill within the write of that line does. Real kills seldom come there.
//
// A fair cut leaves what some kill can leave. The sink writes the lines of a delivery with one call, and notes the place behind them
// after it has returned; a later commit keeps the place. So what comes before the place that is kept was written by calls that had
// returned, and no kill takes it back. The last line behind it belongs to the last call, which a kill may stop within that line. At
// least one byte of it stays, and all lines before it.
func (s *clientSiege) tear() {
	s.watch()
	text, place := s.text(), s.place()
	if len(text) == place || len(s.kept) < len(text) {
		return // all is known to be written, or the kill has torn a line already
	}
	start := bytes.LastIndexByte(text[:max(len(text)-1, 0)], '\n') + 1
	if start < place {
		s.t.Fatalf("the place is %d, and in a file of %d bytes the last line begins at %d", place, len(text), start)
	}
	s.must(os.Truncate(s.out, int64(start+1+s.random.IntN(len(text)-1-start))))
	s.torn++
	s.kept = text[:start]
}

// stop stops the daemon, which delivers everything before it ends, and checks the file.
func (s *clientSiege) stop() error {
	if s.p.stop() != 0 {
		s.t.Error(s.p.log())
	}
	lines := resultLines(s.t, s.out)
	for _, line := range lines {
		var r struct{ Event json.RawMessage }
		var e struct{ N int }
		// What is no JSON is found by check; a firing has no event.
		if json.Unmarshal([]byte(line), &r) == nil && r.Event != nil && (json.Unmarshal(r.Event, &e) != nil || string(r.Event) != s.work.event(e.N)) {
			s.t.Errorf("not event %d: %s", e.N, line)
		}
	}
	err := s.work.check(lines, s.events)
	s.t.Logf("seed %d: %d kills (%d before it was ready, %d with requests under way); %d events in %d requests, %d repeats, %d of them answered "+
		"from before; %d lines torn by the test, %d by kills; %d results in the file: %v",
		s.seed, s.kills, s.early, s.under, s.events, s.requests.Load(), s.repeats.Load(), s.replies.Load(), s.torn, s.tornByKill,
		len(lines), cmp.Or[any](err, "each once"))
	return err
}

// passes wants each result once, and so many lines to be torn. It fails a run in which too little has happened to show anything.
func (s *clientSiege) passes(torn int) {
	if err := s.stop(); err != nil {
		s.t.Error(err)
	}
	if s.under < s.kills/2 || s.early > s.kills*2/3 || s.repeats.Load() < int64(s.kills) || s.replies.Load() == 0 || s.torn < torn {
		s.t.Error("too little has happened to show anything")
	}
}

// TestKillsOverHTTPLoseAndDoubleNothing kills the daemon while clients repeat what is not answered: in a file and in a stream every
// event has one result, and every user one firing.
func TestKillsOverHTTPLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	server := natstest.StartProcess(t)
	js := server.Client()
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "rsigma-alerts", Subjects: []string{"alerts"}, Duplicates: duplicateWindow}); err != nil {
		t.Fatal(err)
	}
	s := newClientSiege(t, scale(20_000, 200_000), scale(4000, 10_000), "--output", server.URL+"/alerts")
	s.run(scale(8, 30), (*clientSiege).watch)
	s.passes(0)
	published := readStream(t, js, "rsigma-alerts")
	t.Logf("%d results in the stream", len(published))
	s.must(s.work.check(published, s.events))
}

// TestKillsWithinALineOfTheFileLoseAndDoubleNothing is the same with a file whose last line is cut at any byte.
func TestKillsWithinALineOfTheFileLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	kills := scale(10, 40)
	s := newClientSiege(t, scale(20_000, 200_000), scale(4000, 10_000))
	s.run(kills, (*clientSiege).tear)
	s.passes(kills / 4)
}

// TestKillsOverHTTPAreNoticedWhen is the negative control: what must go wrong, and is found by the same check.
func TestKillsOverHTTPAreNoticedWhen(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	copied := func(s *clientSiege) { // a copy is another file
		s.watch()
		s.must(errors.Join(os.WriteFile(s.out+".copy", s.kept, 0o600), os.Rename(s.out+".copy", s.out)))
	}
	shortened := func(s *clientSiege) {
		if text := s.text(); len(text) > 0 { // it may be shorter than the place since the last time
			s.must(os.Truncate(s.out, int64(bytes.LastIndexByte(text[:max(min(s.place(), len(text))-1, 0)], '\n')+1)))
		}
	}
	for name, between := range map[string]func(*clientSiege){
		"clients have no keys": (*clientSiege).watch, "the place is forgotten": copied, "a line before the place is removed": shortened,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newClientSiege(t, 10_000, 1500)
			s.keys = name != "clients have no keys"
			s.run(15, between)
			var n, missing, twice, wrong int
			fmt.Sscanf(fmt.Sprint(s.stop()), "of %d events %d are missing and %d came twice; %d", &n, &missing, &twice, &wrong)
			if lost := name == "a line before the place is removed"; lost && missing+wrong == 0 || !lost && twice == 0 {
				t.Error("it was not noticed")
			}
		})
	}
}
