package pipeline

import (
	"strings"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// visitor visits the items of a detection in YAML order, those of array selectors included, and puts what its functions
// return in their place: the same node, another one, or nil to remove it. Replacements are not visited. A group or an array
// selector that loses everything is removed, too.
type visitor struct {
	item  func(it *sigma.Item, scoped bool) (sigma.Node, error)
	block func(b *sigma.Block, scoped bool) (sigma.Node, error) // after the body; nil means leave
}

// detections visits all of list. Detections that lose everything stay, empty, until the end of the run.
func (v visitor) detections(list []*sigma.Detection, scoped bool) error {
	for _, d := range list {
		if err := v.group(d.Body, scoped); err != nil {
			return err
		}
	}
	return nil
}

// group visits g. scoped says that field names are relative to the member of an array.
func (v visitor) group(g *sigma.Group, scoped bool) error {
	kept := g.Nodes[:0:0]
	for _, n := range g.Nodes {
		out, err := v.node(n, scoped)
		if err != nil {
			return err
		}
		if out != nil {
			kept = append(kept, out)
		}
	}
	g.Nodes = kept
	return nil
}

// node visits n and returns what takes its place.
func (v visitor) node(n sigma.Node, scoped bool) (sigma.Node, error) {
	switch n := n.(type) {
	case *sigma.Item:
		return v.item(n, scoped)
	case *sigma.Group:
		if err := v.group(n, scoped); err != nil || len(n.Nodes) == 0 {
			return nil, err
		}
		return n, nil
	case *sigma.Block:
		return v.scope(n, scoped)
	}
	panic("pipeline: unknown detection node")
}

// scope visits the array selector b.
func (v visitor) scope(b *sigma.Block, scoped bool) (sigma.Node, error) {
	if b.Body != nil {
		if err := v.group(b.Body, true); err != nil || len(b.Body.Nodes) == 0 {
			return nil, err
		}
	}
	if err := v.detections(b.Detections, true); err != nil {
		return nil, err
	}
	if v.block == nil {
		return b, nil
	}
	return v.block(b, scoped)
}

// visit visits the detections of the rule and of its filters.
func (r *run) visit(v visitor) error {
	if err := v.detections(r.rule.Detections, false); err != nil {
		return err
	}
	for _, f := range r.filters {
		if err := v.detections(f.Detections, false); err != nil {
			return err
		}
	}
	return nil
}

// each calls f for every item that both gates let pass and puts its result in the item's place; nil removes the item.
func (r *run) each(f func(it *sigma.Item) (sigma.Node, error)) error {
	return r.visit(visitor{item: func(it *sigma.Item, _ bool) (sigma.Node, error) {
		ok, err := r.accepts(it)
		if err != nil || !ok {
			return it, err
		}
		return f(it)
	}})
}

// eachValue calls f for every value of every item that both gates let pass. f returns the values that take its place and
// whether it did anything.
func (r *run) eachValue(f func(it *sigma.Item, v sigma.Value) ([]sigma.Value, bool, error)) error {
	return r.each(func(it *sigma.Item) (sigma.Node, error) {
		var values []sigma.Value
		changed := false
		for _, v := range it.Values {
			out, did, err := f(it, v)
			if err != nil {
				return nil, err
			}
			if !did {
				out = []sigma.Value{v}
			}
			changed = changed || did
			values = append(values, out...)
			if err := r.spend(0, max(len(out)-1, 0)); err != nil {
				return nil, err
			}
		}
		if changed {
			it.Values = values
			r.mark(it)
		}
		return it, nil
	})
}

// fieldItems calls f for every item with a field, and for every array selector with a nil item. scoped says that name is
// relative to the member of an array.
func (r *run) fieldItems(f func(name string, it *sigma.Item, scoped bool)) {
	visit := visitor{
		item: func(it *sigma.Item, scoped bool) (sigma.Node, error) {
			if it.Field.Kind != sigma.FieldKeyword {
				name, _ := splitField(it.Field)
				f(name, it, scoped)
			}
			return it, nil
		},
		block: func(b *sigma.Block, scoped bool) (sigma.Node, error) {
			name, _ := splitField(b.Field)
			f(name, nil, scoped)
			return b, nil
		},
	}
	// Nothing fails and nothing is replaced.
	_ = r.visit(visit)
}

// splitField returns the name of f up to its first index selector, escapes undone, and the rest.
func splitField(f sigma.Field) (name, rest string) {
	if f.Kind != sigma.FieldIndexed {
		return f.Name, ""
	}
	var b strings.Builder
	for i := 0; i < len(f.Name); i++ {
		switch {
		case f.Name[i] == '[':
			return b.String(), f.Name[i:]
		case f.Name[i] == '\\' && i+1 < len(f.Name) && isBracket(f.Name[i+1]):
			i++
		}
		b.WriteByte(f.Name[i])
	}
	return b.String(), ""
}

func isBracket(c byte) bool { return c == '[' || c == ']' }

// joinField puts name in the place of the name that splitField returned for f.
func joinField(f sigma.Field, name string) sigma.Field {
	if f.Kind != sigma.FieldIndexed {
		return sigma.Field{Kind: sigma.FieldPlain, Name: name}
	}
	_, rest := splitField(f)
	return sigma.Field{Kind: sigma.FieldIndexed, Name: strings.NewReplacer("[", `\[`, "]", `\]`).Replace(name) + rest}
}

// negate turns the meaning of n around.
func negate(n sigma.Node) sigma.Node {
	switch n := n.(type) {
	case *sigma.Item:
		n.Neg = !n.Neg
	case *sigma.Group:
		n.Any = !n.Any
		for _, m := range n.Nodes {
			negate(m)
		}
	}
	return n
}
