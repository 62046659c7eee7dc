package multi

import "math/bits"

// table is an open-addressing hash table from hashes to chains of literal numbers. It is never full, so probing ends.
type table struct {
	mask  uint64
	slots []slot
	next  []int32 // by literal number: the next literal with the same hash, or -1
}

// slot holds the first literal of a chain plus one; 0 means empty.
type slot struct {
	hash  uint32
	first int32
}

func newTable(n int) table {
	size := 1 << bits.Len(uint(2*n))
	next := make([]int32, n)
	for i := range next {
		next[i] = -1
	}
	return table{mask: uint64(size - 1), slots: make([]slot, size), next: next}
}

// add puts literal number id under h.
func (t *table) add(h uint64, id int32) {
	for i := h & t.mask; ; i = (i + 1) & t.mask {
		s := &t.slots[i]
		if s.first == 0 {
			*s = slot{uint32(h >> 32), id + 1}
			return
		}
		if s.hash == uint32(h>>32) {
			t.next[id] = s.first - 1
			s.first = id + 1
			return
		}
	}
}

// find returns the first literal under h, or -1; the others follow through next.
func (t *table) find(h uint64) int32 {
	for i := h & t.mask; ; i = (i + 1) & t.mask {
		s := &t.slots[i]
		if s.first == 0 {
			return -1
		}
		if s.hash == uint32(h>>32) {
			return s.first - 1
		}
	}
}
