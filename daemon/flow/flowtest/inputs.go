package flowtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// Source is an input under test and the other end of it.
type Source struct {
	Input flow.Input
	Type  string // the origin of its messages
	// Send gives events to the input and returns once the transport has taken them. It is called once, on a goroutine of its own, and
	// must return, whatever happens to the input, after Stop.
	Send func(events []string)
	// Stop ends the other end.
	Stop func()
}

// Input tests that what open returns keeps the contract of flow.Input. open fails the test if it cannot.
func Input(t *testing.T, open func(t *testing.T) Source) {
	t.Run("every event arrives once, unchanged and in order", func(t *testing.T) {
		for _, size := range []int{1, 1000} {
			if err := arrive(t, open(t), size); err != nil {
				t.Errorf("queue of %d: %v", size, err)
			}
		}
	})
	t.Run("a full queue does not hold up the end", func(t *testing.T) { inputStop(t, open(t), false) })
	t.Run("a closed queue does not hold up the end", func(t *testing.T) { inputStop(t, open(t), true) })
	t.Run("stopped before it starts", func(t *testing.T) { inputCancelled(t, open(t)) })
	t.Run("closed before it is used, and twice", func(t *testing.T) {
		src := open(t)
		defer src.Stop()
		for range 2 {
			if err := src.Input.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}
	})
}

// events returns numbered events, some of them long.
func events(n int) []string {
	out := make([]string, n)
	for i := range out {
		pad := i % 97
		if i%100 == 50 {
			pad = 300 << 10
		}
		out[i] = fmt.Sprintf(`{"event":%d,"pad":"%s"}`, i, strings.Repeat("é", pad))
	}
	return out
}

// arrive sends events, holds all of them until the end, and acknowledges each in parts. The error says what is wrong with them.
func arrive(t *testing.T, src Source, size int) error {
	t.Helper()
	var received atomic.Int64
	intake := flow.NewIntake(size, flow.IntakeHooks{Received: func(*flow.Origin) { received.Add(1) }})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- src.Input.Run(ctx, intake) }()
	want := events(500)
	sent := Go(func() { src.Send(want) })
	rng := Rand(t)
	var got []flow.Message
	took := Go(func() {
		for len(got) < len(want) {
			var ok bool
			if got, ok = intake.Take(ctx, got, 1+rng.IntN(20)); !ok {
				return
			}
		}
	})
	Soon(t, "all events have arrived", took)
	for i := range got {
		got[i].Ack.Add(1)
		got[i].Ack.Done(true)
		got[i].Ack.Done(rng.IntN(4) > 0)
	}
	Soon(t, "all events are sent", sent)
	src.Stop()
	cancel()
	err := Soon(t, "the input has returned", ran)
	if err == nil {
		err = src.Input.Close()
	}
	// A reader that was left behind may count its last event a moment later.
	for deadline := time.Now().Add(5 * time.Second); received.Load() < int64(len(want)) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if n, _ := intake.Len(); n > 0 || received.Load() != int64(len(want)) {
		return fmt.Errorf("%d events were received, and %d more", received.Load(), n)
	}
	for i, m := range got {
		if string(m.Text()) != want[i] {
			return fmt.Errorf("event %d is %.60q, want %.60q", i, m.Text(), want[i])
		}
		if m.Err != nil || m.Origin == nil || m.Origin.Type != src.Type {
			return fmt.Errorf("event %d has error %v and comes from %+v", i, m.Err, m.Origin)
		}
	}
	return err
}

// inputStop stops an input whose queue is full, or closed.
func inputStop(t *testing.T, src Source, closed bool) {
	waits := make(chan struct{}, 1)
	intake := flow.NewIntake(3, flow.IntakeHooks{BackPressure: func(*flow.Origin) {
		select {
		case waits <- struct{}{}:
		default:
		}
	}})
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- src.Input.Run(ctx, intake) }()
	want := events(40)
	sent := Go(func() { src.Send(want) })
	Soon(t, "the queue is full", waits)
	if closed {
		intake.Close()
	}
	cancel()
	if err := Soon(t, "the input has returned", ran); err != nil && !errors.Is(err, flow.ErrClosed) {
		t.Errorf("it is no error to be stopped: %v", err)
	}
	intake.Close()
	src.Stop()
	Soon(t, "the other end has returned", sent)
	rest := intake.Rest()
	if len(rest) != 3 {
		t.Errorf("%d events are in a queue of 3", len(rest))
	}
	for i, m := range rest {
		if string(m.Text()) != want[i] {
			t.Errorf("event %d is %.60q", i, m.Text())
		}
		m.Ack.Done(false)
	}
	if err := src.Input.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// inputCancelled runs an input that is stopped already.
func inputCancelled(t *testing.T, src Source) {
	intake := flow.NewIntake(10, flow.IntakeHooks{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ran := make(chan error, 1)
	go func() { ran <- src.Input.Run(ctx, intake) }()
	if err := Soon(t, "the input has returned", ran); err != nil {
		t.Errorf("it is no error to be stopped: %v", err)
	}
	sent := Go(func() { src.Send(events(2)) })
	src.Stop()
	Soon(t, "the other end has returned", sent)
	if n, _ := intake.Len(); n > 0 {
		t.Errorf("%d events from an input that was stopped", n)
	}
	if err := src.Input.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
