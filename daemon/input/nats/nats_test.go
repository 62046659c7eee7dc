package nats

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
	"github.com/rsigma-go/rsigma/rtlib/frame"
)

func TestContract(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	n := 0
	flowtest.Input(t, func(t *testing.T) flowtest.Source {
		n++
		subject := fmt.Sprintf("contract.%d", n)
		in := open(t, b.options(subject))
		nc, err := nats.Connect(b.url)
		if err != nil {
			t.Fatal(err)
		}
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		return flowtest.Source{
			Input: in, Type: "nats",
			Send: func(events []string) {
				for _, e := range events {
					if _, err := js.Publish(context.Background(), subject, []byte(e)); err != nil {
						return
					}
				}
			},
			Stop: nc.Close,
		}
	})
}

func TestWhatIsCommittedIsAcknowledgedAndWhatIsNotComesAgain(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	var again counter
	opts := b.options("a")
	opts.AckWait, opts.Hooks.Redelivered = 300*time.Millisecond, again.inc
	in := open(t, opts)
	for i := range 20 {
		b.publish("a", fmt.Sprint(i))
	}
	r := read(t, in, 100)
	var odd []string
	for i, m := range r.take(20) {
		if want := fmt.Sprint(i); string(m.Data) != want || m.Number != int64(i+1) || m.Origin.Type != "nats" || m.Origin.Stream != "rsigma-a" {
			t.Errorf("message %d is %q, number %d from %+v", i, m.Data, m.Number, m.Origin)
		}
		if i%2 == 1 {
			odd = append(odd, string(m.Data))
		}
		m.Ack.Done(i%2 == 0)
	}
	got := map[string]bool{}
	for _, text := range r.texts(10) {
		got[text] = true
	}
	for _, text := range odd {
		if !got[text] {
			t.Errorf("message %s was not committed and did not come again; only %v did", text, got)
		}
	}
	b.settled(in, 20)
	if again.Load() != 10 || in.Unacked() != 0 {
		t.Errorf("%d redeliveries, %d not acknowledged", again.Load(), in.Unacked())
	}
	r.stop()
}

func TestAcknowledgementsAfterReadingHasEndedStillCount(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	opts := b.options("a")
	opts.AckWait = 400 * time.Millisecond
	in := open(t, opts)
	b.publish("a", "1", "2", "3")
	r := read(t, in, 100)
	got := r.take(3)
	r.cancel()
	if err := flowtest.Soon(t, "the input has returned", r.ran); err != nil {
		t.Error(err)
	}
	got[0].Ack.Done(true)
	got[1].Ack.Done(true)
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	s, err := b.state(in)
	if err != nil || s.AckFloor.Stream != 2 || s.NumAckPending != 1 {
		t.Errorf("floor %d, %d not acknowledged, %v", s.AckFloor.Stream, s.NumAckPending, err)
	}
	got[2].Ack.Done(true) // too late
	next := read(t, open(t, opts), 100)
	if diff := cmp.Diff([]string{"3"}, next.texts(1)); diff != "" {
		t.Error(diff)
	}
	next.stop()
}

func TestThePayloadIsLinesThatShareOneAcknowledgement(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	var again counter
	opts := b.options("a")
	opts.AckWait, opts.Hooks.Redelivered = 300*time.Millisecond, again.inc
	in := open(t, opts)
	b.publish("a", "one\r\n\n  \ntwo\nthree", "", " \n\r\n", "\xEF\xBB\xBFfour", "bad \xff")
	r := read(t, in, 100)
	got := r.take(5)
	for i, want := range []string{"one", "two", "three", "four", "bad \xff"} {
		if string(got[i].Data) != want || got[i].Err != nil {
			t.Errorf("event %d is %q, %v", i, got[i].Data, got[i].Err)
		}
	}
	// The blank ones are acknowledged without anybody's doing.
	eventually(t, "blank messages are acknowledged", func() (bool, any) {
		s, err := b.state(in)
		return s.NumAckPending == 3, []any{s.NumAckPending, err}
	})
	for i, m := range got {
		m.Ack.Done(i != 1)
	}
	if diff := cmp.Diff([]string{"one", "two", "three"}, r.texts(3)); diff != "" {
		t.Errorf("one line of three was not committed: %s", diff)
	}
	b.settled(in, 5)
	if again.Load() != 1 {
		t.Errorf("%d redeliveries", again.Load())
	}
	r.stop()
}

func TestALineOverTheLimitCostsThatLineOnly(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	in := open(t, b.options("a"))
	long, most := strings.Repeat("x", frame.MaxLine+1), strings.Repeat("y", frame.MaxLine)
	b.publish("a", long, "before\n"+long+"\nbehind", most+"\r\n")
	r := read(t, in, 100)
	for i, want := range []string{long[:headSize], "before", long[:headSize], "behind", most} {
		m := r.take(1)[0]
		if string(m.Data) != want || errors.Is(m.Err, frame.ErrTooLong) != (len(want) == headSize) {
			t.Errorf("event %d has %d bytes and the error %v, want %d bytes", i, len(m.Data), m.Err, len(want))
		}
		m.Ack.Done(true)
	}
	b.settled(in, 3)
	r.stop()
}

