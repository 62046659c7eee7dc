package file

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"
)

// index finds lines by their text. It takes 16 bytes for each.
type index struct {
	seed    maphash.Seed
	entries []entry // by hash, then by number
}

type entry struct {
	hash uint64
	line int32
	skip int32 // of the first entry of a hash: how many of them need no further look
}

// newIndex returns an index of lines from number from on.
func newIndex(lines [][]byte, from int) *index {
	x := &index{seed: maphash.MakeSeed(), entries: make([]entry, 0, len(lines)-from)}
	for i := from; i < len(lines); i++ {
		x.entries = append(x.entries, entry{hash: maphash.Bytes(x.seed, lines[i]), line: int32(i)})
	}
	slices.SortFunc(x.entries, func(a, b entry) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.line, b.line)) })
	return x
}

// first returns the first line of f that is not found yet and equal to line, -1 if there is none.
func (x *index) first(f *finder, line []byte) int {
	hash := maphash.Bytes(x.seed, line)
	at, ok := slices.BinarySearchFunc(x.entries, hash, func(e entry, h uint64) int { return cmp.Compare(e.hash, h) })
	if !ok {
		return -1
	}
	head := &x.entries[at]
	for i := at + int(head.skip); i < len(x.entries) && x.entries[i].hash == hash; i++ {
		n := int(x.entries[i].line)
		if f.found[n] {
			if i == at+int(head.skip) {
				head.skip++
			}
			continue
		}
		if bytes.Equal(f.lines[n], line) {
			return n
		}
	}
	return -1
}
