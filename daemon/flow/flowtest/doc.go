// Package flowtest holds the contract of inputs and of sinks as tests: each transport runs Input or Sink on what it makes of package
// flow. It also holds what such tests need: a Ledger, which knows what must become of every result, and Faults, which make a sink
// fail in every way that is allowed. It is for tests only.
//
// Source: style.md section 5; reliability.md section 8.1.
package flowtest

import (
	"math/rand/v2"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen soon.
const patience = 10 * time.Second

// Rand returns a source of random numbers whose seed the test prints when it fails.
func Rand(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("random seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// Soon fails the test if c is not closed, or does not deliver, soon.
func Soon[T any](t testing.TB, what string, c <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-c:
	case <-time.After(patience):
		t.Fatalf("%s: nothing after %v", what, patience)
	}
	return value
}

// Go runs f and returns a channel that is closed when it has returned.
func Go(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	return done
}
