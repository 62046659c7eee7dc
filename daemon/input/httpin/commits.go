package httpin

import (
	"sync"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// commits follows the lines of a request that waits for them. A nil *commits follows nothing.
type commits struct {
	mu                sync.Mutex
	committed, failed int
	pending           int // and one more until all lines are queued
	finished          chan struct{}
}

func newCommits() *commits { return &commits{pending: 1, finished: make(chan struct{})} }

// ack returns the acknowledgement of one more line.
func (c *commits) ack() *flow.Ack {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending++
	return flow.NewAck(func(committed bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if committed {
			c.committed++
		} else {
			c.failed++
		}
		c.less()
	})
}

// forget takes back the line that ack was called for last, because it was not queued.
func (c *commits) forget() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.less()
}

func (c *commits) less() {
	if c.pending--; c.pending == 0 {
		close(c.finished)
	}
}

// done says that no more lines come, and returns what is closed once all are committed or failed.
func (c *commits) done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.less()
	return c.finished
}

func (c *commits) counts() (committed, failed, pending int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.committed, c.failed, c.pending
}
