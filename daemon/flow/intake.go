package flow

import (
	"context"
	"sync"
)

// Intake is the event queue: what all inputs put messages into and the engine takes them from.
//
// Source: daemon.md sections 1, 6 and 11.
type Intake struct {
	queue *Queue[Message]
	hooks IntakeHooks

	turn     chan struct{} // holds a token while a Whole is put
	stopping chan struct{} // closed by Close

	mu   sync.Mutex
	busy bool // a Whole is put: until its end the queue stays open
}

// IntakeHooks tell of what happens at the event queue. All of them may be nil; they are called on the goroutines of inputs.
type IntakeHooks struct {
	Received     func(*Origin) // a message was accepted
	BackPressure func(*Origin) // a message found the queue full and waits
}

// maxIntakeBytes bounds the payload that waits in the event queue.
const maxIntakeBytes = 256 << 20

// NewIntake returns an event queue for size messages.
func NewIntake(size int, hooks IntakeHooks) *Intake {
	return &Intake{
		queue: NewQueue(size, maxIntakeBytes, (*Message).size), hooks: hooks,
		turn: make(chan struct{}, 1), stopping: make(chan struct{}),
	}
}

// Put adds m and waits for room. The error is ErrClosed once the daemon stops, or that of ctx: then m was not accepted.
func (in *Intake) Put(ctx context.Context, m Message) error {
	if in.stopped() {
		return ErrClosed
	}
	return in.put(ctx, m)
}

func (in *Intake) put(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err // an input that is told to stop puts nothing more, although there is room
	}
	ok, err := in.queue.TryPut(m)
	if !ok && err == nil {
		if in.hooks.BackPressure != nil {
			in.hooks.BackPressure(m.Origin)
		}
		err = in.queue.Put(ctx, m)
	}
	if err == nil && in.hooks.Received != nil {
		in.hooks.Received(m.Origin)
	}
	return err
}

// Take waits for a message and appends it to dst with those that are there already, up to limit of them. It is false once the
// queue is closed and empty, or ctx is done.
func (in *Intake) Take(ctx context.Context, dst []Message, limit int) ([]Message, bool) {
	return in.queue.Take(ctx, dst, limit)
}

// Rest empties the queue without waiting. After Close it ends whatever is still being put.
func (in *Intake) Rest() []Message {
	if in.stopped() {
		in.queue.Close()
	}
	return in.queue.TakeAll()
}

// Close refuses further messages, but for the rest of a Whole that is being put: until then the queue is not closed. It may be called
// again.
func (in *Intake) Close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.stopped() {
		close(in.stopping)
	}
	if !in.busy {
		in.queue.Close()
	}
}

func (in *Intake) stopped() bool {
	select {
	case <-in.stopping:
		return true
	default:
		return false
	}
}

// Len returns how many messages wait, and their bytes.
func (in *Intake) Len() (messages int, bytes int64) { return in.queue.Len() }
