package flow

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
)

// Result is one detection or one firing of a correlation.
type Result struct {
	JSON []byte // one object without a line break; nobody changes it
	// What live streams filter by.
	Title, ID, Level string
	Correlation      bool
	// Ordinal is which one it is among the results of its rule for its message.
	Ordinal int
}

// ResultID returns the id of a result, 26 characters: equal for equal arguments only. identity and position name the message in its
// source, line the event in the message, rule the rule by its stable id, and ordinal counts the results of that rule for that event.
//
// Source: reliability.md section 3.2.
func ResultID(identity string, position int64, line int, rule string, ordinal int) string {
	b := make([]byte, 0, 128)
	for _, s := range []string{"r1", identity, rule} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	for _, n := range []int64{position, int64(line), int64(ordinal)} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	sum := sha256.Sum256(b)
	return base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16])
}

// Unit is what came of one event: the unit of delivery and of acknowledgement. Sinks share it and do not change it.
type Unit struct {
	Results []Result
	Origin  *Origin
	Number  int64
	Ack     *Ack
	// Row is the number of the commit that holds the results, 0 if none does; First is which of its results the first one is.
	Row   int64
	First int
	// Ref is what the ids of the results are made from; without it they have none.
	Ref MessageRef
}

// MessageRef names a line of a message of a source.
type MessageRef struct {
	Identity string // of the source; empty if there is no reference
	Position int64
	Line     int
}

// Key returns the id of result number i, see ResultID; empty if it has none. It costs a SHA-256, so it is made where it is wanted.
func (u *Unit) Key(i int) string {
	if u.Ref.Identity == "" {
		return ""
	}
	r := &u.Results[i]
	return ResultID(u.Ref.Identity, u.Ref.Position, u.Ref.Line, cmp.Or(r.ID, r.Title), r.Ordinal)
}

// load is what a sink gets with one call: results, and their ids if it wants them.
type load struct {
	lines [][]byte
	keyed bool     // it wants ids
	keys  []string // as many as lines, or none
	rows  bool     // some of it is committed
}

// add adds the results of u.
func (l *load) add(u *Unit) {
	l.rows = l.rows || u.Row > 0
	for i := range u.Results {
		l.lines = append(l.lines, u.Results[i].JSON)
		if l.keyed {
			l.keys = append(l.keys, u.Key(i))
		}
	}
}

// from returns what is left without the first n.
func (l load) from(n int) load {
	l.lines = l.lines[n:]
	if l.keyed {
		l.keys = l.keys[n:]
	}
	return l
}

// reset empties l and keeps its memory.
func (l *load) reset() {
	clear(l.lines)
	clear(l.keys)
	l.lines, l.keys, l.rows = l.lines[:0], l.keys[:0], false
}

// AppendJSON appends the results from number from on as one JSON array.
func (u *Unit) AppendJSON(dst []byte, from int) []byte {
	dst = append(dst, '[')
	for i := from; i < len(u.Results); i++ {
		if i > from {
			dst = append(dst, ',')
		}
		dst = append(dst, u.Results[i].JSON...)
	}
	return append(dst, ']')
}

// size is what a unit weighs in a queue that is bounded in bytes.
func (u *Unit) size() int {
	n := 64
	for i := range u.Results {
		n += len(u.Results[i].JSON) + 64
	}
	return n
}
