package correlate

import "slices"

// Stats are counts of what an Engine holds and has done.
type Stats struct {
	Groups   int // live groups over all correlations
	Entries  int // entries in their windows
	Resting  int // removed groups whose suppression is not over
	Buffered int // events or references that buffers keep, each counted once

	Expired    uint64   // groups removed because their windows were empty
	Evicted    []uint64 // groups removed because of the cap, by rule
	Late       uint64   // feeds that tumbling windows discarded
	Suppressed uint64   // firings not reported
	FarFuture  uint64   // events with a time too far ahead of the wall clock
}

// Stats returns the counts. Those of what was done start at zero in each engine.
func (e *Engine) Stats() Stats {
	s := e.stats
	s.Resting = len(e.resting.list)
	s.Buffered = int(e.blobs.n) - len(e.blobs.free)
	s.Evicted = slices.Clone(s.Evicted)
	return s
}
