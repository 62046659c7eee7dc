package rulediff

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/synth"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

// search tries events on two rules.
type search struct {
	rules   [2]*ir.Rule
	seed    uint64
	set     *ruleset.Set
	plan    *decode.Plan
	event   *rtlib.Event
	scratch *ruleset.Scratch
	best    [2][]byte // the shortest event that only rule 0, only rule 1 matches
	none    [2]bool   // that there is none is known
	tried   int
}

func newSearch(before, after *ir.Rule, noneLost, noneGained bool, seed uint64) (*search, error) {
	set, err := ruleset.New([]*rtlib.Rule{interp.Rule(before), interp.Rule(after)}, ruleset.Options{})
	if err != nil {
		return nil, err
	}
	return &search{
		rules: [2]*ir.Rule{before, after}, none: [2]bool{noneLost, noneGained}, seed: seed, set: set,
		plan: decode.NewPlan(set.Fields(), set.AllStrings()), event: rtlib.NewEvent(), scratch: set.NewScratch(),
	}, nil
}

// mutations is how many random changes are tried for each rule.
const mutations = 200

// run tries the events of both rules, and those that are made for "one and not the other" as long as something is open.
func (s *search) run() error {
	for i, r := range []*ir.Rule{s.rules[0], s.rules[1], butNot(s.rules[0], s.rules[1]), butNot(s.rules[1], s.rules[0])} {
		if i >= len(s.rules) && s.closed(0) && s.closed(1) {
			break
		}
		made, err := synth.New(r, s.seed)
		if err != nil {
			return err
		}
		var failed error
		made.Events(synth.Options{Probes: true, Mutations: mutations}, func(e synth.Event) bool {
			failed = s.try(e.JSON)
			return failed == nil
		})
		if failed != nil {
			return failed
		}
	}
	for side := range s.best {
		if err := s.shorten(side); err != nil {
			return err
		}
	}
	return nil
}

// closed reports whether there is nothing more to learn about a side.
func (s *search) closed(side int) bool { return s.best[side] != nil || s.none[side] }

// butNot returns a rule that matches what a does and b does not.
func butNot(a, b *ir.Rule) *ir.Rule {
	out := &ir.Rule{Meta: a.Meta}
	add := func(prefix string, r *ir.Rule) rtlib.Cond {
		for _, sel := range r.Selections {
			sel.Name = prefix + sel.Name
			out.Selections = append(out.Selections, sel)
		}
		var cs rtlib.AnyConds
		for _, c := range r.Conditions {
			cs = append(cs, renamed(c, prefix))
		}
		return cs
	}
	out.Match = rtlib.AllConds{add("a/", a), rtlib.NotCond{X: add("b/", b)}}
	out.Conditions = []rtlib.Cond{out.Match}
	return out
}

// renamed returns c with a prefix before all names.
func renamed(c rtlib.Cond, prefix string) rtlib.Cond {
	list := func(cs []rtlib.Cond) []rtlib.Cond {
		out := make([]rtlib.Cond, len(cs))
		for i, x := range cs {
			out[i] = renamed(x, prefix)
		}
		return out
	}
	switch c := c.(type) {
	case rtlib.Sel:
		return rtlib.Sel(prefix + string(c))
	case rtlib.NotCond:
		return rtlib.NotCond{X: renamed(c.X, prefix)}
	case rtlib.AllConds:
		return rtlib.AllConds(list(c))
	case rtlib.AnyConds:
		return rtlib.AnyConds(list(c))
	case rtlib.OfSels:
		out := rtlib.OfSels{N: c.N}
		for _, n := range c.Names {
			out.Names = append(out.Names, prefix+n)
		}
		return out
	default:
		panic("rulediff: unknown condition")
	}
}

// errDisagree is reported where the search index and the rule alone differ, which is a defect.
var errDisagree = errors.New("the search index and the full scan disagree; please report this")

// verdicts asks both rules about an event, by the index and alone.
func (s *search) verdicts(event []byte) (out [2]bool, err error) {
	if err := s.plan.JSON(s.event, event); err != nil {
		return out, err
	}
	for _, i := range s.set.Eval(s.event, s.scratch) {
		out[i] = true
	}
	s.event.Keywords = nil
	for i := range out {
		if s.set.Judge(i, s.event) != out[i] {
			return out, fmt.Errorf("%w: %s", errDisagree, event)
		}
	}
	return out, nil
}

func (s *search) try(event []byte) error {
	s.tried++
	v, err := s.verdicts(event)
	if errors.Is(err, errDisagree) {
		return err
	}
	if err != nil || v[0] == v[1] {
		return nil
	}
	side := 0
	if v[1] {
		side = 1
	}
	if s.best[side] == nil || len(event) < len(s.best[side]) {
		s.best[side] = slices.Clone(event)
	}
	return nil
}

// shorten leaves out of an example what does not matter.
func (s *search) shorten(side int) error {
	if s.best[side] == nil {
		return nil
	}
	var event map[string]json.RawMessage
	if json.Unmarshal(s.best[side], &event) != nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(event)) {
		less := maps.Clone(event)
		delete(less, key)
		text, err := json.Marshal(less)
		if err != nil {
			return nil
		}
		v, err := s.verdicts(text)
		if errors.Is(err, errDisagree) {
			return err
		}
		if err == nil && v[side] && !v[1-side] {
			event = less
			s.best[side] = text
		}
	}
	return nil
}

// Counter counts hits of both versions on given events.
type Counter struct {
	rep   *Report
	sides [2]*side
}

// side is the rules of one version that changed.
type side struct {
	set     *ruleset.Set
	plan    *decode.Plan
	event   *rtlib.Event
	scratch *ruleset.Scratch
	changes []*Change // by rule
}

// Counter returns a counter for the changes of r.
func (r *Report) Counter() (*Counter, error) {
	c := &Counter{rep: r}
	for i := range c.sides {
		s := &side{event: rtlib.NewEvent()}
		var rules []*rtlib.Rule
		for _, change := range r.Changes {
			d := change.Old
			if i == 1 {
				d = change.New
			}
			if d != nil && d.Rule != nil && change.Kind != Text {
				rules = append(rules, interp.Rule(d.Rule))
				s.changes = append(s.changes, change)
			}
		}
		var err error
		if s.set, err = ruleset.New(rules, ruleset.Options{}); err != nil {
			return nil, err
		}
		s.plan, s.scratch = decode.NewPlan(s.set.Fields(), s.set.AllStrings()), s.set.NewScratch()
		c.sides[i] = s
	}
	return c, nil
}

// Add counts the hits on one event. The error says that it is no JSON.
func (c *Counter) Add(event []byte) error {
	var hit [2]map[*Change]bool
	for i, s := range c.sides {
		hit[i] = map[*Change]bool{}
		if err := s.plan.JSON(s.event, event); err != nil {
			return err
		}
		for _, r := range s.set.Eval(s.event, s.scratch) {
			hit[i][s.changes[r]] = true
		}
	}
	c.rep.Events++
	for change := range hit[0] {
		if hit[1][change] {
			change.Kept++
			continue
		}
		if change.LostHits++; change.LostHit == nil {
			change.LostHit = slices.Clone(event)
		}
	}
	for change := range hit[1] {
		if hit[0][change] {
			continue
		}
		if change.GainedHits++; change.GainedHit == nil {
			change.GainedHit = slices.Clone(event)
		}
	}
	return nil
}
