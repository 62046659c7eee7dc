package decode

import (
	"slices"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Plan says which fields of an event somebody asks for. It is immutable and safe for concurrent use.
type Plan struct {
	root       *node
	allStrings bool
	indexed    []indexedField
	seenWords  int // size of the seen sets on the longest path of the tree
}

// A node is an object that paths lead to: the keys that are of interest in it.
type node struct {
	table
	seen, seenWords int // where the set of keys seen in the current instance of the object lies in decoder.seen()
}

// An entry is one key of interest.
type entry struct {
	key    string
	lo, hi uint64 // hash words of key
	index  int    // among the entries of the node
	leaves []leaf
	child  *node // nil unless some path goes on below this key
}

// A leaf is a field whose value is the value of a key.
type leaf struct {
	id   rtlib.FieldID
	role role
	flat int // nested: index of the root entry for the whole name, which wins
}

// A role says how the values of a leaf compete with those of other leaves of the same field.
type role uint8

const (
	plain  role = iota // a name without dot
	flat               // a name with dots, found whole: wins over nested
	nested             // a name with dots, found step by step
)

// An indexedField is looked up on its own, since array indexes are rare. The root entries of its whole name and of its first
// step tell whether it may be there at all.
type indexedField struct {
	id          rtlib.FieldID
	path        *rtlib.Path
	name, first int
}

// NewPlan returns a plan for the given fields; rtlib.Self and rtlib.AnyString are ignored. With allStrings the folded form of
// every string value of an event is appended to its Arena.
func NewPlan(fields []rtlib.FieldID, allStrings bool) *Plan {
	fields = slices.Clone(fields)
	slices.Sort(fields)
	p := &Plan{root: &node{}, allStrings: allStrings}
	for _, id := range slices.Compact(fields) {
		if path := id.Path(); path != nil {
			p.add(id, path)
		}
	}
	p.seenWords = p.root.finish(0)
	return p
}

func (p *Plan) add(id rtlib.FieldID, path *rtlib.Path) {
	whole := p.root.child(path.Name)
	if slices.ContainsFunc(path.Steps, func(s rtlib.Step) bool { return s.Index != nil }) {
		first := p.root.child(path.Steps[0].Key)
		p.indexed = append(p.indexed, indexedField{id, path, whole.index, first.index})
		return
	}
	if len(path.Steps) < 2 {
		whole.leaves = append(whole.leaves, leaf{id: id, role: plain})
		return
	}
	whole.leaves = append(whole.leaves, leaf{id: id, role: flat})
	e := p.root.child(path.Steps[0].Key)
	for _, step := range path.Steps[1:] {
		if e.child == nil {
			e.child = &node{}
		}
		e = e.child.child(step.Key)
	}
	e.leaves = append(e.leaves, leaf{id: id, role: nested, flat: whole.index})
}

// child returns the entry for key, which it adds if need be.
func (n *node) child(key string) *entry {
	if e := n.byName[key]; e != nil {
		return e
	}
	if n.byName == nil {
		n.byName = map[string]*entry{}
	}
	e := &entry{key: key, index: len(n.byName)}
	n.byName[key] = e
	return e
}

// finish builds the tables of n and of the nodes below it, whose seen sets begin at word seen, and returns the word after
// the last one.
func (n *node) finish(seen int) (end int) {
	n.seen, n.seenWords = seen, (len(n.byName)+63)/64
	end = n.seen + n.seenWords
	below := end
	for _, e := range n.byName {
		if e.child != nil {
			end = max(end, e.child.finish(below))
		}
	}
	n.build()
	return end
}
