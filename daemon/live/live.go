// Package live hands copies of what passes through the daemon to people who watch. It is lossy by design: a watcher that is too slow loses
// items, which are counted, and never slows the pipeline down.
//
// Source: http-api.md section 7.
package live

import (
	"errors"
	"sync"
	"sync/atomic"
)

// ErrFull says that there are as many sessions as allowed.
var ErrFull = errors.New("session capacity reached")

// Hub connects publishers with sessions. It is safe for concurrent use.
type Hub[T any] struct {
	max, buffer int
	active      atomic.Int32

	mu       sync.Mutex
	sessions map[*Session[T]]bool
	closed   bool
	// Dropped, if not nil, is called for each item that a session lost.
	Dropped func()
}

// NewHub returns a hub for max sessions with room for buffer items each.
func NewHub[T any](max, buffer int) *Hub[T] {
	return &Hub[T]{max: max, buffer: buffer, sessions: map[*Session[T]]bool{}}
}

// Session receives what is published while it is open.
type Session[T any] struct {
	hub     *Hub[T]
	items   chan T
	ended   chan struct{}
	dropped atomic.Int64
}

// Active returns how many sessions are open. Publishers ask before they go to any trouble; it costs one atomic load.
func (h *Hub[T]) Active() int { return int(h.active.Load()) }

// Publish gives x to all sessions. It never waits. Sessions share x, which nobody may change.
func (h *Hub[T]) Publish(x T) {
	if h.active.Load() == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.sessions {
		select {
		case s.items <- x:
		default:
			s.dropped.Add(1)
			if h.Dropped != nil {
				h.Dropped()
			}
		}
	}
}

// Subscribe opens a session. It fails with ErrFull if there are too many, or the hub is closed.
func (h *Hub[T]) Subscribe() (*Session[T], error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.sessions) >= h.max {
		return nil, ErrFull
	}
	s := &Session[T]{hub: h, items: make(chan T, h.buffer), ended: make(chan struct{})}
	h.sessions[s] = true
	h.active.Add(1)
	return s, nil
}

// Close ends all sessions and refuses new ones.
func (h *Hub[T]) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for s := range h.sessions {
		h.end(s)
	}
}

// end ends s. Its channel is closed, so that whoever reads it gets the rest and then the end.
func (h *Hub[T]) end(s *Session[T]) {
	if h.sessions[s] {
		delete(h.sessions, s)
		h.active.Add(-1)
		close(s.items)
		close(s.ended)
	}
}

// Items returns what was published; the channel is closed when the session ends.
func (s *Session[T]) Items() <-chan T { return s.items }

// Done is closed when the session ends, even if items are left that nobody has read.
func (s *Session[T]) Done() <-chan struct{} { return s.ended }

// Dropped returns how many items the session has lost.
func (s *Session[T]) Dropped() int64 { return s.dropped.Load() }

// Close ends the session. It may be called again.
func (s *Session[T]) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.end(s)
}
