package flow_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

// script is a sink whose calls are answered one after the other; after the script everything is written.
type script struct {
	flowtest.Memory
	steps []step
	calls []int // lines offered
}

type step struct {
	write int
	err   error
}

func (s *script) Deliver(ctx context.Context, lines [][]byte) (int, error) {
	s.calls = append(s.calls, len(lines))
	if len(s.steps) == 0 {
		return s.Memory.Deliver(ctx, lines)
	}
	next := s.steps[0]
	s.steps = s.steps[1:]
	s.Memory.Deliver(ctx, lines[:next.write])
	return next.write, next.err
}

var retry3 = flow.Retry{Times: 3, Base: 100 * time.Millisecond, Max: 300 * time.Millisecond}

// deliver runs units of these sizes through a sender to sink, all in one batch if they wait already.
func deliver(t *testing.T, sink flow.Sink, opts flow.SenderOptions, sizes ...int) (*flowtest.Ledger, *flowtest.Account) {
	t.Helper()
	ledger := &flowtest.Ledger{}
	account := ledger.Account()
	opts.Queue, opts.BatchMax = 100, max(opts.BatchMax, 1)
	if opts.Exhausted == nil {
		opts.Exhausted = func(_ context.Context, u *flow.Unit, from int, err error) {
			if err == nil {
				t.Error("given up without an error")
			}
			account.PassOn(u, from, true)
		}
	}
	s := flow.NewSender(sink, opts)
	for _, n := range sizes {
		if err := s.Put(t.Context(), ledger.Unit(n, 0)); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	s.Run(t.Context())
	return ledger, account
}

func TestARetryNeverRepeatsWhatIsDelivered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		sink := &script{steps: []step{{2, broken}, {0, broken}, {3, broken}}}
		start := time.Now()
		ledger, account := deliver(t, sink, flow.SenderOptions{Retry: retry3, BatchMax: 9}, 3, 4, 1)
		// 2 of unit 0; none; the last of unit 0 and 2 of unit 1, which is a new beginning; the rest.
		if diff := cmp.Diff([]int{8, 6, 6, 3}, sink.calls); diff != "" {
			t.Error(diff)
		}
		if d := time.Since(start); d != 400*time.Millisecond {
			t.Errorf("waited %v, want 100 + 200 + 100 ms", d)
		}
		if err := errors.Join(account.Verify(sink.Lines()), ledger.Settled()); err != nil || account.Passed() > 0 {
			t.Errorf("%v; %d passed on", err, account.Passed())
		}
	})
}

// forgetful delivers everything and denies it once: what a sender that starts over would do.
type forgetful struct {
	flowtest.Memory
	denied bool
}

func (f *forgetful) Deliver(ctx context.Context, lines [][]byte) (int, error) {
	n, err := f.Memory.Deliver(ctx, lines)
	if !f.denied {
		f.denied = true
		return 0, errors.New("denied")
	}
	return n, err
}

func TestTheOracleNoticesARepeatedResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sink := &forgetful{}
		_, account := deliver(t, sink, flow.SenderOptions{Retry: retry3}, 2)
		if account.Verify(sink.Lines()) == nil {
			t.Errorf("no complaint about %q", sink.Lines())
		}
	})
}

func TestTheOracleNoticesALostResult(t *testing.T) {
	t.Parallel()
	ledger, account := deliver(t, &flowtest.Memory{}, flow.SenderOptions{}, 2)
	if account.Verify(nil) == nil {
		t.Error("no complaint about lost results")
	}
	ledger.Unit(1, 0)
	if ledger.Settled() == nil {
		t.Error("no complaint about a unit that was not acknowledged")
	}
}

