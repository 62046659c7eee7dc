package flow

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// SenderOptions configure a Sender.
type SenderOptions struct {
	Queue    int // units that may wait
	BatchMax int // units that are delivered with one call, if they wait already
	Retry    Retry
	// DropWhenFull discards units that find the queue full, instead of waiting for room.
	DropWhenFull bool
	// Exhausted takes a unit whose results from number from on could not be delivered, with the last error and the unit's part of
	// the acknowledgement. It runs on the worker, which it may block.
	Exhausted func(ctx context.Context, u *Unit, from int, err error)
	Hooks     SenderHooks
}

// SenderHooks count. All of them may be nil; results are counted, not units.
type SenderHooks struct {
	Delivered, Dropped, Failed func(results int)
	Retried                    func()
}

// maxSenderBytes bounds the results that wait for one sink (reliability.md T6).
const maxSenderBytes = 64 << 20

// Sender delivers units to one sink: a bounded queue and one worker, with retries. A slow or broken sink stops its own queue only,
// until that is full.
type Sender struct {
	sink  Sink
	opts  SenderOptions
	queue *Queue[*Unit]

	mu        sync.Mutex
	batch     []Pending // what the worker is busy with
	abandoned bool

	mark    Mark  // what may be kept
	reached Mark  // how far the worker is
	held    int   // dead letters that are under way
	gaps    int   // results that are still missing among written ones
	dropped *Unit // the last one that found the queue full, unless the mark is behind it
}

// Pending is a unit of which the results from number From on are not delivered.
type Pending struct {
	Unit *Unit
	From int
}

// NewSender returns a sender to sink. Run does the work.
func NewSender(sink Sink, opts SenderOptions) *Sender {
	return &Sender{sink: sink, opts: opts, queue: NewQueue(opts.Queue, maxSenderBytes, func(u **Unit) int { return (*u).size() })}
}

// Put queues u and waits for room, unless units are dropped when the queue is full. It takes over one part of the acknowledgement,
// unless it returns an error: ErrClosed, or that of ctx.
func (s *Sender) Put(ctx context.Context, u *Unit) error {
	ok, err := s.queue.TryPut(u)
	switch {
	case ok || err != nil:
		return err
	case s.opts.DropWhenFull:
		count(s.opts.Hooks.Dropped, len(u.Results))
		s.drop(u)
		u.Ack.Done(true)
		return nil
	}
	return s.queue.Put(ctx, u)
}

// Len returns how many units wait, those that are being delivered included.
func (s *Sender) Len() int {
	n, _ := s.queue.Len()
	s.mu.Lock()
	defer s.mu.Unlock()
	return n + len(s.batch)
}

// Close lets Run return once everything queued is delivered.
func (s *Sender) Close() { s.queue.Close() }

// Run delivers until the queue is closed and empty, or ctx is done; then Abandon returns what is left.
func (s *Sender) Run(ctx context.Context) {
	var l load
	_, l.keyed = s.sink.(KeyedSink)
	for s.queue.wait(ctx) {
		if !s.take(&l) || !s.deliver(ctx, l) {
			return
		}
		l.reset()
	}
}

// Abandon takes everything that is not delivered away from the sender, which may be stuck in its sink. What the sink does
// afterwards is ignored.
func (s *Sender) Abandon() []Pending {
	s.queue.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandoned = true
	left := s.batch
	s.batch = nil
	for _, u := range s.queue.TakeAll() {
		left = append(left, Pending{Unit: u})
	}
	return left
}

// take moves units from the queue to the batch and adds their results to l. Both are locked at once, so that Abandon finds each unit
// in the one or in the other. It is false if the sender was abandoned.
func (s *Sender) take(l *load) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.abandoned {
		return false
	}
	for _, u := range s.queue.tryTake(nil, s.opts.BatchMax) {
		s.batch = append(s.batch, Pending{Unit: u})
		l.add(u)
	}
	return true
}

// placeOf returns where the sink is, nil if l was not committed and nobody wants to know.
func (s *Sender) placeOf(l load) []byte {
	if !l.rows {
		return nil
	}
	return s.place()
}

// call gives l to the sink.
func (s *Sender) call(ctx context.Context, l load) (written int, err error) {
	if k, ok := s.sink.(KeyedSink); ok {
		return k.DeliverKeyed(ctx, l.lines, l.keys)
	}
	return s.sink.Deliver(ctx, l.lines)
}

