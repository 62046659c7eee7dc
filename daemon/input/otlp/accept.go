package otlp

import (
	"context"
	"errors"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// accept queues the records of a body, whose memory s pays for until it was looked at.
func (in *Input) accept(ctx context.Context, transport, encoding string, body []byte, s *share) (accepted, *refusal) {
	memory := &share{of: &in.decoded}
	defer memory.free()
	c, err := check(encoding, body)
	need := c.weight
	if !c.odd {
		need = int64(len(body)) // nothing is decoded
	}
	switch {
	case err != nil:
		return accepted{}, refuseDecode(err)
	case c.weight > maxDecoded:
		return accepted{}, refuseLarge(maxDecompressed)
	case !memory.take(need):
		return accepted{}, refuseFull()
	}
	if c.odd {
		if body, err = sound(encoding, body); err != nil {
			return accepted{}, refuseDecode(err)
		}
	}
	s.free()
	if in.opts.Hooks.Request != nil {
		in.opts.Hooks.Request(transport, encoding)
	}
	out := in.out.Load()
	if out == nil || in.closed.Load() {
		return accepted{}, refuseClosed()
	}
	q := queuing{in: in, out: out, ctx: ctx}
	return q.run(body)
}

// queuing is one request whose records are being queued.
type queuing struct {
	in       *Input
	out      *flow.Intake
	ctx      context.Context // of the request
	ack      *flow.Ack       // of all records; nil unless the reply waits for them
	whole    *flow.Whole     // then they are committed together
	limit    context.Context // of the first of them
	flat     flattener
	block    []byte
	number   int64 // of the record in its request, from 1
	queued   int
	rejected int64
	bytes    int64
}

// run queues the records of a sound request and waits for them if the reply has to.
func (q *queuing) run(body []byte) (done accepted, no *refusal) {
	if q.in.opts.Sync {
		no = q.commit(body)
	} else {
		no = q.records(body)
	}
	if q.in.opts.Hooks.Records != nil && q.queued > 0 {
		q.in.opts.Hooks.Records(q.queued)
	}
	return accepted{q.rejected}, no
}

// commit queues the records as one and waits until they are committed.
func (q *queuing) commit(body []byte) *refusal {
	committed := make(chan bool, 1)
	q.ack = flow.NewAck(func(c bool) { committed <- c })
	no := q.together(body)
	q.ack.Done(true)
	if no != nil {
		return no
	}
	limit, cancel := within(q.ctx, q.in.opts.SyncTimeout)
	defer cancel()
	select {
	case c := <-committed:
		if c {
			return nil
		}
		return refuseUncommitted("not everything was committed")
	case <-limit.Done():
		return refuseUncommitted("not committed in time, the outcome is unknown")
	}
}

// together queues the records as one: once the first has found room the others follow, whatever the client does.
func (q *queuing) together(body []byte) *refusal {
	var cancel context.CancelFunc
	q.limit, cancel = within(q.ctx, q.in.opts.Timeout)
	defer cancel()
	var err error
	if q.whole, err = q.out.Whole(q.limit); err == nil {
		q.records(body) // the end says what is wrong
		err = q.whole.End(q.limit, nil)
		q.queued = q.whole.Queued()
	}
	return q.refuse(err)
}

func (q *queuing) records(body []byte) (no *refusal) {
	each(body, 1, func(b []byte) bool {
		shared := q.flat.resource(only(b, 1))
		each(b, 2, func(b []byte) bool {
			scope := readScope(only(b, 1))
			each(b, 2, func(b []byte) bool {
				no = q.record(record{b, shared, scope})
				return no == nil
			})
			return no == nil
		})
		return no == nil
	})
	return no
}

// record queues r, of which it keeps a copy, so that a body lives no longer than its request.
func (q *queuing) record(r record) *refusal {
	q.number++
	if !q.flat.fits(&r) {
		q.rejected++
		return nil
	}
	if q.bytes += int64(r.length()); q.bytes > maxExpansion {
		q.rejected++
		return nil
	}
	r.wire = q.own(r.wire)
	return q.put(&r)
}

// Records are copied into blocks that many of them share.
const (
	blockSize  = 64 << 10
	firstBlock = 4 << 10
)

// own returns a copy of b.
func (q *queuing) own(b []byte) []byte {
	n := len(b)
	if n > blockSize/4 {
		return append([]byte(nil), b...)
	}
	if cap(q.block)-len(q.block) < n {
		q.block = make([]byte, 0, max(n, min(firstBlock+cap(q.block)*16, blockSize)))
	}
	from := len(q.block)
	q.block = append(q.block, b...)
	return q.block[from:len(q.block):len(q.block)]
}

// put queues one event.
func (q *queuing) put(r *record) *refusal {
	m := flow.Message{Source: r, Ack: q.ack, Origin: &origin, Number: q.number}
	if q.whole != nil {
		return q.refuse(q.whole.Put(q.limit, m))
	}
	ctx, cancel := within(q.ctx, q.in.opts.Timeout)
	defer cancel()
	err := q.out.Put(ctx, m)
	if err == nil {
		q.queued++
	}
	return q.refuse(err)
}

// refuse says what it means that an event could not be queued.
func (q *queuing) refuse(err error) *refusal {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, flow.ErrClosed):
		return refuseClosed()
	case q.ctx.Err() != nil:
		return &refusal{status: 503, text: "request cancelled"} // nobody reads it
	}
	return refuseFull()
}

// within bounds ctx by limit; 0 is none.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, limit)
}
