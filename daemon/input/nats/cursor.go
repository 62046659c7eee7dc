package nats

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// cursor is how far a stream is committed. A consumer of this daemon's own delivers in order, so one number says it. Members of a group
// get what the others leave them, so beside the number, below which everything is acknowledged, there are ranges.
//
// It is safe for concurrent use: the engine advances it, the fetching goroutine asks and prunes.
type cursor struct {
	source, identity string
	ordered          bool

	mu     sync.Mutex
	floor  uint64
	time   int64  // of the message at floor
	ranges []span // above floor, ascending, not adjacent; only without order
}

// span is a range of sequences, both ends included.
type span struct{ from, to uint64 }

// Advance implements flow.Cursor.
func (c *cursor) Advance(number, time int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := uint64(number)
	if n <= c.floor {
		return
	}
	if c.ordered {
		c.floor, c.time = n, time
		return
	}
	i, found := slices.BinarySearchFunc(c.ranges, n, func(s span, n uint64) int {
		switch {
		case s.to < n:
			return -1
		case s.from > n:
			return 1
		}
		return 0
	})
	if found {
		return
	}
	after := i < len(c.ranges) && c.ranges[i].from == n+1
	switch {
	case i > 0 && c.ranges[i-1].to == n-1 && after:
		c.ranges[i-1].to = c.ranges[i].to
		c.ranges = slices.Delete(c.ranges, i, i+1)
	case i > 0 && c.ranges[i-1].to == n-1:
		c.ranges[i-1].to = n
	case after:
		c.ranges[i].from = n
	default:
		c.ranges = slices.Insert(c.ranges, i, span{n, n})
	}
}

// has reports whether the message is committed.
func (c *cursor) has(sequence uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return sequence <= c.floor || slices.ContainsFunc(c.ranges, func(s span) bool { return s.from <= sequence && sequence <= s.to })
}

// prune notes that everything up to floor is acknowledged: it does not come again.
func (c *cursor) prune(floor uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ordered || floor <= c.floor {
		return
	}
	c.floor, c.time = floor, 0
	for len(c.ranges) > 0 && c.ranges[0].to <= floor {
		c.ranges = c.ranges[1:]
	}
	if len(c.ranges) > 0 {
		c.ranges[0].from = max(c.ranges[0].from, floor+1)
	}
}

// Position implements flow.Cursor.
func (c *cursor) Position() flow.Position {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := flow.Position{Source: c.source, Identity: c.identity, Floor: int64(c.floor), Time: c.time}
	last := c.floor
	for _, s := range c.ranges { // differences to what comes before
		p.Extra = binary.AppendUvarint(binary.AppendUvarint(p.Extra, s.from-last), s.to-s.from)
		last = s.to
	}
	return p
}

var errPosition = errors.New("the stored position is damaged")

// restore sets the cursor to a stored position.
func (c *cursor) restore(p flow.Position) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.floor, c.time, c.ranges = uint64(p.Floor), p.Time, nil
	last := c.floor
	for data := p.Extra; len(data) > 0; {
		from, n := binary.Uvarint(data)
		if n <= 0 || from == 0 {
			return errPosition
		}
		length, m := binary.Uvarint(data[n:])
		if m <= 0 {
			return errPosition
		}
		data = data[n+m:]
		s := span{last + from, last + from + length}
		if s.from <= last || s.to < s.from {
			return errPosition
		}
		c.ranges = append(c.ranges, s)
		last = s.to
	}
	return nil
}
