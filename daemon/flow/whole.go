package flow

import "context"

// MaxWhole is how many events of one source message are committed together at most.
const MaxWhole = 16384

// Whole puts the events of one source message into an Intake, of which all are to be committed together: nobody else's come in between
// that belong together as well, and once the first is in, the others follow, whatever the source does. It is not safe for concurrent use.
type Whole struct {
	in   *Intake
	held *Message // the one that came last: it is not known yet if there are more
	put  int
	err  error
}

// Whole waits until it is the turn of another source message. End must be called. The error is ErrClosed once the daemon stops, or
// that of ctx.
func (in *Intake) Whole(ctx context.Context) (*Whole, error) {
	select {
	case in.turn <- struct{}{}:
	case <-in.stopping:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.stopped() {
		<-in.turn
		return nil, ErrClosed
	}
	in.busy = true
	return &Whole{in: in}, nil
}

// Put adds one event, and a part to its acknowledgement, which all events share and none lacks. ctx bounds how long the first one waits for room. After an error nothing more
// is put; unless it is ErrClosed, nothing was.
func (w *Whole) Put(ctx context.Context, m Message) error {
	if err := w.flush(ctx, true); err != nil {
		return err
	}
	m.Ack.Add(1)
	w.held = &m
	return nil
}

// End puts what Put has held back, with reply, and lets the next one have its turn. ctx and the error are as with Put.
func (w *Whole) End(ctx context.Context, reply *Reply) error {
	if w.held != nil {
		w.held.Reply = reply
	}
	err := w.flush(ctx, false)
	w.in.mu.Lock()
	w.in.busy = false
	if w.in.stopped() {
		w.in.queue.Close()
	}
	w.in.mu.Unlock()
	<-w.in.turn
	return err
}

// Queued returns how many events are in the queue, or were.
func (w *Whole) Queued() int { return w.put }

// flush puts the message that is held back. A source message of too many events is committed in several parts.
func (w *Whole) flush(ctx context.Context, more bool) error {
	if w.err != nil || w.held == nil {
		return w.err
	}
	m := *w.held
	w.held = nil
	m.More = more && (w.put+1)%MaxWhole != 0
	if w.put > 0 {
		ctx = context.WithoutCancel(ctx)
	}
	if w.err = w.in.put(ctx, m); w.err != nil {
		m.Ack.Done(false) // it is not in the queue
		return w.err
	}
	w.put++
	return nil
}
