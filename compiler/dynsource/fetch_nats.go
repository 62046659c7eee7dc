package dynsource

import (
	"context"
	"regexp"
	"sync"
	"time"
)

// NATSTransport is how sources of type nats reach their servers. The transport is the caller's: this package knows no NATS.
type NATSTransport struct {
	// Server is that of sources without a url, such as nats://localhost:4222; empty if every source must have one.
	Server string
	// Subscribe calls message for each payload that is published to subject from now on, one at a time, until the subscription is
	// closed, over all losses of the connection. The payload is message's to keep. It returns once the server knows of the
	// subscription. nil: this program cannot read such sources.
	Subscribe func(ctx context.Context, server, subject string, message func(payload []byte)) (Subscription, error)
}

// Subscription is what Subscribe returns.
type Subscription interface {
	// Connected reports whether messages can arrive at present.
	Connected() bool
	// Close ends the subscription. It is legal twice.
	Close()
}

// standardWait is how long a source waits for its first message.
const standardWait = time.Second

// natsFetcher takes the newest message of a subject. It is subscribed from the first fetch on, so a fetch rarely waits.
type natsFetcher struct {
	feed *feed
	wait time.Duration // for a first message

	mu sync.Mutex
	// The numbers of messages: the newest that was read, whatever came of it; of those the one whose value was accepted.
	seen, taken uint64
}

var (
	serverPattern  = regexp.MustCompile(`^nats://[^/?#\s]+$`)
	subjectPattern = regexp.MustCompile(`^[^.*>/\\\s[:cntrl:]]+(\.[^.*>/\\\s[:cntrl:]]+)*$`)
)

func readNATS(r *reader) fetcher {
	opts := r.l.opts.NATS
	server, subject := r.text("url", opts.Server), r.text("subject", "")
	switch {
	case r.n.Get("url") != nil && !serverPattern.MatchString(server):
		r.fault(r.at("url"), "url: want nats://HOST:PORT")
	case server == "" && opts.Subscribe != nil:
		r.fault(r.n.Pos, "url is missing, and there is no --input nats://… whose server could be meant")
	}
	switch {
	case subject == "":
		r.fault(r.at("subject"), "subject is missing")
	case !subjectPattern.MatchString(subject):
		r.fault(r.at("subject"), "subject %q: want names separated by dots, without wildcards, blanks and slashes", subject)
	}
	return &natsFetcher{feed: newFeed(opts, server, subject, r.l.opts.MaxSize), wait: r.duration("initial_wait", standardWait)}
}

func (f *natsFetcher) fetch(ctx context.Context, d *Declaration) ([]byte, bool, error) {
	if err := f.feed.open(ctx); err != nil {
		return nil, false, err
	}
	m := f.feed.await(ctx, f.wait)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case m.number > f.taken:
	case !f.feed.connected():
		return nil, false, failf(KindFetch, "the connection to the NATS server is lost")
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	default:
		err := failf(KindTimeout, "no message on %s within %s", f.feed.subject, f.wait)
		err.quiet = true
		return nil, false, err
	}
	f.seen = m.number
	if int64(m.size) > d.MaxSize {
		return nil, false, failf(KindResource, "a message of %d bytes, more than %d (max_size)", m.size, d.MaxSize)
	}
	return m.data, false, nil
}

// accept notes that the message read last is in force.
func (f *natsFetcher) accept() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.taken = f.seen
}

// forget has the next fetch read the newest message again.
func (f *natsFetcher) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.taken = 0
}

// inherit takes over the subscription of an equal declaration, and what has become of its messages.
func (f *natsFetcher) inherit(old fetcher) {
	o, ok := old.(*natsFetcher)
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	f.feed, f.seen, f.taken = o.feed, o.seen, o.taken
}

// share takes over the subscription of another declaration of the same subject, so that its newest message, which nobody sends again, is
// read as f's declaration wants it.
func (f *natsFetcher) share(old fetcher) {
	if o, ok := old.(*natsFetcher); ok && o.feed.server == f.feed.server && o.feed.subject == f.feed.subject {
		f.feed = o.feed
	}
}

// The intervals of sources that are pushed (dynamic-sources.md sections 3.4 and 7).
const (
	coalesced   = time.Second // between two reads
	reopenFirst = time.Second // doubles up to reopenMax
	reopenMax   = time.Minute
)

// follow calls read when there is a message that has not been read, once for all of a second, until ctx is done. As long as there is no
// subscription, each read tries to make one.
func (f *natsFetcher) follow(ctx context.Context, read func()) {
	reopen := reopenFirst
	for ctx.Err() == nil {
		newest, news, open := f.feed.look()
		switch {
		case !open:
			if pause(ctx, reopen) {
				read()
			}
			reopen = min(2*reopen, reopenMax)
		case newest > f.lastSeen():
			read()
			pause(ctx, coalesced)
		default:
			reopen = reopenFirst
			select {
			case <-news:
			case <-ctx.Done():
			}
		}
	}
}

func (f *natsFetcher) lastSeen() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}
