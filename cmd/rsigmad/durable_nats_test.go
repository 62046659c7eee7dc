package main

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

// natsWorld is a server with a stream of events of a counting workload, and a daemon that reads them and publishes its results.
type natsWorld struct {
	t      *testing.T
	work   counting
	server *natstest.ServerProcess
	js     jetstream.JetStream
	args   []string

	// These belong to the one that publishes.
	events, messages int // published
	repeats          int // publishes that were not confirmed and done again
	known            int // of these, what the server had stored
}

// duplicateWindow is longer than any test, so that the server drops what it has stored already.
const duplicateWindow = 10 * time.Minute

func newNATSWorld(t *testing.T, users int, flags ...string) *natsWorld {
	t.Helper()
	w := &natsWorld{t: t, work: counting{users: users}, server: natstest.StartProcess(t)}
	w.js = w.server.Client()
	for name, subject := range map[string]string{"rsigma-events": "events.>", "rsigma-alerts": "alerts"} {
		cfg := jetstream.StreamConfig{Name: name, Subjects: []string{subject}, Duplicates: duplicateWindow}
		if _, err := w.js.CreateStream(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
	}
	url := w.server.URL
	w.args = append([]string{"-r", write(t, "rules.yml", countingRules), "--include-event", "--input", url + "/events.>", "--output", url + "/alerts",
		"--metrics-extended"}, flags...)
	return w
}

// chunk is how many events are published at once.
const chunk = 500

// publish adds n events, rate a second, each once, whatever happens to the server meanwhile. It may run beside the goroutine of the test.
func (w *natsWorld) publish(n, rate int) error {
	began := time.Now()
	for done := 0; done < n; {
		count := min(chunk, n-done)
		if err := w.store(w.next(count)); err != nil {
			return err
		}
		done += count
		time.Sleep(time.Until(began.Add(time.Duration(done) * time.Second / time.Duration(rate))))
	}
	return nil
}

// outlast publishes n events, rate a second, and the last tenth of them slowly until over: so events come in until the last kill.
func (w *natsWorld) outlast(n, rate int, over *atomic.Bool) error {
	const step = chunk / 5
	rest := n / 10
	err := w.publish(n-rest, rate)
	for ; err == nil && rest > step && !over.Load(); rest -= step {
		err = w.publish(step, rate/10)
	}
	if err != nil {
		return err
	}
	return w.publish(rest, rate)
}

// next returns messages with the next n events. Two lines now and then make one message. Each has an id, so that it is stored once.
func (w *natsWorld) next(n int) (messages []*nats.Msg) {
	for end := w.events + n; w.events < end; {
		id, text := fmt.Sprintf("event-%d", w.events), w.work.event(w.events)
		w.events++
		if w.events%10 == 0 && w.events < end {
			text += "\n" + w.work.event(w.events)
			w.events++
		}
		messages = append(messages, &nats.Msg{Subject: "events.x", Data: []byte(text), Header: nats.Header{jetstream.MsgIDHeader: {id}}})
	}
	w.messages += len(messages)
	return messages
}

var errNotStored = errors.New("the server does not confirm what is published")

// store publishes messages until the server has confirmed all of them: one that was not confirmed may be stored or not.
func (w *natsWorld) store(messages []*nats.Msg) error {
	for deadline := time.Now().Add(time.Minute); ; pause() {
		if messages = w.attempt(messages); len(messages) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return errNotStored
		}
		w.repeats += len(messages)
	}
}

// attempt publishes messages once, and returns those that are not confirmed.
func (w *natsWorld) attempt(messages []*nats.Msg) (failed []*nats.Msg) {
	futures := make([]jetstream.PubAckFuture, len(messages))
	for i, m := range messages {
		futures[i], _ = w.js.PublishMsgAsync(m) // one that fails has no future
	}
	limit := time.After(2 * time.Second)
	for i, f := range futures {
		if f == nil {
			failed = append(failed, messages[i])
			continue
		}
		select {
		case ack := <-f.Ok():
			if ack.Duplicate {
				w.known++
			}
			continue
		case <-f.Err():
		case <-limit:
			limit = time.After(0) // also for the others
		}
		failed = append(failed, messages[i])
	}
	return failed
}

