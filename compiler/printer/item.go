package printer

import (
	"reflect"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// group takes a group apart.
func (p *printer) group(g *sigma.Group) part {
	terms := make([]part, 0, len(g.Nodes))
	for _, n := range g.Nodes {
		terms = append(terms, p.node(n))
	}
	if g.Any {
		return anyOf(terms)
	}
	return allOf(terms)
}

func (p *printer) node(n sigma.Node) part {
	switch n := n.(type) {
	case *sigma.Group:
		return p.group(n)
	case *sigma.Block:
		return p.block(n)
	case *sigma.Item:
		return p.item(n)
	default:
		panic("printer: unknown detection node")
	}
}

// item takes an item apart: into the entry that its author wrote, if it still is that, else into an entry for each spelling
// that its values need.
func (p *printer) item(it *sigma.Item) part {
	field, ok := p.fieldName(it.Field)
	if !ok {
		p.gap("a field that no key can name: %q", it.Field.Name)
		return allOf{}
	}
	if !p.respell && asWritten(it) {
		e := &entry{field: field, value: scalarOrList(it.Raw)}
		for _, m := range it.Modifiers {
			e.modifiers = append(e.modifiers, m.Name)
		}
		return e
	}
	if len(it.Values) == 0 {
		p.gap("%s: no value is left, so that this never holds", it.Field.Name)
		return allOf{}
	}
	if it.All && slices.ContainsFunc(it.Values, isExpansion) {
		return p.expansions(it)
	}
	var entries []part
	for _, s := range p.spell(it) {
		entries = append(entries, s.entry(field, it))
	}
	if len(entries) == 0 {
		return allOf{}
	}
	if it.All == it.Neg { // alternatives, or the negation of requirements
		return anyOf(entries)
	}
	return allOf(entries)
}

func isExpansion(v sigma.Value) bool {
	_, ok := v.(sigma.Expansion)
	return ok
}

// expansions takes an item apart that requires values which have alternatives of their own: each of them becomes an item.
// Requirements are multiplied out later; negated, they are alternatives of "none of these".
func (p *printer) expansions(it *sigma.Item) part {
	item := func(all bool, values ...sigma.Value) part {
		return p.item(&sigma.Item{Pos: it.Pos, Field: it.Field, Modifiers: it.Modifiers, Values: values, All: all, Neg: it.Neg})
	}
	var terms []part
	var rest []sigma.Value
	for _, v := range it.Values {
		e, ok := v.(sigma.Expansion)
		if !ok {
			rest = append(rest, v)
			continue
		}
		var alternatives []sigma.Value
		var each anyOf
		for _, s := range e.Values {
			alternatives = append(alternatives, s)
			each = append(each, item(false, s))
		}
		if it.Neg {
			terms = append(terms, item(false, alternatives...))
		} else {
			terms = append(terms, each)
		}
	}
	if len(rest) > 0 {
		terms = append(terms, item(len(rest) > 1, rest...))
	}
	if it.Neg {
		return anyOf(terms)
	}
	return allOf(terms)
}

// asWritten reports whether the modifiers and the YAML of it still give its values.
func asWritten(it *sigma.Item) bool {
	if len(it.Raw) == 0 {
		return false
	}
	var log diag.List
	plain := &sigma.Item{Pos: it.Pos, Field: it.Field, Modifiers: it.Modifiers, Raw: it.Raw}
	g, ok := modifier.ApplyGroup(&sigma.Group{Nodes: []sigma.Node{plain}}, "", &log)
	if !ok {
		return false
	}
	again := g.Nodes[0].(*sigma.Item)
	return again.All == it.All && again.Neg == it.Neg && reflect.DeepEqual(again.Values, it.Values)
}

func scalarOrList(nodes []*yamldoc.Node) *yamldoc.Node {
	if len(nodes) == 1 {
		return nodes[0]
	}
	return sequence(nodes...)
}

// fieldName returns f as it stands in a key. It fails for names that would be read as something else.
func (p *printer) fieldName(f sigma.Field) (string, bool) {
	arrays := p.version >= 3
	switch {
	case f.Kind == sigma.FieldKeyword:
		return "", true
	case f.Kind == sigma.FieldSelf:
		return ".", arrays
	case f.Name == "" || strings.Contains(f.Name, "|"):
		return "", false
	case f.Kind == sigma.FieldIndexed:
		return f.Name, arrays
	case arrays && f.Name == ".":
		return "", false
	case arrays:
		return strings.NewReplacer("[", `\[`, "]", `\]`).Replace(f.Name), true
	default:
		return f.Name, true
	}
}

// block takes an array selector apart. Its body is a mapping, or search identifiers with a condition.
func (p *printer) block(b *sigma.Block) part {
	field, ok := p.fieldName(b.Field)
	if !ok || p.version < 3 {
		p.gap("an array selector on %q, which sigma-version 3 is needed for", b.Field.Name)
		return allOf{}
	}
	e := &entry{field: field + quantifiers[b.Quant], block: true}
	if b.Body == nil {
		e.value = mapping()
		for _, d := range b.Detections {
			e.value.Pairs = append(e.value.Pairs, pair(d.Name, p.body(p.group(d.Body))))
		}
		e.value.Pairs = append(e.value.Pairs, pair("condition", conditions(b.Conditions)))
		return e
	}
	switch x := simplify(p.group(b.Body)).(type) {
	case *entry:
		e.value = p.mapping([]*entry{x})
	default:
		e.value = p.body(x)
	}
	if e.value.Kind != yamldoc.KindMapping {
		e.value = mapping(pair("members", e.value), pair("condition", text("members")))
	}
	return e
}

var quantifiers = [...]string{
	sigma.QuantAny:        "[any]",
	sigma.QuantAll:        "[all]",
	sigma.QuantAllOrEmpty: "[all_or_empty]",
	sigma.QuantNone:       "[none]",
	sigma.QuantElement:    "", // the field ends in the index
}

// spelling is a chain of modifiers and the values that stand under it.
type spelling struct {
	modifiers []string
	values    []*yamldoc.Node
}

// entry returns s as an entry of it.
func (s *spelling) entry(field string, it *sigma.Item) *entry {
	modifiers := slices.Clone(s.modifiers)
	if it.Neg {
		modifiers = append(modifiers, "neq")
	}
	if it.All && len(s.values) > 1 {
		modifiers = append(modifiers, "all")
	}
	return &entry{field: field, modifiers: modifiers, value: scalarOrList(s.values)}
}
