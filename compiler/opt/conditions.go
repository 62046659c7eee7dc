package opt

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
)

// simplifyCondition rewrites what the engines evaluate: selectors become plain AND or OR, double negations go, nested ANDs
// and ORs are flattened, repeated terms are dropped, and what can never hold is cut out.
func simplifyCondition(r *ir.Rule) { r.Match = simplify(r.Match) }

// never is the condition that never holds.
func never() rtlib.Cond { return rtlib.OfSels{N: 1} }

func isNever(c rtlib.Cond) bool {
	of, ok := c.(rtlib.OfSels)
	return ok && len(of.Names) == 0
}

// always is the negation of never.
func isAlways(c rtlib.Cond) bool {
	not, ok := c.(rtlib.NotCond)
	return ok && isNever(not.X)
}

func simplify(c rtlib.Cond) rtlib.Cond {
	switch c := c.(type) {
	case rtlib.NotCond:
		return negate(simplify(c.X))
	case rtlib.AllConds:
		return join(c, true)
	case rtlib.AnyConds:
		return join(c, false)
	case rtlib.OfSels:
		return selector(c)
	default:
		return c
	}
}

func negate(x rtlib.Cond) rtlib.Cond {
	if not, ok := x.(rtlib.NotCond); ok {
		return not.X
	}
	return rtlib.NotCond{X: x}
}

// selector turns "all of" and "1 of" into AND and OR; counts in between stay.
func selector(c rtlib.OfSels) rtlib.Cond {
	var terms []rtlib.Cond
	for _, n := range c.Names {
		terms = append(terms, rtlib.Sel(n))
	}
	switch {
	case c.N > len(c.Names):
		return never()
	case len(terms) == 1:
		return terms[0]
	case c.N == len(terms):
		return rtlib.AllConds(terms)
	case c.N == 1:
		return rtlib.AnyConds(terms)
	default:
		return c
	}
}

// join simplifies the terms of an AND (all) or OR.
func join(terms []rtlib.Cond, all bool) rtlib.Cond {
	var out []rtlib.Cond
	for _, t := range flatten(terms, all) {
		switch {
		case all && isNever(t), !all && isAlways(t):
			return t
		case all && isAlways(t), !all && isNever(t):
			continue // neutral
		}
		if sel, ok := t.(rtlib.Sel); ok && slices.Contains(out, rtlib.Cond(sel)) {
			continue
		}
		out = append(out, t)
	}
	switch {
	case len(out) == 1:
		return out[0]
	case len(out) == 0 && all:
		return rtlib.NotCond{X: never()}
	case len(out) == 0:
		return never()
	case all:
		return rtlib.AllConds(out)
	default:
		return rtlib.AnyConds(out)
	}
}

// flatten simplifies the terms and lifts those that are joined the same way.
func flatten(terms []rtlib.Cond, all bool) []rtlib.Cond {
	var out []rtlib.Cond
	for _, t := range terms {
		t = simplify(t)
		if inner, ok := t.(rtlib.AllConds); ok && all {
			out = append(out, inner...)
			continue
		}
		if inner, ok := t.(rtlib.AnyConds); ok && !all {
			out = append(out, inner...)
			continue
		}
		out = append(out, t)
	}
	return out
}