// drained waits until the daemon has taken and acknowledged everything that was published. It is false at the deadline.
func (w *natsWorld) drained(deadline time.Time) (info *jetstream.ConsumerInfo, ok bool) {
	w.t.Helper()
	for ; ; pause() {
		info, err := mustConsumer(w.t, w.js).Info(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if info.NumPending == 0 && info.NumAckPending == 0 {
			return info, true
		}
		if time.Now().After(deadline) {
			return info, false
		}
	}
}

// results waits for as many results as there must be and returns them all.
func (w *natsWorld) results(p *process) []string {
	w.t.Helper()
	want := uint64(w.work.results(w.events))
	var last uint64
	for deadline := time.Now().Add(time.Minute); ; pause() {
		s, err := w.js.Stream(w.t.Context(), "rsigma-alerts")
		if err == nil {
			last = s.CachedInfo().State.Msgs
		}
		if last >= want || time.Now().After(deadline) {
			break
		}
	}
	if last < want {
		w.t.Logf("%d results, want %d\n%.4000s", last, want, p.log())
	}
	return readStream(w.t, w.js, "rsigma-alerts")
}

// strike is what is killed at one moment.
type strike struct{ daemon, server bool }

// strikes returns so many kills of each in any order. Half of the servers die together with a daemon.
func strikes(random *rand.Rand, daemons, servers int) (all []strike) {
	for i := range daemons {
		all = append(all, strike{daemon: true, server: i < servers/2})
	}
	for range servers - servers/2 {
		all = append(all, strike{server: true})
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// siege is a daemon that is killed and started again, as is its server.
type siege struct {
	*natsWorld
	random *rand.Rand
	p      *process
	hasty  bool // the last daemon was killed before it was ready

	daemons, servers int // killed
	early            int // daemons that were killed before they were ready
	refused          int // daemons that ended because there was no server when they started
}

// strike kills after 150 to 600 ms and starts again what is dead. A daemon that has not come to be ready by then dies as well, but the
// next one is waited for: else a slow machine would test nothing but starts.
func (s *siege) strike(what strike) {
	s.t.Helper()
	if s.hasty {
		s.revive()
	}
	time.Sleep(time.Duration(150+s.random.IntN(450)) * time.Millisecond)
	if what.server {
		s.server.Kill()
		s.servers++
	}
	if what.daemon {
		s.killDaemon()
	}
	if what.server {
		time.Sleep(time.Duration(s.random.IntN(300)) * time.Millisecond)
		s.server.Start()
	}
	if what.daemon {
		s.p = launch(s.t, s.args...)
	}
}

func (s *siege) killDaemon() {
	s.t.Helper()
	if s.hasty = !s.p.started(); s.hasty {
		s.early++
	}
	s.p.cmd.Process.Kill()
	s.p.wait()
	s.daemons++
}

// revive waits until a daemon is ready. One that finds no server when it starts ends, and is started again, as its supervisor would do.
func (s *siege) revive() {
	s.t.Helper()
	for end := time.Now().Add(patience); !s.p.alive(); s.p = launch(s.t, s.args...) {
		if s.p.started() || time.Now().After(end) {
			s.t.Fatalf("the daemon has ended\n%s", s.p.log())
		}
		s.refused++
	}
}

// started reports whether the process was ready, whether or not it still runs.
func (p *process) started() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.logs, func(l logLine) bool { return l.message() == "Event source started" })
}

// TestKillsOverNATSLoseAndDoubleNothing kills the daemon and the server with SIGKILL while events are published to one stream and go
// through the daemon to another: every event has one result, and every fifth of a user one firing.
func TestKillsOverNATSLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	events, rate, daemons, servers := scale(20_000, 200_000), scale(4_000, 10_000), scale(8, 36), scale(2, 8)
	seed := rand.Uint64()
	// By default a result is dropped, or is a dead letter, 0.7 s after it could not be published for the first time. The server may be
	// away for longer.
	w := newNATSWorld(t, events/5, "--state-db", filepath.Join(t.TempDir(), "state.db"), "--state-save-interval", "1",
		"--sink-retry-max", "1000", "--sink-backoff-max-ms", "200")
	s := &siege{natsWorld: w, random: rand.New(rand.NewPCG(seed, 0)), p: launch(t, w.args...).ready()}
	began := time.Now()
	var took time.Duration
	var over atomic.Bool
	published := make(chan error, 1)
	go func() {
		err := w.outlast(events, rate, &over)
		took = time.Since(began)
		published <- err
	}()
	for _, what := range strikes(s.random, daemons, servers) {
		s.strike(what)
	}
	last := time.Now()
	over.Store(true)
	s.revive()
	if err := <-published; err != nil {
		t.Fatal(err)
	}
	info, drained := w.drained(last.Add(30 * time.Second))
	quiet := time.Since(last)
	if !drained {
		t.Errorf("30 s after the last kill %d messages are not acknowledged, %d not delivered\n%.3000s", info.NumAckPending, info.NumPending, s.p.log())
	}
	if n := messagesOf(t, w.js, "rsigma-events"); n != uint64(w.messages) {
		t.Errorf("the stream holds %d messages, %d were published", n, w.messages)
	}
	results := w.results(s.p)
	err := w.work.check(results, w.events)
	if err != nil {
		t.Errorf("%v\n%.3000s", err, s.p.log())
	}
	m := s.p.metrics()
	t.Logf("seed %d: %d events in %d messages published in %.1f s, %d kills of the daemon (%d before it was ready) and %d of the server in %.1f s, "+
		"%d starts without a server; %d publishes repeated, %d of them stored before; %d results, %v; nothing pending %.1f s after the last kill; "+
		"the last process replayed %v commits in %.3f s, the server dropped %v of its results as repetitions",
		seed, w.events, w.messages, took.Seconds(), s.daemons, s.early, s.servers, last.Sub(began).Seconds(),
		s.refused, w.repeats, w.known, len(results), cmp.Or[any](err, "0 missing, 0 wrong, 0 twice"), quiet.Seconds(),
		m["rsigma_recovery_records"], m["rsigma_recovery_seconds"], m[`rsigma_duplicates_suppressed_total{where="sink"}`])
	if status := s.p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// TestKillsAtEveryStepOverNATSLoseAndDoubleNothing has one daemon after the other kill itself at each step between a message and its
// acknowledgement, while events are published.
func TestKillsAtEveryStepOverNATSLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	w := newNATSWorld(t, 7, "--state-db", filepath.Join(t.TempDir(), "state.db"), "--state-save-interval", "1")
	killed := 0
	for _, step := range steps("begin", "began", "commit", "committed", "released", "delivered", "acked", "note", "base", "saved") {
		p := launchWith(t, []string{crashVariable + "=" + step}, w.args...)
		for end, dead := time.Now().Add(patience), false; !dead; {
			if err := w.publish(20, 10_000); err != nil {
				t.Fatal(err)
			}
			select {
			case <-p.exited:
				dead = true
				killed++
			case <-time.After(20 * time.Millisecond):
				if time.Now().After(end) {
					t.Fatalf("the process does not come to step %s\n%s", step, p.log())
				}
			}
		}
	}
	p := launch(t, w.args...).ready()
	if info, ok := w.drained(time.Now().Add(30 * time.Second)); !ok {
		t.Errorf("%d messages are not acknowledged, %d not delivered\n%.3000s", info.NumAckPending, info.NumPending, p.log())
	}
	results := w.results(p)
	err := w.work.check(results, w.events)
	t.Logf("%d processes were killed, %d events in %d messages, %d results: %v", killed, w.events, w.messages, len(results), cmp.Or[any](err, "each once"))
	if err != nil || killed < 20 {
		t.Errorf("%d killed, %v", killed, err)
	}
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// messagesOf returns how many messages a stream holds.
func messagesOf(t *testing.T, js jetstream.JetStream, name string) uint64 {
	t.Helper()
	s, err := js.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().State.Msgs
}

// TestWithoutACommitLogKillsOverNATSLoseFirings is the negative control of the same workload: acknowledged before the state is saved,
// events are forgotten by correlations.
func TestWithoutACommitLogKillsOverNATSLoseFirings(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	const events, kills = 2000, 3
	w := newNATSWorld(t, events/5, "--state-db", filepath.Join(t.TempDir(), "state.db"), "--durability", "snapshot")
	for range kills {
		if err := w.publish(events/kills/10*10, 10_000); err != nil {
			t.Fatal(err)
		}
		p := launch(t, w.args...).ready()
		p.waitForMetric("rsigma_events_processed_total", 100)
		pause()
		p.cmd.Process.Kill()
		p.wait()
	}
	p := launch(t, w.args...).ready()
	w.drained(time.Now().Add(10 * time.Second))
	err := w.work.check(readStream(t, w.js, "rsigma-alerts"), w.events)
	t.Log(fmt.Sprint("as it must be: ", err))
	if err == nil {
		t.Error("a daemon that only saves snapshots has passed")
	}
	p.stop()
}

// TestEventsAreCountedOnceWhateverTheDurabilityWasBefore runs one state file with a commit log, without, and with one again. The run without
// has gone beyond the positions that the first one has committed, so the third one must not go back to them.
func TestEventsAreCountedOnceWhateverTheDurabilityWasBefore(t *testing.T) {
	t.Parallel()
	w := newNATSWorld(t, 1, "--state-db", filepath.Join(t.TempDir(), "state.db"))
	for _, run := range []struct {
		mode   string
		events int
	}{{"process", 2}, {"snapshot", 1}, {"process", 1}} {
		if err := w.publish(run.events, 1000); err != nil {
			t.Fatal(err)
		}
		p := launch(t, append(w.args, "--durability", run.mode)...).ready()
		w.results(p)
		if p.stop() != 0 {
			t.Fatal(p.log())
		}
	}
	if err := w.work.check(readStream(t, w.js, "rsigma-alerts"), w.events); err != nil {
		t.Error(err)
	}
	r := exec(t, "", "state", "show", "--json", "--state-db", w.args[len(w.args)-1])
	if !strings.Contains(r.stdout, `"entries": 4`) && !strings.Contains(r.stdout, `"entries":4`) {
		t.Errorf("the state does not say four: %s", r.stdout)
	}
}
