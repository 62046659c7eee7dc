package flow

import "sync/atomic"

// Ack follows one source message until everything that was made of it is committed: written by every sink or to the dead letters,
// dropped by a policy, or nothing at all. Results of some origins are, as soon as the commit log holds them (Origin.AtCommit). It is safe
// for concurrent use; a nil *Ack follows nothing and costs nothing.
type Ack struct {
	parts  atomic.Int32
	failed atomic.Bool
	done   func(committed bool)
}

// NewAck returns an Ack with one part, which belongs to whoever holds the message. done is called once, when the last part is
// done, on the goroutine that did it, so it must not block. committed is false if some part could not be committed: then the source
// must deliver the message again, if it can.
func NewAck(done func(committed bool)) *Ack {
	a := &Ack{done: done}
	a.parts.Store(1)
	return a
}

// Add adds n parts. The caller must hold a part itself.
func (a *Ack) Add(n int) {
	if a != nil {
		a.parts.Add(int32(n))
	}
}

// Done gives up one part.
func (a *Ack) Done(committed bool) {
	if a == nil {
		return
	}
	if !committed {
		a.failed.Store(true)
	}
	switch left := a.parts.Add(-1); {
	case left == 0:
		a.done(!a.failed.Load())
	case left < 0:
		panic("flow: a message was acknowledged twice")
	}
}
