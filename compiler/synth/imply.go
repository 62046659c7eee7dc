package synth

import (
	"slices"

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
		return some(any, func(t rtlib.Expr) bool { return p.implies(x, t) }) || p.eachAlternative(x, y)
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

// eachAlternative reports whether x is an item with several alternatives, each of which implies y.
func (p *prover) eachAlternative(x, y rtlib.Expr) bool {
	pred, ok := x.(*rtlib.Pred)
	if !ok || pred.All {
		return false
	}
	ops := operandsOf(pred, pred.Field)
	return len(ops) > 1 && !slices.ContainsFunc(ops, func(op *rtlib.Pred) bool { return !p.implies(op, y) })
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
