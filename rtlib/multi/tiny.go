package multi

import "strings"

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
