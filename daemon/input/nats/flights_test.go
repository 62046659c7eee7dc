package nats

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"
)

func TestTheFloorIsBelowEverythingUnderWay(t *testing.T) {
	t.Parallel()
	f := newFlights()
	f.begin(time.Second, 10)
	if f.floor() != 10 {
		t.Errorf("floor %d at the start", f.floor())
	}
	a, b, c := f.start(11, "a"), f.start(12, "b"), f.start(15, "c")
	for _, step := range []struct {
		x         *flight
		committed bool
		floor     uint64
	}{{b, true, 10}, {a, false, 10}, {c, true, 10}} {
		f.done(step.x, step.committed)
		if f.floor() != step.floor {
			t.Errorf("floor %d, want %d", f.floor(), step.floor)
		}
	}
	again := f.start(11, "a2") // it was not committed and comes again
	f.done(again, true)
	if f.floor() != 15 {
		t.Errorf("floor %d at the end", f.floor())
	}
	if diff := cmp.Diff([]string{"b", "c", "a2"}, f.take()); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageUnderWayIsNotStartedAgainAndAcknowledgedAsTheServerSentItLast(t *testing.T) {
	t.Parallel()
	f := newFlights()
	x := f.start(1, "first")
	if f.start(1, "second") != nil {
		t.Error("it was started twice")
	}
	f.done(x, true)
	if diff := cmp.Diff([]string{"second"}, f.take()); diff != "" {
		t.Error(diff)
	}
}

func TestMessagesAreLateAfterHalfTheWaitAndAgainAfterAnotherHalf(t *testing.T) {
	t.Parallel()
	f := newFlights()
	f.begin(4*time.Second, 0)
	x, failed := f.start(1, "a"), f.start(2, "b")
	f.done(failed, false)
	start := x.since
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{1 * time.Second, 0}, {2 * time.Second, 1}, {3 * time.Second, 0}, {4 * time.Second, 1}} {
		if got := f.late(start.Add(step.after)); len(got) != step.want {
			t.Errorf("after %v: %q", step.after, got)
		}
	}
	if f.interval() != time.Second {
		t.Errorf("asked every %v", f.interval())
	}
}

func TestTheShortestWaitOfAConsumerCounts(t *testing.T) {
	t.Parallel()
	got := ackWait(jetstream.ConsumerConfig{AckWait: 30 * time.Second, BackOff: []time.Duration{5 * time.Second, time.Minute}})
	if got != 5*time.Second {
		t.Errorf("%v", got)
	}
}
