package synth

import "slices"

// Options say how many events are made.
type Options struct {
	// Probes are near misses: around every item that was made to decide, values that differ by a letter, by case, by type, by one.
	Probes bool
	// Mutations is the number of random changes to the events of a rule.
	Mutations int
}

// Event is an event that was made. JSON is valid until the next one.
type Event struct {
	JSON    []byte
	Matches bool // the verdict of the tree of the rule
	Branch  int  // that it was made for, -1 for probes and mutations
}

// tries is how often a branch is tried with other alternatives.
const tries = 16

// goal is a branch with what must come out how.
type goal struct {
	branch  int
	sel     *selection // nil for the verdict
	n       *node
	holds   bool
	operand int
}

// Events calls yield with events for r until it returns false: for each branch that the events before have not decided one that
// decides it, or the nearest that was found; then probes and mutations.
func (r *Rule) Events(opts Options, yield func(Event) bool) {
	m := &maker{Rule: r, yield: yield, more: true, bases: map[*node]map[string]any{}, failed: map[*node]int{}}
	for _, s := range r.selections {
		m.baseless = s.body.leaves(m.baseless)
	}
	m.try(map[string]any{}, -1)
	for _, g := range r.goals() {
		m.goal(g)
	}
	if opts.Probes {
		for _, s := range r.selections {
			m.probes(s.body)
		}
	}
	for range opts.Mutations {
		m.mutation()
	}
}

type maker struct {
	*Rule
	yield   func(Event) bool
	more    bool
	buf     []byte
	matches []map[string]any         // some events that match
	others  []map[string]any         // some that do not
	bases   map[*node]map[string]any // by leaf or array block: an event that it decides by holding
	// baseless are the leaves and blocks without one.
	baseless []*node
	failed   map[*node]int // goals in a row that no event was found for, by leaf
}

// keep is how many events a mutation has to choose from.
const keep = 16

// try shows an event that was made for a branch, -1 for none.
func (m *maker) try(tree map[string]any, branch int) {
	if !m.more {
		return
	}
	m.buf = appendJSON(m.buf[:0], tree)
	matches, err := m.Observe(m.buf, m.tally)
	if err != nil {
		return // a value that no decoder takes
	}
	if m.tally.fresh {
		m.baseless = slices.DeleteFunc(m.baseless, func(n *node) bool {
			if m.tally.decidedYes(n) {
				m.bases[n] = tree
			}
			return m.bases[n] != nil
		})
	}
	if matches && len(m.matches) < keep {
		m.matches = append(m.matches, tree)
	}
	if !matches && m.tally.fresh && len(m.others) < keep {
		m.others = append(m.others, tree)
	}
	m.more = m.yield(Event{m.buf, matches, branch})
}

// leaves adds the leaves and array blocks from n down.
func (n *node) leaves(out []*node) []*node {
	if n.kind == leafNode || n.kind == eachNode {
		out = append(out, n)
	}
	for _, t := range n.terms {
		out = t.leaves(out)
	}
	return out
}

// decidedYes reports whether n was seen to decide by holding.
func (t *Tally) decidedYes(n *node) bool {
	if n.yes >= 0 {
		return t.Decided[n.yes]
	}
	return n.operands != nil && slices.Contains(t.Decided[n.first:n.first+len(n.operands)], true)
}

// goals lists the branches in order.
func (r *Rule) goals() []goal {
	out := []goal{{branch: 0, operand: -1}}
	for _, s := range r.selections {
		out = append(out,
			goal{s.holds, s, s.body, true, -1},
			goal{s.fails, s, s.body, false, -1})
		out = s.body.goals(out, s)
	}
	return out
}

func (n *node) goals(out []goal, s *selection) []goal {
	for i := range n.operands {
		out = append(out, goal{n.first + i, s, n, !n.pred.All, i})
	}
	if n.yes >= 0 {
		out = append(out, goal{n.yes, s, n, true, -1})
	}
	if n.no >= 0 {
		out = append(out, goal{n.no, s, n, false, -1})
	}
	for _, t := range n.terms {
		out = t.goals(out, s)
	}
	return out
}

// giveUp is how many operands of one item may fail in a row before the others get one try only.
const giveUp = 4

func (m *maker) goal(g goal) {
	most := tries
	if m.failed[g.n] >= giveUp {
		most = 1
	}
	for try := 0; try < most && m.more && !m.tally.Decided[g.branch]; try++ {
		wants, ok := m.plan(g, try, try == most-1 && !m.tally.Taken[g.branch])
		if !ok {
			continue
		}
		tree := m.object(m.solve(wants, try))
		m.try(tree, g.branch)
	}
	if m.tally.Decided[g.branch] {
		m.failed[g.n] = 0
	} else {
		m.failed[g.n]++
	}
}

// plan returns what the leaves must be for g. With alone the selections around it are left to themselves, which at least takes the
// branch where they contradict it.
func (r *Rule) plan(g goal, try int, alone bool) ([]want, bool) {
	p := planner{rng: r.rng, try: try, sel: map[string]bool{}}
	if alone && g.sel != nil {
		p.decide(pathTo(g.n), g.holds, g.operand)
		return p.wants, true
	}
	if g.sel == nil {
		if !p.cond(r.cond, true) {
			return nil, false
		}
	} else {
		if !p.decideCond(r.cond, g.sel.name) {
			return nil, false
		}
		p.decide(pathTo(g.n), g.holds, g.operand)
	}
	for _, s := range r.selections {
		if holds, ok := p.sel[s.name]; ok && s != g.sel {
			p.node(s.body, holds)
		}
	}
	return p.wants, true
}
