package synth

import (
	"math/rand/v2"
	"slices"

	"github.com/rsigma-go/rsigma/rtlib"
)

// want is what a leaf or an array block must come out as.
type want struct {
	n     *node
	holds bool
	// operand, if not -1, is the only one that holds, or of a predicate that needs all the only one that does not.
	operand int
	members [][]want // of an array block: what each of its members must be
}

// planner collects what the leaves must be so that a part of a rule comes out as asked. It does not see contradictions between
// fields; whoever uses the plan finds out.
type planner struct {
	rng   *rand.Rand
	try   int // the first try takes the first alternative everywhere
	wants []want
	sel   map[string]bool // what selections must be
}

// pick returns one of k alternatives.
func (p *planner) pick(k int) int {
	if p.try == 0 || k <= 1 {
		return 0
	}
	return p.rng.IntN(k)
}

// some returns k of the numbers below n.
func (p *planner) some(k, n int) []int {
	if p.try == 0 {
		out := make([]int, k)
		for i := range out {
			out[i] = i
		}
		return out
	}
	out := p.rng.Perm(n)[:k]
	slices.Sort(out)
	return out
}

// set asks for the selection name to come out as holds. It is false if the opposite was asked for.
func (p *planner) set(name string, holds bool) bool {
	if was, ok := p.sel[name]; ok {
		return was == holds
	}
	p.sel[name] = holds
	return true
}

// cond asks for c to come out as holds.
func (p *planner) cond(c rtlib.Cond, holds bool) bool {
	switch c := c.(type) {
	case rtlib.Sel:
		return p.set(string(c), holds)
	case rtlib.NotCond:
		return p.cond(c.X, !holds)
	case rtlib.AllConds:
		return p.conds(c, len(c), holds)
	case rtlib.AnyConds:
		return p.conds(c, 1, holds)
	case rtlib.OfSels:
		return p.conds(asConds(c.Names), max(c.N, 1), holds)
	default:
		return false
	}
}

func asConds(names []string) []rtlib.Cond {
	out := make([]rtlib.Cond, len(names))
	for i, n := range names {
		out[i] = rtlib.Sel(n)
	}
	return out
}

// conds asks for "n or more of cs" to come out as holds.
func (p *planner) conds(cs []rtlib.Cond, n int, holds bool) bool {
	k := n
	if !holds {
		k = len(cs) - n + 1
	}
	if k > len(cs) || k < 0 {
		return false
	}
	for _, i := range p.some(k, len(cs)) {
		if !p.cond(cs[i], holds) {
			return false
		}
	}
	return true
}

// decideCond asks for everything but the selection name to be such that it decides c.
func (p *planner) decideCond(c rtlib.Cond, name string) bool {
	switch c := c.(type) {
	case rtlib.Sel:
		return true
	case rtlib.NotCond:
		return p.decideCond(c.X, name)
	case rtlib.AllConds:
		return p.decideConds(c, len(c), name)
	case rtlib.AnyConds:
		return p.decideConds(c, 1, name)
	case rtlib.OfSels:
		return p.decideConds(asConds(c.Names), max(c.N, 1), name)
	default:
		return false
	}
}

func (p *planner) decideConds(cs []rtlib.Cond, n int, name string) bool {
	var on, off []rtlib.Cond
	for _, c := range cs {
		used := map[string]bool{}
		if names(c, used); used[name] {
			on = append(on, c)
		} else {
			off = append(off, c)
		}
	}
	if len(on) == 0 {
		return false
	}
	path := p.pick(len(on))
	for i, c := range on {
		if _, plain := c.(rtlib.Sel); i != path && !plain {
			off = append(off, c)
		}
	}
	k := n - 1 // of the others must hold
	if k > len(off) {
		return false
	}
	chosen := p.some(k, len(off))
	for i, c := range off {
		if !p.cond(c, slices.Contains(chosen, i)) {
			return false
		}
	}
	return p.decideCond(on[path], name)
}

// node asks for n to come out as holds.
func (p *planner) node(n *node, holds bool) {
	switch n.kind {
	case leafNode:
		p.wants = append(p.wants, want{n: n, holds: holds, operand: -1})
	case notNode:
		p.node(n.terms[0], !holds)
	case allNode:
		p.terms(n.terms, len(n.terms), holds)
	case anyNode:
		p.terms(n.terms, 1, holds)
	case countNode:
		p.terms(n.terms, n.n, holds)
	case eachNode:
		p.each(n, holds)
	}
}

func (p *planner) terms(ts []*node, n int, holds bool) {
	k := n
	if !holds {
		k = len(ts) - n + 1
	}
	for _, i := range p.some(min(max(k, 0), len(ts)), len(ts)) {
		p.node(ts[i], holds)
	}
}

// each asks for an array block to come out as holds, with one member or none.
func (p *planner) each(n *node, holds bool) {
	body := holds != (n.each.Quant == rtlib.EachNone)
	p.wants = append(p.wants, want{n: n, holds: holds, operand: -1, members: [][]want{p.inner(func(q *planner) { q.node(n.terms[0], body) })}})
}

// inner plans a member of an array.
func (p *planner) inner(f func(*planner)) []want {
	q := planner{rng: p.rng, try: p.try}
	f(&q)
	return q.wants
}

// decide asks for target, the last of path, to come out as holds and to decide the first of path.
func (p *planner) decide(path []*node, holds bool, operand int) {
	n := path[0]
	if len(path) == 1 {
		if n.kind == leafNode {
			p.wants = append(p.wants, want{n: n, holds: holds, operand: operand})
		} else {
			p.node(n, holds)
		}
		return
	}
	switch n.kind {
	case allNode:
		p.others(n.terms, path[1], len(n.terms)-1)
	case anyNode:
		p.others(n.terms, path[1], 0)
	case countNode:
		p.others(n.terms, path[1], n.n-1)
	case eachNode:
		members := [][]want{p.inner(func(q *planner) { q.decide(path[1:], holds, operand) })}
		p.wants = append(p.wants, want{n: n, operand: -1, members: members})
		return
	}
	p.decide(path[1:], holds, operand)
}

// others asks for exactly k of the terms beside except to hold.
func (p *planner) others(terms []*node, except *node, k int) {
	var rest []*node
	for _, t := range terms {
		if t != except {
			rest = append(rest, t)
		}
	}
	chosen := p.some(min(max(k, 0), len(rest)), len(rest))
	for i, t := range rest {
		p.node(t, slices.Contains(chosen, i))
	}
}

// pathTo returns the nodes from the body of the selection to n.
func pathTo(n *node) []*node {
	var out []*node
	for ; n != nil; n = n.parent {
		out = append(out, n)
	}
	slices.Reverse(out)
	return out
}
