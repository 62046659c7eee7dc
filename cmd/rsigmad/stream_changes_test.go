package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

// changingStream is a server whose stream becomes another one between two runs of a daemon.
type changingStream struct {
	t      *testing.T
	server *natstest.Server
	store  string // a directory
	js     jetstream.JetStream
}

func newChangingStream(t *testing.T) *changingStream {
	t.Helper()
	s := &changingStream{t: t, store: t.TempDir()}
	s.server = natstest.Start(t, server.Options{JetStream: true, StoreDir: s.store})
	s.js = s.server.Client()
	s.make()
	return s
}

func (s *changingStream) make() {
	s.t.Helper()
	if _, err := s.js.CreateStream(s.t.Context(), jetstream.StreamConfig{Name: "rsigma-in", Subjects: []string{"in"}}); err != nil {
		s.t.Fatal(err)
	}
}

// publish adds events from first to last.
func (s *changingStream) publish(first, last int) {
	s.t.Helper()
	for n := first; n <= last; n++ {
		if err := s.put(n); err != nil {
			s.t.Fatal(err)
		}
	}
}

// put adds an event. A server that has just made a stream anew may swallow a message, so it is published until the server confirms it.
func (s *changingStream) put(n int) (err error) {
	text, id := fmt.Appendf(nil, `{"n":%d}`, n), jetstream.WithMsgID(rand.Text())
	for range 5 {
		ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Second)
		_, err = s.js.Publish(ctx, "in", text, id)
		cancel()
		if err == nil {
			return nil
		}
	}
	return err
}

// purge drops the messages before sequence.
func (s *changingStream) purge(sequence uint64) {
	s.t.Helper()
	stream, err := s.js.Stream(s.t.Context(), "rsigma-in")
	if err == nil {
		err = stream.Purge(s.t.Context(), jetstream.WithPurgeSequence(sequence))
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// backup copies everything that the server has stored.
func (s *changingStream) backup() (dir string) {
	s.t.Helper()
	dir = filepath.Join(s.t.TempDir(), "backup")
	s.server.Stop()
	if err := os.CopyFS(dir, os.DirFS(s.store)); err != nil {
		s.t.Fatal(err)
	}
	s.start()
	return dir
}

// restore makes the server what it was.
func (s *changingStream) restore(dir string) {
	s.t.Helper()
	s.server.Stop()
	old, err := os.ReadDir(s.store)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range old {
		if err := os.RemoveAll(filepath.Join(s.store, e.Name())); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := os.CopyFS(s.store, os.DirFS(dir)); err != nil {
		s.t.Fatal(err)
	}
	s.start()
}

func (s *changingStream) start() {
	s.t.Helper()
	s.server.Start()
	s.js = s.server.Client()
}

// TestMetricsTellWhatHasBecomeOfAStream stops a daemon behind event 30 and lets the stream be another one when the next daemon starts: the
// metrics move by what they should, and every new event that is there is judged once and in order.
func TestMetricsTellWhatHasBecomeOfAStream(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil               func(s *changingStream, backup string) // backup is of the stream with 20 events
		first, last         int                                    // events that come
		regressions, expiry float64
	}{
		"nothing": {func(s *changingStream, _ string) { s.publish(31, 40) }, 31, 40, 0, 0},
		"expired": {func(s *changingStream, _ string) { s.publish(31, 40); s.purge(36) }, 36, 40, 0, 5},
		"made anew": {func(s *changingStream, _ string) {
			if err := s.js.DeleteStream(s.t.Context(), "rsigma-in"); err != nil {
				s.t.Fatal(err)
			}
			s.make()
			s.publish(101, 110)
		}, 101, 110, 1, 0},
		"a backup":                       {func(s *changingStream, backup string) { s.restore(backup) }, 0, -1, 1, 0},
		"a backup with a few new ones":   {func(s *changingStream, backup string) { s.restore(backup); s.publish(121, 123) }, 121, 123, 1, 0},
		"a backup with more than before": {func(s *changingStream, backup string) { s.restore(backup); s.publish(121, 140) }, 121, 140, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := newChangingStream(t), t.TempDir()
			args := func(out string) []string {
				return []string{"-r", write(t, "r.yml", numbered), "--input", s.server.ClientURL() + "/in", "--output", "file://" + filepath.Join(dir, out),
					"--state-db", filepath.Join(dir, "state.db"), "--metrics-extended"}
			}
			s.publish(1, 20)
			backup := s.backup()
			s.publish(21, 30)
			p := launch(t, args("before")...).ready()
			p.waitForMetric("rsigma_events_processed_total", 30)
			if status := p.stop(); status != 0 {
				t.Fatal(p.log())
			}
			c.spoil(s, backup)
			p = launch(t, args("after")...).ready()
			s.publish(1000, 1000) // the end
			want := []int{}
			for n := c.first; n <= c.last; n++ {
				want = append(want, n)
			}
			want = append(want, 1000)
			p.waitForMetric("rsigma_events_processed_total", float64(len(want)))
			m := p.metrics()
			if r, e := m["rsigma_source_regressions_total"], m["rsigma_source_expired_total"]; r != c.regressions || e != c.expiry {
				t.Errorf("%v regressions, %v expired; want %v and %v\n%s", r, e, c.regressions, c.expiry, p.log())
			}
			if status := p.stop(); status != 0 {
				t.Error(p.log())
			}
			if diff := cmp.Diff(upTo(30), numbers(t, fileLines(t, filepath.Join(dir, "before")))); diff != "" {
				t.Error("before:", diff)
			}
			if diff := cmp.Diff(want, numbers(t, fileLines(t, filepath.Join(dir, "after")))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
