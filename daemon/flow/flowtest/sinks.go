package flowtest

import (
	"context"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// Target is a sink under test and the other end of it.
type Target struct {
	Sink flow.Sink
	// Lines returns everything that has arrived. The sink is closed by then.
	Lines func() []string
}

// Sink tests that what open returns keeps the contract of flow.Sink. open fails the test if it cannot.
func Sink(t *testing.T, open func(t *testing.T) Target) {
	t.Run("every result arrives once and in order", func(t *testing.T) { sinkRun(t, open(t), Faults{}) })
	t.Run("faults neither lose nor repeat a result", func(t *testing.T) {
		sinkRun(t, open(t), Faults{Retryable: 0.3, Permanent: 0.05, Slow: 0.1, Delay: time.Millisecond})
	})
	t.Run("what is abandoned in mid-flight was not delivered", func(t *testing.T) { sinkAbandon(t, open(t)) })
	t.Run("long lines and no lines", func(t *testing.T) { sinkLong(t, open(t)) })
	t.Run("closed before it is used, and twice", func(t *testing.T) { sinkUnused(t, open(t)) })
}

// sinkRun sends units through a sender until all are settled.
func sinkRun(t *testing.T, target Target, faults Faults) {
	faults.Rand = Rand(t)
	var ledger Ledger
	account := ledger.Account()
	s := sender(target.Sink, account, faults)
	done := Go(func() { s.Run(t.Context()) })
	shape := Rand(t)
	for range 300 {
		if err := s.Put(t.Context(), ledger.Unit(1+shape.IntN(5), shape.IntN(200))); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	Soon(t, "the sender has delivered", done)
	settle(t, target, &ledger, account)
	if n := account.Passed(); n > 0 && faults.Permanent == 0 {
		t.Errorf("%d results were given up without a reason", n)
	}
}

// sinkAbandon stops a slow sender while it delivers.
func sinkAbandon(t *testing.T, target Target) {
	var ledger Ledger
	account := ledger.Account()
	s := sender(target.Sink, account, Faults{Rand: Rand(t), Retryable: 0.2, Slow: 0.5, Delay: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	done := Go(func() { s.Run(ctx) })
	for range 60 {
		if err := s.Put(t.Context(), ledger.Unit(3, 10)); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	Soon(t, "the sender has stopped", done)
	for _, p := range s.Abandon() {
		account.PassOn(p.Unit, p.From, false)
	}
	if left := s.Abandon(); len(left) > 0 {
		t.Errorf("%d units were abandoned twice", len(left))
	}
	if s.Put(t.Context(), ledger.Unit(0, 0)) == nil {
		t.Error("an abandoned sender takes units")
	}
	ledger.acks = ledger.acks[:len(ledger.acks)-1] // the refused one
	settle(t, target, &ledger, account)
}

// sinkLong delivers lines of the greatest length.
func sinkLong(t *testing.T, target Target) {
	var ledger Ledger
	account := ledger.Account()
	if n, err := target.Sink.Deliver(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("delivery of nothing: %d, %v", n, err)
	}
	s := sender(target.Sink, account, Faults{Rand: Rand(t)})
	done := Go(func() { s.Run(t.Context()) })
	for range 5 {
		if err := s.Put(t.Context(), ledger.Unit(2, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	Soon(t, "long lines are delivered", done)
	settle(t, target, &ledger, account)
}

func sinkUnused(t *testing.T, target Target) {
	for range 2 {
		if err := target.Sink.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if lines := target.Lines(); len(lines) > 0 {
		t.Errorf("lines from nowhere: %.200q", lines)
	}
}

// sender returns a sender whose failures go to account.
func sender(sink flow.Sink, account *Account, faults Faults) *flow.Sender {
	return flow.NewSender(faults.Wrap(sink), flow.SenderOptions{
		Queue: 16, BatchMax: 8, Retry: flow.Retry{Times: 20, Base: time.Microsecond, Max: time.Millisecond},
		Exhausted: func(_ context.Context, u *flow.Unit, from int, _ error) { account.PassOn(u, from, true) },
	})
}

// settle closes the sink and compares.
func settle(t *testing.T, target Target, ledger *Ledger, account *Account) {
	t.Helper()
	if err := target.Sink.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := account.Verify(target.Lines()); err != nil {
		t.Error(err)
	}
	if err := ledger.Settled(); err != nil {
		t.Error(err)
	}
}
