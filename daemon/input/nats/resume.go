package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// positionName is the name under which the position of the consumer of that name in a stream is kept.
func positionName(stream, consumer string) string { return "nats " + stream + " " + consumer }

// identity tells a stream from another one of its name.
func identity(stream *jetstream.StreamInfo) string {
	return stream.Config.Name + " of " + stream.Created.UTC().Format(time.RFC3339Nano)
}

// newCursor returns a cursor at the beginning of the stream.
func (in *Input) newCursor(stream *jetstream.StreamInfo) *cursor {
	return &cursor{source: positionName(stream.Config.Name, in.name), identity: identity(stream), ordered: in.ordered()}
}

// ordered reports whether messages are handed on in the order of the stream, whatever happens: that needs a consumer which nobody else
// reads, and a position that is kept.
func (in *Input) ordered() bool { return in.opts.Keep && in.opts.Group == "" }

// goOn has reading begin behind what is committed, as far as the stream still is what it was. It sets in.cursor and in.next.
//
// Source: reliability.md sections 2.6 and 3.1.
func (in *Input) goOn(ctx context.Context, stream jetstream.Stream, consumer jetstream.Consumer) (jetstream.Consumer, error) {
	info := stream.CachedInfo()
	in.cursor, in.next = in.newCursor(info), 0
	if in.opts.Start.Mode != StartResume {
		return consumer, nil // the consumer is new
	}
	p := in.opts.Stored(positionName(info.Config.Name, in.name))
	if p == nil {
		if known := consumer.CachedInfo(); known.Delivered.Consumer > 0 { // by a daemon that kept no positions
			in.next = known.AckFloor.Stream + 1
		}
		return consumer, nil
	}
	start, err := in.behind(ctx, stream, *p)
	if err != nil {
		return nil, err
	}
	if !in.ordered() {
		return consumer, nil
	}
	if start.Mode == StartTime { // a consumer cannot be set to a time
		return in.replaceConsumer(ctx, stream, start)
	}
	in.next = start.Sequence
	return consumer, nil
}

// behind returns where a stored position says to go on, and tells what is odd about the stream.
func (in *Input) behind(ctx context.Context, stream jetstream.Stream, p flow.Position) (Start, error) {
	info := stream.CachedInfo()
	floor := uint64(p.Floor)
	if p.Identity != in.cursor.identity {
		return in.changed(info, Start{Mode: StartSequence, Sequence: 1}), nil
	}
	if info.State.LastSeq < floor {
		if p.Time != 0 { // some may have come since the stream went back, so its end says nothing
			return in.changed(info, Start{Mode: StartTime, Time: time.Unix(0, p.Time+1)}), nil
		}
		in.cursor.floor = info.State.LastSeq
		return in.changed(info, Start{Mode: StartSequence, Sequence: info.State.LastSeq + 1}), nil
	}
	switch at, err := timeOf(ctx, stream, floor); {
	case err != nil:
		return Start{}, fmt.Errorf("read message %d of stream %s: %w", floor, info.Config.Name, err)
	case at != 0 && p.Time != 0 && at != p.Time:
		return in.changed(info, Start{Mode: StartTime, Time: time.Unix(0, p.Time+1)}), nil
	}
	if err := in.cursor.restore(p); err != nil {
		return Start{}, err
	}
	if lost := int64(info.State.FirstSeq) - int64(floor) - 1; lost > 0 && info.State.FirstSeq > 0 {
		in.opts.Log.Warn("The stream dropped messages before they were read", "stream", info.Config.Name, "messages", lost, "position", floor,
			"first", info.State.FirstSeq)
		if in.opts.Hooks.Expired != nil {
			in.opts.Hooks.Expired(int(lost))
		}
	}
	return Start{Mode: StartSequence, Sequence: floor + 1}, nil
}

// changed tells that the stream is not what it was.
func (in *Input) changed(info *jetstream.StreamInfo, start Start) Start {
	in.opts.Log.Warn("Source stream changed", "stream", info.Config.Name, "start", start.String())
	call(in.opts.Hooks.StreamChanged)
	return start
}

// timeOf returns when a message was stored, 0 if it is not there.
func timeOf(ctx context.Context, stream jetstream.Stream, sequence uint64) (int64, error) {
	if sequence == 0 {
		return 0, nil
	}
	msg, err := stream.GetMsg(ctx, sequence)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return msg.Time.UnixNano(), nil
}

// rewind sets the consumer back before messages are fetched, so that the next one to come is the next one in the stream: what an earlier
// subscription was sent and lost would come late and out of order. It does nothing if that is not wanted, or not known.
func (in *Input) rewind(ctx context.Context) error {
	if !in.ordered() || in.next == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	info := in.stream.CachedInfo()
	var err error
	if info.Config.Retention == jetstream.LimitsPolicy {
		_, err = in.conn.JetStream.ResetConsumerToSequence(ctx, info.Config.Name, in.name, in.next)
	} else { // a sequence would leave what is committed and not acknowledged in the stream for ever
		_, err = in.conn.JetStream.ResetConsumer(ctx, info.Config.Name, in.name)
	}
	if err == nil {
		in.delivered = 0
		return nil
	}
	if ctx.Err() != nil || !in.conn.IsConnected() {
		return err
	}
	return in.remake(ctx, info, err)
}

// tidyCursor forgets ranges of messages that everybody in the group has acknowledged.
func (in *Input) tidyCursor(ctx context.Context) {
	if in.cursor == nil || in.ordered() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tidyLimit)
	defer cancel()
	if info, err := in.consumer.Info(ctx); err == nil {
		in.cursor.prune(info.AckFloor.Stream)
	}
}

// tidyEvery is how often that happens, tidyLimit how long it may take.
const (
	tidyEvery = time.Second
	tidyLimit = 500 * time.Millisecond
)

// remake makes the consumer anew, because the server cannot set it back.
func (in *Input) remake(ctx context.Context, info *jetstream.StreamInfo, cause error) error {
	if info.Config.Retention != jetstream.LimitsPolicy {
		in.opts.Log.Warn("The server cannot set a consumer back: after a crash messages may come out of order", "consumer", in.name, "error", cause.Error())
		in.next = 0
		return nil
	}
	c, err := in.replaceConsumer(ctx, in.stream, Start{Mode: StartSequence, Sequence: in.next})
	if err != nil {
		return err
	}
	in.consumer, in.delivered = c, 0
	return nil
}

// requestLimit bounds a request to the server (daemon.md section 18.2).
const requestLimit = 5 * time.Second
