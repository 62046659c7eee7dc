package pipeline

import (
	"fmt"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Source is the value of a dynamic source, as plain data.
type Source struct {
	Value   *yamldoc.Node // nil if the source is optional and has no value
	Literal bool          // stars and question marks of its texts are no wildcards
	Remote  bool          // of type http or nats
}

// ExpandOptions are the choices of dynamic-sources.md section 9.
type ExpandOptions struct {
	AllowRemoteInclude bool
}

// Sources returns the ids of the dynamic sources that p refers to, sorted.
func (p *Pipeline) Sources() []string {
	var ids []string
	for _, v := range p.Vars {
		ids = append(ids, v.Sources...)
	}
	for _, item := range p.Items {
		if item.include != nil {
			ids = append(ids, item.include.id)
		}
		ids = append(ids, item.sources...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// sourcesFor returns the ids of the sources behind the named variables and behind all includes, sorted.
func (p *Pipeline) sourcesFor(vars []string) []string {
	var ids []string
	for _, v := range p.Vars {
		if slices.Contains(vars, v.Name) {
			ids = append(ids, v.Sources...)
		}
	}
	for _, item := range p.Items {
		ids = append(ids, item.sources...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Expand returns p with the values of sources in the place of references in its variables and with its includes replaced by
// items (dynamic-sources.md sections 8 and 9). It is called before Merge. After an error it returns nil; p is not changed.
func (p *Pipeline) Expand(sources map[string]Source, options ExpandOptions, log *diag.List) *Pipeline {
	out := *p
	e := &expander{parser: &parser{log: log, label: p.label(), registry: registry}, sources: sources, options: options}
	out.Vars = slices.Clone(p.Vars)
	for i := range out.Vars {
		e.variable(&out.Vars[i])
	}
	out.Items = nil
	for i, item := range p.Items {
		if item.include == nil {
			out.Items = append(out.Items, item)
			continue
		}
		out.Items = append(out.Items, e.items(item, fmt.Sprintf("transformations[%d]", i+1))...)
	}
	if e.problems > 0 {
		return nil
	}
	return &out
}

// includeItem reads an entry that stands for the items of a source.
func (p *parser) includeItem(n *yamldoc.Node, where string) *Item {
	if p.included || p.depth > 0 {
		p.errorf(n.Pos, CodeInclude, where, "nested include: an include may stand neither in a nest nor in included items")
		return nil
	}
	for _, pair := range n.Pairs {
		if pair.Key != "include" {
			p.errorf(pair.KeyPos, CodeUnknownParameter, where, "unknown parameter '%s': an include stands alone", pair.Key)
		}
	}
	value := n.Get("include")
	ref, ok := parseReference(value.Text)
	if value.Kind != yamldoc.KindString || !ok {
		p.errorf(value.Pos, CodeInvalidValue, where, "invalid value of 'include': expected ${source.<id>}")
		return nil
	}
	return &Item{Pos: n.Pos, Label: p.place(where), include: &ref, apply: unresolved{ref}}
}

// unresolved stands for an include that Expand has not replaced. It rejects every rule.
type unresolved struct{ reference }

func (t unresolved) applyRule(*run) error {
	return fail(CodeInclude, "include references unresolved source '%s'", t.id)
}

func (t unresolved) applyCorrelation(r *run) error { return t.applyRule(r) }

// expander is one call of Expand.
type expander struct {
	*parser
	sources map[string]Source
	options ExpandOptions
}

// variable replaces the references in the members of v.
func (e *expander) variable(v *Var) {
	if len(v.Sources) == 0 {
		return
	}
	v.Dynamic = true
	var members []*yamldoc.Node
	for _, n := range v.Members {
		members = append(members, e.member(n)...)
	}
	v.Members = members
}

// member returns what becomes of one member: several if it is one reference to a list.
func (e *expander) member(n *yamldoc.Node) []*yamldoc.Node {
	if n.Kind != yamldoc.KindString || !sourcePattern.MatchString(n.Text) {
		return []*yamldoc.Node{n}
	}
	if ref, ok := parseReference(n.Text); ok {
		return e.whole(n, ref)
	}
	text := sourcePattern.ReplaceAllStringFunc(n.Text, func(found string) string {
		ref, _ := parseReference(found)
		value := e.value(n.Pos, ref)
		if value == nil {
			return ""
		}
		if !value.IsScalar() {
			e.warnf(n.Pos, CodeNoEffect, "", "source '%s' gives a %s, of which its JSON text is used", ref, value.Kind)
		}
		return e.text(ref, value)
	})
	return []*yamldoc.Node{textNode(n.Pos, text)}
}

// whole returns the members that a whole-value reference stands for.
func (e *expander) whole(n *yamldoc.Node, ref reference) []*yamldoc.Node {
	value := e.value(n.Pos, ref)
	switch {
	case value == nil || value.Kind == yamldoc.KindNull:
		return nil
	case value.Kind == yamldoc.KindMapping:
		e.warnf(n.Pos, CodeNoEffect, "", "source '%s' gives a mapping, of which its JSON text is used", ref)
	}
	var out []*yamldoc.Node
	for _, item := range listOf(value) {
		out = append(out, textNode(n.Pos, e.text(ref, item)))
	}
	return out
}

func textNode(pos diag.Pos, text string) *yamldoc.Node {
	return &yamldoc.Node{Kind: yamldoc.KindString, Pos: pos, Text: text}
}

// text returns the text of a value of ref.
func (e *expander) text(ref reference, n *yamldoc.Node) string {
	if e.sources[ref.id].Literal {
		return wildcardEscaper.Replace(sourceText(n))
	}
	return sourceText(n)
}

// value returns what ref refers to: nil after an error or if an optional source has no value.
func (e *expander) value(pos diag.Pos, ref reference) *yamldoc.Node {
	source, ok := e.sources[ref.id]
	if !ok {
		e.errorf(pos, CodeUnknownSource, "", "unknown source '%s'", ref.id)
		return nil
	}
	if source.Value == nil {
		return nil
	}
	n, err := ref.lookup(source.Value)
	if err != nil {
		e.errorf(pos, CodeUnknownSource, "", "%v", err)
	}
	return n
}

// items returns the items of an include.
func (e *expander) items(item *Item, where string) []*Item {
	ref := *item.include
	source, ok := e.sources[ref.id]
	if ok && source.Remote && !e.options.AllowRemoteInclude {
		e.errorf(item.Pos, CodeInclude, where, "include references remote source '%s', which is not allowed", ref.id)
		return nil
	}
	value := e.value(item.Pos, ref)
	switch {
	case value == nil && ok:
		e.warnf(item.Pos, CodeEmptySource, where, "include references unresolved source '%s'; it includes nothing", ref.id)
		return nil
	case value == nil:
		return nil
	case value.Kind != yamldoc.KindSequence:
		e.errorf(item.Pos, CodeInclude, where, "include source data must be an array, not a %s", value.Kind)
		return nil
	}
	sub := &parser{log: e.log, label: e.label, registry: registry, included: true, remote: source.Remote}
	sub.checkNode(value)
	items := sub.items(value, where+".include", nil)
	e.problems += sub.problems
	for _, it := range items {
		it.sources = []string{ref.id}
	}
	return items
}
