package evtx

// kind is what a node of a tree is.
type kind uint8

const (
	kindElement kind = iota + 1
	kindAttribute
	kindValue        // bytes of the chunk with a type
	kindCharacter    // character reference
	kindEntity       // entity reference
	kindSubstitution // in templates only
)

// node is a piece of an XML document. Nodes point to each other by index, 0 is none.
type node struct {
	kind  kind
	name  string // of an element, attribute or entity
	value value  // of a value
	code  uint16 // of a character; the number of a substitution

	attrs, child, next int32
}

// maxNodes bounds a tree. A chunk has 64 KiB and a node needs three bytes at least, so only documents that repeat themselves
// get there.
const maxNodes = 1 << 16

// tree holds nodes. The first is not used.
type tree struct{ nodes []node }

func (t *tree) reset() { t.nodes = append(t.nodes[:0], node{}) }

// list is a list of sibling nodes in the making.
type list struct{ first, last int32 }

// add appends n to l. It reports whether there was room.
func (t *tree) add(l *list, n node) bool {
	if len(t.nodes) >= maxNodes {
		return false
	}
	i := int32(len(t.nodes))
	t.nodes = append(t.nodes, n)
	t.join(l, list{i, i})
	return true
}

// join appends the list more to l.
func (t *tree) join(l *list, more list) {
	switch {
	case more.first == 0:
	case l.first == 0:
		*l = more
	default:
		t.nodes[l.last].next = more.first
		l.last = more.last
	}
}
