package synth

import (
	"strconv"

	"github.com/rsigma-go/rsigma/rtlib"
)

type kind uint8

const (
	leafNode kind = iota // a predicate
	allNode
	anyNode
	notNode
	countNode
	eachNode // an array block; its only term is the body
)

// node is a part of a selection with its branches. Branches are indexes of Rule.Branches, -1 for none.
type node struct {
	kind   kind
	expr   rtlib.Expr
	parent *node
	terms  []*node
	n      int // countNode

	pred  *rtlib.Pred
	check *rtlib.Pred // pred, on a field that a lone value can be put under
	// operands are pred with one operand each, in check's field, nil if there is at most one.
	operands []*rtlib.Pred

	each  *rtlib.Each
	visit *rtlib.Each // shows every member to seen
	seen  func(member *rtlib.Event)

	yes, no, first int // first: the branch of the first operand

	val bool // in the observation at hand
}

// selfTwin is where a member that is judged as a whole is put to try a predicate on it.
const selfTwin = rtlib.Literal + "self"

type builder struct {
	rule      *Rule
	selection string
	hidden    bool
	checks    rtlib.AllOf // predicates that have to be prepared
	fields    []rtlib.FieldID
}

func (b *builder) branch(text string) int { return b.rule.branch(b.selection, b.hidden, "%s", text) }

func (b *builder) node(x rtlib.Expr, parent *node) *node {
	n := &node{expr: x, parent: parent, yes: -1, no: -1, first: -1}
	switch x := x.(type) {
	case *rtlib.Pred:
		n.kind = leafNode
		b.leaf(n, x)
	case rtlib.AllOf:
		n.kind = allNode
		b.terms(n, x)
	case rtlib.AnyOf:
		n.kind = anyNode
		b.terms(n, x)
	case rtlib.Not:
		n.kind = notNode
		b.terms(n, []rtlib.Expr{x.X})
	case rtlib.AtLeast:
		n.kind, n.n = countNode, x.N
		n.yes = b.branch(strconv.Itoa(x.N) + " of " + strconv.Itoa(len(x.Terms)) + " hold")
		n.no = b.branch("fewer than " + strconv.Itoa(x.N) + " of " + strconv.Itoa(len(x.Terms)) + " hold")
		b.terms(n, x.Terms)
	case *rtlib.Each:
		n.kind, n.each = eachNode, x
		name := x.Field.Name() + " (array, " + x.Quant.String() + ") "
		n.yes, n.no = b.branch(name+"holds"), b.branch(name+"does not hold")
		quant := rtlib.EachAny
		if x.Quant == rtlib.EachOne {
			quant = rtlib.EachOne
		}
		n.visit = &rtlib.Each{Field: x.Field, Quant: quant, Body: visitor{n}}
		b.terms(n, []rtlib.Expr{x.Body})
	default:
		panic("synth: unknown expression")
	}
	return n
}

func (b *builder) terms(n *node, xs []rtlib.Expr) {
	for _, x := range xs {
		n.terms = append(n.terms, b.node(x, n))
	}
}

// visitor is the body of an array block that looks at every member.
type visitor struct{ n *node }

// Eval implements rtlib.Expr. It never holds, so that the block goes on.
func (v visitor) Eval(member *rtlib.Event) bool {
	v.n.seen(member)
	return false
}

func (b *builder) leaf(n *node, p *rtlib.Pred) {
	n.pred, n.check = p, p
	field := p.Field
	if field == rtlib.Self {
		field = selfTwin
		n.check = &rtlib.Pred{Op: p.Op, Field: field, All: p.All, Strings: p.Strings, Ints: p.Ints, Floats: p.Floats, Part: p.Part, Want: p.Want}
		b.checks = append(b.checks, n.check)
	}
	b.fields = append(b.fields, field.ID())
	ops := operandsOf(p, field)
	if len(ops) > 1 {
		n.operands = ops
		for _, op := range ops {
			b.checks = append(b.checks, op)
		}
	}
	switch {
	case len(ops) <= 1:
		n.yes, n.no = b.branch(predText(p)), b.branch("not "+predText(p))
	case p.All:
		n.yes = b.branch(itemText(p) + " all " + strconv.Itoa(len(ops)))
		n.first = len(b.rule.Branches)
		for _, op := range ops {
			b.branch(itemText(p) + " all but " + operandText(op))
		}
	default:
		n.first = len(b.rule.Branches)
		for _, op := range ops {
			b.branch(predText(op))
		}
		n.no = b.branch(itemText(p) + " none of " + strconv.Itoa(len(ops)))
	}
}

// operandsOf returns p on the given field once for each operand.
func operandsOf(p *rtlib.Pred, field rtlib.Field) []*rtlib.Pred {
	var out []*rtlib.Pred
	one := func() *rtlib.Pred {
		out = append(out, &rtlib.Pred{Op: p.Op, Field: field, Part: p.Part, Want: p.Want})
		return out[len(out)-1]
	}
	for i := range p.Strings {
		one().Strings = p.Strings[i : i+1]
	}
	for i := range p.Ints {
		one().Ints = p.Ints[i : i+1]
	}
	for i := range p.Floats {
		one().Floats = p.Floats[i : i+1]
	}
	return out
}

// itemText is a predicate without its operands, for people.
func itemText(p *rtlib.Pred) string {
	text := p.Field.Name() + " " + p.Op.Matcher()
	if p.Op >= rtlib.NumEqual && p.Op <= rtlib.NumLessEqual {
		text = p.Field.Name() + " " + comparisons[p.Op-rtlib.NumEqual]
	}
	if p.Part != rtlib.PartInvalid {
		text = p.Field.Name() + " " + p.Part.String() + " " + comparisons[p.Op-rtlib.TimeEqual]
	}
	return text
}

var comparisons = [...]string{"=", ">", ">=", "<", "<="}

// operandText is the first operand of p, for people.
func operandText(p *rtlib.Pred) string {
	switch {
	case len(p.Strings) > 0:
		const most = 120
		s := p.Strings[0]
		if r := []rune(s); len(r) > most {
			s = string(r[:most]) + "…"
		}
		return `"` + s + `"`
	case len(p.Ints) > 0:
		return strconv.FormatInt(p.Ints[0], 10)
	case len(p.Floats) > 0:
		return strconv.FormatFloat(p.Floats[0], 'g', -1, 64)
	case p.Op.Operands() == rtlib.OperandsWant:
		return strconv.FormatBool(p.Want)
	default:
		return ""
	}
}

func predText(p *rtlib.Pred) string {
	text := itemText(p)
	if op := operandText(p); op != "" {
		text += " " + op
	}
	return text
}
