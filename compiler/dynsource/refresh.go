package dynsource

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rsigma-go/rsigma/compiler/watch"
)

// The intervals of refreshes (dynamic-sources.md sections 6 and 7).
const (
	watchSettle = 100 * time.Millisecond
	watchPoll   = 2 * time.Second
	retryAfter  = 5 * time.Second // for optional sources that failed at the start
	jitter      = 0.1
)

// Refresh reads sources anew as their declarations say, until ctx is done. changed is called after each time that a value differs from
// the one before; failed, if not nil, if files cannot be watched properly.
func (r *Resolver) Refresh(ctx context.Context, changed func(id string), failed func(error)) {
	if failed == nil {
		failed = func(error) {}
	}
	var wg sync.WaitGroup
	again := func(s *source) {
		for _, out := range r.Resolve(ctx, s.ID) {
			if out.Changed {
				changed(s.ID)
			}
		}
	}
	for _, s := range r.order {
		if f, ok := s.fetch.(*fileFetcher); ok && s.Refresh.Policy == PolicyWatch {
			run := watch.Start(watch.Options{
				List:    func() watch.Paths { return watch.Paths{Files: []string{f.path}} },
				Changed: func() { again(s) }, Settle: watchSettle, Poll: watchPoll, Failed: failed,
			})
			wg.Go(func() {
				if f.outdated() {
					again(s)
				}
				run(ctx)
			})
		}
		if f, ok := s.fetch.(*natsFetcher); ok && s.Refresh.Policy == PolicyPush {
			wg.Go(func() { f.follow(ctx, func() { again(s) }) })
			continue // it tries again by itself
		}
		if s.Refresh.Policy == PolicyInterval {
			wg.Go(func() { every(ctx, s.Refresh.Every, func() { again(s) }) })
		}
		if !s.Required && s.failedAtStart() {
			wg.Go(func() {
				if pause(ctx, retryAfter) {
					again(s)
				}
			})
		}
	}
	wg.Wait()
}

func (s *source) failedAtStart() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last != nil && !s.has
}

// every calls f again and again. A call that takes longer than the interval delays the next one.
func every(ctx context.Context, interval time.Duration, f func()) {
	for pause(ctx, interval+time.Duration(float64(interval)*jitter*rand.Float64())) {
		f()
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
