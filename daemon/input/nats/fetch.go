package nats

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/logging"
)

// Delays after a fetch that failed double up to a maximum.
const (
	delayBase = 50 * time.Millisecond
	delayMax  = 5 * time.Second
)

// arrival is a message that was received and is not in the event queue yet.
type arrival struct {
	payload []byte
	flight  *flight
	origin  *flow.Origin
	time    int64 // see flow.Message
}

// arrivals wait for the event queue. So that what a pull brings is always taken over at once, and the server is told of it, a pull
// begins only when there is room for all of it.
type arrivals struct {
	queue *flow.Queue[arrival]
	room  chan struct{}
}

// maxArrivals is how many messages wait, so that two pulls can be under way while one that has come is worked off.
const maxArrivals = 4 * batch

func newArrivals() *arrivals {
	size := func(a *arrival) int { return len(a.payload) }
	return &arrivals{flow.NewQueue(maxArrivals, math.MaxInt64, size), make(chan struct{}, 1)}
}

// take waits for messages and appends them to dst. It is false once ctx is done.
func (a *arrivals) take(ctx context.Context, dst []arrival) ([]arrival, bool) {
	out, ok := a.queue.Take(ctx, dst, batch/4)
	select {
	case a.room <- struct{}{}:
	default:
	}
	return out, ok
}

// fits reports whether there is room for a pull beside open messages that are still to come.
func (a *arrivals) fits(open int) bool {
	n, bytes := a.queue.Len()
	return n+open+batch <= maxArrivals && bytes <= batchBytes
}

// rest empties a.
func (a *arrivals) rest() []arrival {
	a.queue.Close()
	return a.queue.TakeAll()
}

// fetchAll pulls until ctx is done.
func (in *Input) fetchAll(ctx context.Context, to *arrivals) {
	log := logging.Every(in.opts.Log, time.Second)
	delay := delayBase
	for ctx.Err() == nil {
		round, cancel := context.WithCancel(ctx)
		in.mu.Lock()
		in.interrupt = cancel
		in.mu.Unlock()
		n, err := in.fetch(round, to)
		if n > 0 {
			delay = delayBase
		}
		if err != nil {
			// Wait first: a server that deletes a stream can spoil the one that is made at the same moment.
			select {
			case <-time.After(delay):
				in.failed(round, log, err)
			case <-round.Done():
			}
			delay = min(2*delay, delayMax)
		}
		cancel()
	}
}

// failed does what can be done after fetching has failed.
func (in *Input) failed(ctx context.Context, log *logging.Limited, err error) {
	if !in.conn.IsConnected() {
		return
	}
	log.Warn("Messages cannot be fetched", "consumer", in.name, "stream", in.streamName(), "error", err.Error())
	if errors.Is(err, errShutdown) {
		return
	}
	if err := in.repair(ctx); err != nil && ctx.Err() == nil {
		log.Warn("The consumer cannot be used", "consumer", in.name, "stream", in.streamName(), "error", err.Error())
	}
}

// fetch pulls until something fails or ctx is done, which is not an error, and returns how many messages came. What has come by then
// is taken over.
func (in *Input) fetch(ctx context.Context, to *arrivals) (n int, err error) {
	if err := in.rewind(ctx); err != nil {
		return 0, err
	}
	in.lost = false
	p, err := newPulls(in.conn, in.streamName(), in.name)
	if err != nil {
		return 0, err
	}
	defer func() {
		for msg := range p.close() {
			in.receive(ctx, msg, to)
			n++
		}
	}()
	silence, tidy := time.NewTicker(heartbeat/4), time.NewTicker(tidyEvery)
	defer silence.Stop()
	defer tidy.Stop()
	for {
		for p.wants() && to.fits(p.open) {
			if err := p.ask(); err != nil {
				return n, err
			}
		}
		select {
		case msg := <-p.messages:
			if ok, err := p.heard(msg); err != nil {
				return n, err
			} else if ok {
				in.receive(ctx, msg, to)
				n++
			}
			if in.lost {
				return n, errLost
			}
		case now := <-silence.C:
			if err := p.check(now); err != nil {
				return n, err
			}
		case <-tidy.C:
			in.tidyCursor(ctx)
		case <-to.room:
		case <-ctx.Done():
			return n, nil
		}
	}
}

// reconnected ends the pulls under way, and what is done about those that have failed: the server does not know of them any more.
func (in *Input) reconnected() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.interrupt()
}

// errLost says that a message was sent and has not come. With messages in order all that come behind it must wait.
var errLost = errors.New("a message was lost on the way; the consumer is set back")

// receive takes a message over.
func (in *Input) receive(ctx context.Context, msg *nats.Msg, to *arrivals) {
	p, ok := place(msg.Reply)
	if !ok {
		in.opts.Log.Warn("A message without its metadata was skipped", "stream", in.origin.Stream, "reply", msg.Reply[:min(len(msg.Reply), 512)])
		return
	}
	if !in.follows(&p) {
		return
	}
	if p.times > 1 {
		call(in.opts.Hooks.Redelivered)
	}
	x := in.open.start(p.sequence, msg.Reply)
	if x == nil {
		return
	}
	if in.cursor != nil && in.cursor.has(p.sequence) {
		call(in.opts.Hooks.Suppressed)
		in.open.done(x, true)
		return
	}
	if to.queue.Put(ctx, arrival{msg.Data, x, in.origin, p.time}) != nil {
		in.open.done(x, false)
	}
}

// follows reports whether a message is the next one, if there is to be an order. What comes behind a gap comes again.
func (in *Input) follows(p *placed) bool {
	if !in.ordered() {
		return true
	}
	in.lost = in.lost || p.delivered != in.delivered+1
	if in.lost {
		return false
	}
	in.delivered = p.delivered
	in.next = max(in.next, p.sequence+1)
	return true
}
