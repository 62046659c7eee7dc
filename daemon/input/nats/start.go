package nats

import (
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/natsconf"
)

// Start is where reading begins.
type Start = natsconf.Start

// The modes.
const (
	StartResume   = natsconf.StartResume
	StartSequence = natsconf.StartSequence
	StartTime     = natsconf.StartTime
	StartLatest   = natsconf.StartLatest
)

// begin sets the deliver policy of c.
func begin(s Start, c *jetstream.ConsumerConfig) {
	switch s.Mode {
	case StartSequence:
		c.DeliverPolicy, c.OptStartSeq = jetstream.DeliverByStartSequencePolicy, max(s.Sequence, 1)
	case StartTime:
		c.DeliverPolicy, c.OptStartTime = jetstream.DeliverByStartTimePolicy, &s.Time
	case StartLatest:
		c.DeliverPolicy = jetstream.DeliverLastPolicy
	default:
		c.DeliverPolicy = jetstream.DeliverAllPolicy
	}
}
