package pipeline

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// renamer is the function that a field renaming stands for: it returns the names that take the place of name, or of no name
// for keywords, and nil to leave it.
type renamer interface {
	rename(name string, keyword bool) []string
}

// renaming applies a renamer wherever a rule or correlation names a field (section 7.1).
type renaming struct{ renamer }

func (t renaming) applyRule(r *run) error {
	defer r.moveNames()
	if err := t.fields(r); err != nil {
		return err
	}
	return r.visit(visitor{
		item:  func(it *sigma.Item, scoped bool) (sigma.Node, error) { return t.item(r, it, scoped) },
		block: func(b *sigma.Block, scoped bool) (sigma.Node, error) { return t.block(r, b, scoped) },
	})
}

// fields renames the output fields of the document.
func (t renaming) fields(r *run) error {
	h := r.header()
	var out []string
	for _, name := range h.Fields {
		to, _, err := t.name(r, name)
		if err != nil {
			return err
		}
		out = append(out, to...)
	}
	h.Fields = out
	return nil
}

// name returns what takes the place of a bare name, which may be the name itself, and whether it was mapped.
func (t renaming) name(r *run, name string) (to []string, mapped bool, err error) {
	to = t.rename(name, false)
	if to == nil {
		return []string{name}, false, nil
	}
	ok, err := r.acceptsName(name)
	if err != nil || !ok {
		return []string{name}, false, err
	}
	r.moveName(name, to)
	return to, true, r.spend(len(to)-1, 0)
}

// item renames the field of it and the fields that its values refer to. A field inside an array selector is relative to the
// member, so it stays; references are looked up in the whole event.
func (t renaming) item(r *run, it *sigma.Item, scoped bool) (sigma.Node, error) {
	if ok, err := r.acceptsItem(it); err != nil || !ok {
		return it, err
	}
	subject := subjectOf(it)
	ok, err := r.acceptsField(subject) // before the references change
	if err != nil {
		return nil, err
	}
	if err := t.references(r, it); err != nil {
		return nil, err
	}
	if !ok || scoped {
		return it, nil
	}
	to := t.rename(subject.name, subject.keyword)
	if to == nil {
		return it, nil
	}
	if subject.keyword {
		wrap(it)
	} else {
		r.mappings.add(subject.name, to)
	}
	if err := r.spendCopies(len(to)-1, it); err != nil {
		return nil, err
	}
	return t.replace(r, it, to), nil
}

// references renames the fields that the values of it refer to.
func (t renaming) references(r *run, it *sigma.Item) error {
	var out []sigma.Value
	changed := false
	for _, v := range it.Values {
		ref, ok := v.(sigma.FieldRef)
		if !ok {
			out = append(out, v)
			continue
		}
		to, mapped, err := t.name(r, ref.Field)
		if err != nil {
			return err
		}
		changed = changed || mapped
		for _, name := range to {
			ref.Field = name
			out = append(out, ref)
		}
	}
	if changed {
		it.Values = out
		r.mark(it)
	}
	return nil
}

// replace gives it the names to: several make a group of copies. One of them is enough, but a condition that a missing
// field satisfies must hold for all of them.
func (t renaming) replace(r *run, it *sigma.Item, to []string) sigma.Node {
	if len(to) == 1 {
		it.Field = joinField(it.Field, to[0])
		r.mark(it)
		return it
	}
	group := &sigma.Group{Pos: it.Pos, Any: holdsWhenMissing(it) == it.Neg}
	for _, name := range to {
		c := cloneItem(it)
		c.Field = joinField(it.Field, name)
		r.mark(c)
		group.Nodes = append(group.Nodes, c)
	}
	return group
}

// holdsWhenMissing reports whether a value of it is satisfied by a missing field, negation aside.
func holdsWhenMissing(it *sigma.Item) bool {
	return slices.ContainsFunc(it.Values, func(v sigma.Value) bool {
		_, null := v.(sigma.Null)
		exists, ok := v.(sigma.Exists)
		return null || ok && !exists.Want
	})
}

// wrap lets the strings of a keyword item be found anywhere in the text of a field.
func wrap(it *sigma.Item) {
	for i, v := range it.Values {
		if s, ok := v.(sigma.String); ok {
			s.Pattern = withStars(s.Pattern)
			it.Values[i] = s
		}
	}
}

// block renames the array that b selects members of.
func (t renaming) block(r *run, b *sigma.Block, scoped bool) (sigma.Node, error) {
	name, _ := splitField(b.Field)
	to := t.rename(name, false)
	if to == nil || scoped || b.Field.Kind == sigma.FieldSelf {
		return b, nil
	}
	if ok, err := r.acceptsName(name); err != nil || !ok {
		return b, err
	}
	r.mappings.add(name, to)
	if err := r.spendCopies(len(to)-1, b); err != nil {
		return nil, err
	}
	if len(to) == 1 {
		b.Field = joinField(b.Field, to[0])
		return b, nil
	}
	// "none" and "all or empty" hold for a missing array.
	group := &sigma.Group{Pos: b.Pos, Any: b.Quant != sigma.QuantNone && b.Quant != sigma.QuantAllOrEmpty}
	for _, name := range to {
		c := cloneBlock(b)
		c.Field = joinField(b.Field, name)
		group.Nodes = append(group.Nodes, c)
	}
	return group, nil
}

func (t renaming) applyCorrelation(r *run) error {
	defer r.moveNames()
	if err := t.fields(r); err != nil {
		return err
	}
	c := r.correlation
	for i := range c.Aliases {
		for j := range c.Aliases[i].Fields {
			if err := t.single(r, &c.Aliases[i].Fields[j].Field, "alias mapping"); err != nil {
				return err
			}
		}
	}
	for i := range c.Fields {
		if err := t.single(r, &c.Fields[i], "condition field"); err != nil {
			return err
		}
	}
	return t.groupBy(r)
}

// single renames a name that can only become one other. place says where it stands.
func (t renaming) single(r *run, name *string, place string) error {
	to, _, err := t.name(r, *name)
	if err != nil {
		return err
	}
	if len(to) > 1 {
		return fail(CodeManyFields, "field name mapping of '%s' in the %s of a correlation results in multiple field names", *name, place)
	}
	*name = to[0]
	return nil
}

// groupBy renames the key parts. A name that becomes several makes them alternatives of one part.
func (t renaming) groupBy(r *run) error {
	for i, part := range r.groups {
		if len(part) == 1 && isAlias(r.correlation, part[0]) {
			continue
		}
		var out []string
		for _, name := range part {
			to, _, err := t.name(r, name)
			if err != nil {
				return err
			}
			out = union(out, to)
		}
		r.groups[i] = out
	}
	return nil
}

func isAlias(c *sigma.Correlation, name string) bool {
	return slices.ContainsFunc(c.Aliases, func(a sigma.Alias) bool { return a.Name == name })
}
