package flow_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

func TestAStuckSinkHoldsUpTheOthersOnlyWhenItsQueueIsFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bad, good := newStuck(), &flowtest.Memory{}
		ledger := &flowtest.Ledger{}
		senders := []*flow.Sender{
			flow.NewSender(bad, flow.SenderOptions{Queue: 5, BatchMax: 1}),
			flow.NewSender(good, flow.SenderOptions{Queue: 5, BatchMax: 1}),
		}
		seen := 0
		f := flow.NewFanout(senders, 100, func(*flow.Unit) { seen++ })
		var running sync.WaitGroup
		running.Go(func() { f.Run(t.Context()) })
		for _, s := range senders {
			running.Go(func() { s.Run(t.Context()) })
		}
		for range 20 {
			if err := f.Put(t.Context(), ledger.Unit(1, 0)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		// The stuck sink holds one unit, its queue five; the next one waits for it, in front of the good sink.
		if n := len(good.Lines()); n != 6 || seen != 7 || f.Results() != 20-7 {
			t.Errorf("%d delivered by the good sink, %d seen, %d wait; want 6, 7, 13", n, seen, f.Results())
		}
		close(bad.release)
		f.Close()
		running.Wait()
		if err := errors.Join(ledger.Account().Verify(good.Lines()), ledger.Account().Verify(bad.Lines()), ledger.Settled()); err != nil {
			t.Error(err)
		}
		if f.Results() != 0 {
			t.Errorf("%d results wait for ever", f.Results())
		}
	})
}

// stop runs a fan-out to two faulty sinks, stops it at a random moment, and settles what is left as a daemon does at the end of its
// drain time. forget leaves out what is still in the fan-out.
func stop(t *testing.T, forget bool) error {
	rng := flowtest.Rand(t)
	ledger := &flowtest.Ledger{}
	var sinks []*flowtest.Memory
	var senders []*flow.Sender
	accounts := map[*flow.Sender]*flowtest.Account{}
	for range 2 {
		sink, account := &flowtest.Memory{}, ledger.Account()
		faults := flowtest.Faults{Rand: flowtest.Rand(t), Retryable: 0.2, Permanent: 0.05, Slow: 0.2, Delay: 100 * time.Microsecond}
		s := flow.NewSender(faults.Wrap(sink), flow.SenderOptions{
			Queue: 3, BatchMax: 4, Retry: flow.Retry{Times: 3, Base: time.Microsecond, Max: time.Microsecond},
			Exhausted: func(_ context.Context, u *flow.Unit, from int, _ error) { account.PassOn(u, from, true) },
		})
		sinks, senders, accounts[s] = append(sinks, sink), append(senders, s), account
	}
	f := flow.NewFanout(senders, 50, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { f.Run(ctx) })
	for _, s := range senders {
		running.Go(func() { s.Run(ctx) })
	}
	moment := rng.IntN(100)
	for i := range 100 {
		if i == moment {
			cancel()
		}
		u := ledger.Unit(1+rng.IntN(3), 0)
		if f.Put(ctx, u) != nil {
			u.Ack.Add(1)
			for _, a := range accounts {
				a.PassOn(u, 0, false)
			}
		}
	}
	flowtest.Soon(t, "all have stopped", flowtest.Go(running.Wait))
	for _, s := range senders {
		for _, p := range s.Abandon() {
			accounts[s].PassOn(p.Unit, p.From, false)
		}
	}
	rest := f.Rest()
	if forget {
		rest = nil
	}
	for _, r := range rest {
		if r.Sender != nil {
			accounts[r.Sender].PassOn(r.Unit, 0, false)
			continue
		}
		r.Unit.Ack.Add(1)
		for _, a := range accounts {
			a.PassOn(r.Unit, 0, false)
		}
	}
	if again := f.Rest(); len(again) > 0 && !forget {
		t.Errorf("%d units are left twice", len(again))
	}
	return errors.Join(accounts[senders[0]].Verify(sinks[0].Lines()), accounts[senders[1]].Verify(sinks[1].Lines()), ledger.Settled())
}

func TestStoppingAFanOutAtAnyMomentLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	for range 100 {
		if err := stop(t, false); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheOracleNoticesUnitsLeftInAFanOut(t *testing.T) {
	t.Parallel()
	for range 100 {
		if stop(t, true) != nil {
			return
		}
	}
	t.Error("nothing was ever left")
}

func TestAFanOutToNobodyAcknowledges(t *testing.T) {
	t.Parallel()
	ledger := &flowtest.Ledger{}
	f := flow.NewFanout(nil, 10, nil)
	f.Put(t.Context(), ledger.Unit(1, 0))
	f.Close()
	f.Run(t.Context())
	if err := ledger.Settled(); err != nil {
		t.Error(err)
	}
	if err := f.Put(t.Context(), ledger.Unit(1, 0)); !errors.Is(err, flow.ErrClosed) || f.Results() != 0 {
		t.Errorf("put after close: %v, %d results", err, f.Results())
	}
}
