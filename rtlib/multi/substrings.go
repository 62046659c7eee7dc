package multi

import (
	"math/bits"
	"unicode/utf8"
)

// Substrings finds literals that occur in a text. It looks at samples of the text only: a literal of n bytes covers n-3
// consecutive four-byte grams, so if every stride-th gram of the text is looked up, it is enough to file stride neighbouring
// grams of the literal. Long literals, nearly all there are, are searched with a stride of four, at a quarter of the cost of
// looking at every byte; a bit filter answers nearly all lookups, and what it lets through is compared.
type Substrings struct {
	lits []string
	long *grams // 7 bytes and more: 4-byte grams, stride 4
	mid  *grams // 3 bytes and more: 3-byte grams, stride 2, or 1 if there are literals of 3 bytes
	tiny *tiny  // 1 and 2 bytes, and up to 3 beyond ASCII: single bytes
}

// A literal must have size + stride - 1 bytes to hit a gram whatever the alignment.
const (
	longSize, longStride = 4, 4
	midSize, midStride   = 3, 2
	minLong              = longSize + longStride - 1
	minMid               = midSize + midStride - 1

	// manyLong is how many long literals are worth a pass of their own if there is one for shorter literals anyway.
	manyLong = 1000
)

// NewSubstrings builds the table for lits, which it keeps and none of which is empty. weight tells how common a gram (of three or
// four bytes) is in texts: literals are filed under their rarest ones. It returns nil if there are no literals.
func NewSubstrings(lits []string, weight func(gram string) float64) *Substrings {
	if len(lits) == 0 {
		return nil
	}
	t := &Substrings{lits: lits}
	var long, mid, small []int32
	stride := midStride
	for i, l := range lits {
		switch {
		case len(l) >= minLong:
			long = append(long, int32(i))
		case len(l) >= minMid:
			mid = append(mid, int32(i))
		case len(l) >= midSize && l[0] < utf8.RuneSelf:
			mid = append(mid, int32(i))
			stride = 1
		default:
			small = append(small, int32(i))
		}
	}
	if len(mid) > 0 && len(long) < manyLong {
		mid, long = append(mid, long...), nil
	}
	t.long = newGrams(lits, long, longSize, longStride, weight)
	t.mid = newGrams(lits, mid, midSize, stride, weight)
	t.tiny = newTiny(lits, small)
	return t
}

// Find appends to dst the numbers of the literals that occur in s, some perhaps several times. Cost: a lookup for every fourth
// byte of s if there are long literals only, else one for every byte or every other.
func (t *Substrings) Find(dst []int32, s string) []int32 {
	if t == nil {
		return dst
	}
	if t.long != nil {
		dst = t.long.find(dst, s, t.lits)
	}
	if t.mid != nil {
		dst = t.mid.find(dst, s, t.lits)
	}
	if t.tiny != nil {
		dst = t.tiny.find(dst, s, t.lits)
	}
	return dst
}

// grams files literals under some of their grams.
type grams struct {
	stride int
	small  *smallFilter // for few grams
	large  *largeFilter // for many
	table  gramTable
}

// Filters have one bit for each hash value. Their sizes are constants, so that a lookup is a handful of instructions: the small
// one fits the fastest cache, the large one the next. A lookup that passes costs a mispredicted branch.
type (
	smallFilter [1 << smallBits / 64]uint64
	largeFilter [1 << largeBits / 64]uint64
)

const (
	smallBits = 17
	largeBits = 19
	manyGrams = 1 << smallBits / 64 // more grams than this need the large filter
)

func (f *smallFilter) may(key uint32) bool {
	h := gramHash(key) >> (32 - smallBits)
	return f[h/64]>>(h%64)&1 != 0
}

func (f *largeFilter) may(key uint32) bool {
	h := gramHash(key) >> (32 - largeBits)
	return f[h/64]>>(h%64)&1 != 0
}

// entry says that literal id has the gram at offset off.
type entry struct {
	id   int32
	off  int32
	next int32 // number of the next entry with the same gram, or -1
}

// gramTable is an open-addressing table from grams to chains of entries.
type gramTable struct {
	mask    uint32
	keys    []uint32
	heads   []int32 // entry number plus one; 0 means empty
	entries []entry
}

func newGrams(lits []string, ids []int32, size, stride int, weight func(string) float64) *grams {
	if len(ids) == 0 {
		return nil
	}
	n := len(ids) * stride
	tableLen := bits.Len(uint(2 * n))
	g := &grams{
		stride: stride,
		table:  gramTable{mask: 1<<tableLen - 1, keys: make([]uint32, 1<<tableLen), heads: make([]int32, 1<<tableLen)},
	}
	if n > manyGrams {
		g.large = &largeFilter{}
	} else {
		g.small = &smallFilter{}
	}
	for _, id := range ids {
		start := rarestWindow(lits[id], size, stride, weight)
		for off := start; off < start+stride; off++ {
			g.add(gramKey(lits[id], off, size), id, int32(off))
		}
	}
	return g
}

// rarestWindow returns where the stride neighbouring grams with the least weight begin.
func rarestWindow(lit string, size, stride int, weight func(string) float64) int {
	best, at := 0.0, -1
	for start := 0; start+stride+size-1 <= len(lit); start++ {
		sum := 0.0
		for off := start; off < start+stride; off++ {
			sum += weight(lit[off : off+size])
		}
		if at < 0 || sum < best {
			best, at = sum, start
		}
	}
	return at
}

func gramKey(s string, off, size int) uint32 {
	k := uint32(s[off]) | uint32(s[off+1])<<8 | uint32(s[off+2])<<16
	if size == 4 {
		k |= uint32(s[off+3]) << 24
	}
	return k
}

func gramHash(key uint32) uint32 { return key * 0x9E3779B1 }

func (g *grams) add(key uint32, id, off int32) {
	if h := gramHash(key); g.large != nil {
		h >>= 32 - largeBits
		g.large[h/64] |= 1 << (h % 64)
	} else {
		h >>= 32 - smallBits
		g.small[h/64] |= 1 << (h % 64)
	}
	t := &g.table
	e := entry{id: id, off: off, next: -1}
	for i := gramHash(key) >> 7 & t.mask; ; i = (i + 1) & t.mask {
		if t.heads[i] == 0 || t.keys[i] == key {
			if t.heads[i] != 0 {
				e.next = t.heads[i] - 1
			}
			t.entries = append(t.entries, e)
			t.keys[i], t.heads[i] = key, int32(len(t.entries))
			return
		}
	}
}

// verify appends the literals that have the gram key and stand around position pos of s.
func (g *grams) verify(dst []int32, s string, lits []string, key uint32, pos int) []int32 {
	t := &g.table
	for i := gramHash(key) >> 7 & t.mask; t.heads[i] != 0; i = (i + 1) & t.mask {
		if t.keys[i] != key {
			continue
		}
		for e := t.heads[i] - 1; e >= 0; e = t.entries[e].next {
			x := &t.entries[e]
			from := pos - int(x.off)
			lit := lits[x.id]
			if from >= 0 && from+len(lit) <= len(s) && s[from:from+len(lit)] == lit {
				dst = append(dst, x.id)
			}
		}
		break
	}
	return dst
}
