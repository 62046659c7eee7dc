package flow_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

func queue(size int) *flow.Intake { return flow.NewIntake(size, flow.IntakeHooks{}) }

// putWhole puts n events that are numbered from 0. The channel gets what became of them, once.
func putWhole(ctx context.Context, in *flow.Intake, name string, n int, reply *flow.Reply) (<-chan bool, error) {
	settled := make(chan bool, 1)
	ack := flow.NewAck(func(c bool) { settled <- c })
	defer ack.Done(true)
	w, err := in.Whole(ctx)
	if err != nil {
		return settled, err
	}
	for i := range n {
		if w.Put(ctx, flow.Message{Data: fmt.Append(nil, name), Number: int64(i), Ack: ack}) != nil {
			break
		}
	}
	return settled, w.End(ctx, reply)
}

func TestWholeMessagesStayTogetherAndTellTheirEnd(t *testing.T) {
	t.Parallel()
	in := queue(7) // smaller than any of them
	reply := &flow.Reply{Key: "k"}
	var puts sync.WaitGroup
	const sources, each = 4, 20
	for s := range sources {
		puts.Go(func() {
			for i := range each {
				settled, err := putWhole(t.Context(), in, fmt.Sprint(s), 8+i%3, reply)
				if err != nil || !<-settled {
					t.Errorf("source %d: %v", s, err)
				}
			}
		})
	}
	puts.Go(func() { // others may come in between
		for range 100 {
			in.Put(t.Context(), flow.Message{Data: []byte("single")})
		}
	})
	done := flowtest.Go(func() {
		puts.Wait()
		in.Close()
	})
	open, next, ends := "", int64(0), 0
	for {
		taken, ok := in.Take(t.Context(), nil, 5)
		if !ok {
			break
		}
		for _, m := range taken {
			name := string(m.Data)
			if name == "single" {
				continue
			}
			if open != "" && (name != open || m.Number != next) || open == "" && m.Number != 0 {
				t.Fatalf("number %d of %s behind number %d of %q", m.Number, name, next-1, open)
			}
			if m.More == (m.Reply != nil) {
				t.Errorf("more: %v, reply: %v", m.More, m.Reply)
			}
			if open, next = name, m.Number+1; !m.More {
				open = ""
				ends++
			}
			m.Ack.Done(true)
		}
	}
	flowtest.Soon(t, "all are put", done)
	if ends != sources*each {
		t.Errorf("%d of %d", ends, sources*each)
	}
}

func TestAWholeThatFindsNoRoomPutsNothing(t *testing.T) {
	t.Parallel()
	in := queue(1)
	in.Put(t.Context(), flow.Message{})
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		settled, err := putWhole(ctx, in, "a", 3, nil)
		<-settled
		failed <- err
	}()
	cancel()
	if err := flowtest.Soon(t, "given up", failed); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n, _ := in.Len(); n != 1 {
		t.Errorf("%d in the queue", n)
	}
	go func() { // nothing of it at all
		settled, err := putWhole(t.Context(), in, "a", 0, nil)
		<-settled
		failed <- err
	}()
	if err := flowtest.Soon(t, "an empty one is put", failed); err != nil {
		t.Error(err)
	}
}

func TestAWholeThatIsBegunIsPutToItsEnd(t *testing.T) {
	t.Parallel()
	in := queue(1)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := putWhole(ctx, in, "a", 4, nil)
		failed <- err
	}()
	first, _ := in.Take(t.Context(), nil, 1)
	cancel()
	in.Close() // the daemon stops, and still wants to know how it ends
	if err := in.Put(t.Context(), flow.Message{}); !errors.Is(err, flow.ErrClosed) {
		t.Errorf("others: %v", err)
	}
	if _, err := in.Whole(t.Context()); !errors.Is(err, flow.ErrClosed) {
		t.Errorf("another one: %v", err)
	}
	var rest []flow.Message
	for {
		var ok bool
		if rest, ok = in.Take(t.Context(), rest, 1); !ok {
			break
		}
	}
	if err := flowtest.Soon(t, "it is put", failed); err != nil {
		t.Error(err)
	}
	if len(rest) != 3 || !first[0].More || rest[2].More {
		t.Errorf("%d more", len(rest))
	}
}

func TestAWholeEndsWithThePipeline(t *testing.T) {
	t.Parallel()
	in := queue(1)
	failed := make(chan error, 1)
	go func() {
		settled, err := putWhole(t.Context(), in, "a", 9, nil)
		defer func() { failed <- err }()
		select {
		case <-settled:
			t.Error("settled although two are in the queue")
		default:
		}
	}()
	in.Take(t.Context(), nil, 1)
	in.Close()
	in.Rest()
	if err := flowtest.Soon(t, "given up", failed); !errors.Is(err, flow.ErrClosed) {
		t.Error(err)
	}
}

func TestALongWholeIsDivided(t *testing.T) {
	t.Parallel()
	in := queue(3 * flow.MaxWhole)
	if _, err := putWhole(t.Context(), in, "a", 2*flow.MaxWhole+1, nil); err != nil {
		t.Fatal(err)
	}
	for i, m := range in.Rest() {
		if m.More != ((i+1)%flow.MaxWhole != 0 && i != 2*flow.MaxWhole) {
			t.Fatalf("event %d: %v", i, m.More)
		}
		m.Ack.Done(true)
	}
}
