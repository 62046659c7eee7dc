package otlp

import (
	"context"
	"errors"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// accept queues the records of a body, whose memory s pays for until it is decoded.
func (in *Input) accept(ctx context.Context, transport, encoding string, body []byte, s *share) (accepted, *refusal) {
	memory := &share{of: &in.decoded}
	defer memory.free()
	weight, err := weigh(encoding, body)
	switch {
	case err != nil:
		return accepted{}, refuseDecode(err)
	case weight > maxDecoded:
		return accepted{}, refuseLarge(maxDecompressed)
	case !memory.take(weight):
		return accepted{}, refuseFull()
	}
	req, err := decode(encoding, body)
	if err != nil {
		return accepted{}, refuseDecode(err)
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
	return q.run(req)
}

// queuing is one request whose records are being queued.
type queuing struct {
	in       *Input
	out      *flow.Intake
	ctx      context.Context // of the request
	ack      *flow.Ack       // of all records; nil unless the reply waits for them
	flat     flattener
	number   int64 // of the record in its request, from 1
	queued   int
	rejected int64
	bytes    int64
}

// run queues records and waits for them if the reply has to.
func (q *queuing) run(req *collector.ExportLogsServiceRequest) (accepted, *refusal) {
	committed := make(chan bool, 1)
	if q.in.opts.Sync {
		q.ack = flow.NewAck(func(c bool) { committed <- c })
	}
	no := q.records(req)
	q.ack.Done(true)
	if q.in.opts.Hooks.Records != nil && q.queued > 0 {
		q.in.opts.Hooks.Records(q.queued)
	}
	if no != nil || q.ack == nil {
		return accepted{q.rejected}, no
	}
	select {
	case c := <-committed:
		if c {
			return accepted{q.rejected}, nil
		}
	case <-q.ctx.Done():
	}
	return accepted{}, refuseUncommitted()
}

func (q *queuing) records(req *collector.ExportLogsServiceRequest) *refusal {
	for _, resource := range req.GetResourceLogs() {
		q.flat.resource(resource.GetResource())
		for _, scope := range resource.GetScopeLogs() {
			for _, record := range scope.GetLogRecords() {
				q.number++
				data, ok := q.flat.record(record, scope.GetScope())
				if q.bytes += int64(len(data)); !ok || q.bytes > maxExpansion {
					q.rejected++
					continue
				}
				if no := q.put(data); no != nil {
					return no
				}
			}
		}
	}
	return nil
}

// put queues one event.
func (q *queuing) put(data []byte) *refusal {
	ctx, cancel := q.ctx, func() {}
	if q.in.opts.Timeout > 0 {
		ctx, cancel = context.WithTimeout(q.ctx, q.in.opts.Timeout)
	}
	defer cancel()
	q.ack.Add(1)
	err := q.out.Put(ctx, flow.Message{Data: data, JSON: true, Ack: q.ack, Origin: &origin, Number: q.number})
	if err == nil {
		q.queued++
		return nil
	}
	q.ack.Done(true) // it is not in the queue, and the reply says so
	switch {
	case errors.Is(err, flow.ErrClosed):
		return refuseClosed()
	case q.ctx.Err() != nil:
		return &refusal{status: 503, text: "request cancelled"} // nobody reads it
	}
	return refuseFull()
}
