package metrics

import (
	"math"
	"sync/atomic"
)

// Counter is a number that only grows. It is safe for concurrent use and allocates nothing.
type Counter struct{ n atomic.Uint64 }

// Add adds n. A negative n is ignored: a counter never goes down.
func (c *Counter) Add(n int) {
	if n > 0 {
		c.n.Add(uint64(n))
	}
}

// Inc adds one.
func (c *Counter) Inc() { c.n.Add(1) }

// Value returns the number.
func (c *Counter) Value() uint64 { return c.n.Load() }

// Store sets the number, for counts that are kept elsewhere and copied before a scrape. It never makes the counter smaller.
func (c *Counter) Store(n uint64) {
	for {
		old := c.n.Load()
		if n <= old || c.n.CompareAndSwap(old, n) {
			return
		}
	}
}

func (c *Counter) sample() float64 { return float64(c.n.Load()) }

// Gauge is a number that goes up and down. It is safe for concurrent use and allocates nothing.
type Gauge struct{ bits atomic.Uint64 }

// Set sets the number.
func (g *Gauge) Set(v float64) { g.bits.Store(math.Float64bits(v)) }

// Value returns the number.
func (g *Gauge) Value() float64 { return math.Float64frombits(g.bits.Load()) }

func (g *Gauge) sample() float64 { return g.Value() }
