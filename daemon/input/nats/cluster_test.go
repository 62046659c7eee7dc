package nats

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
	"github.com/rsigma-go/rsigma/daemon/natsconn"
	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

// taker is who hands messages over to the test: an input, or a twin of it with a fault.
type taker interface {
	// take waits for up to n messages until ctx is done.
	take(ctx context.Context, n int) []flow.Message
	waiting() int // messages that were received and not handed over
	outage()      // a server goes away now
}

// sound is the input itself.
type sound struct{ *reading }

func (s sound) take(ctx context.Context, n int) []flow.Message {
	out, _ := s.intake.Take(ctx, nil, n)
	return out
}

func (s sound) waiting() int { return s.in.Unacked() }
func (s sound) outage()      {}

// forgetful loses what it holds when a server goes away. If it is hasty as well it has acknowledged that already.
type forgetful struct {
	held *flow.Intake
}

func newForgetful(r *reading, hasty bool) *forgetful {
	f := &forgetful{flow.NewIntake(10_000, flow.IntakeHooks{})}
	ctx := r.t.Context()
	go func() {
		for batch, ok := r.intake.Take(ctx, nil, 10); ok; batch, ok = r.intake.Take(ctx, nil, 10) {
			for _, m := range batch {
				if hasty {
					m.Ack.Done(true)
					m.Ack = nil
				}
				f.held.Put(ctx, m)
			}
		}
	}()
	return f
}

func (f *forgetful) take(ctx context.Context, n int) []flow.Message {
	out, _ := f.held.Take(ctx, nil, n)
	return out
}

func (f *forgetful) waiting() int {
	n, _ := f.held.Len()
	return n
}

func (f *forgetful) outage() { f.held.Take(context.Background(), nil, f.waiting()) }

// drill reads numbered messages from a replicated stream while one of three servers goes away and comes back.
type drill struct {
	t       *testing.T
	cluster *natstest.Cluster
	js      jetstream.JetStream
	subject string
	in      *Input
	from    taker
	again   counter // messages that the server delivered for the second time, or more often
	got     []int   // in the order in which they were handed over
}

// Of the messages of a drill the first are known to be acknowledged when the server goes, some are on their way then, and the last are
// published while it is away.
const (
	drillKnown, drillPresent, drillTotal = 200, 600, 900
	drillAckWait                         = time.Second
	drillPatience                        = 30 * time.Second
)

// run returns what is wrong with what was handed over. victim says which server goes; patience is how long it waits for messages.
func (d *drill) run(victim func(*drill) *natstest.Server, from func(*reading) taker, patience time.Duration) error {
	t, ctx := d.t, d.t.Context()
	eventually(t, "three servers take a stream", func() (bool, any) { // the one that has come back does so a little later
		_, err := d.js.CreateStream(ctx, jetstream.StreamConfig{Name: d.stream(), Subjects: []string{d.subject}, Replicas: 3})
		return err == nil, err
	})
	b := &broker{t: t, url: d.cluster.URL(), js: d.js}
	opts := b.options(d.subject)
	opts.AckWait, opts.Hooks.Redelivered = drillAckWait, d.again.inc
	r := read(t, open(t, opts), 50)
	d.in, d.from = r.in, from(r)
	d.publish(1, drillPresent)
	d.commit(drillKnown, drillPatience)
	d.replicated(b)
	if n := d.again.Load(); n > 0 { // a server that is very busy may take longer than the ack wait
		d.t.Logf("%s: %d messages came again before anything had happened", d.subject, n)
	}
	s := victim(d)
	d.from.outage()
	s.Stop()
	published := flowtest.Go(func() { d.publish(drillPresent+1, drillTotal) })
	d.commit(drillPresent/2, patience)
	s.Start()
	d.cluster.Current(d.stream())
	d.commit(drillTotal, patience)
	<-published
	err := d.verify(d.settle(b, patience))
	r.cancel()
	flowtest.Soon(t, "the input has returned", r.ran)
	r.in.Close()
	return err
}

func (d *drill) stream() string { return natsconn.Stream(d.subject) }

// publish stores the numbers from and to and those between them, each once, whatever servers are there.
func (d *drill) publish(from, to int) {
	for i := from; i <= to && d.t.Context().Err() == nil; {
		ctx, cancel := context.WithTimeout(d.t.Context(), time.Second)
		if _, err := d.js.Publish(ctx, d.subject, fmt.Append(nil, i), jetstream.WithMsgID(fmt.Sprint(i))); err == nil {
			i++
		}
		cancel()
	}
}

// commit takes messages and commits them until there are different ones to the number of upTo, or none comes for too long.
func (d *drill) commit(upTo int, patience time.Duration) {
	seen := map[int]bool{}
	for _, n := range d.got {
		seen[n] = true
	}
	for len(seen) < upTo {
		ctx, cancel := context.WithTimeout(d.t.Context(), patience)
		batch := d.from.take(ctx, min(10, upTo-len(seen)))
		cancel()
		if len(batch) == 0 {
			return
		}
		for _, m := range batch {
			var n int
			if _, err := fmt.Sscan(string(m.Data), &n); err != nil {
				d.t.Fatal(err)
			}
			d.got, seen[n] = append(d.got, n), true
			m.Ack.Done(true)
		}
	}
}

