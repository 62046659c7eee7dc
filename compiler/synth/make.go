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
const tries = 8

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
	m := &maker{Rule: r, yield: yield, more: true, bases: map[*node]map[string]any{}}
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
	matches []map[string]any // some events that match
	others  []map[string]any // some that do not
	bases   map[*node]map[string]any
	failed  map[*node]int // goals in a row that no event was found for, by leaf
}

// keep is how many events a mutation has to choose from.
const keep = 16

// try shows an event and reports whether it took branch want, and whether it decided it.
func (m *maker) try(tree map[string]any, branch int) (matches bool) {
	if !m.more {
		return false
	}
	m.buf = appendJSON(m.buf[:0], tree)
	matches, err := m.Observe(m.buf, m.tally)
	if err != nil {
		return false // a value that no decoder takes
	}
	if matches && len(m.matches) < keep {
		m.matches = append(m.matches, tree)
	}
	if !matches && m.tally.fresh && len(m.others) < keep {
		m.others = append(m.others, tree)
	}
	m.more = m.yield(Event{m.buf, matches, branch})
	return matches
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
	if m.failed == nil {
		m.failed = map[*node]int{}
	}
	most := tries
	if m.failed[g.n] >= giveUp {
		most = 1
	}
	for try := 0; try < most && m.more && !m.tally.Decided[g.branch]; try++ {
		wants, ok := m.plan(g, try)
		if !ok {
			continue
		}
		tree := m.object(m.solve(wants, try))
		m.try(tree, g.branch)
		if m.tally.Decided[g.branch] && g.holds && g.n != nil && m.bases[g.n] == nil {
			m.bases[g.n] = tree
		}
	}
	if m.tally.Decided[g.branch] {
		m.failed[g.n] = 0
	} else {
		m.failed[g.n]++
	}
}

// plan returns what the leaves must be for g.
func (r *Rule) plan(g goal, try int) ([]want, bool) {
	p := planner{rng: r.rng, try: try, sel: map[string]bool{}}
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

// Matching returns an event that matches r and was made by Events, or nil.
func (r *Rule) matching(opts Options) []byte {
	var out []byte
	r.Events(opts, func(e Event) bool {
		if e.Matches {
			out = slices.Clone(e.JSON)
		}
		return out == nil
	})
	return out
}
