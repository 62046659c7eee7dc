package nats

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/natsconn"
)

// window is how many messages may wait for their confirmation (reliability.md section 3.3).
const window = 256

// Options configure a Sink.
type Options struct {
	Address natsconn.Address
	Auth    natsconn.Auth
	RootCAs *x509.CertPool // of the server's certificate; nil are the system's
	// Duplicate is called for each message that the server had already. It may be nil.
	Duplicate func()
	// ConnLog takes what happens to the connection.
	ConnLog *slog.Logger
}

// Sink publishes to one subject.
type Sink struct {
	opts Options
	conn *natsconn.Conn
	ids  *ids
}

// Open connects and finds or makes the stream of the subject, which must not hold a wildcard. ctx ends a start that takes too long.
func Open(ctx context.Context, opts Options) (*Sink, error) {
	subject := opts.Address.Subject
	if !natsconn.Concrete(subject) {
		return nil, fmt.Errorf("subject %s holds a wildcard: results need one subject, as in %s/results", subject, opts.Address.Redacted)
	}
	conn, err := natsconn.Connect(ctx, opts.Address, natsconn.Options{
		Auth: opts.Auth, RootCAs: opts.RootCAs, Name: "rsigmad sink", FailWhileDown: true, Log: opts.ConnLog,
	})
	if err != nil {
		return nil, err
	}
	if _, err := conn.EnsureStream(ctx, subject); err != nil {
		conn.Close()
		return nil, err
	}
	return &Sink{opts: opts, conn: conn, ids: newIDs()}, nil
}

// Deliver implements flow.Sink.
func (s *Sink) Deliver(ctx context.Context, lines [][]byte) (int, error) {
	return s.DeliverKeyed(ctx, lines, nil)
}

// DeliverKeyed implements flow.KeyedSink. Messages are sent in order, up to 256 ahead of their confirmation. When one fails, those
// behind it may be stored already: they are offered again, with the same ids, and the server drops them then.
func (s *Sink) DeliverKeyed(ctx context.Context, lines [][]byte, keys []string) (int, error) {
	names := s.ids.assign(lines, keys)
	confirmed, err := s.deliver(ctx, lines, names)
	if err != nil {
		s.ids.remember(lines[confirmed:], names[confirmed:])
	}
	return confirmed, err
}

// grace is how much longer than ctx the confirmation of what was sent may take: else most of what is sent when the daemon stops would
// be stored and counted as lost.
const grace = time.Second

// deliver publishes lines and returns how many of them, from the front, are stored.
func (s *Sink) deliver(ctx context.Context, lines [][]byte, names []string) (confirmed int, err error) {
	var waiting []jetstream.PubAckFuture
	patience, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, giveUp) })
	defer stop()
	for i := 0; i < len(lines) && err == nil; i++ {
		if len(waiting) == window {
			if err = s.confirm(patience, waiting[0]); err != nil {
				return confirmed, err
			}
			waiting = waiting[1:]
			confirmed++
		}
		var f jetstream.PubAckFuture
		if f, err = s.publish(ctx, lines[i], names[i]); err == nil {
			waiting = append(waiting, f)
		}
	}
	for _, f := range waiting {
		if err := s.confirm(patience, f); err != nil {
			return confirmed, err
		}
		confirmed++
	}
	return confirmed, err
}

// publish sends one message.
func (s *Sink) publish(ctx context.Context, line []byte, name string) (jetstream.PubAckFuture, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if limit := s.conn.MaxPayload(); limit > 0 && int64(len(line)+headerSize(name)) > limit {
		return nil, flow.Permanent(fmt.Errorf("a result of %d bytes is over the server's limit of %d (max_payload)", len(line), limit))
	}
	m := &nats.Msg{Subject: s.opts.Address.Subject, Data: line, Header: nats.Header{jetstream.MsgIDHeader: {name}}}
	f, err := s.conn.JetStream.PublishMsgAsync(m)
	if err != nil {
		return nil, s.classify(err)
	}
	return f, nil
}

// headerSize is what a message with this id weighs besides its data.
func headerSize(name string) int {
	return len("NATS/1.0\r\n"+jetstream.MsgIDHeader+": \r\n\r\n") + len(name)
}

// confirm waits until the server has stored a message.
func (s *Sink) confirm(ctx context.Context, f jetstream.PubAckFuture) error {
	select {
	case ack := <-f.Ok():
		if ack.Duplicate && s.opts.Duplicate != nil {
			s.opts.Duplicate()
		}
		return nil
	case err := <-f.Err():
		return s.classify(err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tooLarge is the code of the server for a message over the limit of the stream.
const tooLarge = jetstream.JSErrCodeStreamMessageExceedsMaximum

var errDown = errors.New("there is no connection to the server at the moment")

// classify says what failed, and whether trying again is useless.
func (s *Sink) classify(err error) error {
	if errors.Is(err, nats.ErrReconnectBufExceeded) { // of the client, which may keep nothing
		err = errDown
	}
	out := fmt.Errorf("publish to %s: %w", s.opts.Address.Subject, err)
	var api *jetstream.APIError
	if errors.Is(err, nats.ErrMaxPayload) || errors.As(err, &api) && api.ErrorCode == tooLarge {
		return flow.Permanent(out)
	}
	return out
}

// Close implements flow.Sink. It may be called again.
func (s *Sink) Close() error {
	s.conn.Close()
	return nil
}
