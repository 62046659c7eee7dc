package commitlog

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/store"
	"github.com/rsigma-go/rsigma/daemon/store/storetest"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

const year = 365 * 24 * time.Hour

// clocks are wall clocks: what they show when a time has passed since they showed the true one.
var clocks = []struct {
	name string
	at   func(passed time.Duration) time.Duration
}{
	{"true", func(d time.Duration) time.Duration { return d }},
	{"an hour fast", func(d time.Duration) time.Duration { return d + time.Hour }},
	{"an hour slow", func(d time.Duration) time.Duration { return d - time.Hour }},
	{"ten years fast", func(d time.Duration) time.Duration { return d + 10*year }},
	{"ten years slow", func(d time.Duration) time.Duration { return d - 10*year }},
	{"frozen", func(time.Duration) time.Duration { return 0 }},
	{"an hour fast for a while", func(d time.Duration) time.Duration { return d + jump(d, time.Hour) }},
	{"an hour slow for a while", func(d time.Duration) time.Duration { return d + jump(d, -time.Hour) }},
	{"ten years fast for a while", func(d time.Duration) time.Duration { return d + jump(d, 10*year) }},
	{"ten years slow for a while", func(d time.Duration) time.Duration { return d + jump(d, -10*year) }},
}

// jump is by from minute 8 to minute 16.
func jump(passed, by time.Duration) time.Duration {
	if m := passed.Minutes(); m >= 8 && m < 16 {
		return by
	}
	return 0
}

// clockDay is half an hour of a log: each minute it commits the reply of a key of that number and a change of the state.
type clockDay struct {
	log  *Log
	disk *storetest.Model
	open store.Store
	rec  *correlate.Recorder

	saved, blocked, unblocked, negative int
}

const clockMinutes = 30

func (c *clockDay) start(now func() time.Time, change func(store.Store) store.Store) error {
	var err error
	if c.open, err = c.disk.Open(); err != nil {
		return err
	}
	if change != nil {
		c.open = change(c.open)
	}
	c.log, _, err = Recover(context.Background(), Options{
		Store: c.open, Durable: true, Interval: time.Minute, MaxOutbox: 1 << 20, Logger: slog.New(slog.DiscardHandler), Now: now,
		Failed: func(err error) { panic(err) },
		Hooks: Hooks{
			Committed: func(_ int, took time.Duration) {
				if took < 0 {
					c.negative++
				}
			},
			Blocked: func(yes bool) {
				if yes {
					c.blocked++
				} else {
					c.unblocked++
				}
			},
			Outbox: func(int64) {}, Saved: func(time.Time, error) { c.saved++ },
		},
	})
	if err != nil {
		return err
	}
	c.log.Start(nil)
	e := rules().Correlations
	c.rec = correlate.NewRecorder(e)
	follower, err := newEngine(e.AppendDefinition(nil), e.AppendState(nil))
	if err != nil {
		return err
	}
	return c.log.Commit(context.Background(), &engine.Group{Begin: &engine.Begin{Follower: follower}})
}

// commit commits one reply, and something for the next base.
func (c *clockDay) commit(key string) error {
	var in correlate.Input
	in.SetTime(1)
	c.rec.Apply(&in, 1)
	c.rec.Sweep(1)
	return c.log.Commit(context.Background(), &engine.Group{
		Events: 1, Delta: c.rec.AppendLog(nil), Replies: []*flow.Reply{{Key: key, Body: []byte("reply")}},
	})
}

// has reports which of the keys are kept.
func (c *clockDay) has(key string) bool {
	_, ok, err := c.open.Reply(context.Background(), key)
	return ok && err == nil
}

