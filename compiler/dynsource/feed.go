package dynsource

import (
	"context"
	"sync"
	"time"
)

// feed is a subscription and the newest message that it brought. Resolvers that follow each other share it, so that a reload misses
// nothing.
type feed struct {
	nats            NATSTransport
	server, subject string
	keep            int64 // size of the largest message whose data are kept

	opening sync.Mutex // held while it is being subscribed

	mu     sync.Mutex
	sub    Subscription // nil before open
	closed bool
	newest message
	news   chan struct{} // is closed when there is a message
}

// message is what was published last.
type message struct {
	number uint64 // counted from 1; 0 before the first
	data   []byte // nil if it is too large to keep
	size   int
}

func newFeed(nats NATSTransport, server, subject string, keep int64) *feed {
	return &feed{nats: nats, server: server, subject: subject, keep: keep, news: make(chan struct{})}
}

// open subscribes, unless that has been done.
func (f *feed) open(ctx context.Context) error {
	if f.nats.Subscribe == nil {
		err := failf(KindFetch, "only rsigmad can read sources of type nats; to go without it, declare a source of type file with the same id in a file of its own")
		err.absent = true
		return err
	}
	f.opening.Lock()
	defer f.opening.Unlock()
	if _, _, open := f.look(); open {
		return nil
	}
	sub, err := f.nats.Subscribe(ctx, f.server, f.subject, f.receive)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		sub.Close()
		return failf(KindFetch, "the source is not declared any more")
	}
	f.sub = sub
	return nil
}

func (f *feed) receive(payload []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := message{number: f.newest.number + 1, data: payload, size: len(payload)}
	if int64(m.size) > f.keep {
		m.data = nil
	}
	f.newest = m
	close(f.news)
	f.news = make(chan struct{})
}

// look returns the number of the newest message, what is closed by the next one, and whether f is subscribed.
func (f *feed) look() (newest uint64, news <-chan struct{}, open bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.newest.number, f.news, f.sub != nil || f.closed
}

// await returns the newest message. Before the first one it waits, at most for limit.
func (f *feed) await(ctx context.Context, limit time.Duration) message {
	if newest, news, _ := f.look(); newest == 0 && f.connected() {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		select {
		case <-news:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.newest
}

func (f *feed) connected() bool {
	f.mu.Lock()
	sub := f.sub
	f.mu.Unlock()
	return sub != nil && sub.Connected()
}

func (f *feed) close() {
	f.mu.Lock()
	sub := f.sub
	f.sub, f.closed = nil, true
	f.mu.Unlock()
	if sub != nil {
		sub.Close()
	}
}