func TestDelaysDoubleUpToTheirMaximumThenTheUnitIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		sink := &script{steps: []step{{1, broken}, {0, broken}, {0, broken}, {0, broken}, {0, broken}}}
		retries, failed, delivered := 0, 0, 0
		start := time.Now()
		ledger, account := deliver(t, sink, flow.SenderOptions{Retry: retry3, BatchMax: 9, Hooks: flow.SenderHooks{
			Retried: func() { retries++ }, Failed: func(n int) { failed += n }, Delivered: func(n int) { delivered += n },
		}}, 3, 2)
		if d := time.Since(start); d != 700*time.Millisecond {
			t.Errorf("waited %v, want 100 + 200 + 300 for the first unit and 100 for the second", d)
		}
		if diff := cmp.Diff([]int{5, 4, 4, 4, 2, 2}, sink.calls); diff != "" {
			t.Error(diff)
		}
		if retries != 4 || failed != 2 || delivered != 3 || account.Passed() != 2 {
			t.Errorf("%d retries, %d failed, %d delivered, %d passed on", retries, failed, delivered, account.Passed())
		}
		if err := errors.Join(account.Verify(sink.Lines()), ledger.Settled()); err != nil {
			t.Error(err)
		}
	})
}

func TestAPermanentErrorSkipsTheRetriesOfItsUnitOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sink := &script{steps: []step{{4, flow.Permanent(errors.New("too large"))}}}
		start := time.Now()
		ledger, account := deliver(t, sink, flow.SenderOptions{Retry: retry3, BatchMax: 9}, 3, 4, 2)
		if d := time.Since(start); d != 0 {
			t.Errorf("waited %v", d)
		}
		if diff := cmp.Diff([]int{9, 2}, sink.calls); diff != "" || account.Passed() != 3 {
			t.Errorf("%d passed on, want the last three of the second unit; %s", account.Passed(), diff)
		}
		if err := errors.Join(account.Verify(sink.Lines()), ledger.Settled()); err != nil {
			t.Error(err)
		}
	})
}

func TestASinkThatForgetsItsErrorIsRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sink := &script{steps: []step{{1, nil}, {0, nil}, {0, nil}, {0, nil}, {0, nil}}}
		ledger, account := deliver(t, sink, flow.SenderOptions{Retry: retry3, BatchMax: 9}, 2, 1)
		if err := errors.Join(account.Verify(sink.Lines()), ledger.Settled()); err != nil || account.Passed() != 1 {
			t.Errorf("%v; %d passed on", err, account.Passed())
		}
	})
}

func TestUnitsWithoutResultsAreAcknowledged(t *testing.T) {
	t.Parallel()
	sink := &script{steps: []step{{0, flow.Permanent(errors.New("no"))}}}
	ledger, account := deliver(t, sink, flow.SenderOptions{BatchMax: 9}, 0, 1, 0, 0)
	if err := errors.Join(account.Verify(sink.Lines()), ledger.Settled()); err != nil {
		t.Error(err)
	}
	ledger, _ = deliver(t, sink, flow.SenderOptions{BatchMax: 1}, 0, 0)
	if err := ledger.Settled(); err != nil {
		t.Error(err)
	}
}

// stuck is a sink that does not return until it is released, not even when it is interrupted.
type stuck struct {
	flowtest.Memory
	entered, release chan struct{}
}

func newStuck() *stuck {
	return &stuck{entered: make(chan struct{}, 100), release: make(chan struct{})}
}

func (s *stuck) Deliver(ctx context.Context, lines [][]byte) (int, error) {
	s.entered <- struct{}{}
	<-s.release
	return s.Memory.Deliver(ctx, lines)
}

