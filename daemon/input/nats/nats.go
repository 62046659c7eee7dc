package nats

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/natsconn"
)

// Options configure an Input.
type Options struct {
	Address natsconn.Address
	Auth    natsconn.Auth
	RootCAs *x509.CertPool // of the server's certificate; nil are the system's
	Group   string         // name of a shared consumer; empty is the one derived from the subject
	Start   Start
	Replay  string // tells results of a replay that another process has begun from all others
	// Keep says that positions are kept with what is committed. A consumer of this daemon's own then delivers in order, whatever happens.
	Keep bool
	// Stored returns the position that an earlier process has kept under a name, nil if there is none.
	Stored  func(name string) *flow.Position
	Buffer  int           // messages that the daemon holds; twice as many may be unacknowledged
	AckWait time.Duration // of a consumer that is made; 0 is the server's default
	Hooks   Hooks
	// Log takes what happens to the input, ConnLog what happens to its connection.
	Log, ConnLog *slog.Logger
}

// Hooks count. All of them may be nil; they must not block.
type Hooks struct {
	Redelivered   func()             // a message came for the second time, or more often
	StreamChanged func()             // the stream was made anew, or is not what it was
	Expired       func(messages int) // the stream dropped messages before they were read
	Suppressed    func()             // a message came that is committed already
	Acked         func()             // if not nil: some messages were acknowledged
}

// Input reads a durable consumer.
type Input struct {
	opts     Options
	name     string       // of the consumer
	replay   string       // tells results of a replay from all others; empty without one
	origin   *flow.Origin // of messages of stream; belongs to Open, then to the fetching goroutine
	conn     *natsconn.Conn
	stream   jetstream.Stream   // these two belong to Open, then to the fetching goroutine
	consumer jetstream.Consumer //
	open     *flights

	// These belong to Open, then to the fetching goroutine.
	cursor    *cursor  // nil unless positions are kept
	next      uint64   // the sequence behind which nothing was received; 0 if that is not known
	delivered uint64   // of messages since the consumer was set back; see place
	lost      bool     // one is missing
	lines     [][]byte // of one message; belongs to Run

	mu        sync.Mutex
	interrupt context.CancelFunc // of the round of fetching under way, whose server may be gone

	stop    context.CancelFunc // of the acknowledger
	stopped <-chan struct{}
	closing sync.Once
	closed  error
}

// Open connects and finds or makes the stream and its consumer. ctx ends a start that takes too long.
func Open(ctx context.Context, opts Options) (*Input, error) {
	in := &Input{opts: opts, replay: opts.Replay, name: natsconn.Consumer(opts.Address.Subject), open: newFlights(), interrupt: func() {}}
	if opts.Group != "" {
		if err := natsconn.ValidName(opts.Group); err != nil {
			return nil, err
		}
		in.name = opts.Group
	}
	if opts.Start.Mode != StartResume { // else a duplicate window would swallow what is repeated on purpose
		in.replay = "~" + rand.Text()
	}
	in.origin = &flow.Origin{Type: "nats", Stream: in.streamName()}
	conn, err := natsconn.Connect(ctx, opts.Address, natsconn.Options{
		Auth: opts.Auth, RootCAs: opts.RootCAs, Name: "rsigmad input", Log: opts.ConnLog, Reconnected: in.reconnected,
	})
	if err != nil {
		return nil, err
	}
	in.conn = conn
	if err := in.bind(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	background, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	in.stop, in.stopped = stop, stopped
	go func() {
		defer close(stopped)
		in.acknowledge(background)
	}()
	return in, nil
}

// Replay is what tells results of a replay from all others, for a process that goes on with it; empty without a replay.
func (in *Input) Replay() string { return in.replay }

// Unacked returns how many messages were received and are not acknowledged.
func (in *Input) Unacked() int { return in.open.len() }

// Run implements flow.Input. Messages under way when it returns are acknowledged until Close; those that did not reach out are not.
func (in *Input) Run(ctx context.Context, out *flow.Intake) error {
	ctx, cancel := context.WithCancel(ctx)
	arrived := newArrivals()
	fetched := make(chan struct{})
	go func() {
		defer close(fetched)
		in.fetchAll(ctx, arrived)
	}()
	defer func() {
		cancel()
		<-fetched
		for _, a := range arrived.rest() {
			in.open.done(a.flight, false)
		}
	}()
	var batch []arrival
	for {
		var ok bool
		if batch, ok = arrived.take(ctx, batch[:0]); !ok {
			return nil
		}
		for i, a := range batch {
			if in.forward(ctx, out, a) == nil {
				continue
			}
			for _, a := range batch[i+1:] {
				in.open.done(a.flight, false)
			}
			return nil // ctx was cancelled, or the daemon stops
		}
		clear(batch)
	}
}

// forward puts the lines of a message into out. They share one acknowledgement.
func (in *Input) forward(ctx context.Context, out *flow.Intake, a arrival) error {
	events := lines(in.lines[:0], a.payload)
	defer clear(events)
	in.lines = events
	if len(events) == 0 {
		in.open.done(a.flight, true)
		return nil
	}
	if in.opts.Keep && len(events) > 1 {
		return in.forwardWhole(ctx, out, a, events)
	}
	ack := flow.NewAck(func(committed bool) { in.open.done(a.flight, committed) })
	ack.Add(len(events) - 1)
	for i, event := range events {
		m := flow.Message{Ack: ack, Origin: a.origin, Number: int64(a.flight.sequence), Time: a.time, Line: i}
		m.Data, m.Err = limit(event)
		if err := out.Put(ctx, m); err != nil {
			for range len(events) - i {
				ack.Done(false)
			}
			return err
		}
	}
	return nil
}

// forwardWhole puts the lines of a message into out so that they are committed together.
func (in *Input) forwardWhole(ctx context.Context, out *flow.Intake, a arrival, events [][]byte) error {
	ack := flow.NewAck(func(committed bool) { in.open.done(a.flight, committed) })
	w, err := out.Whole(ctx)
	if err != nil {
		ack.Done(false)
		return err
	}
	for i, event := range events {
		m := flow.Message{Ack: ack, Origin: a.origin, Number: int64(a.flight.sequence), Time: a.time, Line: i}
		m.Data, m.Err = limit(event)
		if err = w.Put(ctx, m); err != nil {
			break
		}
	}
	if end := w.End(ctx, nil); err == nil {
		err = end
	}
	ack.Done(err == nil)
	return err
}

// closeLimit bounds how long Close waits for the server to have read the acknowledgements (daemon.md section 23).
const closeLimit = 2 * time.Second

// Close implements flow.Input. It waits up to 2 s until the server has what was acknowledged. Messages that are not acknowledged by
// then are given back. It may be called again.
func (in *Input) Close() error {
	in.closing.Do(func() {
		in.stop()
		done := make(chan error, 1)
		go func() {
			<-in.stopped
			err := in.flush()
			in.conn.Close()
			done <- err
		}()
		select {
		case in.closed = <-done:
		case <-time.After(closeLimit):
			in.closed = errFlush
		}
	})
	return in.closed
}

var errFlush = errors.New("the server may not have the last acknowledgements, and deliver these messages again")

// flush waits until the server has read everything.
func (in *Input) flush() error {
	if !in.conn.IsConnected() {
		if n, err := in.conn.Buffered(); n > 0 && err == nil {
			return errFlush
		}
		return nil
	}
	if in.conn.FlushTimeout(closeLimit*3/4) != nil {
		return errFlush
	}
	return nil
}

func call(hook func()) {
	if hook != nil {
		hook()
	}
}
