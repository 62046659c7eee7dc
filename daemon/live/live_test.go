package live

import (
	"sync"
	"testing"
)

func TestASlowSessionLosesItemsAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	h := NewHub[int](2, 10)
	dropped := 0
	h.Dropped = func() { dropped++ }
	slow, err := h.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	fast, err := h.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Subscribe(); err != ErrFull {
		t.Errorf("a third session: %v", err)
	}
	for i := range 25 {
		h.Publish(i)
		if got := <-fast.Items(); got != i {
			t.Fatalf("got %d, want %d", got, i)
		}
	}
	if slow.Dropped() != 15 || fast.Dropped() != 0 || dropped != 15 {
		t.Errorf("dropped %d and %d, %d in all", slow.Dropped(), fast.Dropped(), dropped)
	}
	select {
	case <-slow.Done():
		t.Error("a session has ended by itself")
	default:
	}
	h.Close()
	<-slow.Done() // although it has not been read
	n := 0
	for range slow.Items() {
		n++
	}
	if n != 10 || h.Active() != 0 {
		t.Errorf("%d items were left, %d sessions are open", n, h.Active())
	}
	slow.Close()
	if _, err := h.Subscribe(); err != ErrFull {
		t.Errorf("a session after the end: %v", err)
	}
}

func TestPublishersAndSessionsDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	h := NewHub[int](100, 4)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 2000 {
				h.Publish(i)
			}
		})
		wg.Go(func() {
			for range 200 {
				s, err := h.Subscribe()
				if err != nil {
					t.Error(err)
					return
				}
				select {
				case <-s.Items():
				default:
				}
				s.Close()
			}
		})
	}
	wg.Wait()
	if h.Active() != 0 {
		t.Errorf("%d sessions are open", h.Active())
	}
}

func TestPublishingToNobodyAllocatesNothing(t *testing.T) {
	h := NewHub[[]byte](1, 1)
	x := []byte("x")
	if n := testing.AllocsPerRun(100, func() { h.Publish(x) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
