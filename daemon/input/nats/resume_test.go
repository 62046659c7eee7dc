package nats

import (
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

// ledger keeps positions from one input to the next, as a state file does, and counts what inputs tell.
type ledger struct {
	positions                    map[string]flow.Position
	changed, expired, suppressed atomic.Int64
	blind                        bool // identities are not checked: the fault that K5 is about
}

func (l *ledger) options(o Options) Options {
	o.Keep = true
	o.Stored = func(name string) *flow.Position {
		p, ok := l.positions[name]
		if !ok {
			return nil
		}
		if l.blind {
			p.Time = 0
		}
		return &p
	}
	o.Hooks.StreamChanged = func() { l.changed.Add(1) }
	o.Hooks.Expired = func(n int) { l.expired.Add(int64(n)) }
	o.Hooks.Suppressed = func() { l.suppressed.Add(1) }
	return o
}

// commit takes n messages from r and commits them; they are acknowledged by the function it returns.
func (l *ledger) commit(r *reading, n int) (texts []string, acknowledge func()) {
	messages := r.take(n)
	if l.positions == nil {
		l.positions = map[string]flow.Position{}
	}
	for _, m := range messages {
		texts = append(texts, string(m.Data))
		m.Origin.Cursor.Advance(m.Number, m.Time)
		p := m.Origin.Cursor.Position()
		l.positions[p.Source] = p
	}
	return texts, func() {
		for _, m := range messages {
			m.Ack.Done(true)
		}
	}
}

// move changes all positions.
func (l *ledger) move(f func(*flow.Position)) {
	for name, p := range l.positions {
		f(&p)
		l.positions[name] = p
	}
}

// kill ends the input as kill -9 would: the server hears nothing more.
func (r *reading) kill() {
	r.t.Helper()
	r.in.conn.Close()
	r.cancel()
	if err := flowtest.Soon(r.t, "the input has returned", r.ran); err != nil {
		r.t.Error(err)
	}
	r.in.Close()
}

// stream makes a stream.
func (b *broker) stream(cfg jetstream.StreamConfig) {
	b.t.Helper()
	if _, err := b.js.CreateStream(b.t.Context(), cfg); err != nil {
		b.t.Fatal(err)
	}
}

// change changes the stream of subject a.
func (b *broker) change(f func(jetstream.Stream) error) {
	b.t.Helper()
	s, err := b.js.Stream(b.t.Context(), "rsigma-a")
	if err == nil {
		err = f(s)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// stored returns when a message of the stream of subject a was stored.
func (b *broker) stored(sequence uint64) (at int64) {
	b.t.Helper()
	b.change(func(s jetstream.Stream) error {
		msg, err := s.GetMsg(b.t.Context(), sequence)
		if err == nil {
			at = msg.Time.UnixNano()
		}
		return err
	})
	return at
}

// purge drops the messages before sequence.
func (b *broker) purge(sequence uint64) {
	b.t.Helper()
	b.change(func(s jetstream.Stream) error { return s.Purge(b.t.Context(), jetstream.WithPurgeSequence(sequence)) })
}

// anew deletes the stream of subject a and makes it again.
func (b *broker) anew() {
	b.t.Helper()
	if err := b.js.DeleteStream(b.t.Context(), "rsigma-a"); err != nil {
		b.t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // a server that still deletes may spoil the new one
	b.stream(jetstream.StreamConfig{Name: "rsigma-a", Subjects: []string{"a"}})
}

func numbers(from, to int) (out []string) {
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func TestReadingGoesOnBehindWhatIsCommitted(t *testing.T) {
	t.Parallel()
	for _, retention := range []jetstream.RetentionPolicy{jetstream.LimitsPolicy, jetstream.WorkQueuePolicy, jetstream.InterestPolicy} {
		t.Run(retention.String(), func(t *testing.T) {
			t.Parallel()
			b := newBroker(t)
			b.stream(jetstream.StreamConfig{Name: "rsigma-a", Subjects: []string{"a"}, Retention: retention})
			l := &ledger{}
			opts := l.options(b.options("a"))
			opts.AckWait = time.Hour // nothing comes again by itself
			first := open(t, opts)
			b.publish("a", numbers(1, 100)...)
			r := read(t, first, 1000)
			l.commit(r, 60)
			r.take(20) // received and lost with the process
			r.kill()
			b.publish("a", numbers(101, 120)...)
			r = read(t, open(t, opts), 1000)
			got, acknowledge := l.commit(r, 60)
			if diff := cmp.Diff(numbers(61, 120), got); diff != "" {
				t.Error(diff)
			}
			acknowledge()
			if retention != jetstream.LimitsPolicy { // what was committed and not acknowledged must not stay for ever
				eventually(t, "the stream is empty", func() (bool, any) {
					s, err := b.js.Stream(t.Context(), "rsigma-a")
					return err == nil && s.CachedInfo().State.Msgs == 0, err
				})
			}
			r.stop()
			if l.changed.Load() != 0 || l.expired.Load() != 0 {
				t.Errorf("%d changes, %d expired", l.changed.Load(), l.expired.Load())
			}
		})
	}
}

// TestAStreamThatIsNotWhatItWasIsNoticed is the matrix of test K5: what has become of the stream, and where reading goes on.
func TestAStreamThatIsNotWhatItWasIsNoticed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil            func(*broker, *ledger)
		want             []string
		changed, expired int64
	}{
		"nothing": {func(*broker, *ledger) {}, numbers(31, 40), 0, 0},
		"made anew": {func(b *broker, _ *ledger) {
			b.anew()
			b.publish("a", numbers(101, 110)...)
		}, numbers(101, 110), 1, 0},
		"expired past the position":  {func(b *broker, _ *ledger) { b.purge(36) }, numbers(36, 40), 0, 5},
		"expired up to the position": {func(b *broker, _ *ledger) { b.purge(31) }, numbers(31, 40), 0, 0},
		"message at the position deleted": {func(b *broker, _ *ledger) {
			b.change(func(s jetstream.Stream) error { return s.DeleteMsg(b.t.Context(), 30) })
		}, numbers(31, 40), 0, 0},
		"consumer deleted": {func(b *broker, _ *ledger) {
			b.change(func(s jetstream.Stream) error { return s.DeleteConsumer(b.t.Context(), "rsigma-daemon-a") })
		}, numbers(31, 40), 0, 0},
		// A backup of the stream was restored: it has the old identity, and what came after the backup is gone. So the position is ahead.
		"position beyond the last message": {func(_ *broker, l *ledger) { l.move(func(p *flow.Position) { p.Floor = 60 }) }, numbers(31, 40), 1, 0},
		// The same, and others have come since, so that the position is that of another message: what came after its time is new.
		"another message at the position": {func(b *broker, l *ledger) { l.move(func(p *flow.Position) { p.Time = b.stored(20) }) }, numbers(21, 40), 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBroker(t)
			l := &ledger{}
			opts := l.options(b.options("a"))
			in := open(t, opts)
			b.publish("a", numbers(1, 40)...)
			r := read(t, in, 1000)
			l.commit(r, 30)
			r.kill()
			c.spoil(b, l)
			in, err := tryOpen(opts)
			if err != nil {
				t.Fatal(err)
			}
			b.publish("a", "end")
			r = read(t, in, 1000)
			got, acknowledge := l.commit(r, len(c.want)+1)
			acknowledge()
			if diff := cmp.Diff(append(slices.Clone(c.want), "end"), got); diff != "" {
				t.Error(diff)
			}
			if l.changed.Load() != c.changed || l.expired.Load() != c.expired {
				t.Errorf("%d changes, %d expired; want %d and %d", l.changed.Load(), l.expired.Load(), c.changed, c.expired)
			}
			r.stop()
		})
	}
}

// TestWithoutAnIdentityAStreamThatIsMadeAnewSwallowsMessages is the negative control: with positions that do not say which stream they
// are of, messages are lost.
func TestWithoutAnIdentityAStreamThatIsMadeAnewSwallowsMessages(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	l := &ledger{blind: true}
	opts := l.options(b.options("a"))
	in := open(t, opts)
	b.publish("a", numbers(1, 40)...)
	r := read(t, in, 1000)
	l.commit(r, 30)
	r.kill()
	b.anew()
	b.publish("a", numbers(101, 140)...)
	stream, err := b.js.Stream(t.Context(), "rsigma-a")
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range l.positions { // as if it were that stream
		p.Identity = identity(stream.CachedInfo())
		l.positions[name] = p
	}
	r = read(t, open(t, opts), 1000)
	if got := r.texts(10); got[0] != "131" {
		t.Errorf("reading begins with %s: the control does not work", got[0])
	}
	r.stop()
}

func TestMembersOfAGroupDoNotJudgeTwiceWhatTheyHaveCommitted(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	l := &ledger{}
	opts := l.options(b.options("a"))
	opts.Group, opts.AckWait = "g", time.Second
	in := open(t, opts)
	b.publish("a", numbers(1, 50)...)
	r := read(t, in, 1000)
	l.commit(r, 30)
	r.kill()
	r = read(t, open(t, opts), 1000)
	got := r.texts(20) // the first thirty come as well
	slices.Sort(got)
	if diff := cmp.Diff(numbers(31, 50), got); diff != "" {
		t.Error(diff)
	}
	b.settled(r.in, 50)
	if n := l.suppressed.Load(); n != 30 {
		t.Errorf("%d messages were recognised, want 30", n)
	}
	r.stop()
}

func TestAReconnectInMidStreamKeepsTheOrder(t *testing.T) {
	t.Parallel()
	b := newBroker(t)
	l := &ledger{}
	opts := l.options(b.options("a"))
	in := open(t, opts)
	const total = 3000
	go func() {
		for i := range total {
			b.js.PublishAsync("a", fmt.Append(nil, i+1))
			if i%100 == 0 {
				time.Sleep(5 * time.Millisecond)
			}
		}
	}()
	r := read(t, in, 50)
	var got []string
	for len(got) < total {
		texts, acknowledge := l.commit(r, 100)
		acknowledge()
		if got = append(got, texts...); len(got)%500 == 0 && len(got) < total {
			in.conn.ForceReconnect()
		}
	}
	if diff := cmp.Diff(numbers(1, total), got); diff != "" {
		t.Error(diff)
	}
	r.stop()
}

func TestAConsumerOrStreamThatGoesAwayWhileItIsReadKeepsTheOrder(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"consumer", "stream"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b := newBroker(t)
			l := &ledger{}
			opts := l.options(b.options("a"))
			opts.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
			in := open(t, opts)
			r := read(t, in, 1000)
			b.publish("a", numbers(1, 20)...)
			got, acknowledge := l.commit(r, 20)
			acknowledge()
			if what == "consumer" {
				b.change(func(s jetstream.Stream) error { return s.DeleteConsumer(t.Context(), in.name) })
			} else {
				b.anew()
			}
			b.publish("a", numbers(21, 40)...)
			more, acknowledge := l.commit(r, 20)
			acknowledge()
			if diff := cmp.Diff(numbers(1, 40), append(got, more...)); diff != "" {
				t.Error(diff)
			}
			if n := l.changed.Load(); (n == 1) != (what == "stream") {
				t.Errorf("%d changes", n)
			}
			for _, p := range l.positions {
				if want := map[string]int64{"consumer": 40, "stream": 20}[what]; p.Floor != want {
					t.Errorf("position %+v, want message %d", p, want)
				}
			}
			r.stop()
		})
	}
}
