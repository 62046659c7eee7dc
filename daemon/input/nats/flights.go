package nats

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// flights are the messages that were received and are not acknowledged. It is safe for concurrent use.
type flights struct {
	mu     sync.Mutex
	open   map[uint64]*flight
	last   uint64        // the highest sequence received, or acknowledged earlier
	wait   time.Duration // after which the server delivers a message again
	acks   []string      // reply subjects of messages to acknowledge
	signal chan struct{} // there are acks
}

// flight is one message under way. It does not hold the payload, which the flow lets go of earlier.
type flight struct {
	sequence uint64
	reply    string
	since    time.Time // received, or the server was last told that it is under way
	failed   bool      // not committed: the server must deliver it again
}

func newFlights() *flights {
	return &flights{open: map[uint64]*flight{}, signal: make(chan struct{}, 1)}
}

// start notes a message. It is nil if the message is under way already: then it must not be handed on again, and it is acknowledged
// with the first one.
func (f *flights) start(sequence uint64, reply string) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if old := f.open[sequence]; old != nil && !old.failed {
		old.reply, old.since = reply, time.Now()
		return nil
	}
	x := &flight{sequence: sequence, reply: reply, since: time.Now()}
	f.open[sequence] = x
	f.last = max(f.last, sequence)
	return x
}

// done ends a flight. It does not block.
func (f *flights) done(x *flight, committed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.open[x.sequence] != x: // of a stream that is no more
	case committed:
		delete(f.open, x.sequence)
		f.acks = append(f.acks, x.reply)
		select {
		case f.signal <- struct{}{}:
		default:
		}
	default:
		x.failed = true
	}
}

// take returns what is to be acknowledged.
func (f *flights) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	acks := f.acks
	f.acks = nil
	return acks
}

// begin says after which time the server delivers a message again, and up to which sequence everything is acknowledged.
func (f *flights) begin(wait time.Duration, floor uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wait = wait
	f.last = max(f.last, floor)
}

// interval is how often late must be asked: messages are found when they are between half and three quarters of the wait old.
func (f *flights) interval() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return max(f.wait/4, time.Millisecond)
}

// late returns the messages of which the server has not heard for half its wait, and counts them as heard of. Its cost is linear in
// the number of messages under way.
func (f *flights) late(now time.Time) (replies []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.open {
		if !x.failed && now.Sub(x.since) >= f.wait/2 {
			x.since = now
			replies = append(replies, x.reply)
		}
	}
	return replies
}

// rest returns the messages that are not to be acknowledged, in the order of the stream.
func (f *flights) rest() (replies []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, sequence := range slices.Sorted(maps.Keys(f.open)) {
		replies = append(replies, f.open[sequence].reply)
	}
	return replies
}

// floor returns the sequence up to which everything received is acknowledged.
func (f *flights) floor() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	floor := f.last
	for sequence := range f.open {
		floor = min(floor, sequence-1)
	}
	return floor
}

// forget drops all flights: their stream is gone.
func (f *flights) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.open)
	f.last, f.acks = 0, nil
}

// len returns how many messages are not acknowledged.
func (f *flights) len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.open) + len(f.acks)
}