func TestAFullQueueDropsIfAskedTo(t *testing.T) {
	t.Parallel()
	sink := newStuck()
	ledger := &flowtest.Ledger{}
	dropped := 0
	s := flow.NewSender(sink, flow.SenderOptions{Queue: 2, BatchMax: 1, DropWhenFull: true, Hooks: flow.SenderHooks{Dropped: func(n int) { dropped += n }}})
	done := flowtest.Go(func() { s.Run(t.Context()) })
	s.Put(t.Context(), ledger.Unit(1, 0))
	flowtest.Soon(t, "the sink is busy", sink.entered)
	for range 5 {
		if err := s.Put(t.Context(), ledger.Unit(3, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if dropped != 9 || s.Len() != 3 {
		t.Errorf("%d results dropped, %d units wait; want 9 and 3", dropped, s.Len())
	}
	close(sink.release)
	s.Close()
	flowtest.Soon(t, "the rest is delivered", done)
	if err := ledger.Settled(); err != nil || ledger.Failed() > 0 || len(sink.Lines()) != 7 {
		t.Errorf("%v; %d failed, %d lines", err, ledger.Failed(), len(sink.Lines()))
	}
}

func TestASenderThatIsStuckCanBeAbandoned(t *testing.T) {
	t.Parallel()
	sink := newStuck()
	ledger := &flowtest.Ledger{}
	account := ledger.Account()
	s := flow.NewSender(sink, flow.SenderOptions{Queue: 10, BatchMax: 2})
	for range 5 {
		s.Put(t.Context(), ledger.Unit(2, 0))
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := flowtest.Go(func() { s.Run(ctx) })
	flowtest.Soon(t, "the sink is busy", sink.entered)
	cancel()
	for _, p := range s.Abandon() {
		account.PassOn(p.Unit, p.From, false)
	}
	close(sink.release)
	flowtest.Soon(t, "the worker has returned", done)
	// What it wrote meanwhile is a repetition that nobody can prevent; the units are settled once nevertheless.
	if err := errors.Join(account.Verify(nil), ledger.Settled()); err != nil || account.Passed() != 10 || ledger.Failed() != 5 {
		t.Errorf("%v; %d results passed on, %d units failed", err, account.Passed(), ledger.Failed())
	}
}

func TestAbandonAtAnyMomentLosesNothing(t *testing.T) {
	t.Parallel()
	rng := flowtest.Rand(t)
	for range 300 {
		sink := &flowtest.Memory{}
		ledger := &flowtest.Ledger{}
		account := ledger.Account()
		s := flow.NewSender(sink, flow.SenderOptions{Queue: 64, BatchMax: 1 + rng.IntN(4)})
		done := flowtest.Go(func() { s.Run(t.Context()) })
		moment := rng.IntN(40)
		for i := range 40 {
			u := ledger.Unit(1, 0)
			if s.Put(t.Context(), u) != nil {
				account.PassOn(u, 0, false)
			}
			if i == moment {
				for _, p := range s.Abandon() {
					account.PassOn(p.Unit, p.From, false)
				}
			}
		}
		flowtest.Soon(t, "the worker has returned", done)
		if err := ledger.Settled(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhatIsRefusedTogetherIsGivenUpTogether has five of seven results refused for good at once, two of them the first ones of a unit of
// three: that unit is tried again, and so is what comes after it.
func TestWhatIsRefusedTogetherIsGivenUpTogether(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for _, c := range []struct {
		err    error
		calls  []int
		passed int
	}{
		{flow.PermanentFor(5, refused), []int{7, 4}, 3},
		{flow.PermanentFor(7, refused), []int{7}, 7},
		{flow.PermanentFor(99, refused), []int{7}, 7},
		{flow.PermanentFor(0, refused), []int{7, 6}, 1},
		{flow.Permanent(refused), []int{7, 6}, 1},
	} {
		sink := &script{steps: []step{{0, c.err}}}
		ledger, account := deliver(t, sink, flow.SenderOptions{Retry: retry3, BatchMax: 9}, 1, 2, 3, 1)
		if err := errors.Join(account.Verify(sink.Lines()), ledger.Settled()); err != nil || account.Passed() != c.passed {
			t.Errorf("%v: %v; %d passed on, want %d", c.calls, err, account.Passed(), c.passed)
		}
		if diff := cmp.Diff(c.calls, sink.calls); diff != "" {
			t.Error(diff)
		}
	}
}