// deliver delivers the batch, whose results are l. It is false if ctx ended, or the sender was abandoned.
func (s *Sender) deliver(ctx context.Context, l load) bool {
	var delays *backoff.ExponentialBackOff
	attempts := 0
	var place []byte
	if len(l.lines) == 0 {
		place = s.placeOf(l)
	}
	for len(l.lines) > 0 {
		written, err := s.call(ctx, l)
		place = s.placeOf(l)
		moved, ok := s.written(written, place)
		if !ok {
			return false
		}
		l = l.from(written)
		if len(l.lines) == 0 {
			break
		}
		if err == nil {
			err = io.ErrShortWrite
		}
		if moved || delays == nil {
			delays, attempts = s.opts.Retry.schedule(), 0
		}
		switch {
		case ctx.Err() != nil:
			return false
		case IsPermanent(err) || attempts == s.opts.Retry.Times:
			n, ok := s.giveUp(ctx, err)
			if !ok {
				return false
			}
			l, delays = l.from(n), nil
		default:
			attempts++
			if s.opts.Hooks.Retried != nil {
				s.opts.Hooks.Retried()
			}
			if !wait(ctx, delays.NextBackOff()) {
				return false
			}
		}
	}
	_, ok := s.written(0, place) // units without results
	return ok
}

// written notes that n more results are delivered, behind which the sink is at place, and acknowledges the units that are complete.
// moved says that there was one; ok is false if the sender was abandoned.
func (s *Sender) written(n int, place []byte) (moved, ok bool) {
	s.mu.Lock()
	if s.abandoned {
		s.mu.Unlock()
		return false, false
	}
	var complete []*Unit
	left := n
	for len(s.batch) > 0 {
		p := &s.batch[0]
		k := min(left, len(p.Unit.Results)-p.From)
		p.From += k
		left -= k
		s.reach(p.Unit, k, p.From, place)
		if p.From < len(p.Unit.Results) {
			break
		}
		complete = append(complete, p.Unit)
		s.batch = s.batch[1:]
	}
	s.passDropped()
	s.mu.Unlock()
	count(s.opts.Hooks.Delivered, n)
	for _, u := range complete {
		u.Ack.Done(true)
	}
	return len(complete) > 0, true
}

// giveUp passes the first unit of the batch on, and those behind it that err is known to concern, and returns how many results of them
// were left.
func (s *Sender) giveUp(ctx context.Context, err error) (left int, ok bool) {
	for concerned := permanentLines(err); ; {
		n, ok := s.giveUpFirst(ctx, err)
		left += n
		if !ok {
			return left, false
		}
		if concerned -= n; !s.firstWithin(concerned) {
			return left, true
		}
	}
}

// firstWithin reports whether the first unit of the batch has results, and all that are left of them are among that many.
func (s *Sender) firstWithin(results int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.batch) == 0 {
		return false
	}
	n := len(s.batch[0].Unit.Results) - s.batch[0].From
	return n > 0 && n <= results
}

// giveUpFirst passes the first unit of the batch on and returns how many results of it were left.
func (s *Sender) giveUpFirst(ctx context.Context, err error) (left int, ok bool) {
	s.mu.Lock()
	if s.abandoned {
		s.mu.Unlock()
		return 0, false
	}
	p := s.batch[0]
	s.batch = s.batch[1:]
	release := s.hold()
	left = len(p.Unit.Results) - p.From
	s.reach(p.Unit, left, len(p.Unit.Results), s.reached.Place)
	s.passDropped()
	s.mu.Unlock()
	count(s.opts.Hooks.Failed, left)
	u := *p.Unit
	u.Ack = NewAck(func(committed bool) {
		release(committed)
		p.Unit.Ack.Done(committed)
	})
	s.opts.Exhausted(ctx, &u, p.From, err)
	return left, true
}

// CloseSink closes the sink, unless its worker is stuck in it. limit bounds the time that takes.
func (s *Sender) CloseSink(limit time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- s.sink.Close() }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		return context.DeadlineExceeded
	}
}

// Reopen reopens what the sink writes to, if it can.
func (s *Sender) Reopen() error {
	if r, ok := s.sink.(Reopener); ok {
		return r.Reopen()
	}
	return nil
}

func count(hook func(int), n int) {
	if hook != nil && n > 0 {
		hook(n)
	}
}
