package lower

import (
	"github.com/rsigma-go/rsigma/compiler/condition"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/rtlib"
)

// group lowers a detection body. The shape is what rtlib.Rule.Explain relies on: a mapping is an AllOf of its items even if
// it has only one, a list is an AnyOf of such bodies.
func (l *lowerer) group(g *sigma.Group) rtlib.Expr {
	terms := make([]rtlib.Expr, 0, len(g.Nodes))
	for _, n := range g.Nodes {
		term := l.node(n)
		if g.Any && isItem(n) {
			term = rtlib.AllOf{term}
		}
		terms = append(terms, term)
	}
	if g.Any {
		return rtlib.AnyOf(terms)
	}
	return rtlib.AllOf(terms)
}

func isItem(n sigma.Node) bool {
	_, group := n.(*sigma.Group)
	return !group
}

func (l *lowerer) node(n sigma.Node) rtlib.Expr {
	switch n := n.(type) {
	case *sigma.Group:
		return l.group(n)
	case *sigma.Block:
		return l.block(n)
	case *sigma.Item:
		return l.item(n)
	default:
		panic("lower: unknown detection node")
	}
}

// block lowers an array selector. The extended form has selections of its own, which nothing reports, so its condition is
// spelled out as one expression.
func (l *lowerer) block(b *sigma.Block) rtlib.Expr {
	each := &rtlib.Each{Field: field(b.Field), Quant: quantifiers[b.Quant]}
	if b.Body != nil {
		each.Body = l.group(b.Body)
		return each
	}
	bodies := map[string]rtlib.Expr{}
	for _, d := range b.Detections {
		bodies[d.Name] = l.group(d.Body)
	}
	var alternatives rtlib.AnyOf
	for _, c := range b.Conditions {
		alternatives = append(alternatives, inline(c.Tree, detectionNames(b.Detections), bodies))
	}
	each.Body = alternatives
	if len(alternatives) == 1 {
		each.Body = alternatives[0]
	}
	return each
}

var quantifiers = [...]rtlib.Quant{
	sigma.QuantAny:        rtlib.EachAny,
	sigma.QuantAll:        rtlib.EachAll,
	sigma.QuantAllOrEmpty: rtlib.EachAllOrEmpty,
	sigma.QuantNone:       rtlib.EachNone,
	sigma.QuantElement:    rtlib.EachOne,
}

// inline replaces the names of a condition by the detections they stand for.
func inline(e condition.Expr, names []string, bodies map[string]rtlib.Expr) rtlib.Expr {
	switch e := e.(type) {
	case *condition.Name:
		return bodies[e.Text]
	case *condition.Not:
		return rtlib.Not{X: inline(e.X, names, bodies)}
	case *condition.And:
		return rtlib.AllOf(inlineAll(e.Terms, names, bodies))
	case *condition.Or:
		return rtlib.AnyOf(inlineAll(e.Terms, names, bodies))
	case *condition.Selector:
		var picked []rtlib.Expr
		for _, n := range pick(e, names) {
			picked = append(picked, bodies[n])
		}
		n := e.Count
		if e.All {
			n = max(len(picked), 1)
		}
		return rtlib.AtLeast{N: n, Terms: picked}
	default:
		panic("lower: condition without a tree")
	}
}

func inlineAll(es []condition.Expr, names []string, bodies map[string]rtlib.Expr) []rtlib.Expr {
	out := make([]rtlib.Expr, len(es))
	for i, e := range es {
		out[i] = inline(e, names, bodies)
	}
	return out
}

// field names what an item looks at in rtlib's terms.
func field(f sigma.Field) rtlib.Field {
	switch f.Kind {
	case sigma.FieldIndexed:
		return rtlib.Indexed + rtlib.Field(f.Name)
	case sigma.FieldSelf:
		return rtlib.Self
	case sigma.FieldKeyword:
		return rtlib.AnyString
	default:
		return rtlib.Field(f.Name)
	}
}