// pass commits for clockMinutes and says what is wrong with the replies that are kept meanwhile.
func (c *clockDay) pass(name string) string {
	for minute := range clockMinutes {
		if minute == 12 {
			c.disk.Fail(store.ErrFull)
			time.AfterFunc(20*time.Second, func() { c.disk.Fail(nil) })
		}
		if err := c.commit(fmt.Sprint(name, minute)); err != nil {
			return err.Error()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		for key := range minute + 1 {
			age := minute + 1 - key
			switch ok := c.has(fmt.Sprint(name, key)); {
			case ok && age > 12:
				return fmt.Sprintf("reply %d is there after %d minutes", key, age)
			case !ok && age < 9:
				return fmt.Sprintf("reply %d is gone after %d minutes", key, age)
			}
		}
	}
	return ""
}

// clockDays is one process, and one with the clock that comes after it. change, if not nil, plants a fault in the store.
func clockDays(t *testing.T, first, second func(time.Duration) time.Duration, change func(store.Store, func() time.Time) store.Store) (c *clockDay, wrong string) {
	synctest.Test(t, func(t *testing.T) {
		c = &clockDay{disk: storetest.New(false)}
		for i, at := range []func(time.Duration) time.Duration{first, second} {
			start := time.Now()
			now := func() time.Time { return start.Add(at(time.Since(start))).Round(0) }
			err := c.start(now, func(s store.Store) store.Store {
				if change == nil {
					return s
				}
				return change(s, now)
			})
			if err != nil {
				wrong = err.Error()
				return
			}
			if wrong == "" {
				wrong = c.pass(fmt.Sprint("life ", i, " key "))
			}
			if _, err := c.log.Close(); err != nil && wrong == "" {
				wrong = err.Error()
			}
		}
		left := 0
		if c.open, _ = c.disk.Open(); c.open != nil {
			for key := range clockMinutes {
				if c.has(fmt.Sprint("life 0 key ", key)) {
					left++
				}
			}
		}
		if wrong == "" && left > 0 {
			wrong = fmt.Sprintf("%d replies of the first process are kept for ever", left)
		}
	})
	return c, wrong
}

// TestNoWallClockDisturbsALog has logs work for half an hour under wall clocks that are wrong, stand still or jump, and then again, with the
// true time. Replies are kept for ten minutes, bases are written each minute, a full disk is waited out, and nothing takes less than no time.
func TestNoWallClockDisturbsALog(t *testing.T) {
	t.Parallel()
	runs, bases := 0, 0
	for _, first := range clocks {
		for _, second := range []int{0, 4} {
			c, wrong := clockDays(t, first.at, clocks[second].at, nil)
			if wrong != "" {
				t.Errorf("clock %s, then %s: %s", first.name, clocks[second].name, wrong)
			}
			if c.saved < 2*(clockMinutes-2) || c.blocked != 2 || c.unblocked != 2 || c.negative > 0 {
				t.Errorf("clock %s: %d bases, %d times blocked, %d times freed, %d commits took less than no time", first.name, c.saved, c.blocked, c.unblocked, c.negative)
			}
			runs++
			bases += c.saved
		}
	}
	t.Logf("%d runs of two processes, %d bases, %d replies", runs, bases, runs*2*clockMinutes)
}

// wallClockStore gives replies the age that a wall clock gives them.
type wallClockStore struct {
	store.Store
	now func() time.Time
}

func (s wallClockStore) Commit(ctx context.Context, g *store.Group) error {
	for i := range g.Replies {
		g.Replies[i].At = s.now()
	}
	return s.Store.Commit(ctx, g)
}

func (s wallClockStore) ForgetReplies(ctx context.Context, _, _ time.Time, keep int) error {
	return s.Store.ForgetReplies(ctx, s.now().Add(-keepReplies), time.Unix(1<<40, 0), keep)
}

func TestRepliesThatAgeByTheWallClockAreNoticed(t *testing.T) {
	t.Parallel()
	found := 0
	for _, c := range clocks {
		_, wrong := clockDays(t, c.at, clocks[0].at, func(s store.Store, now func() time.Time) store.Store { return wallClockStore{s, now} })
		if wrong != "" {
			t.Logf("clock %s is found: %s", c.name, wrong)
			found++
		}
	}
	if found < 4 {
		t.Errorf("%d clocks are found", found)
	}
}
