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
	mid  *grams // 4 to 6 bytes: 3-byte grams, stride 2
	pair *pairs // 3 bytes: 2-byte grams, stride 2
	tiny *tiny  // 1 and 2 bytes, and up to 3 beyond ASCII: single bytes
}

// Lengths of the literals in each class: gram size + stride - 1 bytes are needed to hit a gram whatever the alignment.
const (
	longGram, longStride = 4, 4
	midGram, midStride   = 3, 2
	pairGram, pairStride = 2, 2
	minLong              = longGram + longStride - 1
	minMid               = midGram + midStride - 1
	minPair              = pairGram + pairStride - 1
)

// NewSubstrings builds the table for lits, which it keeps and none of which is empty. weight tells how common a gram (of three or
// four bytes) is in texts: literals are filed under their rarest ones. It returns nil if there are no literals.
func NewSubstrings(lits []string, weight func(gram string) float64) *Substrings {
	if len(lits) == 0 {
		return nil
	}
	t := &Substrings{lits: lits}
	var long, mid, pair, small []int32
	for i, l := range lits {
		switch {
		case len(l) >= minLong:
			long = append(long, int32(i))
		case len(l) >= minMid:
			mid = append(mid, int32(i))
		case len(l) >= minPair && l[0] < utf8.RuneSelf:
			pair = append(pair, int32(i))
		default:
			small = append(small, int32(i))
		}
	}
	t.long = newGrams(lits, long, longGram, longStride, weight)
	t.mid = newGrams(lits, mid, midGram, midStride, weight)
	t.pair = newPairs(lits, pair)
	t.tiny = newTiny(lits, small)
	return t
}

// Find appends to dst the numbers of the literals that occur in s, some perhaps several times. Cost: about a quarter of a
// lookup for each byte of s, plus half of one for each of the classes of 4 to 6 and of 3 bytes that has literals, plus one if
// there are shorter ones.
func (t *Substrings) Find(dst []int32, s string) []int32 {
	if t == nil {
		return dst
	}
	if t.long != nil {
		dst = t.long.find4(dst, s, t.lits)
	}
	if t.mid != nil {
		dst = t.mid.find3(dst, s, t.lits)
	}
	if t.pair != nil {
		dst = t.pair.find(dst, s, t.lits)
	}
	if t.tiny != nil {
		dst = t.tiny.find(dst, s, t.lits)
	}
	return dst
}

// grams files literals under some of their grams.
type grams struct {
	shift  uint     // of a 32-bit hash, to a bit number of filter
	filter []uint64 // one bit a hash
	table  gramTable
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

// filterBits is how many bits the filter has for each gram: about one lookup in this many passes by accident. Small tables get
// more, up to minFilter bits, which still fits the fastest cache: a lookup that passes costs a mispredicted branch.
const (
	filterBits = 16
	minFilter  = 15 // log2
)

func newGrams(lits []string, ids []int32, size, stride int, weight func(string) float64) *grams {
	if len(ids) == 0 {
		return nil
	}
	n := len(ids) * stride
	filterLen := max(bits.Len(uint(n*filterBits-1)), minFilter)
	tableLen := bits.Len(uint(2 * n))
	g := &grams{
		shift:  uint(32 - filterLen),
		filter: make([]uint64, 1<<filterLen/64),
		table:  gramTable{mask: 1<<tableLen - 1, keys: make([]uint32, 1<<tableLen), heads: make([]int32, 1<<tableLen)},
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
	bit := gramHash(key) >> g.shift
	g.filter[bit/64] |= 1 << (bit % 64)
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

// find4 looks at every fourth byte. Two grams come out of one load.
func (g *grams) find4(dst []int32, s string, lits []string) []int32 {
	filter, shift := g.filter, g.shift&31
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := load64(s, i)
		a, b := uint32(w), uint32(w>>32)
		ha, hb := gramHash(a)>>shift, gramHash(b)>>shift
		if filter[ha/64]>>(ha%64)&1 != 0 {
			dst = g.verify(dst, s, lits, a, i)
		}
		if filter[hb/64]>>(hb%64)&1 != 0 {
			dst = g.verify(dst, s, lits, b, i+4)
		}
	}
	if i+4 <= len(s) {
		a := load32(s, i)
		h := gramHash(a) >> shift
		if filter[h/64]>>(h%64)&1 != 0 {
			dst = g.verify(dst, s, lits, a, i)
		}
	}
	return dst
}

// find3 looks at every second byte. Three grams come out of one load.
func (g *grams) find3(dst []int32, s string, lits []string) []int32 {
	const low = 1<<24 - 1
	filter, shift := g.filter, g.shift&31
	i := 0
	for ; i+8 <= len(s); i += 6 {
		w := load64(s, i)
		a, b, c := uint32(w)&low, uint32(w>>16)&low, uint32(w>>32)&low
		ha, hb, hc := gramHash(a)>>shift, gramHash(b)>>shift, gramHash(c)>>shift
		hit := filter[ha/64]>>(ha%64) | filter[hb/64]>>(hb%64) | filter[hc/64]>>(hc%64)
		if hit&1 == 0 {
			continue
		}
		if filter[ha/64]>>(ha%64)&1 != 0 {
			dst = g.verify(dst, s, lits, a, i)
		}
		if filter[hb/64]>>(hb%64)&1 != 0 {
			dst = g.verify(dst, s, lits, b, i+2)
		}
		if filter[hc/64]>>(hc%64)&1 != 0 {
			dst = g.verify(dst, s, lits, c, i+4)
		}
	}
	for ; i+3 <= len(s); i += 2 {
		key := gramKey(s, i, 3)
		h := gramHash(key) >> shift
		if filter[h/64]>>(h%64)&1 != 0 {
			dst = g.verify(dst, s, lits, key, i)
		}
	}
	return dst
}
