package flow

import (
	"context"
	"errors"
	"sync"
)

// ErrClosed says that a queue takes no more.
var ErrClosed = errors.New("queue closed")

// Queue is a FIFO that is bounded in elements and in bytes. It is safe for concurrent use by any number of producers and consumers.
// An element that is larger than all bytes allowed still fits into an empty queue.
type Queue[T any] struct {
	max      int
	maxBytes int64
	size     func(*T) int

	mu     sync.Mutex
	ring   []T
	head   int
	n      int
	bytes  int64
	closed bool

	notEmpty, notFull chan struct{} // one token each: somebody who waits may look again
	closing           chan struct{}
}

// NewQueue returns an empty queue for max elements whose sizes, as size gives them, add up to at most maxBytes.
func NewQueue[T any](max int, maxBytes int64, size func(*T) int) *Queue[T] {
	return &Queue[T]{
		max: max, maxBytes: maxBytes, size: size,
		notEmpty: make(chan struct{}, 1), notFull: make(chan struct{}, 1), closing: make(chan struct{}),
	}
}

// TryPut adds x unless the queue is full. The error is ErrClosed.
func (q *Queue[T]) TryPut(x T) (ok bool, err error) {
	size := int64(q.size(&x))
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.tryPut(x, size)
}

func (q *Queue[T]) tryPut(x T, size int64) (bool, error) {
	if q.closed {
		return false, ErrClosed
	}
	if q.n == q.max || q.n > 0 && q.bytes+size > q.maxBytes {
		return false, nil
	}
	if q.n == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.n)%len(q.ring)] = x
	q.n++
	q.bytes += size
	signal(q.notEmpty)
	return true, nil
}

// grow doubles the memory of a full ring, up to max elements.
func (q *Queue[T]) grow() {
	ring := make([]T, min(max(2*len(q.ring), 16), q.max))
	k := copy(ring, q.ring[q.head:])
	copy(ring[k:], q.ring[:q.head])
	q.ring, q.head = ring, 0
}

// Put adds x and waits for room. The error is ErrClosed, or that of ctx.
func (q *Queue[T]) Put(ctx context.Context, x T) error {
	size := int64(q.size(&x))
	for {
		q.mu.Lock()
		ok, err := q.tryPut(x, size)
		if ok && q.n < q.max {
			signal(q.notFull) // another producer may fit as well
		}
		q.mu.Unlock()
		if ok || err != nil {
			return err
		}
		select {
		case <-q.notFull:
		case <-q.closing:
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Take waits for one element and appends it to dst with those that are there already, up to limit of them. It is false if the
// queue is closed and empty, or ctx is done.
func (q *Queue[T]) Take(ctx context.Context, dst []T, limit int) ([]T, bool) {
	for q.wait(ctx) {
		before := len(dst)
		if dst = q.tryTake(dst, limit); len(dst) > before {
			return dst, true
		}
	}
	return dst, false
}

// wait waits for an element, which another consumer may take first. It is false if the queue is closed and empty, or ctx is done.
func (q *Queue[T]) wait(ctx context.Context) bool {
	for ctx.Err() == nil {
		q.mu.Lock()
		some, closed := q.n > 0, q.closed
		q.mu.Unlock()
		if some || closed {
			return some
		}
		select {
		case <-q.notEmpty:
		case <-q.closing:
		case <-ctx.Done():
		}
	}
	return false
}

// tryTake appends elements that are there to dst, up to limit of them.
func (q *Queue[T]) tryTake(dst []T, limit int) []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.take(dst, limit)
}

func (q *Queue[T]) take(dst []T, limit int) []T {
	var zero T
	for ; q.n > 0 && limit > 0; limit-- {
		x := &q.ring[q.head]
		q.bytes -= int64(q.size(x))
		dst = append(dst, *x)
		*x = zero
		q.head = (q.head + 1) % len(q.ring)
		q.n--
	}
	signal(q.notFull)
	if q.n > 0 {
		signal(q.notEmpty)
	}
	return dst
}

// TakeAll empties the queue without waiting.
func (q *Queue[T]) TakeAll() []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.take(nil, q.n)
}

// Close refuses further elements. Those in the queue can still be taken. It may be called again.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		close(q.closing)
	}
}

func (q *Queue[T]) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// Len returns the number of elements and the sum of their sizes.
func (q *Queue[T]) Len() (elements int, bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.n, q.bytes
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
