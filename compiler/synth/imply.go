package synth

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
)

// Implies reports whether every event that a matches is one that b matches, where that can be seen from what both say: items that
// are the same or narrower, more terms, fewer alternatives. False says nothing.
func Implies(a, b *ir.Rule) bool {
	p := prover{budget: maxSteps}
	return p.implies(bindRule(a), bindRule(b))
}

// maxSteps bounds a search for a proof.
const maxSteps = 200_000

func bindRule(r *ir.Rule) rtlib.Expr {
	bodies := map[string]rtlib.Expr{}
	for _, s := range r.Selections {
		bodies[s.Name] = s.Body
	}
	return bind(rtlib.AnyConds(r.Conditions), bodies)
}

// bind replaces the names in a condition by the selections they stand for.
func bind(c rtlib.Cond, bodies map[string]rtlib.Expr) rtlib.Expr {
	switch c := c.(type) {
	case rtlib.Sel:
		return bodies[string(c)]
	case rtlib.NotCond:
		return rtlib.Not{X: bind(c.X, bodies)}
	case rtlib.AllConds:
		return rtlib.AllOf(bindAll(c, bodies))
	case rtlib.AnyConds:
		return rtlib.AnyOf(bindAll(c, bodies))
	case rtlib.OfSels:
		return rtlib.AtLeast{N: max(c.N, 1), Terms: bindAll(asConds(c.Names), bodies)}
	default:
		panic("synth: unknown condition")
	}
}

func bindAll(cs []rtlib.Cond, bodies map[string]rtlib.Expr) []rtlib.Expr {
	out := make([]rtlib.Expr, len(cs))
	for i, c := range cs {
		out[i] = bind(c, bodies)
	}
	return out
}

type prover struct{ budget int }

// plainForm turns counts that are an AND or an OR into one, drops double negations and takes apart AND and OR of one term.
func plainForm(x rtlib.Expr) rtlib.Expr {
	switch x := x.(type) {
	case rtlib.AtLeast:
		switch {
		case x.N <= 0:
			return rtlib.AllOf{}
		case x.N > len(x.Terms):
			return rtlib.AnyOf{}
		case x.N == len(x.Terms):
			return plainForm(rtlib.AllOf(x.Terms))
		case x.N == 1:
			return plainForm(rtlib.AnyOf(x.Terms))
		}
	case rtlib.AllOf:
		if len(x) == 1 {
			return plainForm(x[0])
		}
	case rtlib.AnyOf:
		if len(x) == 1 {
			return plainForm(x[0])
		}
	case rtlib.Not:
		if inner, ok := plainForm(x.X).(rtlib.Not); ok {
			return plainForm(inner.X)
		}
	}
	return x
}

// implies reports whether y holds wherever x does, as far as it can see.
func (p *prover) implies(x, y rtlib.Expr) bool {
	if p.budget--; p.budget < 0 {
		return false
	}
	x, y = plainForm(x), plainForm(y)
	if any, ok := x.(rtlib.AnyOf); ok {
		return every(any, func(t rtlib.Expr) bool { return p.implies(t, y) })
	}
	if all, ok := y.(rtlib.AllOf); ok {
		return every(all, func(t rtlib.Expr) bool { return p.implies(x, t) })
	}
	if all, ok := x.(rtlib.AllOf); ok && some(all, func(t rtlib.Expr) bool { return p.implies(t, y) }) {
		return true
	}
	if any, ok := y.(rtlib.AnyOf); ok {
		return some(any, func(t rtlib.Expr) bool { return p.implies(x, t) })
	}
	switch x := x.(type) {
	case rtlib.Not:
		y, ok := y.(rtlib.Not)
		return ok && p.implies(y.X, x.X)
	case rtlib.AtLeast:
		y, ok := y.(rtlib.AtLeast)
		return ok && y.N <= x.N && len(x.Terms) <= len(y.Terms) && p.pairwise(x.Terms, y.Terms)
	case *rtlib.Each:
		y, ok := y.(*rtlib.Each)
		return ok && x.Field == y.Field && p.each(x, y)
	case *rtlib.Pred:
		switch y := y.(type) {
		case *rtlib.Pred:
			return predImplies(x, y)
		case rtlib.Not:
			q, ok := y.X.(*rtlib.Pred)
			return ok && q.Field == x.Field && present(x) && (q.Op == rtlib.IsNull || q.Op == rtlib.Exists && !q.Want)
		}
	}
	return false
}

// pairwise reports whether each term of xs implies the term of ys in its place.
func (p *prover) pairwise(xs, ys []rtlib.Expr) bool {
	for i, x := range xs {
		if !p.implies(x, ys[i]) {
			return false
		}
	}
	return true
}