// replicated waits until all servers know of the acknowledgements so far, and messages are under way.
func (d *drill) replicated(b *broker) {
	d.t.Helper()
	eventually(d.t, "acknowledgements are replicated", func() (bool, any) {
		s, err := b.state(d.in)
		ok := err == nil && s.AckFloor.Stream >= drillKnown && d.from.waiting() >= 100 && s.Cluster != nil
		for i := 0; ok && i < len(s.Cluster.Replicas); i++ {
			ok = s.Cluster.Replicas[i].Current && s.Cluster.Replicas[i].Lag == 0
		}
		return ok, []any{s.AckFloor, s.Delivered, d.from.waiting(), err}
	})
}

// settle commits what comes again until the server says that everything is acknowledged.
func (d *drill) settle(b *broker, patience time.Duration) error {
	last := time.Now()
	for known := len(d.got); time.Since(last) < patience; known = len(d.got) {
		d.commit(len(d.got)+1, 50*time.Millisecond)
		if len(d.got) > known {
			last = time.Now()
		}
		s, err := b.state(d.in)
		if err == nil && s.NumAckPending == 0 && s.NumPending == 0 && s.AckFloor.Stream == drillTotal {
			return nil
		}
	}
	s, err := b.state(d.in)
	if err != nil {
		return err
	}
	return fmt.Errorf("%d of %d messages were handed over; the server waits for %d acknowledgements, has %d more, and all up to %d are acknowledged",
		len(d.got), drillTotal, s.NumAckPending, s.NumPending, s.AckFloor.Stream)
}

// verify compares what was handed over with what was published.
func (d *drill) verify(settled error) error {
	times := make([]int, drillTotal+1)
	highest, late := 0, 0
	for _, n := range d.got {
		if times[n]++; n < highest {
			late++
		}
		highest = max(highest, n)
	}
	twice := len(d.got) - (drillTotal - count(times[1:], 0))
	d.t.Logf("%s: %d handed over, %d not in their turn, %d for the second time; the server delivered %d again", d.subject, len(d.got), late, twice,
		d.again.Load())
	switch {
	case settled != nil:
		return settled
	case slices.Contains(times[1:], 0):
		return fmt.Errorf("%d messages were lost, the first is %d", count(times[1:], 0), slices.Index(times[1:], 0)+1)
	case slices.Max(times[1:drillKnown+1]) > 1:
		return fmt.Errorf("messages that all servers knew to be acknowledged were handed over again: %v", times[1:drillKnown+1])
	case int64(late) > d.again.Load():
		return fmt.Errorf("%d messages came late, and only %d of them because the server delivered them again", late, d.again.Load())
	}
	return nil
}

func count(numbers []int, of int) (n int) {
	for _, x := range numbers {
		if x == of {
			n++
		}
	}
	return n
}

// The servers that may go.
func streamLeader(d *drill) *natstest.Server { return d.cluster.StreamLeader(d.stream()) }
func consumerLeader(d *drill) *natstest.Server {
	return d.cluster.ConsumerLeader(d.stream(), d.in.name)
}
func connected(d *drill) *natstest.Server { return d.cluster.Named(d.in.conn.ConnectedServerName()) }

// TestAServerOfAClusterMayGoAwayInMidStream stops one server of three and starts it again: every message is handed over and
// acknowledged, in order but for those that the server delivers again, and what was acknowledged before does not come again. Twins of
// the input that lose what they hold, with and without acknowledging it first, must be noticed.
func TestAServerOfAClusterMayGoAwayInMidStream(t *testing.T) {
	t.Parallel()
	c := natstest.StartCluster(t)
	js := c.Client()
	whole := func(r *reading) taker { return sound{r} }
	for _, x := range []struct {
		name     string
		victim   func(*drill) *natstest.Server
		from     func(*reading) taker
		patience time.Duration
		ok       bool
	}{
		{"stream", streamLeader, whole, drillPatience, true},
		{"consumer", consumerLeader, whole, drillPatience, true},
		{"connection", connected, whole, drillPatience, true},
		{"hasty", consumerLeader, func(r *reading) taker { return newForgetful(r, true) }, time.Second, false},
		{"forgetful", consumerLeader, func(r *reading) taker { return newForgetful(r, false) }, time.Second, false},
	} {
		d := &drill{t: t, cluster: c, js: js, subject: x.name}
		err := d.run(x.victim, x.from, x.patience)
		if (err == nil) != x.ok {
			t.Errorf("%s: %v", x.name, err)
		}
		if err != nil {
			t.Logf("%s: noticed: %v", x.name, err)
		}
	}
}
