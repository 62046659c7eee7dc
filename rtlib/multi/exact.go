package multi

// Exact finds literals that equal a text.
type Exact struct {
	lits  []string
	table table
	// lengths has bit n set if some literal has n bytes, bit 63 for all longer ones: most texts stop here.
	lengths uint64
}

// NewExact builds the table for lits, which it keeps. It returns nil if there are none.
func NewExact(lits []string) *Exact {
	if len(lits) == 0 {
		return nil
	}
	t := &Exact{lits: lits, table: newTable(len(lits))}
	for i, l := range lits {
		t.table.add(hashBytes(l, 0, len(l)), int32(i))
		t.lengths |= 1 << min(len(l), 63)
	}
	return t
}

// Find appends to dst the numbers of the literals that equal s. Cost: independent of the number of literals.
func (t *Exact) Find(dst []int32, s string) []int32 {
	if t == nil || t.lengths>>min(len(s), 63)&1 == 0 {
		return dst
	}
	for id := t.table.find(hashBytes(s, 0, len(s))); id >= 0; id = t.table.next[id] {
		if t.lits[id] == s {
			dst = append(dst, id)
		}
	}
	return dst
}
