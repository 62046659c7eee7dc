package nats

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/natsconn"
)

// bind finds or makes the stream and the durable consumer.
//
// Source: daemon.md sections 18.4 to 18.6.
func (in *Input) bind(ctx context.Context) error {
	stream, err := in.conn.EnsureStream(ctx, in.opts.Address.Subject)
	if err != nil {
		return err
	}
	consumer, err := in.ensureConsumer(ctx, stream, in.opts.Start)
	if err == nil && in.opts.Keep {
		consumer, err = in.goOn(ctx, stream, consumer)
	}
	if err != nil {
		return err
	}
	in.use(stream, consumer)
	return nil
}

// use makes stream and consumer those that are read.
func (in *Input) use(stream jetstream.Stream, consumer jetstream.Consumer) {
	in.stream, in.consumer = stream, consumer
	in.origin = &flow.Origin{Type: "nats", Stream: in.streamName(), Identity: identity(stream.CachedInfo()) + in.replay}
	info := consumer.CachedInfo()
	if in.cursor != nil {
		in.origin.Cursor = in.cursor
		in.cursor.prune(info.AckFloor.Stream)
		in.delivered = info.Delivered.Consumer
	}
	in.open.begin(ackWait(info.Config), info.AckFloor.Stream)
}

// repair looks for what is wrong with the stream or the consumer after a fetch has failed. A consumer that was deleted is made anew
// behind the last message before which all are acknowledged; in a stream that was made anew reading begins at its first message
// (reliability.md section 2.6). Nothing is wrong if the server is just not there.
func (in *Input) repair(ctx context.Context) error {
	stream, err := in.conn.EnsureStream(ctx, in.opts.Address.Subject)
	if err != nil {
		return err
	}
	start := Start{Mode: StartSequence, Sequence: in.open.floor() + 1}
	if !stream.CachedInfo().Created.Equal(in.stream.CachedInfo().Created) {
		in.opts.Log.Warn("Source stream changed", "stream", in.streamName())
		call(in.opts.Hooks.StreamChanged)
		in.open.forget()
		in.stream, start = stream, Start{}
		if in.cursor != nil {
			in.cursor, in.next = in.newCursor(stream.CachedInfo()), 1
		}
	}
	consumer, err := stream.Consumer(ctx, in.name)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		in.opts.Log.Warn("Consumer was deleted and is made anew", "consumer", in.name, "stream", in.streamName(), "start", start.String())
		consumer, err = in.createConsumer(ctx, stream, start)
	}
	if err == nil {
		in.use(stream, consumer)
	}
	return err
}

// ensureConsumer finds or makes the durable consumer.
func (in *Input) ensureConsumer(ctx context.Context, stream jetstream.Stream, start Start) (jetstream.Consumer, error) {
	c, err := stream.Consumer(ctx, in.name)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		return in.createConsumer(ctx, stream, start)
	case errors.Is(err, jetstream.ErrNotPullConsumer):
		return nil, fmt.Errorf("consumer %s of stream %s is a push consumer: name another one with --consumer-group, or delete it", in.name, in.streamName())
	case err != nil:
		return nil, fmt.Errorf("open consumer %s of stream %s: %w", in.name, in.streamName(), err)
	}
	if err := in.suits(c.CachedInfo().Config); err != nil || start.Mode == StartResume {
		return c, err
	}
	if in.opts.Group != "" {
		return nil, fmt.Errorf("consumer %s of stream %s exists, and others may be using it: a replay needs another --consumer-group, or none",
			in.name, in.streamName())
	}
	in.opts.Log.Warn("Consumer deleted and made anew for a replay", "consumer", in.name, "stream", in.streamName(), "start", start.String())
	return in.replaceConsumer(ctx, stream, start)
}

// replaceConsumer deletes the durable consumer and makes it anew. A server that still writes the state of the old one when the new one is
// made gives it to that one, which would begin in the wrong place: then it is done again.
func (in *Input) replaceConsumer(ctx context.Context, stream jetstream.Stream, start Start) (jetstream.Consumer, error) {
	const attempts = 5
	for range attempts {
		if err := stream.DeleteConsumer(ctx, in.name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return nil, fmt.Errorf("delete consumer %s of stream %s for a replay: %w", in.name, in.streamName(), err)
		}
		c, err := in.createConsumer(ctx, stream, start)
		if err != nil || c.CachedInfo().Delivered.Consumer == 0 {
			return c, err
		}
	}
	return nil, fmt.Errorf("consumer %s of stream %s is in use: stop the daemon that reads it, or begin the replay with another --consumer-group",
		in.name, in.streamName())
}

// createConsumer makes the durable consumer. If another daemon makes it at the same time it is shared.
func (in *Input) createConsumer(ctx context.Context, stream jetstream.Stream, start Start) (jetstream.Consumer, error) {
	cfg := jetstream.ConsumerConfig{
		Durable: in.name, FilterSubject: in.opts.Address.Subject, AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: in.opts.AckWait, MaxAckPending: max(1000, 2*in.opts.Buffer),
	}
	begin(start, &cfg)
	c, err := createStored(func() (jetstream.Consumer, error) { return stream.CreateConsumer(ctx, cfg) })
	if errors.Is(err, jetstream.ErrConsumerExists) {
		if c, err = stream.Consumer(ctx, in.name); err == nil {
			err = in.suits(c.CachedInfo().Config)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("make consumer %s of stream %s: %w", in.name, in.streamName(), err)
	}
	return c, nil
}

// errCodeStore is what the server says when it cannot write the state of a consumer. The client has no name for it.
const errCodeStore jetstream.ErrorCode = 10012

// createStored calls create, and once more if the server could not write: the files of a consumer of that name that was deleted a moment
// ago may be removed under its hands.
func createStored(create func() (jetstream.Consumer, error)) (jetstream.Consumer, error) {
	c, err := create()
	if e, ok := errors.AsType[*jetstream.APIError](err); ok && e.ErrorCode == errCodeStore {
		return create()
	}
	return c, err
}

// suits says why an existing consumer cannot be used.
func (in *Input) suits(cfg jetstream.ConsumerConfig) error {
	filters := cfg.FilterSubjects
	if cfg.FilterSubject != "" {
		filters = append(filters, cfg.FilterSubject)
	}
	subject := in.opts.Address.Subject
	switch {
	case len(filters) > 0 && !natsconn.Covers(filters, subject):
		return fmt.Errorf("consumer %s of stream %s has the subject %s, which does not cover %s: name another one with --consumer-group",
			in.name, in.streamName(), strings.Join(filters, ", "), subject)
	case cfg.AckPolicy != jetstream.AckExplicitPolicy:
		return fmt.Errorf("consumer %s of stream %s does not take explicit acknowledgements, so that messages could be lost: name another one with --consumer-group",
			in.name, in.streamName())
	}
	return nil
}

func (in *Input) streamName() string { return natsconn.Stream(in.opts.Address.Subject) }

// ackWait is the shortest time after which the server takes a message for lost.
func ackWait(cfg jetstream.ConsumerConfig) time.Duration {
	wait := cfg.AckWait
	for _, d := range cfg.BackOff {
		if d > 0 {
			wait = min(wait, d)
		}
	}
	return wait
}
