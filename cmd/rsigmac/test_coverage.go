package main

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/codegen/conformance"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/synth"
)

// testCoverage is what the events of tests exercise of rules.
type testCoverage struct {
	rules map[string]*testedRule
	errs  []error
}

// testedRule is a rule and the branches that events took. The same rule under other pipelines is another one.
type testedRule struct {
	path, title string
	line        int
	rule        *synth.Rule
	tally       *synth.Tally
	redundant   []int
}

func newTestCoverage() *testCoverage { return &testCoverage{rules: map[string]*testedRule{}} }

// observe enters an event.
func (c *testCoverage) observe(o conformance.Observed) {
	t, err := c.rule(o.Rule, o.Path, o.Line)
	if err != nil {
		c.errs = append(c.errs, err)
		return
	}
	// An event that is no JSON exercises nothing; the test fails for it.
	_, _ = t.rule.Observe(o.Event, t.tally)
}

// rule returns the entry of r.
func (c *testCoverage) rule(r *ir.Rule, file string, line int) (*testedRule, error) {
	key := fmt.Sprintf("%s %s", path.Clean(file), r.Meta.Digest)
	if t := c.rules[key]; t != nil {
		return t, nil
	}
	s, err := synth.New(r, 0)
	if err != nil {
		return nil, err
	}
	t := &testedRule{path: path.Clean(file), title: r.Meta.Title, line: line, rule: s, tally: s.NewTally(), redundant: s.Redundant()}
	c.rules[key] = t
	return t, nil
}

// addUntested enters the rules of --rules that no test was for: none with the same id, nor, without one, in the same file with the
// same title.
func (c *testCoverage) addUntested(opts conformance.Options) error {
	if len(opts.Rules) == 0 {
		return errors.Join(c.errs...)
	}
	known := map[string]bool{}
	for _, t := range c.rules {
		known[identity(t.rule.IR, t.path)] = true
	}
	prog, log := compiler.Compile(opts.Rules, compiler.Options{Pipelines: opts.Pipelines})
	if err := compiler.CheckPipelines(opts.Pipelines, log); err != nil {
		return statusError{exitUsage, err}
	}
	for _, r := range prog.Rules {
		if !known[identity(r, r.File)] {
			if _, err := c.rule(r, r.File, r.Index+1); err != nil {
				return err
			}
		}
	}
	return errors.Join(c.errs...)
}

func identity(r *ir.Rule, file string) string {
	if r.Meta.ID != "" {
		return strings.ToLower(r.Meta.ID)
	}
	return path.Clean(file) + " " + r.Meta.Title
}

// counts returns how many branches were exercised, of how many that can be as far as is known.
func (t *testedRule) counts() (decided, of int) {
	_, decided = t.tally.Count()
	of = len(t.rule.Branches)
	for _, b := range t.redundant {
		if !t.tally.Decided[b] {
			of--
		}
	}
	return decided, of
}

// missing lists what was not exercised. Of a selection that nothing hung on only that is said.
func (t *testedRule) missing() (out []string) {
	touched := map[string]bool{}
	for i, b := range t.rule.Branches {
		touched[b.Selection] = touched[b.Selection] || t.tally.Decided[i]
	}
	said := map[string]bool{}
	for i, b := range t.rule.Branches {
		switch {
		case t.tally.Decided[i] || slices.Contains(t.redundant, i):
		case b.Selection == "" || touched[b.Selection]:
			out = append(out, b.String())
		case !said[b.Selection]:
			said[b.Selection] = true
			out = append(out, b.Selection+": nothing of it")
		}
	}
	return out
}

// write prints the coverage and returns how many rules are below least.
func (c *testCoverage) write(s streams, least float64) (below int, err error) {
	var list []*testedRule
	for _, t := range c.rules {
		list = append(list, t)
	}
	share := func(t *testedRule) float64 { return percent(t.counts()) }
	slices.SortFunc(list, func(a, b *testedRule) int {
		return cmp.Or(cmp.Compare(share(a), share(b)), cmp.Compare(a.path, b.path), cmp.Compare(a.line, b.line),
			cmp.Compare(a.rule.IR.Meta.Digest, b.rule.IR.Meta.Digest))
	})
	var all, of, untested int
	rows := [][]string{{"EXERCISED", "BRANCHES", "EVENTS", "RULE", ""}}
	for _, t := range list {
		n, total := t.counts()
		all += n
		of += total
		if t.tally.Events == 0 {
			untested++
		}
		if share(t) < least {
			below++
		}
		rows = append(rows, []string{fmt.Sprintf("%.1f %%", share(t)), fmt.Sprintf("%d of %d", n, total), fmt.Sprint(t.tally.Events), t.path, t.title})
	}
	fmt.Fprintln(s.out)
	if err := table(s.out, rows); err != nil {
		return below, err
	}
	for _, t := range list {
		if t.tally.Events == 0 {
			continue // nothing of it was
		}
		for _, m := range t.missing() {
			fmt.Fprintf(s.out, "not exercised: %s: %s\n", diag.Printable(t.path), diag.Printable(m))
		}
	}
	fmt.Fprintf(s.out, "coverage: %.1f %%, %d of %d branches of %d rules; %d rules have no test\n", percent(all, of), all, of, len(list), untested)
	return below, nil
}
