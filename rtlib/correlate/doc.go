// Package correlate counts, aggregates and orders what detection rules find over time: the run time of Sigma correlation rules.
// It holds the windows of all groups, judges them on every feed and exports and imports their state. It reads no clock and does no
// I/O: time is always a parameter. Package daemon/engine drives it; compiled and interpreted rule sets share it.
//
// Extract takes out of an event what correlations need of it; many goroutines may do that. Apply, called by one, changes the state
// and returns what fires:
//
//	engine.go resolve.go    rules, options and sources become an Engine
//	input.go                Extract
//	apply.go contribution.go queue.go   one feed: key, value, maintenance of the window, entry
//	judge.go sum.go rank.go distinct.go temporal.go extended.go   the condition
//	fire.go buffer.go       what is reported
//	aging.go evict.go heap.go   the caps
//	ring.go sorted.go table.go slab.go arena.go   memory without pointers
//	saved.go snapshot.go compact.go changes.go    state
//	definition.go log.go    what makes an engine, and what happens to it, for a start from where another one has ended
package correlate