func (p *prover) each(x, y *rtlib.Each) bool {
	all := func(q rtlib.Quant) bool { return q == rtlib.EachAll || q == rtlib.EachAllOrEmpty }
	switch {
	case x.Quant == rtlib.EachNone:
		return y.Quant == rtlib.EachNone && p.implies(y.Body, x.Body)
	case x.Quant == y.Quant,
		x.Quant == rtlib.EachAll && (all(y.Quant) || y.Quant == rtlib.EachAny):
		return p.implies(x.Body, y.Body)
	default:
		return false
	}
}

func every(xs []rtlib.Expr, f func(rtlib.Expr) bool) bool {
	return !slices.ContainsFunc(xs, func(x rtlib.Expr) bool { return !f(x) })
}

func some(xs []rtlib.Expr, f func(rtlib.Expr) bool) bool { return slices.ContainsFunc(xs, f) }

// present reports whether p holds only for fields that are there and not null.
func present(p *rtlib.Pred) bool {
	return p.Op != rtlib.IsNull && p.Op != rtlib.Exists && !isRef(p)
}

// predImplies compares two predicates on the same field, operand by operand: some element satisfies them, so what holds for an
// element holds for the field.
func predImplies(p, q *rtlib.Pred) bool {
	if p.Field != q.Field {
		return false
	}
	if q.Op == rtlib.Exists && q.Want && p.Field != rtlib.AnyString {
		return present(p) || p.Op == rtlib.Exists && p.Want
	}
	ps, qs := operandsOf(p, p.Field), operandsOf(q, q.Field)
	if len(ps) == 0 || len(qs) == 0 {
		return len(ps) == len(qs) && p.Op == q.Op && p.Want == q.Want && p.Op.Operands() != rtlib.OperandsStrings && p.Op.Operands() != rtlib.OperandsNumbers
	}
	one := func(a *rtlib.Pred) func(*rtlib.Pred) bool {
		return func(b *rtlib.Pred) bool { return operandImplies(a, b) }
	}
	met := func(a *rtlib.Pred) bool { // a alone makes q hold
		if q.All {
			return !slices.ContainsFunc(qs, func(b *rtlib.Pred) bool { return !operandImplies(a, b) })
		}
		return slices.ContainsFunc(qs, one(a))
	}
	switch {
	case !p.All:
		return !slices.ContainsFunc(ps, func(a *rtlib.Pred) bool { return !met(a) })
	case !q.All:
		return slices.ContainsFunc(ps, met)
	default:
		return !slices.ContainsFunc(qs, func(b *rtlib.Pred) bool {
			return !slices.ContainsFunc(ps, func(a *rtlib.Pred) bool { return operandImplies(a, b) })
		})
	}
}

// operandImplies compares two predicates of one operand each on the same field.
func operandImplies(a, b *rtlib.Pred) bool {
	if a.Op == b.Op && a.Part == b.Part && slices.Equal(a.Strings, b.Strings) && slices.Equal(a.Ints, b.Ints) && slices.Equal(a.Floats, b.Floats) {
		return true
	}
	switch {
	case a.Op == rtlib.CIDR && b.Op == rtlib.CIDR:
		return netContains(b.Strings[0], a.Strings[0])
	case isNumber(a) && isNumber(b):
		return numberImplies(a, b)
	case a.Op < rtlib.Equal || a.Op > rtlib.ContainsFold:
		return false
	}
	folded := a.Op.IsFold()
	if folded && !b.Op.IsFold() {
		return false
	}
	if a.Op == rtlib.Equal || a.Op == rtlib.EqualFold {
		return textual(b) && holdsFor(b, a.Strings[0])
	}
	s, t := a.Strings[0], ""
	if len(b.Strings) > 0 {
		t = b.Strings[0]
	}
	if b.Op.IsFold() {
		s, t = rtlib.Fold(s), rtlib.Fold(t)
	}
	switch b.Op {
	case rtlib.Prefix, rtlib.PrefixFold:
		return (a.Op == rtlib.Prefix || a.Op == rtlib.PrefixFold) && strings.HasPrefix(s, t)
	case rtlib.Suffix, rtlib.SuffixFold:
		return (a.Op == rtlib.Suffix || a.Op == rtlib.SuffixFold) && strings.HasSuffix(s, t)
	case rtlib.Contains, rtlib.ContainsFold:
		return strings.Contains(s, t)
	default:
		return false
	}
}

// textual reports whether p judges nothing but the text of an element.
func textual(p *rtlib.Pred) bool {
	return p.Op >= rtlib.Equal && p.Op <= rtlib.GlobDashFold || p.Op == rtlib.Regex || p.Op == rtlib.CIDR
}

// holdsFor asks p about a field that holds text.
func holdsFor(p *rtlib.Pred, text string) bool {
	lone := &rtlib.Pred{Op: p.Op, Field: selfTwin, Strings: p.Strings}
	id := selfTwin.ID()
	ev := rtlib.NewEvent()
	ev.Reset(rtlib.ShapeJSON, nil)
	ev.Put(id, rtlib.Value{Kind: rtlib.String, Text: text, Fold: rtlib.Fold(text)})
	return lone.Match(ev)
}

