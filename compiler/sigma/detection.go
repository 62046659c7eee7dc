package sigma

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// maxItems is how many items the selections of one document may have (reliability.md section 6). The number of values is not limited.
const maxItems = 1024

// arraysVersion is the first sigma-version with array selectors.
const arraysVersion = 3

// detections reads the search identifiers of the mapping n and leaves out the reserved keys. A definition with errors stays
// in the result, so that conditions may name it. inBlock says that n lies inside an array selector.
func (r *reader) detections(n *yamldoc.Node, inBlock bool, reserved ...string) []*Detection {
	var out []*Detection
	for _, p := range n.Pairs {
		if slices.Contains(reserved, p.Key) {
			if p.Key == "timeframe" {
				r.warnf(p.KeyPos, diag.CodeTimeframe, "timeframe is ignored").Hint = "write a correlation rule with a timespan"
			}
			continue
		}
		out = append(out, &Detection{Name: p.Key, Pos: p.KeyPos, Body: r.group(p.Value, inBlock)})
	}
	return out
}

// group reads one definition by the table of section 4. It never returns nil.
func (r *reader) group(n *yamldoc.Node, inBlock bool) *Group {
	g := &Group{Pos: n.Pos}
	switch {
	case n.Kind == yamldoc.KindMapping && len(n.Pairs) > 0:
		for _, p := range n.Pairs {
			g.add(r.entry(p, inBlock))
		}
	case n.Kind == yamldoc.KindSequence && slices.ContainsFunc(n.Items, isCollection):
		g.Any = true
		for _, item := range n.Items {
			g.Nodes = append(g.Nodes, r.group(item, inBlock))
		}
	case n.Kind == yamldoc.KindNull || len(listOf(n)) == 0 || n.Kind == yamldoc.KindMapping:
		r.errorf(n.Pos, diag.CodeEmptyDetection, "empty detection")
	default:
		g.add(r.item(n.Pos, Field{Kind: FieldKeyword}, nil, n))
	}
	return g
}

// add appends what a parser made of an entry, unless it was rejected.
func (g *Group) add(n Node) {
	if n != nil {
		g.Nodes = append(g.Nodes, n)
	}
}

// isCollection reports whether n is a mapping or a list.
func isCollection(n *yamldoc.Node) bool { return !n.IsScalar() }

// entry reads one "field|modifier: values" of a mapping. It returns nil after an error.
func (r *reader) entry(p yamldoc.Pair, inBlock bool) Node {
	field, modifiers := splitKey(p.Key, p.KeyPos)
	switch {
	case field == "":
		return r.item(p.KeyPos, Field{Kind: FieldKeyword}, modifiers, p.Value)
	case r.version < arraysVersion:
		return r.item(p.KeyPos, Field{Name: field}, modifiers, p.Value)
	}
	return r.pathEntry(key{field, p.KeyPos, modifiers}, p.Value, inBlock)
}

// splitKey takes the key of an entry apart. The field is literal up to the first bar.
func splitKey(text string, pos diag.Pos) (field string, modifiers []Modifier) {
	field, rest, more := strings.Cut(text, "|")
	pos.Col += utf8.RuneCountInString(field) + 1
	for more {
		var name string
		name, rest, more = strings.Cut(rest, "|")
		modifiers = append(modifiers, Modifier{Name: name, Pos: pos})
		pos.Col += utf8.RuneCountInString(name) + 1
	}
	return field, modifiers
}

// item reads the value side of an entry, a scalar or a list of scalars. It returns nil after an error.
func (r *reader) item(pos diag.Pos, field Field, modifiers []Modifier, value *yamldoc.Node) Node {
	if r.items++; r.items > maxItems {
		if r.items == maxItems+1 { // once is enough
			r.errorf(pos, diag.CodeTooManyItems, "too many items: at most %d are allowed in the selections of a rule", maxItems)
		}
		return nil
	}
	values := listOf(value)
	if len(values) == 0 {
		r.errorf(value.Pos, diag.CodeEmptyValueList, "empty value list")
		return nil
	}
	ok := true
	for _, v := range values {
		ok = r.usable(v) && ok
	}
	if !ok {
		return nil
	}
	return &Item{Pos: pos, Field: field, Modifiers: modifiers, Raw: slices.Clone(values)}
}

// usable reports an error for a value that no field can be compared with.
func (r *reader) usable(v *yamldoc.Node) bool {
	switch {
	case !v.IsScalar():
		r.errorf(v.Pos, diag.CodeUnsupportedValue, "unsupported value: a %s cannot be compared with a field", v.Kind)
		return false
	case v.Kind == yamldoc.KindFloat && !isFinite(v.Float):
		r.errorf(v.Pos, diag.CodeUnsupportedValue, "unsupported value: %s is not a finite number", v.Text)
		return false
	}
	return true
}
