package flow

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Retry says how often a delivery is tried again, and after which delays: Base, then twice as long each time, at most Max.
//
// Source: daemon.md section 13.1.
type Retry struct {
	Times     int // after the first attempt
	Base, Max time.Duration
}

// schedule returns the delays one after the other.
func (r Retry) schedule() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: r.Base, MaxInterval: r.Max, Multiplier: 2}
}

// Pause returns a function that waits, longer each time. It is false if ctx ended first.
func (r Retry) Pause() func(ctx context.Context) bool {
	delays := r.schedule()
	return func(ctx context.Context) bool { return wait(ctx, delays.NextBackOff()) }
}

// wait waits for d. It is false if ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
