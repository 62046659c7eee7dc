package correlate

// A table finds the numbers of groups or values by the hash of their keys: open addressing with linear probing. A slot holds
// the upper half of the hash and the number; 0 is free. Who asks compares the keys.
type table struct {
	slots []uint64
	n     int
}

const minTable = 64

// first returns the slot at which a search for hash begins.
func (t *table) first(hash uint32) int { return int(hash) & (len(t.slots) - 1) }

func (t *table) next(i int) int { return (i + 1) & (len(t.slots) - 1) }

// insert adds number under hash. It must not be there.
func (t *table) insert(hash, number uint32) {
	if (t.n+1)*4 > len(t.slots)*3 {
		t.resize(max(minTable, 2*len(t.slots)))
	}
	t.n++
	t.place(uint64(hash)<<32 | uint64(number))
}

func (t *table) place(slot uint64) {
	i := t.first(uint32(slot >> 32))
	for t.slots[i] != 0 {
		i = t.next(i)
	}
	t.slots[i] = slot
}

func (t *table) resize(size int) {
	old := t.slots
	t.slots = make([]uint64, size)
	for _, slot := range old {
		if slot != 0 {
			t.place(slot)
		}
	}
}

// remove takes number, which is under hash, out and closes the gap.
func (t *table) remove(hash, number uint32) {
	slot := uint64(hash)<<32 | uint64(number)
	i := t.first(hash)
	for t.slots[i] != slot {
		i = t.next(i)
	}
	t.n--
	for j := t.next(i); t.slots[j] != 0; j = t.next(j) {
		// The entry at j may move to i unless its search begins behind i.
		if home := t.first(uint32(t.slots[j] >> 32)); (j-home)&(len(t.slots)-1) >= (j-i)&(len(t.slots)-1) {
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = 0
}
