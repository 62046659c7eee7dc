package flow_test

import (
	"sync"
	"testing"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

func TestAnAckFiresOnceWhenItsLastPartIsDone(t *testing.T) {
	t.Parallel()
	for _, failing := range []int{-1, 0, 57, 99} {
		calls, committed := 0, false
		a := flow.NewAck(func(c bool) { calls++; committed = c })
		a.Add(99)
		var parts sync.WaitGroup
		for i := range 100 {
			parts.Go(func() { a.Done(i != failing) })
		}
		parts.Wait()
		if calls != 1 || committed != (failing < 0) {
			t.Errorf("part %d failed: %d calls, committed %v", failing, calls, committed)
		}
	}
}

func TestAnAckDoesNotFireBeforeItsLastPart(t *testing.T) {
	t.Parallel()
	calls := 0
	a := flow.NewAck(func(bool) { calls++ })
	a.Add(1)
	a.Done(true)
	if calls > 0 {
		t.Error("it fired early")
	}
	a.Done(true)
	if calls != 1 {
		t.Errorf("it fired %d times", calls)
	}
}

func TestAcknowledgingTwiceIsABrokenInvariant(t *testing.T) {
	t.Parallel()
	a := flow.NewAck(func(bool) {})
	a.Done(true)
	defer func() {
		if recover() == nil {
			t.Error("nobody noticed")
		}
	}()
	a.Done(true)
}

func TestNoAckCostsNothing(t *testing.T) {
	t.Parallel()
	var a *flow.Ack
	a.Add(1)
	a.Done(false)
}
