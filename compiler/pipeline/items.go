package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// items reads a list of items that stands at where. outer is the nest around it, or nil.
func (p *parser) items(n *yamldoc.Node, where string, outer *Item) []*Item {
	if n == nil || n.Kind == yamldoc.KindNull {
		return nil
	}
	if n.Kind != yamldoc.KindSequence {
		p.errorf(n.Pos, CodeNotAList, "", "%s must be a list, not a %s", where, n.Kind)
		return nil
	}
	var out []*Item
	for i, entry := range n.Items {
		if item := p.item(entry, fmt.Sprintf("%s[%d]", where, i+1), outer); item != nil {
			out = append(out, item)
		}
	}
	return out
}

// item reads one item. It returns nil if nothing of it can be used.
func (p *parser) item(n *yamldoc.Node, where string, outer *Item) *Item {
	if n.Kind != yamldoc.KindMapping {
		p.errorf(n.Pos, CodeNotAMapping, where, "an item must be a mapping, not a %s", n.Kind)
		return nil
	}
	if isInclude(n) {
		return p.includeItem(n, where)
	}
	id := n.Get("id")
	if id != nil && id.IsScalar() && id.Text != "" {
		where += " (id '" + id.Text + "')"
	}
	a := &params{parser: p, node: n, where: where}
	item := &Item{ID: a.identifier(), Pos: n.Pos, Label: p.place(where), outer: outer}
	e, ok := p.transformationType(a, item)
	p.gates(a, item, e.kind)
	if ok {
		item.apply = e.read(a, item)
		a.finish()
	}
	return item
}

// isInclude reports whether the entry n stands for the items of a source. Placeholder items have a parameter of that name.
func isInclude(n *yamldoc.Node) bool {
	value := n.Get("include")
	return value != nil && (n.Get("type") == nil || strings.HasPrefix(value.Text, sourceStart))
}

// identifier reads the id, which may be any scalar.
func (a *params) identifier() string {
	n := a.value("id")
	if n == nil || n.Kind == yamldoc.KindNull {
		return ""
	}
	if !n.IsScalar() {
		a.invalid(n, "id", "expected a string, not a %s", n.Kind)
	}
	return n.Text
}

// transformationType looks the type of an item up in the registry.
func (p *parser) transformationType(a *params, item *Item) (entry, bool) {
	n := a.value("type")
	if n == nil || n.Kind != yamldoc.KindString || n.Text == "" {
		p.errorf(a.node.Pos, CodeMissingType, a.where, "missing transformation type")
		return entry{}, false
	}
	item.Type = n.Text
	if canonical, ok := typeAliases[n.Text]; ok {
		p.compatible(n.Pos, a.where, "type '"+n.Text+"'", "'"+canonical+"'")
		item.Type = canonical
	}
	e, ok := p.registry[item.Type]
	if !ok {
		known := slices.Sorted(maps.Keys(p.registry))
		p.errorf(n.Pos, CodeUnknownType, a.where, "unknown transformation type '%s'", n.Text).Hint = diag.Suggest(n.Text, known)
	}
	if e.external && p.remote {
		p.errorf(n.Pos, CodeInclude, a.where, "items from a remote source may not contain '%s'", item.Type)
	}
	return e, ok
}

// compatible warns of a spelling that is understood but not standard (section 3.2).
func (p *parser) compatible(pos diag.Pos, where, spelling, standard string) {
	p.warnf(pos, CodeCompatibility, where, "%s is not understood everywhere; write %s", spelling, standard)
}

// gates reads the three groups of conditions and warns of those that kind never looks at.
func (p *parser) gates(a *params, item *Item, kind kind) {
	item.rules = readGate(a, "rule", "rule_conditions", ruleConditions)
	item.items = readGate(a, "detection_item", "detection_item_conditions", itemConditions)
	item.fields = readGate(a, "field_name", "field_name_conditions", fieldConditions)
	if kind != kindRule {
		return
	}
	for _, key := range []string{"detection_item_conditions", "field_name_conditions"} {
		if n := a.node.Get(key); n != nil {
			p.warnf(n.Pos, CodeNoEffect, a.where, "%s has no effect on this type of transformation", key)
		}
	}
}
