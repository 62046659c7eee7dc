package flow

import (
	"context"
	"sync/atomic"
)

// Fanout is the result queue and the dispatcher behind it: it hands every unit to every sink, in order. A sink whose queue is full
// holds it up, which is how back-pressure reaches the sources.
//
// Source: daemon.md sections 1 and 13.1.
type Fanout struct {
	senders []*Sender
	queue   *Queue[*Unit]
	results atomic.Int64
	observe func(*Unit)

	stuck []Rest // what Run could not hand over before it was stopped
}

// Rest is a unit that did not reach a sender. Sender is nil if it reached none.
type Rest struct {
	Unit   *Unit
	Sender *Sender
}

// NewFanout returns a fan-out to senders with room for size units. observe, if not nil, sees every unit before sinks do; it must
// not block.
func NewFanout(senders []*Sender, size int, observe func(*Unit)) *Fanout {
	return &Fanout{senders: senders, queue: NewQueue(size, maxSenderBytes, func(u **Unit) int { return (*u).size() }), observe: observe}
}

// Put queues u and waits for room. It takes over one part of the acknowledgement, unless it returns an error: ErrClosed, or that
// of ctx.
func (f *Fanout) Put(ctx context.Context, u *Unit) error {
	n := int64(len(u.Results))
	f.results.Add(n)
	err := f.queue.Put(ctx, u)
	if err != nil {
		f.results.Add(-n)
	}
	return err
}

// Results returns how many results wait in the result queue.
func (f *Fanout) Results() int64 { return f.results.Load() }

// Close lets Run return, and the senders close, once everything queued is handed over.
func (f *Fanout) Close() { f.queue.Close() }

// Run hands units over until the queue is closed and empty, or ctx is done; then Rest returns what is left.
func (f *Fanout) Run(ctx context.Context) {
	var units []*Unit
	for {
		var ok bool
		if units, ok = f.queue.Take(ctx, units[:0], 64); !ok {
			break
		}
		for i, u := range units {
			f.results.Add(int64(-len(u.Results)))
			if !f.handOver(ctx, u) {
				for _, u := range units[i+1:] {
					f.stuck = append(f.stuck, Rest{Unit: u})
				}
				return
			}
		}
		clear(units)
	}
	if ctx.Err() == nil {
		for _, s := range f.senders {
			s.Close()
		}
	}
}

// handOver gives u to all senders. It is false if ctx ended; then f.stuck tells which of them lack it.
func (f *Fanout) handOver(ctx context.Context, u *Unit) bool {
	if f.observe != nil {
		f.observe(u)
	}
	if len(f.senders) == 0 {
		u.Ack.Done(true)
		return true
	}
	u.Ack.Add(len(f.senders) - 1)
	for i, s := range f.senders {
		if s.Put(ctx, u) != nil {
			for _, s := range f.senders[i:] {
				f.stuck = append(f.stuck, Rest{u, s})
			}
			return false
		}
	}
	return true
}

// Rest returns what was not handed over, oldest first. Run must have returned.
func (f *Fanout) Rest() []Rest {
	f.queue.Close()
	rest := f.stuck
	f.stuck = nil
	for _, u := range f.queue.TakeAll() {
		f.results.Add(int64(-len(u.Results)))
		rest = append(rest, Rest{Unit: u})
	}
	return rest
}
