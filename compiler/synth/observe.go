package synth

import "github.com/rsigma-go/rsigma/rtlib"

// Tally is which branches of a rule events have taken. A branch is taken if its part of the rule came out that way, and decided
// if moreover the verdict would have been another one, had it come out the other way: with `a or b` and both holding, both are
// taken and neither is decided.
type Tally struct {
	Taken, Decided []bool // by branch
	Events         int
	Matches        int
	fresh          bool // the last event decided a branch for the first time
}

// NewTally returns an empty tally for r.
func (r *Rule) NewTally() *Tally {
	return &Tally{Taken: make([]bool, len(r.Branches)), Decided: make([]bool, len(r.Branches))}
}

// Made returns the tally of the events that were made for r so far.
func (r *Rule) Made() *Tally { return r.tally }

// Count returns how many branches were taken and decided.
func (t *Tally) Count() (taken, decided int) {
	for i := range t.Taken {
		if t.Taken[i] {
			taken++
		}
		if t.Decided[i] {
			decided++
		}
	}
	return taken, decided
}

// Observe evaluates every part of r on a JSON event, enters the branches it takes in t and returns the verdict.
func (r *Rule) Observe(event []byte, t *Tally) (matches bool, err error) {
	if err := r.decoder.JSON(r.ev, event); err != nil {
		return false, err
	}
	return r.observe(t), nil
}

// observe is Observe for the event in r.ev.
func (r *Rule) observe(t *Tally) bool {
	for _, s := range r.selections {
		s.body.eval(r.ev)
	}
	verdict := r.verdict(nil)
	t.Events++
	t.fresh = false
	if verdict {
		t.Matches++
		t.enter(0, true)
	} else {
		t.enter(1, true)
	}
	for _, s := range r.selections {
		decides := r.verdict(s) != verdict
		if s.body.val {
			t.enter(s.holds, decides)
		} else {
			t.enter(s.fails, decides)
		}
		t.walk(s.body, r.ev, decides)
	}
	return verdict
}

// verdict judges the conditions by the values of the selections, with that of flip the other way round.
func (r *Rule) verdict(flip *selection) bool { return r.judge(r.cond, flip) }

func (r *Rule) judge(c rtlib.Cond, flip *selection) bool {
	switch c := c.(type) {
	case rtlib.Sel:
		s := r.byName[string(c)]
		return s.body.val != (s == flip)
	case rtlib.NotCond:
		return !r.judge(c.X, flip)
	case rtlib.AllConds:
		for _, x := range c {
			if !r.judge(x, flip) {
				return false
			}
		}
		return true
	case rtlib.AnyConds:
		for _, x := range c {
			if r.judge(x, flip) {
				return true
			}
		}
		return false
	case rtlib.OfSels:
		n := 0
		for _, name := range c.Names {
			if r.judge(rtlib.Sel(name), flip) {
				n++
			}
		}
		return n >= max(c.N, 1)
	default:
		panic("synth: unknown condition")
	}
}

// eval sets the values of n and of what is below it, without short circuit and without the members of arrays.
func (n *node) eval(ev *rtlib.Event) bool {
	switch n.kind {
	case leafNode:
		n.val = n.pred.Match(ev)
	case eachNode:
		n.val = n.each.Match(ev)
	default:
		holding := 0
		for _, t := range n.terms {
			if t.eval(ev) {
				holding++
			}
		}
		n.val = n.judge(holding)
	}
	return n.val
}

// judge says whether n holds if so many of its terms do.
func (n *node) judge(holding int) bool {
	switch n.kind {
	case allNode:
		return holding == len(n.terms)
	case anyNode:
		return holding > 0
	case notNode:
		return holding == 0
	default:
		return holding >= n.n
	}
}

func (t *Tally) enter(branch int, decides bool) {
	if branch < 0 {
		return
	}
	t.Taken[branch] = true
	if decides && !t.Decided[branch] {
		t.Decided[branch] = true
		t.fresh = true
	}
}

// walk enters the branches of n and of what is below it. A term decides if changing it alone changes n, and n decides.
func (t *Tally) walk(n *node, ev *rtlib.Event, decides bool) {
	if n.val {
		t.enter(n.yes, decides)
	} else {
		t.enter(n.no, decides)
	}
	switch n.kind {
	case leafNode:
		t.operands(n, ev, decides)
		return
	case eachNode:
		t.members(n, ev, decides)
		return
	}
	holding := 0
	for _, term := range n.terms {
		if term.val {
			holding++
		}
	}
	for _, term := range n.terms {
		other := holding + 1
		if term.val {
			other = holding - 1
		}
		t.walk(term, ev, decides && n.judge(other) != n.val)
	}
}

// operands enters the branches of the operands of a leaf: which alternatives hold, or which one of all is missing.
func (t *Tally) operands(n *node, ev *rtlib.Event, decides bool) {
	if n.operands == nil || n.val == n.pred.All {
		return
	}
	want := !n.pred.All // alternatives that hold, or operands that do not
	if t.known(n, decides) {
		return
	}
	at := -1
	count := 0
	for i := range n.operands {
		if n.holds(i, ev) == want {
			count++
			at = i
			t.enter(n.first+i, false)
		}
	}
	if count == 1 {
		t.enter(n.first+at, decides)
	}
}

// known reports whether there is nothing to learn about the operands of n.
func (t *Tally) known(n *node, decides bool) bool {
	list := t.Taken
	if decides {
		list = t.Decided
	}
	for i := range n.operands {
		if !list[n.first+i] {
			return false
		}
	}
	return true
}

// holds reports whether operand i of a leaf holds for ev.
func (n *node) holds(i int, ev *rtlib.Event) bool {
	op := n.operands[i]
	if n.pred.Field == rtlib.Self {
		p := &rtlib.Pred{Op: op.Op, Field: rtlib.Self, Strings: op.Strings, Ints: op.Ints, Floats: op.Floats, Part: op.Part, Want: op.Want}
		return p.Match(ev)
	}
	return op.Match(ev)
}

// members enters the branches of the body of an array block for every member.
func (t *Tally) members(n *node, ev *rtlib.Event, decides bool) {
	body := n.terms[0]
	var values []bool
	n.seen = func(member *rtlib.Event) { values = append(values, body.eval(member)) }
	n.visit.Match(ev)
	i := 0
	n.seen = func(member *rtlib.Event) {
		body.eval(member)
		t.walk(body, member, decides && n.decides(values, i))
		i++
	}
	n.visit.Match(ev)
}

// decides reports whether the block would come out the other way if member i did.
func (n *node) decides(values []bool, i int) bool {
	holding := 0
	for _, v := range values {
		if v {
			holding++
		}
	}
	switch n.each.Quant {
	case rtlib.EachAll, rtlib.EachAllOrEmpty:
		failing := len(values) - holding
		return failing == 0 || failing == 1 && !values[i]
	default:
		return holding == 0 || holding == 1 && values[i]
	}
}
