package commitlog

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/store/storetest"
)

// drain is a sink that takes everything.
type drain struct{}

func (drain) Deliver(_ context.Context, lines [][]byte) (int, error) { return len(lines), nil }
func (drain) Close() error                                           { return nil }

// TestTheSizeOfTheOutboxIsToldWhenNothingIsCommitted looks at what is told of the outbox at the start, after a commit, and once its results
// are delivered and no further event comes.
func TestTheSizeOfTheOutboxIsToldWhenNothingIsCommitted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		disk := storetest.New(false)
		var told []bool // that the outbox is empty, without repetitions
		start := func() (*Log, *flow.Sender) {
			t.Helper()
			told = nil
			store, err := disk.Open()
			if err != nil {
				t.Fatal(err)
			}
			l, found, err := Recover(t.Context(), Options{
				Store: store, Durable: true, Interval: time.Hour, MaxOutbox: 1 << 20, Logger: slog.New(slog.DiscardHandler),
				Failed: func(err error) { t.Error(err) },
				Hooks: Hooks{
					Committed: func(int, time.Duration) {}, Blocked: func(bool) {}, Saved: func(time.Time, error) {},
					Outbox: func(bytes int64) {
						if empty := bytes == 0; len(told) == 0 || told[len(told)-1] != empty {
							told = append(told, empty)
						}
					},
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			s := flow.NewSender(drain{}, flow.SenderOptions{Queue: 9, BatchMax: 9})
			o := Outlet{"drain", s}
			units, err := found.Undelivered(o)
			if err != nil {
				t.Fatal(err)
			}
			l.Start([]Outlet{o})
			for _, u := range units {
				s.Put(t.Context(), u)
			}
			return l, s
		}
		end := func(l *Log, want ...bool) {
			t.Helper()
			if _, err := l.Close(); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(want, told); diff != "" {
				t.Errorf("empty: %s", diff)
			}
		}
		l, _ := start()
		u := &flow.Unit{Results: []flow.Result{{JSON: []byte("{}")}}, Ack: flow.NewAck(nil)}
		if err := l.Commit(t.Context(), &engine.Group{Units: []*flow.Unit{u}, Events: 1}); err != nil {
			t.Fatal(err)
		}
		end(l, true, false) // the sink did nothing
		l, s := start()
		s.Close()
		s.Run(t.Context())
		time.Sleep(2 * tidyEvery)
		synctest.Wait()
		if len(told) != 2 {
			t.Errorf("what is told without a commit: %v", told)
		}
		end(l, false, true)
	})
}
