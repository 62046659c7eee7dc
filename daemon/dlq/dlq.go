// Package dlq writes dead letters: events that could not be parsed and results that could not be delivered, one JSON object a line, to
// any sink. It decides neither what is a dead letter nor what an acknowledgement means.
//
// Source: daemon.md section 13.3.
package dlq

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/logging"
	"github.com/rsigma-go/rsigma/rtlib"
)

// Options configure a Queue.
type Options struct {
	Queue int // letters that may wait
	Retry flow.Retry
	Log   *slog.Logger
	// Offered is called for each letter, Failed for each that could not be written.
	Offered, Failed func()
}

// Queue is the dead-letter queue. The zero sink is none: then letters are counted, and acknowledged as if they were written.
type Queue struct {
	opts   Options
	log    *logging.Limited
	sender *flow.Sender // nil without a sink
}

// New returns a queue to sink, which may be nil. Run does the work.
func New(sink flow.Sink, opts Options) *Queue {
	q := &Queue{opts: opts, log: logging.Every(opts.Log, time.Second)}
	if sink != nil {
		q.sender = flow.NewSender(sink, flow.SenderOptions{
			Queue: opts.Queue, BatchMax: 64, Retry: opts.Retry, Exhausted: q.lost,
		})
	}
	return q
}

// lost is told of a letter that could not be written. Its source must deliver the message again, if it can.
func (q *Queue) lost(_ context.Context, u *flow.Unit, _ int, err error) {
	q.opts.Failed()
	q.log.Warn("A dead letter could not be written", "error", err.Error(), "reason", u.Results[0].Title)
	u.Ack.Done(false)
}

// Configured implements flow.DeadLetters.
func (q *Queue) Configured() bool { return q.sender != nil }

// Offer implements flow.DeadLetters.
func (q *Queue) Offer(ctx context.Context, l flow.DeadLetter) {
	q.opts.Offered()
	if q.sender == nil {
		l.Ack.Done(true)
		return
	}
	u := &flow.Unit{
		Results: []flow.Result{{JSON: appendLetter(nil, &l, time.Now()), Title: l.Error}},
		Origin:  l.Origin, Number: l.Number, Ack: l.Ack,
	}
	if err := q.sender.Put(ctx, u); err != nil {
		q.lost(ctx, u, 0, err)
	}
}

// Run writes letters until Close, or until ctx is done.
func (q *Queue) Run(ctx context.Context) {
	if q.sender != nil {
		q.sender.Run(ctx)
	}
}

// Close lets Run return once everything is written.
func (q *Queue) Close() {
	if q.sender != nil {
		q.sender.Close()
	}
}

// Abandon gives up letters that are not written and returns how many there were.
func (q *Queue) Abandon() int {
	if q.sender == nil {
		return 0
	}
	left := q.sender.Abandon()
	for _, p := range left {
		q.opts.Failed()
		p.Unit.Ack.Done(false)
	}
	return len(left)
}

// CloseSink closes the sink.
func (q *Queue) CloseSink(limit time.Duration) error {
	if q.sender == nil {
		return nil
	}
	return q.sender.CloseSink(limit)
}

// Reopen reopens what the sink writes to.
func (q *Queue) Reopen() error {
	if q.sender == nil {
		return nil
	}
	return q.sender.Reopen()
}

// timeFormat has milliseconds and a zone.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// appendLetter appends the record of l, one JSON object.
func appendLetter(dst []byte, l *flow.DeadLetter, now time.Time) []byte {
	dst = append(dst, `{"original_event":`...)
	dst = rtlib.AppendJSONString(dst, rtlib.View(l.Text))
	dst = append(dst, `,"error":`...)
	dst = rtlib.AppendJSONString(dst, cut(l.Error))
	dst = append(dst, `,"timestamp":"`...)
	dst = now.UTC().AppendFormat(dst, timeFormat)
	dst = append(dst, '"')
	if l.Sink != "" {
		dst = rtlib.AppendJSONString(append(dst, `,"sink":`...), l.Sink)
	}
	if l.Origin != nil {
		dst = append(dst, `,"source":{"type":`...)
		dst = rtlib.AppendJSONString(dst, l.Origin.Type)
		if l.Origin.Stream != "" {
			dst = rtlib.AppendJSONString(append(dst, `,"stream":`...), l.Origin.Stream)
			dst = strconv.AppendInt(append(dst, `,"sequence":`...), l.Number, 10)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// maxError is how much of an error text is kept (reliability.md T18).
const maxError = 512

func cut(s string) string { return s[:min(len(s), maxError)] }
