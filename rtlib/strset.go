package rtlib

import (
	"math/bits"
	"slices"
)

// Sets of literals. A rule may list thousands of values, so that the cost of an event must not grow with their number:
// equality is a map lookup, prefixes and suffixes are one lookup for each length in the set, substrings are found by hashing
// every window of the text and verifying the few needles that share the hash.

// The number of operands up to which trying one after the other is faster than a set.
const (
	fewOperands = 8
	fewNeedles  = 4 // of substrings, each of which is a pass over the text
)

func newLiteralSet(op Op, needles []string) textTest {
	switch op {
	case Equal, EqualFold:
		return newEqualSet(needles)
	case Prefix, PrefixFold:
		return prefixSet{newAffixSet(needles)}
	case Suffix, SuffixFold:
		return suffixSet{newAffixSet(needles)}
	default:
		return newSubstringSet(needles)
	}
}

// equalSet passes texts that are in the set. The lengths keep long texts from being hashed.
type equalSet struct {
	min, max int
	members  map[string]struct{}
}

func newEqualSet(needles []string) *equalSet {
	s := &equalSet{min: len(needles[0]), members: make(map[string]struct{}, len(needles))}
	for _, needle := range needles {
		s.min = min(s.min, len(needle))
		s.max = max(s.max, len(needle))
		s.members[needle] = struct{}{}
	}
	return s
}

func (t *equalSet) test(s string) bool {
	if len(s) < t.min || len(s) > t.max {
		return false
	}
	_, ok := t.members[s]
	return ok
}

// affixSet holds prefixes or suffixes and the lengths that occur, ascending.
type affixSet struct {
	lengths []int
	members map[string]struct{}
}

func newAffixSet(needles []string) affixSet {
	a := affixSet{members: make(map[string]struct{}, len(needles))}
	for _, needle := range needles {
		a.lengths = append(a.lengths, len(needle))
		a.members[needle] = struct{}{}
	}
	slices.Sort(a.lengths)
	a.lengths = slices.Compact(a.lengths)
	return a
}

type (
	prefixSet struct{ affixSet }
	suffixSet struct{ affixSet }
)

func (t prefixSet) test(s string) bool {
	for _, n := range t.lengths {
		if n > len(s) {
			return false
		}
		if _, ok := t.members[s[:n]]; ok {
			return true
		}
	}
	return false
}

func (t suffixSet) test(s string) bool {
	for _, n := range t.lengths {
		if n > len(s) {
			return false
		}
		if _, ok := t.members[s[len(s)-n:]]; ok {
			return true
		}
	}
	return false
}

// substringSet finds which needles occur in a text. Needles are sorted by window width: four bytes, or all of a shorter one.
type substringSet struct {
	empty  []int32 // needles that are empty and therefore occur in every text
	groups []*windowGroup
}

func newSubstringSet(needles []string) *substringSet {
	byWidth := [maxWindow + 1][]int32{}
	for id, needle := range needles {
		width := min(len(needle), maxWindow)
		byWidth[width] = append(byWidth[width], int32(id))
	}
	s := &substringSet{empty: byWidth[0]}
	for width := 1; width <= maxWindow; width++ {
		if ids := byWidth[width]; len(ids) > 0 {
			s.groups = append(s.groups, newWindowGroup(width, needles, ids))
		}
	}
	return s
}

func (t *substringSet) test(s string) bool {
	return t.find(s, func(int32) bool { return true })
}

// find calls found for each occurrence of a needle in s, with the needle's index, until it returns true; it reports whether
// it did.
func (t *substringSet) find(s string, found func(id int32) bool) bool {
	for _, id := range t.empty {
		if found(id) {
			return true
		}
	}
	for _, g := range t.groups {
		if g.find(s, found) {
			return true
		}
	}
	return false
}

// maxWindow is the greatest number of bytes that are hashed at a time.
const maxWindow = 4

// windowGroup finds needles by the hash of one window of each: the window that the fewest other needles have.
type windowGroup struct {
	width   int
	shift   uint8
	seen    []uint64 // a bit for each hash that occurs; small enough to stay in the cache
	heads   []int32  // by hash: first entry, 1-based, 0 = none
	entries []windowEntry
}

type windowEntry struct {
	needle string
	at     int   // where the window begins in the needle
	id     int32 // the needle's index
	next   int32 // next entry of the same hash, 1-based
}

func newWindowGroup(width int, needles []string, ids []int32) *windowGroup {
	// 16 hashes for each needle leave one chance in 16 that a window of the text has to be verified.
	size := bits.Len(uint(16*len(ids) - 1))
	size = min(max(size, 8), 20)
	g := &windowGroup{
		width:   width,
		shift:   uint8(32 - size),
		seen:    make([]uint64, 1<<size/64),
		heads:   make([]int32, 1<<size),
		entries: make([]windowEntry, 1, len(ids)+1),
	}
	count := map[uint32]int{}
	for _, id := range ids {
		for i := range len(needles[id]) - width + 1 {
			count[g.window(needles[id], i)]++
		}
	}
	for _, id := range ids {
		g.add(needles[id], id, count)
	}
	return g
}

func (g *windowGroup) add(needle string, id int32, count map[uint32]int) {
	best := 0
	for i := range len(needle) - g.width + 1 {
		if count[g.window(needle, i)] < count[g.window(needle, best)] {
			best = i
		}
	}
	h := g.hash(g.window(needle, best))
	g.entries = append(g.entries, windowEntry{needle: needle, at: best, id: id, next: g.heads[h]})
	g.heads[h] = int32(len(g.entries) - 1)
	g.seen[h/64] |= 1 << (h % 64)
}

// window returns the bytes of s from i, in little-endian order.
func (g *windowGroup) window(s string, i int) uint32 {
	var w uint32
	for j := range g.width {
		w |= uint32(s[i+j]) << (8 * j)
	}
	return w
}

func (g *windowGroup) hash(w uint32) uint32 { return w * 0x9e3779b1 >> (g.shift & 31) }

func (g *windowGroup) find(s string, found func(id int32) bool) bool {
	if g.width == maxWindow {
		return g.findWide(s, found)
	}
	for i := 0; i+g.width <= len(s); i++ {
		h := g.hash(g.window(s, i))
		if g.seen[h/64]&(1<<(h%64)) != 0 && g.verify(s, i, h, found) {
			return true
		}
	}
	return false
}

// findWide is find for windows of four bytes, which are loaded at once.
func (g *windowGroup) findWide(s string, found func(id int32) bool) bool {
	seen := g.seen
	for i := 0; i+maxWindow <= len(s); i++ {
		w := uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
		h := g.hash(w)
		if seen[h/64]&(1<<(h%64)) != 0 && g.verify(s, i, h, found) {
			return true
		}
	}
	return false
}

func (g *windowGroup) verify(s string, at int, h uint32, found func(id int32) bool) bool {
	for j := g.heads[h]; j != 0; j = g.entries[j].next {
		e := &g.entries[j]
		from := at - e.at
		if from >= 0 && len(s)-from >= len(e.needle) && s[from:from+len(e.needle)] == e.needle && found(e.id) {
			return true
		}
	}
	return false
}
