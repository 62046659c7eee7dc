package metrics

import (
	"math"
	"sync/atomic"
)

// Histogram counts observations by size. Unlike the library's it takes many equal observations at once. It is safe for concurrent
// use and allocates nothing; a scrape that runs beside observations may see one of them in the count and not yet in the sum.
type Histogram struct {
	bounds []float64
	counts []atomic.Uint64 // by bucket, the last one is above all bounds
	sum    atomic.Uint64   // bits of a float64
}

func newHistogram(bounds []float64) *Histogram {
	return &Histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

// Observe notes one observation.
func (h *Histogram) Observe(v float64) { h.ObserveN(v, 1) }

// ObserveN notes n observations of v.
func (h *Histogram) ObserveN(v float64, n int) {
	if n <= 0 {
		return
	}
	i := 0
	for i < len(h.bounds) && !(v <= h.bounds[i]) {
		i++
	}
	h.counts[i].Add(uint64(n))
	for {
		old := h.sum.Load()
		sum := math.Float64bits(math.Float64frombits(old) + v*float64(n))
		if h.sum.CompareAndSwap(old, sum) {
			return
		}
	}
}

// read returns the number of observations, their sum, and how many are at most as large as each bound.
func (h *Histogram) read() (count uint64, sum float64, buckets map[float64]uint64) {
	buckets = make(map[float64]uint64, len(h.bounds))
	for i, b := range h.bounds {
		count += h.counts[i].Load()
		buckets[b] = count
	}
	return count + h.counts[len(h.bounds)].Load(), math.Float64frombits(h.sum.Load()), buckets
}
