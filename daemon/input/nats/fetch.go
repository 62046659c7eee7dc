package nats

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/logging"
)

// A pull (daemon.md section 18.4). The server ends it after 30 s, which is the client's default; without a sign of life for twice the
// heartbeat the client does.
const (
	batch      = 200
	heartbeat  = 15 * time.Second
	batchBytes = 16 << 20 // unless a single message may be larger
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
}

// arrivals wait for the event queue. There are at most two batches: so that what a pull brings is always taken over at once, and the
// server is told of it, a pull begins only when there is room for all of it.
type arrivals struct {
	queue *flow.Queue[arrival]
	room  chan struct{}
}

func newArrivals() *arrivals {
	size := func(a *arrival) int { return len(a.payload) }
	return &arrivals{flow.NewQueue(2*batch, math.MaxInt64, size), make(chan struct{}, 1)}
}

// take waits for messages. It is false once ctx is done.
func (a *arrivals) take(ctx context.Context) ([]arrival, bool) {
	out, ok := a.queue.Take(ctx, nil, batch/4)
	select {
	case a.room <- struct{}{}:
	default:
	}
	return out, ok
}

// wait waits for room for a batch. It is false once ctx is done.
func (a *arrivals) wait(ctx context.Context) bool {
	for ctx.Err() == nil {
		if n, bytes := a.queue.Len(); n <= batch && bytes <= batchBytes {
			return true
		}
		select {
		case <-a.room:
		case <-ctx.Done():
		}
	}
	return false
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
	for to.wait(ctx) {
		round, cancel := context.WithCancel(ctx)
		in.mu.Lock()
		in.interrupt = cancel
		in.mu.Unlock()
		n, err := in.fetch(round, to)
		if n > 0 || err == nil {
			delay = delayBase
		}
		if err != nil && round.Err() == nil {
			in.failed(round, log, err)
			select {
			case <-time.After(delay):
			case <-round.Done():
			}
			delay = min(2*delay, delayMax)
		}
		cancel()
	}
}

// failed does what can be done after a pull has failed.
func (in *Input) failed(ctx context.Context, log *logging.Limited, err error) {
	if !in.conn.IsConnected() {
		return
	}
	log.Warn("Messages cannot be fetched", "consumer", in.name, "stream", in.streamName(), "error", err.Error())
	if errors.Is(err, jetstream.ErrServerShutdown) {
		return
	}
	if err := in.repair(ctx); err != nil && ctx.Err() == nil {
		log.Warn("The consumer cannot be used", "consumer", in.name, "stream", in.streamName(), "error", err.Error())
	}
}

// fetch makes one pull and returns how many messages it brought. That ctx ends it is not an error.
func (in *Input) fetch(ctx context.Context, to *arrivals) (n int, err error) {
	pull, err := in.consumer.Fetch(batch, jetstream.FetchContext(ctx), jetstream.FetchHeartbeat(heartbeat),
		jetstream.FetchMaxBytes(max(batchBytes, 2*int(in.conn.MaxPayload()))))
	if err != nil {
		return 0, err
	}
	for msg := range pull.Messages() {
		in.receive(ctx, msg, to)
		n++
	}
	if err = pull.Error(); errors.Is(err, context.Canceled) {
		err = nil
	}
	return n, err
}

// reconnected ends the pull under way, and what is done about one that has failed: the server does not know of either any more.
func (in *Input) reconnected() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.interrupt()
}

// receive takes a message over.
func (in *Input) receive(ctx context.Context, msg jetstream.Msg, to *arrivals) {
	meta, err := msg.Metadata()
	if err != nil {
		in.opts.Log.Warn("A message without its metadata was skipped", "stream", in.origin.Stream, "error", err.Error())
		return
	}
	if meta.NumDelivered > 1 {
		call(in.opts.Hooks.Redelivered)
	}
	x := in.open.start(meta.Sequence.Stream, msg.Reply())
	if x == nil {
		return
	}
	if to.queue.Put(ctx, arrival{msg.Data(), x, in.origin}) != nil {
		in.open.done(x, false)
	}
}
