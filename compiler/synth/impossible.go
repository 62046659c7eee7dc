package synth

import (
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
)

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