func isNumber(p *rtlib.Pred) bool {
	return (p.Op >= rtlib.NumEqual && p.Op <= rtlib.NumLessEqual) && len(p.Ints) == 1
}

// numberImplies compares bounds.
func numberImplies(a, b *rtlib.Pred) bool {
	m, n := a.Ints[0], b.Ints[0]
	const exact = 1 << 53 // beyond, doubles and integers compare differently
	if m > exact || m < -exact || n > exact || n < -exact {
		return false
	}
	switch a.Op {
	case rtlib.NumEqual:
		return b.Op == rtlib.NumEqual && m == n || b.Op == rtlib.NumGreater && m > n || b.Op == rtlib.NumGreaterEqual && m >= n ||
			b.Op == rtlib.NumLess && m < n || b.Op == rtlib.NumLessEqual && m <= n
	case rtlib.NumGreater:
		return (b.Op == rtlib.NumGreater || b.Op == rtlib.NumGreaterEqual) && m >= n
	case rtlib.NumGreaterEqual:
		return b.Op == rtlib.NumGreaterEqual && m >= n || b.Op == rtlib.NumGreater && m > n
	case rtlib.NumLess:
		return (b.Op == rtlib.NumLess || b.Op == rtlib.NumLessEqual) && m <= n
	default:
		return b.Op == rtlib.NumLessEqual && m <= n || b.Op == rtlib.NumLess && m < n
	}
}

func netContains(outer, inner string) bool {
	o, err1 := rtlib.ParseNetwork(outer)
	i, err2 := rtlib.ParseNetwork(inner)
	return err1 == nil && err2 == nil && o.Bits() <= i.Bits() && o.Overlaps(netip.PrefixFrom(i.Addr(), i.Bits()))
}

// maxSelections is how many selections a rule may have for Impossible to look at every way they can come out.
const maxSelections = 14

// Impossible reports whether r can match no event, where that can be seen from its conditions and from selections of which one
// implies another. False says nothing.
func Impossible(r *ir.Rule) bool {
	if p := (&prover{budget: maxSteps}); p.implies(bindRule(r), rtlib.AnyOf{}) {
		return true
	}
	used := map[string]bool{}
	names(rtlib.AnyConds(r.Conditions), used)
	var sels []rtlib.Selection
	bit := map[string]int{}
	for _, s := range r.Selections {
		if used[s.Name] {
			bit[s.Name] = len(sels)
			sels = append(sels, s)
		}
	}
	if len(sels) > maxSelections {
		return false
	}
	implied := make([]uint, len(sels)) // by selection: those that hold with it
	for i, a := range sels {
		for j, b := range sels {
			if p := (&prover{budget: maxSteps / 100}); i != j && p.implies(a.Body, b.Body) {
				implied[i] |= 1 << j
			}
		}
	}
	for v := range uint(1) << len(sels) {
		possible := true
		for i := range sels {
			if v>>i&1 != 0 && implied[i]&^v != 0 {
				possible = false
			}
		}
		if possible && judgeBits(rtlib.AnyConds(r.Conditions), bit, v) {
			return false
		}
	}
	return true
}

// judgeBits judges a condition by the bits of its selections.
func judgeBits(c rtlib.Cond, bit map[string]int, v uint) bool {
	count := func(cs []rtlib.Cond) (n int) {
		for _, c := range cs {
			if judgeBits(c, bit, v) {
				n++
			}
		}
		return n
	}
	switch c := c.(type) {
	case rtlib.Sel:
		return v>>bit[string(c)]&1 != 0
	case rtlib.NotCond:
		return !judgeBits(c.X, bit, v)
	case rtlib.AllConds:
		return count(c) == len(c)
	case rtlib.AnyConds:
		return count(c) > 0
	case rtlib.OfSels:
		return count(asConds(c.Names)) >= max(c.N, 1)
	default:
		return true
	}
}

// Redundant returns the branches of alternatives that another alternative of the same item covers, so that they never decide.
func (r *Rule) Redundant() []int {
	var out []int
	for _, s := range r.selections {
		out = s.body.redundant(out)
	}
	return out
}

func (n *node) redundant(out []int) []int {
	const most = 2000 // alternatives that are compared with each other
	if n.kind == leafNode && !n.pred.All && len(n.operands) <= most {
		for i, a := range n.operands {
			for j, b := range n.operands {
				if i != j && operandImplies(a, b) && (j < i || !operandImplies(b, a)) {
					out = append(out, n.first+i)
					break
				}
			}
		}
	}
	for _, t := range n.terms {
		out = t.redundant(out)
	}
	return out
}
