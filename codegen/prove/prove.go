// Package prove compares the ways in which a rule set can be run, on events made from its rules: the interpreter with and without
// the search index, the interpreter without optimisation, and generated code, which is built and run for the purpose. It is what
// "rsigmac verify" prints. That the ways agree on the events that were tried is evidence, with the branches that the events took
// as its measure; it is no proof for all events.
package prove

import (
	"context"
	"errors"

	"github.com/rsigma-go/rsigma/codegen/prove/runner"
	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/synth"
)

// The names of the engines in reports. The tree walk is that of package synth, which watches the branches.
const (
	Interpreted      = "interpreted"
	FullScan         = "interpreted, full scan"
	Unoptimised      = "interpreted, unoptimised"
	Compiled         = "compiled"
	CompiledFullScan = "compiled, full scan"
	Linked           = "linked"
	TreeWalk         = "tree walk"
)

// Options are the choices of a run.
type Options struct {
	// Seed makes the random choices repeatable.
	Seed uint64
	// Mutations is how many random changes to its events are tried for each rule.
	Mutations int
	// Compiled builds and runs generated code. It needs the go command.
	Compiled bool
	// Cache is a directory for programs that were built, "" for none.
	Cache string
	// Linked, if not nil, judges events in a program that has rules linked in.
	Linked *LinkedProgram
	// Control gives the compiled engine one rule with a wrong operator, which must be found.
	Control bool
	// Events calls f for the given events, if there are any.
	Events func(f func(event []byte) error) error
	// Stage is told what begins, if not nil.
	Stage func(what string)
}

// Report is the outcome of a run.
type Report struct {
	Seed    uint64
	Engines []string
	Rules   []RuleReport
	// Made and Given are numbers of events; Verdicts are those of all engines on all events and rules.
	Made, Given, BadEvents int
	Scanned                int // events that every rule was asked about, by the full scans
	Verdicts               int64
	Cached                 bool // the program with generated code was there already
	// LinkedCompiled is how many rules of those that matched ran as code of the linked program, LinkedInterpreted how many it only
	// interpreted, as it holds no code for them.
	LinkedCompiled, LinkedInterpreted int
	// Control is the rule that was given a wrong operator, nil for none.
	Control *ir.Rule
	// Different is the number of verdicts, reports included, that differ; Differences are the first of them.
	Different   int
	Differences []Difference
	Subsumed    []Subsumption
}

// RuleReport is what was tried of one rule.
type RuleReport struct {
	Rule   *ir.Rule
	Tally  *synth.Tally
	Branch []synth.Branch
	// Redundant are the branches of alternatives that others cover, so that they cannot decide.
	Redundant []int
	Events    int
	// Different counts the differences, Misjudged those in the verdict, not only in what is reported.
	Different, Misjudged int
	// Never says that no event was found that the rule matches, Impossible that there is none.
	Never, Impossible bool
}

// Decided returns how many branches were decided, of how many that can be as far as is known.
func (r *RuleReport) Decided() (decided, of int) {
	_, decided = r.Tally.Count()
	of = len(r.Branch)
	for _, b := range r.Redundant {
		if !r.Tally.Decided[b] {
			of--
		}
	}
	return decided, of
}

// Difference is one event on which engines disagree about one rule.
type Difference struct {
	Event string
	Rule  *ir.Rule // nil if an engine could not judge the event
	// Match and NoMatch are the engines that say so. Both are empty if they agree on that and report differently.
	Match, NoMatch []string
	Detail         string
}

// Subsumption says that every event that Rule matched, Events in number, was matched by By as well.
type Subsumption struct {
	Rule, By *ir.Rule
	Events   int
	// Proved says that this follows from the rules, not only that no event spoke against it. Same says that the reverse holds.
	Proved, Same bool
}

// Run compares the engines on the rules of a program, once as compiled and once without optimisation.
func Run(ctx context.Context, optimised, unoptimised *ir.Program, opts Options) (rep *Report, err error) {
	rep = &Report{Seed: opts.Seed}
	p := &proof{opts: opts, rep: rep, rules: optimised.Rules, cover: make([]*cover, len(optimised.Rules)), wrong: make([]int, len(optimised.Rules)), misread: make([]int, len(optimised.Rules))}
	if len(optimised.Rules) != len(unoptimised.Rules) {
		return nil, errors.New("the program without optimisation has other rules")
	}
	if p.indexed, err = runner.New(interp.Rules(optimised), true); err != nil {
		return nil, err
	}
	if p.plain, err = runner.New(interp.Rules(unoptimised), false); err != nil {
		return nil, err
	}
	rep.Engines = []string{TreeWalk, Interpreted, FullScan, Unoptimised}
	if opts.Compiled {
		done, err := p.compile(ctx)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, done()) }()
		rep.Engines = append(rep.Engines, Compiled, CompiledFullScan)
	}
	if opts.Linked != nil {
		p.linked = &linkedRun{program: opts.Linked, rules: p.rules}
		rep.Engines = append(rep.Engines, Linked)
	}
	if err := p.all(ctx); err != nil {
		return nil, err
	}
	if p.process != nil {
		if err := p.process.end(); err != nil {
			return nil, err
		}
	}
	if p.linked != nil {
		rep.LinkedCompiled, rep.LinkedInterpreted = p.linked.count()
	}
	for i, n := range p.wrong {
		rep.Rules[i].Different, rep.Rules[i].Misjudged = n, p.misread[i]
	}
	rep.Differences = append(p.misjudged, p.misreported...)
	rep.Differences = rep.Differences[:min(len(rep.Differences), maxDifferences)]
	p.subsumed()
	return rep, nil
}

type proof struct {
	opts    Options
	rep     *Report
	rules   []*ir.Rule
	indexed *runner.Judge
	plain   *runner.Judge
	process *process
	linked  *linkedRun
	cover   []*cover // by rule
	wrong   []int    // differences by rule
	misread []int    // those of them in the verdict
	// misjudged are differences in the verdict, misreported the others.
	misjudged, misreported []Difference
}

func (p *proof) stage(what string) {
	if p.opts.Stage != nil {
		p.opts.Stage(what)
	}
}

// compile builds and starts the program with generated code.
func (p *proof) compile(ctx context.Context) (done func() error, err error) {
	p.stage("generating code")
	rules := p.rules
	if p.opts.Control {
		if rules, p.rep.Control, err = plant(rules, p.opts.Seed); err != nil {
			return nil, err
		}
	}
	files, err := module(rules)
	if err != nil {
		return nil, err
	}
	p.stage("building the generated code")
	binary, cached, done, err := build(ctx, files, p.opts.Cache)
	if err != nil {
		return nil, err
	}
	p.rep.Cached = cached
	if p.process, err = start(ctx, binary); err != nil {
		return nil, errors.Join(err, done())
	}
	return done, nil
}
