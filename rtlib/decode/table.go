package decode

import "math/bits"

// A table finds the entry of a key. It is an open hash table over the first and last eight bytes of the key, kept sparse
// so that most keys nobody asks for end at an empty slot of a small array.
type table struct {
	slots   []uint16 // 1 + index into entries, 0 = empty
	shift   uint8
	entries []entry
	byName  map[string]*entry // while the table is filled
}

// maxEntries is how many keys a table holds. Sigma rules name some hundreds of fields in all.
const maxEntries = 1<<16 - 1

// sparseness is how many slots there are for an entry, at least.
const sparseness = 8

func (t *table) build() {
	if len(t.byName) > maxEntries {
		panic("decode: too many fields")
	}
	size := max(bits.Len(uint(len(t.byName)*sparseness)), 1)
	t.slots = make([]uint16, 1<<size)
	t.shift = uint8(64 - size)
	t.entries = make([]entry, len(t.byName))
	for _, e := range t.byName {
		e.lo, e.hi = hashWords(e.key)
		t.entries[e.index] = *e
	}
	t.byName = nil
	for i := range t.entries {
		slot := t.slot(t.entries[i].lo, t.entries[i].hi)
		for t.slots[slot] != 0 {
			slot = (slot + 1) % len(t.slots)
		}
		t.slots[slot] = uint16(i + 1)
	}
}

func (t *table) slot(lo, hi uint64) int {
	return int((lo*0x9e3779b97f4a7c15 + hi*0xc2b2ae3d27d4eb4f) >> t.shift)
}

// find returns the entry for key, whose hash words are lo and hi, or nil.
func (t *table) find(lo, hi uint64, key string) *entry {
	slots := t.slots
	for slot := t.slot(lo, hi); ; slot++ {
		i := slots[slot&(len(slots)-1)]
		if i == 0 {
			return nil
		}
		e := &t.entries[i-1]
		if e.lo == lo && e.hi == hi && len(e.key) == len(key) && (len(key) <= 16 || e.key == key) {
			return e
		}
	}
}

// hashWords returns the first eight bytes of key, padded with zeros, and if there are as many its last eight.
func hashWords(key string) (lo, hi uint64) {
	if len(key) >= 8 {
		return loadString(key), loadString(key[len(key)-8:])
	}
	for i := range len(key) {
		lo |= uint64(key[i]) << (8 * i)
	}
	return lo, 0
}
