package multi

import "strings"

// pairs files literals of three bytes under both of their two-byte grams, in a table with a place for every gram.
type pairs struct {
	filter  [1 << 16 / 64]uint64
	entries map[uint16][]entry
}

func newPairs(lits []string, ids []int32) *pairs {
	if len(ids) == 0 {
		return nil
	}
	p := &pairs{entries: map[uint16][]entry{}}
	for _, id := range ids {
		l := lits[id]
		for off := range pairStride {
			key := pairKey(l, off)
			p.filter[key/64] |= 1 << (key % 64)
			p.entries[key] = append(p.entries[key], entry{id: id, off: int32(off)})
		}
	}
	return p
}

func pairKey(s string, i int) uint16 { return uint16(s[i]) | uint16(s[i+1])<<8 }

// find looks at every second byte.
func (p *pairs) find(dst []int32, s string, lits []string) []int32 {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := load64(s, i)
		a, b, c, d := uint16(w), uint16(w>>16), uint16(w>>32), uint16(w>>48)
		hit := p.filter[a/64]>>(a%64) | p.filter[b/64]>>(b%64) | p.filter[c/64]>>(c%64) | p.filter[d/64]>>(d%64)
		if hit&1 == 0 {
			continue
		}
		dst = p.verify(dst, s, lits, a, i)
		dst = p.verify(dst, s, lits, b, i+2)
		dst = p.verify(dst, s, lits, c, i+4)
		dst = p.verify(dst, s, lits, d, i+6)
	}
	for ; i+2 <= len(s); i += 2 {
		dst = p.verify(dst, s, lits, pairKey(s, i), i)
	}
	return dst
}

// verify appends the literals that have the gram key and stand around position pos of s.
func (p *pairs) verify(dst []int32, s string, lits []string, key uint16, pos int) []int32 {
	if p.filter[key/64]>>(key%64)&1 == 0 {
		return dst
	}
	for _, e := range p.entries[key] {
		from := pos - int(e.off)
		if lit := lits[e.id]; from >= 0 && strings.HasPrefix(s[from:], lit) {
			dst = append(dst, e.id)
		}
	}
	return dst
}

// tiny files literals under one of their bytes: the first, unless it is a blank or a dash and another is not.
type tiny struct {
	known   [256]bool
	entries [256][]entry
}

func newTiny(lits []string, ids []int32) *tiny {
	if len(ids) == 0 {
		return nil
	}
	t := &tiny{}
	for _, id := range ids {
		l := lits[id]
		off := max(strings.IndexFunc(l, func(r rune) bool { return r != ' ' && r != '-' }), 0)
		t.known[l[off]] = true
		t.entries[l[off]] = append(t.entries[l[off]], entry{id: id, off: int32(off)})
	}
	return t
}

// find looks at every byte.
func (t *tiny) find(dst []int32, s string, lits []string) []int32 {
	for i := range len(s) {
		if !t.known[s[i]] {
			continue
		}
		for _, e := range t.entries[s[i]] {
			from := i - int(e.off)
			if lit := lits[e.id]; from >= 0 && strings.HasPrefix(s[from:], lit) {
				dst = append(dst, e.id)
			}
		}
	}
	return dst
}
