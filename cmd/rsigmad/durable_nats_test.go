package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

// natsWorld is a server with a stream of events of a counting workload, and a daemon that reads them and publishes its results.
type natsWorld struct {
	t      *testing.T
	work   counting
	server *natstest.Server
	js     jetstream.JetStream
	args   []string
	events int
}

func newNATSWorld(t *testing.T, users int, flags ...string) *natsWorld {
	t.Helper()
	w := &natsWorld{t: t, work: counting{users: users}, server: natstest.StartJetStream(t)}
	w.js = w.server.Client()
	for _, cfg := range []jetstream.StreamConfig{
		{Name: "rsigma-events", Subjects: []string{"events.>"}},
		{Name: "rsigma-alerts", Subjects: []string{"alerts"}, Duplicates: 10 * time.Minute},
	} {
		if _, err := w.js.CreateStream(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
	}
	url := w.server.ClientURL()
	w.args = append([]string{"-r", write(t, "rules.yml", countingRules), "--include-event", "--input", url + "/events.>", "--output", url + "/alerts",
		"--metrics-extended"}, flags...)
	return w
}

// publish adds n events. Two lines now and then make one message.
func (w *natsWorld) publish(n int) {
	w.t.Helper()
	for end := w.events + n; w.events < end; {
		text := w.work.event(w.events)
		w.events++
		if w.events%10 == 0 && w.events < end {
			text += "\n" + w.work.event(w.events)
			w.events++
		}
		if _, err := w.js.PublishAsync("events.x", []byte(text), jetstream.WithRetryAttempts(100)); err != nil {
			w.t.Fatal(err)
		}
	}
	<-w.js.PublishAsyncComplete()
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

// TestKillsOverNATSLoseAndDoubleNothing kills the daemon and restarts the server while events go from one stream through the daemon to
// another: every event has one result, and every fifth of a user one firing.
func TestKillsOverNATSLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	events, kills, restarts := scale(8_000, 200_000), scale(8, 36), scale(1, 8)
	w := newNATSWorld(t, events/5, "--state-db", filepath.Join(t.TempDir(), "state.db"), "--state-save-interval", "1")
	for i := range kills {
		w.publish(events / kills)
		p := launch(t, w.args...)
		if !p.alive() {
			t.Fatalf("the daemon has ended\n%s", p.log())
		}
		time.Sleep(time.Duration(10+rand.IntN(scale(300, 600))) * time.Millisecond)
		if i%(kills/restarts) == 1 {
			w.server.Restart()
			time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
		}
		p.cmd.Process.Kill()
		p.wait()
	}
	p := launch(t, w.args...).ready()
	if err := w.work.check(w.results(p), w.events); err != nil {
		t.Errorf("%v\n%.3000s", err, p.log())
	}
	m := p.metrics()
	t.Logf("%d events, %d kills, %d restarts of the server: each result once; the last process replayed %v commits in %.3f s, the server dropped %v repetitions",
		w.events, kills, restarts, m["rsigma_recovery_records"], m["rsigma_recovery_seconds"], m[`rsigma_duplicates_suppressed_total{where="sink"}`])
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	info, err := mustConsumer(t, w.js).Info(t.Context())
	if err != nil || info.NumAckPending != 0 || info.NumPending != 0 {
		t.Errorf("%d messages are not acknowledged, %d not delivered, %v", info.NumAckPending, info.NumPending, err)
	}
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
		w.publish(events / kills / 10 * 10)
		p := launch(t, w.args...).ready()
		p.waitForMetric("rsigma_events_processed_total", 100)
		pause()
		p.cmd.Process.Kill()
		p.wait()
	}
	p := launch(t, w.args...).ready()
	deadline := time.Now().Add(10 * time.Second)
	for info, err := mustConsumer(t, w.js).Info(t.Context()); err == nil && info.NumPending+uint64(info.NumAckPending) > 0 && time.Now().Before(deadline); pause() {
		info, err = mustConsumer(t, w.js).Info(t.Context())
	}
	err := w.work.check(readStream(t, w.js, "rsigma-alerts"), w.events)
	t.Log(fmt.Sprint("as it must be: ", err))
	if err == nil {
		t.Error("a daemon that only saves snapshots has passed")
	}
	p.stop()
}
