package nats

import (
	"context"
	"time"
)

// What the server understands as an acknowledgement, as a sign that a message is under way, and as the wish to deliver it again.
var (
	acked      = []byte("+ACK")
	inProgress = []byte("+WPI")
	returned   = []byte("-NAK")
)

// acknowledge tells the server what is done with, and what is under way for long, until ctx is done; then it tells the rest,
// and gives back what is not done with, so that the next one to read need not wait for it.
func (in *Input) acknowledge(ctx context.Context) {
	timer := time.NewTimer(in.open.interval())
	defer timer.Stop()
	for {
		select {
		case <-in.open.signal:
			in.reply(in.open.take(), acked)
			if in.opts.Hooks.Acked != nil {
				in.opts.Hooks.Acked()
			}
		case <-timer.C:
			in.reply(in.open.late(time.Now()), inProgress)
			timer.Reset(in.open.interval())
		case <-ctx.Done():
			in.reply(in.open.take(), acked)
			in.reply(in.open.rest(), returned)
			return
		}
	}
}

// reply publishes one reply to each message. While there is no connection the client keeps them; what it cannot keep is not
// acknowledged, and the message comes again.
func (in *Input) reply(subjects []string, data []byte) {
	for _, s := range subjects {
		if err := in.conn.Publish(s, data); err != nil {
			in.opts.Log.Warn("Messages cannot be acknowledged and will come again", "messages", len(subjects), "error", err.Error())
			return
		}
	}
}
