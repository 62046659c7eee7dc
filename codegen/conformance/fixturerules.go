package conformance

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// ErrNoRules is returned for fixtures without rules to look them up in.
var ErrNoRules = errors.New("an info.yml of SigmaHQ names its rule by identifier; say with -r where the rules are")

// ruleSets are the rules that fixtures name. All rules are compiled at once, and only once for each set of pipelines.
type ruleSets struct {
	rules     []compiler.Source
	pipelines []compiler.Source
	sets      []*ruleSet
}

// ruleSet is the rules under a set of pipelines.
type ruleSet struct {
	key   string
	prog  *ir.Program
	paths map[string]string // of the rule files, by the names that the compiler was given
	byID  map[string][]*ir.Document
	named map[string]bool // files of rules that a case names
}

// forFixture returns the rules for f.
func (s *ruleSets) forFixture(f *Fixture) (*ruleSet, error) {
	pipelines := s.pipelines
	if f.HasPipelines {
		pipelines = f.Pipelines
	}
	key := setName(pipelines, f.Filters)
	for _, set := range s.sets {
		if set.key == key {
			return set, nil
		}
	}
	set := &ruleSet{key: key, paths: map[string]string{}, byID: map[string][]*ir.Document{}, named: map[string]bool{}}
	var sources []compiler.Source
	for i, src := range append(s.rules[:len(s.rules):len(s.rules)], f.Filters...) {
		name := fmt.Sprintf("fixtures/%d/%05d_%s", len(s.sets), i, path.Base(src.Name)) // unique, also as a Go package
		set.paths[name] = src.Name
		src.Name = name
		sources = append(sources, src)
	}
	prog, log := compiler.Compile(sources, compiler.Options{Pipelines: pipelines})
	if err := compiler.CheckPipelines(pipelines, log); err != nil {
		return nil, err
	}
	set.prog = prog
	for i := range prog.Documents {
		d := &prog.Documents[i]
		if id := strings.ToLower(d.ID); id != "" {
			set.byID[id] = append(set.byID[id], d)
		}
	}
	s.sets = append(s.sets, set)
	return set, nil
}

// setName returns a text that differs for sets that differ.
func setName(pipelines, filters []compiler.Source) string {
	var b strings.Builder
	for _, list := range [][]compiler.Source{pipelines, filters} {
		for _, src := range list {
			fmt.Fprintf(&b, "%q %q,", src.Name, src.Data)
		}
		b.WriteByte(';')
	}
	return b.String()
}

// rule returns the rule that f names, or why there is none.
func (s *ruleSet) rule(f *Fixture) (*ir.Rule, string) {
	problem := fmt.Sprintf("no rule with the id %s%s among the rules", f.RuleID, titled(f.Title))
	for _, d := range s.byID[strings.ToLower(f.RuleID)] {
		if d.Status == ir.Armed && d.Rule != nil {
			return d.Rule, ""
		}
		at := d.Pos
		at.File = s.paths[d.File]
		problem = fmt.Sprintf("the rule %s (%s) is %s: %s", f.RuleID, at, d.Status, d.Reason)
	}
	return nil, problem
}

func titled(title string) string {
	if title == "" {
		return ""
	}
	return fmt.Sprintf(" (%q)", title)
}

// programs returns the programs of all sets for which there are cases.
func (s *ruleSets) programs() (out []*ir.Program) {
	if s == nil {
		return nil
	}
	for _, set := range s.sets {
		if p := set.program(); len(p.Rules) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// program returns the files of the rules that cases name, for an engine. They may hold more rules.
func (s *ruleSet) program() *ir.Program {
	p := &ir.Program{}
	for _, d := range s.prog.Documents {
		if s.named[d.File] {
			p.Documents = append(p.Documents, d)
		}
	}
	for _, r := range s.prog.Rules {
		if s.named[r.File] {
			p.Rules = append(p.Rules, r)
		}
	}
	return p
}

// bind looks up the rule of a fixture.
func (u *unit) bind(rules *ruleSets) error {
	f := u.Case.Fixture
	u.Unchecked = f.Damage
	if f.Problem != "" {
		u.failf(u.Case.Pos, "%s", f.Problem)
		return nil
	}
	set, err := rules.forFixture(f)
	if err != nil {
		return err
	}
	rule, problem := set.rule(f)
	if problem != "" {
		u.failf(u.Case.Pos, "%s", problem)
		return nil
	}
	set.named[rule.File] = true
	u.rules = rule.File
	u.bound = Observed{Rule: rule, Path: set.paths[rule.File], Line: rule.Index + 1}
	return nil
}

// judgeMatches counts the events that match the rule of the fixture.
func (u *unit) judgeMatches() {
	f := u.Case.Fixture
	matched := 0
	for i, res := range u.results {
		if res.Error != "" {
			u.failf(u.Case.Pos, "event %d: cannot be decoded: %s", i, res.Error)
		}
		if matches(res, f.RuleID) {
			matched++
		}
	}
	if matched < f.MinMatches {
		u.failf(u.Case.Pos, "expected at least %d of %d events to match the rule %s%s, got %d",
			f.MinMatches, len(u.results), f.RuleID, titled(f.Title), matched)
		for _, d := range f.Damage {
			u.failf(u.Case.Pos, "damaged: %s", d)
		}
	}
}

func matches(res driver.Result, id string) bool {
	for _, m := range res.Matches {
		if strings.EqualFold(m.ID, id) {
			return true
		}
	}
	return false
}
