package decode

import "slices"

// Objects in which a key of interest occurs twice are rare. They are noticed in the first pass; then the line, by now known to
// be valid, is read once more with a look at all members of an object before any value is put.

// rereadLast puts all values anew.
func (d *decoder) rereadLast(p *Plan, start int) {
	d.ev.ResetValues()
	d.last, d.allStrings = true, false // the strings are in the arena already
	d.root(p, start)
}

// A member is a key of interest and the position of its value.
type member struct {
	entry *entry
	at    int
}

// lastMembers is object for a valid object: of members with equal keys it reads the last.
func (d *decoder) lastMembers(n *node, i, depth int) int {
	members, end := d.members(n, i)
	seen := d.seen()[n.seen : n.seen+n.seenWords]
	clear(seen)
	for k := range slices.Backward(members) {
		e := members[k].entry
		if w, bit := e.index/64, uint64(1)<<(e.index%64); seen[w]&bit != 0 {
			members[k].entry = nil // a later one wins
		} else {
			seen[w] |= bit
		}
	}
	for _, m := range members {
		if m.entry != nil {
			d.wanted(m.entry, m.at, depth+1)
		}
	}
	return end
}

// members returns the members of the valid object at i that n knows, and the end of the object.
func (d *decoder) members(n *node, i int) (members []member, end int) {
	b := d.line
	for i = skipSpace(b, i+1); b[i] != '}'; {
		e, end := d.key(n, i+1)
		i = d.colon(end)
		if e != nil {
			members = append(members, member{e, i})
		}
		i = skipSpace(b, d.skipValue(i, 0))
		if b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
	return members, i + 1
}
