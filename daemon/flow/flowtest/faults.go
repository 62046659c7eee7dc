package flowtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// ErrPlanted is the error that Faults make a sink return.
var ErrPlanted = errors.New("planted fault")

// Faults make calls of Deliver fail or slow, with the given probabilities. A failing call delivers a random number of lines first.
type Faults struct {
	Rand                       *rand.Rand // used on the goroutine that delivers
	Retryable, Permanent, Slow float64
	Delay                      time.Duration // of a slow call
}

// Wrap returns s with these faults.
func (f Faults) Wrap(s flow.Sink) flow.Sink { return &faulty{f, s} }

type faulty struct {
	Faults
	flow.Sink
}

// Deliver implements flow.Sink.
func (f *faulty) Deliver(ctx context.Context, lines [][]byte) (int, error) {
	if f.Rand.Float64() < f.Slow {
		select {
		case <-time.After(f.Delay):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	p := f.Rand.Float64()
	if p >= f.Retryable+f.Permanent {
		return f.Sink.Deliver(ctx, lines)
	}
	planted := ErrPlanted
	if p < f.Permanent {
		planted = flow.Permanent(planted)
	}
	n, err := f.Sink.Deliver(ctx, lines[:f.Rand.IntN(len(lines))])
	if err == nil {
		err = planted
	}
	return n, err
}

// Memory is a sink that keeps lines. It is safe for concurrent use.
type Memory struct {
	mu    sync.Mutex
	lines []string
}

// Deliver implements flow.Sink.
func (m *Memory) Deliver(_ context.Context, lines [][]byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range lines {
		m.lines = append(m.lines, string(l))
	}
	return len(lines), nil
}

// Lines returns what was delivered.
func (m *Memory) Lines() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.lines...)
}

// Close implements flow.Sink.
func (m *Memory) Close() error { return nil }
