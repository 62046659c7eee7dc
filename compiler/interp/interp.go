// Package interp is the reference engine: it turns IR into runnable rules whose Match is a plain walk over the tree. It knows
// no operators; the leaves are rtlib's predicates, as in generated code.
package interp

import (
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
)

// Rules returns the rules of p in load order.
func Rules(p *ir.Program) []*rtlib.Rule {
	out := make([]*rtlib.Rule, len(p.Rules))
	for i, r := range p.Rules {
		out[i] = Rule(r)
	}
	return out
}

// Rule returns r as a runnable rule. It shares r's data, which must not change afterwards.
func Rule(r *ir.Rule) *rtlib.Rule {
	bodies := make(map[string]rtlib.Expr, len(r.Selections))
	for _, s := range r.Selections {
		bodies[s.Name] = s.Body
	}
	return &rtlib.Rule{
		Meta:       r.Meta,
		Match:      bind(r.Match, bodies).Eval,
		Selections: r.Selections,
		Conditions: r.Conditions,
	}
}

// bind replaces the names in a condition by the selections they stand for, which leaves one expression to walk.
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
		at := rtlib.AtLeast{N: max(c.N, 1)} // of nothing, nothing holds
		for _, n := range c.Names {
			at.Terms = append(at.Terms, bodies[n])
		}
		return at
	default:
		panic("interp: unknown condition")
	}
}

func bindAll(cs []rtlib.Cond, bodies map[string]rtlib.Expr) []rtlib.Expr {
	out := make([]rtlib.Expr, len(cs))
	for i, c := range cs {
		out[i] = bind(c, bodies)
	}
	return out
}