// slow reads 300 messages, more slowly than the server waits for acknowledgements, and returns how many came again.
func slow(t *testing.T, silent bool) int64 {
	b := newBroker(t)
	var again counter
	opts := b.options("a")
	opts.AckWait, opts.Hooks.Redelivered = 2*time.Second, again.inc
	in := open(t, opts)
	if silent {
		in.open.begin(time.Hour, 0) // then the server is told nothing in time
	}
	want := make([]string, 300)
	for i := range want {
		want[i] = fmt.Sprint(i)
	}
	b.publish("a", want...)
	start := time.Now()
	r := read(t, in, 10)
	defer func() {
		t.Logf("%d messages in %v, %d came again", len(want), time.Since(start).Round(100*time.Millisecond), again.Load())
	}()
	pace := time.NewTicker(15 * time.Millisecond)
	defer pace.Stop()
	var got []string
	for range want {
		<-pace.C
		got = append(got, r.texts(1)...)
	}
	if silent { // what comes again comes anywhere, and some of it is not read here
		r.cancel()
		if err := flowtest.Soon(t, "the input has returned", r.ran); err != nil {
			t.Error(err)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
		return again.Load()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	b.settled(in, 300)
	r.stop()
	return again.Load()
}

func TestASlowConsumerGetsNothingAgain(t *testing.T) {
	t.Parallel()
	if n := slow(t, false); n != 0 {
		t.Errorf("%d redeliveries", n)
	}
}

func TestWithoutSignsOfLifeASlowConsumerGetsMessagesAgain(t *testing.T) {
	t.Parallel()
	if n := slow(t, true); n == 0 {
		t.Error("the test above proves nothing")
	}
}

func TestAGroupGetsEachMessageOnce(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	opts := b.options("a.>")
	opts.Group = "detectors"
	first, second := read(t, open(t, opts), 10), read(t, open(t, opts), 10)
	const total = 2000
	seen := make(chan string, total)
	shares := [2]counter{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i, r := range []*reading{first, second} {
		go func() {
			for {
				batch, ok := r.intake.Take(ctx, nil, 5)
				if !ok {
					return
				}
				for _, m := range batch {
					shares[i].inc()
					seen <- string(m.Data)
					m.Ack.Done(true)
				}
			}
		}()
	}
	for i := range total {
		if _, err := b.js.PublishAsync(fmt.Sprintf("a.%d", i%7), []byte(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	times := map[string]int{}
	for range total {
		times[flowtest.Soon(t, "all messages arrive", seen)]++
	}
	b.settled(first.in, total)
	if len(times) != total || len(seen) > 0 || shares[0].Load() == 0 || shares[1].Load() == 0 {
		t.Errorf("%d different messages and %d more; shares %d and %d", len(times), len(seen), shares[0].Load(), shares[1].Load())
	}
	first.stop()
	second.stop()
}

func TestAServerThatRestartsInMidStreamLosesNothing(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	opts := b.options("a")
	opts.AckWait = time.Second
	in := open(t, opts)
	r := read(t, in, 50)
	const total = 3000
	published := make(chan error, 1)
	go func() {
		for i := range total {
			for {
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				_, err := b.js.Publish(ctx, "a", []byte(fmt.Sprint(i)), jetstream.WithMsgID(fmt.Sprint(i)))
				cancel()
				if err == nil {
					break
				}
				if t.Context().Err() != nil {
					published <- err
					return
				}
			}
		}
		published <- nil
	}()
	seen := map[string]int{}
	rng := rand.New(rand.NewPCG(1, 2))
	for restarts := 0; len(seen) < total; {
		for _, m := range r.take(1) {
			seen[string(m.Data)]++
			m.Ack.Done(rng.IntN(100) > 0)
		}
		if restarts < 2 && len(seen) >= 1000*(restarts+1) {
			restarts++
			b.srv.Restart()
		}
	}
	if err := flowtest.Soon(t, "all is published", published); err != nil {
		t.Fatal(err)
	}
	again := -len(seen)
	for _, times := range seen {
		again += times
	}
	t.Logf("%d messages, 2 restarts: %d came again", total, again)
	// What was not committed, or acknowledged into the void, comes again.
	done := r.commitAll()
	b.settled(in, total)
	done()
	r.stop()
}

func TestAConsumerThatIsDeletedIsMadeAnewWhereItStood(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	log := &logged{}
	opts := b.options("a")
	opts.Log, opts.AckWait = log.logger(), 500*time.Millisecond
	in := open(t, opts)
	b.publish("a", "1", "2", "3", "4")
	r := read(t, in, 100)
	got := r.take(4)
	got[0].Ack.Done(true)
	got[1].Ack.Done(true)
	eventually(t, "two are acknowledged", func() (bool, any) {
		s, err := b.state(in)
		return s.AckFloor.Stream == 2, []any{s.AckFloor, err}
	})
	if err := b.js.DeleteConsumer(t.Context(), "rsigma-a", in.name); err != nil {
		t.Fatal(err)
	}
	b.publish("a", "5")
	// A server that still writes the old consumer's state when the new one is made gives it to that one: then messages that are
	// acknowledged may come again. Those that are under way must not.
	for text := ""; text != "5"; {
		if text = r.texts(1)[0]; text == "3" || text == "4" {
			t.Errorf("message %s is under way and came again", text)
		}
	}
	got[2].Ack.Done(true)
	got[3].Ack.Done(true)
	done := r.commitAll()
	b.settled(in, 5)
	done()
	if !log.has("Consumer was deleted and is made anew") || !log.has(`start="sequence 3"`) {
		t.Errorf("the log is %s", log.text.String())
	}
	r.stop()
}

func TestAStreamThatIsMadeAnewIsReadFromItsFirstMessage(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	log := &logged{}
	var changed counter
	opts := b.options("a")
	opts.Log, opts.Hooks.StreamChanged = log.logger(), changed.inc
	in := open(t, opts)
	b.publish("a", "1", "2", "3")
	r := read(t, in, 100)
	r.texts(2)
	late := r.take(1)
	if err := b.js.DeleteStream(t.Context(), "rsigma-a"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the stream is there again", func() (bool, any) {
		_, err := b.state(in)
		return err == nil, err
	})
	b.publish("a", "one", "two", "three")
	late[0].Ack.Done(true) // of a stream that is no more: it must not acknowledge its namesake
	last := r.take(3)
	if s, err := b.state(in); err != nil || s.AckFloor.Stream != 0 || s.NumAckPending != 3 {
		t.Errorf("floor %d, %d under way, %v", s.AckFloor.Stream, s.NumAckPending, err)
	}
	var texts []string
	for _, m := range last {
		texts = append(texts, string(m.Data))
		m.Ack.Done(true)
	}
	if diff := cmp.Diff([]string{"one", "two", "three"}, texts); diff != "" {
		t.Error(diff)
	}
	b.settled(in, 3)
	if changed.Load() != 1 || !log.has("Source stream changed") {
		t.Errorf("%d changes; the log is %s", changed.Load(), log.text.String())
	}
	r.stop()
}

func TestMessagesThatNobodyTookAreLeftToTheNextDaemon(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	opts := b.options("a")
	opts.AckWait = time.Hour // they are given back, so that nobody waits for it
	want := make([]string, 100)
	for i := range want {
		want[i] = fmt.Sprint(i)
	}
	in := open(t, opts)
	b.publish("a", want...)
	r := read(t, in, 3)
	eventually(t, "everything is fetched", func() (bool, any) { n := in.Unacked(); return n == 100, n })
	r.cancel()
	if err := flowtest.Soon(t, "the input has returned, although nobody takes anything", r.ran); err != nil {
		t.Error(err)
	}
	for _, m := range r.intake.Rest() {
		m.Ack.Done(false)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	next := read(t, open(t, opts), 200)
	got := map[string]bool{}
	for _, text := range next.texts(100) { // in any order: the server may find out late that the first one is gone
		got[text] = true
	}
	if len(got) != 100 {
		t.Errorf("%d different messages", len(got))
	}
	next.stop()
}

// TestDaemonsThatFollowEachOtherLeaveNothingBehind hands the consumer from one input to the next while messages are published: what is
// on its way to one that stops must not have to wait until the server takes it for lost.
func TestDaemonsThatFollowEachOtherLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	opts := b.options("a")
	opts.AckWait = time.Hour
	first := open(t, opts)
	const total, rounds = 6000, 12
	published := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < total && err == nil; i++ {
			_, err = b.js.Publish(t.Context(), "a", fmt.Append(nil, i))
		}
		published <- err
	}()
	seen := map[string]bool{}
	for round := range rounds {
		in := first
		if round > 0 {
			in = open(t, opts)
		}
		r := read(t, in, 20)
		for len(seen) < (round+1)*total/rounds {
			for _, text := range r.texts(1) {
				seen[text] = true
			}
		}
		r.cancel()
		flowtest.Soon(t, "the input has returned", r.ran)
		for _, m := range r.intake.Rest() {
			m.Ack.Done(false)
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-published; err != nil || len(seen) != total {
		t.Errorf("%d of %d messages, %v", len(seen), total, err)
	}
	last := read(t, open(t, opts), 20)
	b.settled(last.in, total)
	last.stop()
}

func TestAServerThatIsGoneDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	in := open(t, b.options("a"))
	b.publish("a", "1", "2")
	r := read(t, in, 10)
	got := r.take(2)
	b.srv.Stop()
	eventually(t, "the connection is lost", func() (bool, any) { return !in.conn.IsConnected(), in.conn.Status() })
	for _, m := range got {
		m.Ack.Done(true)
	}
	r.cancel()
	if err := flowtest.Soon(t, "the input has returned", r.ran); err != nil {
		t.Error(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- in.Close() }()
	if err := flowtest.Soon(t, "it is closed", closed); !errors.Is(err, errFlush) {
		t.Errorf("error %v: the server does not have the acknowledgements", err)
	}
	b.srv.Start()
}
