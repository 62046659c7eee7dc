package multi

import "strings"

// affixKeys are the lengths of the keys that prefixes and suffixes are filed under: a literal goes to the longest that is not
// longer than itself. Four lookups find them all.
var affixKeys = [...]int{32, 16, 8, 4, 1}

// affixTable files literals by the hash of their first or last bytes.
type affixTable struct {
	lits   []string
	suffix bool
	tables [len(affixKeys)]*table
}

func newAffixTable(lits []string, suffix bool) *affixTable {
	if len(lits) == 0 {
		return nil
	}
	t := &affixTable{lits: lits, suffix: suffix}
	for i, l := range lits {
		k := affixClass(len(l))
		if t.tables[k] == nil {
			tab := newTable(len(lits))
			t.tables[k] = &tab
		}
		t.tables[k].add(t.hash(l, affixKeys[k]), int32(i))
	}
	return t
}

// affixClass returns the class of a literal of n bytes. The empty literal shares the last class.
func affixClass(n int) int {
	for k, size := range affixKeys {
		if n >= size {
			return k
		}
	}
	return len(affixKeys) - 1
}

// hash hashes the size bytes at the end of s that matters.
func (t *affixTable) hash(s string, size int) uint64 {
	size = min(size, len(s))
	if t.suffix {
		return hashBytes(s, len(s)-size, size)
	}
	return hashBytes(s, 0, size)
}

func (t *affixTable) find(dst []int32, s string) []int32 {
	if t == nil {
		return dst
	}
	for k, tab := range &t.tables {
		if tab == nil || len(s) < affixKeys[k] {
			continue
		}
		for id := tab.find(t.hash(s, affixKeys[k])); id >= 0; id = tab.next[id] {
			if t.matches(s, t.lits[id]) {
				dst = append(dst, id)
			}
		}
	}
	return dst
}

func (t *affixTable) matches(s, lit string) bool {
	if t.suffix {
		return strings.HasSuffix(s, lit)
	}
	return strings.HasPrefix(s, lit)
}

// Prefixes finds literals that a text begins with.
type Prefixes struct{ t *affixTable }

// NewPrefixes builds the table for lits, which it keeps and none of which is empty. It returns nil if there are none.
func NewPrefixes(lits []string) *Prefixes {
	if len(lits) == 0 {
		return nil
	}
	return &Prefixes{newAffixTable(lits, false)}
}

// Find appends to dst the numbers of the literals that s begins with.
func (t *Prefixes) Find(dst []int32, s string) []int32 {
	if t == nil {
		return dst
	}
	return t.t.find(dst, s)
}

// Suffixes finds literals that a text ends with.
type Suffixes struct{ t *affixTable }

// NewSuffixes builds the table for lits, which it keeps and none of which is empty. It returns nil if there are none.
func NewSuffixes(lits []string) *Suffixes {
	if len(lits) == 0 {
		return nil
	}
	return &Suffixes{newAffixTable(lits, true)}
}

// Find appends to dst the numbers of the literals that s ends with.
func (t *Suffixes) Find(dst []int32, s string) []int32 {
	if t == nil {
		return dst
	}
	return t.t.find(dst, s)
}
