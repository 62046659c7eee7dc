package daemon

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/logging"
)

// controlSubject is where messages ask for sources to be read anew: for the one whose id they hold, for all of them if they are empty.
//
// Source: daemon.md section 26, dynamic-sources.md section 7.
const controlSubject = "rsigma.control.resolve"

// The intervals of the control subject.
const (
	controlPause = time.Second // between two rounds: whoever may publish must not make the daemon fetch without end
	controlRetry = time.Minute // longest one between attempts to subscribe; the first is controlPause
)

// control collects what messages on the control subject ask for.
type control struct {
	sources *sources
	log     *logging.Limited

	mu   sync.Mutex
	all  bool
	ids  []string
	news chan struct{}
}

// listenControl takes messages from the control subject of the input's server, until ctx is done. Without such an input there is none.
func (s *sources) listenControl(ctx context.Context) {
	if s.server == "" {
		return
	}
	c := &control{sources: s, log: logging.Every(s.log, time.Second), news: make(chan struct{}, 1)}
	s.d.background.Go(func() {
		if c.subscribe(ctx) {
			c.run(ctx)
		}
	})
}

// subscribe tries until it succeeds; it is false if ctx is done before. The rights to read events may not include this subject: that is
// no reason not to start.
func (c *control) subscribe(ctx context.Context) bool {
	s := c.sources
	for wait := controlPause; ; wait = min(2*wait, controlRetry) {
		_, err := s.pool.Subscribe(ctx, s.server, controlSubject, c.receive)
		if err == nil {
			s.log.Info("Control subject subscribed", "subject", controlSubject)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		c.log.Warn("The control subject cannot be subscribed", "subject", controlSubject, "error", err.Error())
		if !sleep(ctx, wait) {
			return false
		}
	}
}

// maxShown is how much of a message is logged.
const maxShown = 64

// receive notes what a message asks for.
func (c *control) receive(payload []byte) {
	id := string(bytes.TrimSpace(payload))
	if id != "" && !c.sources.current().Declares(id) {
		c.log.Warn("A message on the control subject names no source", "source_id", id[:min(len(id), maxShown)])
		return
	}
	c.mu.Lock()
	if id == "" {
		c.all = true
	} else if !slices.Contains(c.ids, id) {
		c.ids = append(c.ids, id)
	}
	c.mu.Unlock()
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// take returns what was asked for since the last time; no ids are all sources. It is false if nothing was: the news may be of what an
// earlier call has taken.
func (c *control) take() (ids []string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ok = c.all || len(c.ids) > 0
	if !c.all {
		ids = c.ids
	}
	c.all, c.ids = false, nil
	return ids, ok
}

// run has sources read, in rounds that hold all that was asked for meanwhile.
func (c *control) run(ctx context.Context) {
	for {
		select {
		case <-c.news:
		case <-ctx.Done():
			return
		}
		ids, ok := c.take()
		if !ok {
			continue
		}
		c.sources.log.Info("Sources are read anew", "subject", controlSubject, "source_ids", ids)
		c.sources.answer(ctx, resolveRequest{ids: ids, done: make(chan []api.Resolution, 1)})
		if !sleep(ctx, controlPause) {
			return
		}
	}
}

// sleep waits, and is false if ctx is done before.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
