package storetest

import "github.com/rsigma-go/rsigma/daemon/store"

// Bug is a fault that is planted in a model. The contract must find each of them, or it proves nothing.
type Bug int

// The bugs, by what such a store does wrong.
const (
	_                Bug = iota
	positionsFirst       // writes positions in a transaction of their own, before the rest
	positionsLast        // and after the rest
	logFirst             // drops the log before the base counts
	dropsTooMuch         // drops the whole log with a base, and not only up to it
	dropsTooLittle       // leaves the log that is in the base
	forgetsSequence      // overwrites the position in the JSON row with nothing
	repeatsNumbers       // begins to count anew after Clear
	clearsOutbox         // drops results with the state
	clearsPositions      // drops also the positions that are to stay
	keepsPositions       // keeps positions that a base has gone beyond
	keepsMark            // believes that the last stop was clean, although something was written since
	changesWhatFails     // changes something and says that it has failed
	sharesMemory         // keeps slices that belong to the caller
	bugs
)

func (b Bug) String() string {
	return [...]string{"no bug", "positions first", "positions last", "log first", "drops too much", "drops too little",
		"forgets sequence", "repeats numbers", "clears outbox", "clears positions", "keeps positions", "keeps mark", "changes what fails", "shares memory"}[b]
}

func (b Bug) transactions(body, positions change) []change {
	switch b {
	case positionsFirst:
		return []change{positions, body}
	case positionsLast:
		return []change{body, positions}
	}
	return []change{both(body, positions)}
}

func (b Bug) baseTransactions(log, base change) []change {
	if b == logFirst {
		return []change{log, base}
	}
	return []change{both(base, log)}
}

func (b Bug) upto(st *state, upto int64) int64 {
	switch b {
	case dropsTooMuch:
		return st.last
	case dropsTooLittle:
		return 0
	}
	return upto
}

func (b Bug) cloneGroup(g *store.Group) *store.Group {
	if b == sharesMemory {
		c := *g
		return &c
	}
	return cloneGroup(g)
}
