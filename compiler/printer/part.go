package printer

import (
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// A detection is first taken apart into parts, which are joined by "and" and "or" at any depth, and then put together as
// Sigma can say it: mappings of entries, and lists of them.

// part is *entry, allOf or anyOf. Nothing at all, where something could not be written, is an empty allOf.
type part interface{ isPart() }

// entry is one line of a mapping: a field with its modifiers and values, or a block.
type entry struct {
	field     string // as written in the key; empty for keywords
	modifiers []string
	value     *yamldoc.Node
	block     bool
}

// allOf holds if every part does, anyOf if one does.
type (
	allOf []part
	anyOf []part
)

func (*entry) isPart() {}
func (allOf) isPart()  {}
func (anyOf) isPart()  {}

// maxMaps is the number of mappings that alternatives inside a mapping are multiplied out to.
const maxMaps = 32

// bare reports whether e is a keyword list as it stands outside of a mapping.
func (e *entry) bare() bool { return e.field == "" && len(e.modifiers) == 0 && !e.block }

// key returns the key of e in a mapping. A keyword needs a modifier there to be told from an empty key; "contains" is what
// keywords mean without.
func (e *entry) key() string {
	if e.bare() {
		return "|contains"
	}
	return strings.Join(append([]string{e.field}, e.modifiers...), "|")
}

// simplify flattens conjunctions into each other and drops what could not be written. A join of one part is that part.
func simplify(x part) part {
	switch x := x.(type) {
	case allOf:
		var out allOf
		for _, term := range x {
			if inner, ok := simplify(term).(allOf); ok {
				out = append(out, inner...)
			} else {
				out = append(out, simplify(term))
			}
		}
		if len(out) == 1 {
			return out[0]
		}
		return out
	case anyOf:
		var out anyOf
		for _, term := range x {
			if term = simplify(term); !isNothing(term) {
				out = append(out, term)
			}
		}
		if len(out) == 0 {
			return allOf{}
		}
		if len(out) == 1 {
			return out[0]
		}
		return out
	default:
		return x
	}
}

// isNothing reports whether x stands for what could not be written.
func isNothing(x part) bool {
	terms, ok := x.(allOf)
	return ok && len(terms) == 0
}

// body writes a part as the value of a search identifier.
func (p *printer) body(x part) *yamldoc.Node {
	switch x := simplify(x).(type) {
	case *entry:
		if x.bare() {
			return x.value
		}
		return p.mapping([]*entry{x})
	case anyOf:
		return p.list(x)
	case allOf:
		return p.conjunction(x)
	default:
		panic("printer: unknown part")
	}
}

// list writes alternatives. A list of nothing but keywords would be read as one item, so they become mappings then.
func (p *printer) list(x anyOf) *yamldoc.Node {
	onlyKeywords := !slices.ContainsFunc(x, func(term part) bool {
		e, ok := term.(*entry)
		return !ok || !e.bare()
	})
	out := sequence()
	for _, term := range x {
		if e, ok := term.(*entry); ok && (onlyKeywords || e.value.Kind == yamldoc.KindSequence) {
			out.Items = append(out.Items, p.mapping([]*entry{e}))
			continue
		}
		out.Items = append(out.Items, p.body(term))
	}
	return out
}

// conjunction writes a mapping if it can. Alternatives inside a mapping are multiplied out into a list of mappings.
func (p *printer) conjunction(x allOf) *yamldoc.Node {
	maps, ok := product(x)
	if !ok {
		entries := p.remaining(x)
		return p.mapping(entries)
	}
	if len(maps) == 1 {
		return p.mapping(maps[0])
	}
	out := sequence()
	for _, m := range maps {
		out.Items = append(out.Items, p.mapping(m))
	}
	out.Comment = "Sigma has no alternatives inside a mapping: one mapping for each combination."
	return out
}

// remaining returns the entries of x and notes the alternatives, of which there are too many to multiply them out.
func (p *printer) remaining(x allOf) []*entry {
	var entries []*entry
	for _, term := range x {
		switch term := term.(type) {
		case *entry:
			entries = append(entries, term)
		case anyOf:
			p.gap("and, which is too long to be written out, one of: %s", summary(term))
		}
	}
	return entries
}

// summary names the keys of alternatives.
func summary(x part) string {
	switch x := x.(type) {
	case *entry:
		return x.key()
	case allOf:
		return joined(x, " and ")
	case anyOf:
		return joined(x, ", ")
	default:
		return ""
	}
}

func joined(terms []part, sep string) string {
	texts := make([]string, len(terms))
	for i, term := range terms {
		texts[i] = summary(term)
	}
	return strings.Join(texts, sep)
}

// product returns x as alternatives of entries that hold together. It fails if there are more than maxMaps.
func product(x part) ([][]*entry, bool) {
	switch x := x.(type) {
	case *entry:
		return [][]*entry{{x}}, true
	case anyOf:
		var out [][]*entry
		for _, term := range x {
			maps, ok := product(term)
			if out = append(out, maps...); !ok || len(out) > maxMaps {
				return nil, false
			}
		}
		return out, true
	case allOf:
		out := [][]*entry{nil}
		for _, term := range x {
			maps, ok := product(term)
			if !ok || len(out)*len(maps) > maxMaps {
				return nil, false
			}
			var longer [][]*entry
			for _, head := range out {
				for _, tail := range maps {
					longer = append(longer, slices.Concat(head, tail))
				}
			}
			out = longer
		}
		return out, true
	default:
		return nil, false
	}
}
