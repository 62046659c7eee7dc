package flow

import (
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
	// Key is the result id, see ResultID; empty if there is none.
	Key string
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
}

// load is what a sink gets with one call: results, and their ids.
type load struct {
	lines [][]byte
	keys  []string
	rows  bool // some of it is committed
}

// add adds the results of u.
func (l *load) add(u *Unit) {
	l.rows = l.rows || u.Row > 0
	for i := range u.Results {
		l.lines = append(l.lines, u.Results[i].JSON)
		l.keys = append(l.keys, u.Results[i].Key)
	}
}

// from returns what is left without the first n.
func (l load) from(n int) load { return load{l.lines[n:], l.keys[n:], l.rows} }

// reset empties l and keeps its memory.
func (l *load) reset() {
	clear(l.lines)
	clear(l.keys)
	*l = load{l.lines[:0], l.keys[:0], false}
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
