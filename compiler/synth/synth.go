// Package synth makes events from rules: for each branch of a rule an event that takes it, near misses around every item, and
// random mutations. It also watches which branches an event takes, looks for rules that can never match, and knows simple cases
// of one rule implying another. Every event is tried before it counts: what operators mean is asked of rtlib and never assumed.
//
// It works on the IR, so after pipelines and modifiers. It reads no files and runs no engine but rtlib's predicates; comparing
// engines is the business of codegen/prove.
package synth

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// Rule is a rule whose branches are known. It is not safe for concurrent use, but different rules are.
type Rule struct {
	IR       *ir.Rule
	Branches []Branch

	cond       rtlib.Cond // of all conditions one
	selections []*selection
	byName     map[string]*selection
	decoder    *decode.Plan
	ev         *rtlib.Event
	free       string // a key for text that no field of the rule reads
	tally      *Tally // what the events made so far have taken
	rng        *rand.Rand
}

// Branch is one way through a rule: an alternative of an item, an item that does not hold, a selection either way, a number of
// terms reached or not, an array block either way, the verdict.
type Branch struct {
	Selection string // empty for the verdict
	Hidden    bool   // the selection comes from a filter
	Text      string // for people: `Image endswith "\net.exe"`
}

// String returns the branch for people.
func (b Branch) String() string {
	if b.Selection == "" {
		return b.Text
	}
	return b.Selection + ": " + b.Text
}

// selection is a selection that some condition uses.
type selection struct {
	name  string
	body  *node
	holds int // its branches
	fails int
}

// New prepares r. Events are made with random numbers that depend on seed and the meaning of the rule only. It fails only if a
// pattern does not compile, which the compiler has ruled out.
func New(r *ir.Rule, seed uint64) (*Rule, error) {
	out := &Rule{IR: r, byName: map[string]*selection{}, ev: rtlib.NewEvent(), cond: rtlib.AnyConds(r.Conditions)}
	h := fnv.New64a()
	h.Write([]byte(r.Text()))
	out.rng = rand.New(rand.NewPCG(seed, h.Sum64()))
	out.branch("", false, "the rule matches")
	out.branch("", false, "the rule does not match")
	used := map[string]bool{}
	names(out.cond, used)
	b := builder{rule: out}
	for _, s := range r.Selections {
		if !used[s.Name] {
			continue
		}
		b.selection, b.hidden = s.Name, s.Hidden
		sel := &selection{name: s.Name, holds: out.branch(s.Name, s.Hidden, "holds"), fails: out.branch(s.Name, s.Hidden, "does not hold")}
		sel.body = b.node(s.Body, nil)
		out.selections = append(out.selections, sel)
		out.byName[s.Name] = sel
	}
	whole := rtlib.Rule{Meta: r.Meta, Selections: append([]rtlib.Selection{{Body: b.checks}}, r.Selections...)}
	if err := whole.Prepare(); err != nil {
		return nil, fmt.Errorf("prepare rule %q: %w", r.Meta.Title, err)
	}
	fields := b.fields // also those of members of arrays, on which lone values are tried
	whole.FieldIDs(func(id rtlib.FieldID) { fields = append(fields, id) })
	out.decoder = decode.NewPlan(fields, false)
	out.free = freeKey(fields)
	out.tally = out.NewTally()
	return out, nil
}

// freeKey returns a key that none of fields looks up.
func freeKey(fields []rtlib.FieldID) string {
	taken := map[string]bool{}
	for _, id := range fields {
		if p := id.Path(); p != nil {
			taken[p.Name] = true
			for _, s := range p.Steps[:min(len(p.Steps), 1)] {
				taken[s.Key] = true
			}
		}
	}
	key := "message"
	for taken[key] {
		key += "_"
	}
	return key
}

func (r *Rule) branch(selection string, hidden bool, format string, args ...any) int {
	r.Branches = append(r.Branches, Branch{selection, hidden, fmt.Sprintf(format, args...)})
	return len(r.Branches) - 1
}

// names adds the selections that c uses to used.
func names(c rtlib.Cond, used map[string]bool) {
	switch c := c.(type) {
	case rtlib.Sel:
		used[string(c)] = true
	case rtlib.NotCond:
		names(c.X, used)
	case rtlib.AllConds:
		for _, x := range c {
			names(x, used)
		}
	case rtlib.AnyConds:
		for _, x := range c {
			names(x, used)
		}
	case rtlib.OfSels:
		for _, n := range c.Names {
			used[n] = true
		}
	}
}
