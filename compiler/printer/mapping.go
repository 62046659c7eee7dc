package printer

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// mapping writes entries that hold together. Entries of one key, which a mapping cannot have, are joined.
func (p *printer) mapping(entries []*entry) *yamldoc.Node {
	out := mapping()
	for _, e := range p.joinEqualKeys(entries) {
		out.Pairs = append(out.Pairs, pair(e.key(), e.value))
	}
	return out
}

// joinEqualKeys returns entries with different keys that mean the same.
func (p *printer) joinEqualKeys(entries []*entry) []*entry {
	var out []*entry
	for _, e := range entries {
		i := slices.IndexFunc(out, func(o *entry) bool { return o.key() == e.key() })
		if i < 0 {
			out = append(out, e)
			continue
		}
		both, ok := join(out[i], e)
		if !ok {
			p.gap("and a second time: %s", describe(e))
			continue
		}
		rest := slices.Delete(slices.Clone(out), i, i+1)
		out = p.joinEqualKeys(slices.Insert(rest, i, both))
	}
	return out
}

// join returns one entry that holds if a and b, which have the same key, both do. "none of these" and "none of those" is "none
// of all"; requirements add up under "all".
func join(a, b *entry) (*entry, bool) {
	values := slices.Concat(scalars(a.value), scalars(b.value))
	has := func(name string) bool { return slices.Contains(a.modifiers, name) }
	switch {
	case yamldoc.JSON(a.value) == yamldoc.JSON(b.value):
		return a, true
	case a.block || has("exists"):
		return nil, false
	case has("neq") && !has("all"), has("all") && !has("neq"):
		return &entry{field: a.field, modifiers: a.modifiers, value: sequence(values...)}, true
	case has("neq"), len(values) > 2:
		return nil, false
	default:
		modifiers := append(slices.Clone(a.modifiers), "all")
		return &entry{field: a.field, modifiers: modifiers, value: sequence(values...)}, true
	}
}

// scalars returns the members of a list, or n as the only one.
func scalars(n *yamldoc.Node) []*yamldoc.Node {
	if n.Kind == yamldoc.KindSequence {
		return n.Items
	}
	return []*yamldoc.Node{n}
}

// describe writes e on one line, for notes.
func describe(e *entry) string { return e.key() + ": " + yamldoc.JSON(e.value) }
