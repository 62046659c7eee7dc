package conformance

import (
	"context"
	"fmt"

	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// Options are the choices of a run.
type Options struct {
	// Engine is "interpreted" (also ""), "compiled" or "both". With both, the engines must also agree in what the cases
	// leave open.
	Engine string
	// Rules are the rules that fixtures name, Pipelines what is applied to them. Other cases have their own.
	Rules, Pipelines []compiler.Source
	// Observe, if not nil, is shown each event that a case evaluates with each rule that it is for. With both engines it is shown
	// once.
	Observe func(Observed)
}

// Observed is an event that a case evaluates, and a rule that it is for: all rules of the case, or the one that a fixture names.
type Observed struct {
	Rule *ir.Rule
	// Path is the file that the rule was written in, Line where it begins there.
	Path  string
	Line  int
	Event []byte
}

// Run runs the cases of files. Failed cases are in the report; the error is for what prevents a run: an unknown engine, no go
// command for the compiled engine, code that does not build.
func Run(ctx context.Context, files []*File, opts Options) (*Report, error) {
	var engines []Engine
	switch opts.Engine {
	case "", "interpreted":
		engines = []Engine{NewInterpreted()}
	case "compiled":
		engines = []Engine{NewCompiled()}
	case "both":
		engines = []Engine{NewInterpreted(), NewCompiled()}
	default:
		return nil, fmt.Errorf("unknown engine %q (one of interpreted, compiled, both)", opts.Engine)
	}
	return runEngines(ctx, files, &ruleSets{rules: opts.Rules, pipelines: opts.Pipelines}, engines, opts.Observe)
}

// RunEngines runs the cases of files, which have no fixtures, with each of the engines; all must agree with the first.
func RunEngines(ctx context.Context, files []*File, engines ...Engine) (*Report, error) {
	return runEngines(ctx, files, nil, engines, nil)
}

func runEngines(ctx context.Context, files []*File, rules *ruleSets, engines []Engine, observe func(Observed)) (*Report, error) {
	if HasFixtures(files) && (rules == nil || len(rules.rules) == 0) {
		return nil, ErrNoRules
	}
	rep := &Report{}
	for i, e := range engines {
		if i > 0 {
			observe = nil
		}
		suites, err := runEngine(ctx, files, rules, e, observe)
		if err != nil {
			return nil, fmt.Errorf("engine %s: %w", e.Name(), err)
		}
		if i > 0 {
			compareSuites(rep.Suites[:len(files)], suites)
		}
		rep.Suites = append(rep.Suites, suites...)
	}
	return rep, nil
}

// unit is a case on its way through an engine.
type unit struct {
	*CaseResult
	prog  *ir.Program // of its own documents; nil for a fixture
	rules string      // the file of the rules that judge its events
	bound Observed    // of a fixture: its rule
}

func runEngine(ctx context.Context, files []*File, rules *ruleSets, e Engine, observe func(Observed)) (suites []*Suite, err error) {
	var units []*unit
	var programs []*ir.Program
	for _, f := range files {
		s := &Suite{Name: f.Suite, Path: f.Path, Engine: e.Name()}
		for _, c := range f.Cases {
			u := &unit{CaseResult: &CaseResult{Case: c, Status: Passed}, rules: c.Documents.Name}
			if c.Fixture != nil {
				if err := u.bind(rules); err != nil {
					return nil, err
				}
			} else if u.compile(e.NoOptimize()); u.judged() {
				programs = append(programs, u.prog)
			}
			units = append(units, u)
			s.Cases = append(s.Cases, u.CaseResult)
		}
		suites = append(suites, s)
	}
	programs = append(programs, rules.programs()...)
	if len(programs) == 0 {
		return suites, nil
	}
	session, err := e.Open(ctx, programs)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closed := session.Close(); err == nil {
			err = closed
		}
	}()
	for _, u := range units {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		judged := u.judged()
		if err := u.evaluate(session); err != nil {
			return nil, err
		}
		if observe != nil && judged {
			u.observe(observe)
		}
	}
	return suites, nil
}

// judged reports whether events of the case are to be evaluated.
func (u *unit) judged() bool {
	return u.Status == Passed && len(u.Case.Events)+len(u.Case.Timeline) > 0
}

func (u *unit) failf(pos diag.Pos, format string, args ...any) {
	u.Status = Failed
	u.Failures = append(u.Failures, pos.String()+": "+fmt.Sprintf(format, args...))
}

// compile compiles the documents of the case and judges what loading them reported.
func (u *unit) compile(noOptimize bool) {
	c := u.Case
	prog, log := compiler.Compile(
		[]compiler.Source{{Name: c.Documents.Name, Data: c.Documents.Text}},
		compiler.Options{Pipelines: c.Pipelines, NoOptimize: noOptimize, PlaceholderFallback: c.Config.PlaceholderFallback})
	u.prog = prog
	u.judgeLoading(log)
	if u.Status == Passed {
		u.judgeExpect()
	}
}

// evaluate runs the events of the case.
func (u *unit) evaluate(session Session) error {
	if !u.judged() {
		return nil
	}
	for i := range u.Case.Events {
		ev := &u.Case.Events[i]
		job := driver.Job{
			Case: u.rules, Event: string(ev.JSON), LogSource: ev.LogSource, Routing: u.Case.Routing,
		}
		res, err := session.Eval(&job)
		if err != nil {
			return fmt.Errorf("case %q: event %d: %w", u.Case.Name, i, err)
		}
		u.Events++
		u.results = append(u.results, res)
		if u.Case.Fixture == nil {
			u.judgeEvent(i, ev, &res)
		}
	}
	if u.Case.Fixture != nil {
		u.judgeMatches()
	}
	return u.evaluateTimeline(session)
}

// observe shows the events of the case, with its rules.
func (u *unit) observe(show func(Observed)) {
	var rules []Observed
	if u.Case.Fixture != nil {
		rules = append(rules, u.bound)
	} else {
		for _, d := range u.prog.Documents {
			if d.Rule != nil {
				at := u.Case.position(d.Pos)
				rules = append(rules, Observed{Rule: d.Rule, Path: at.File, Line: at.Line})
			}
		}
	}
	for _, r := range rules {
		for i := range u.Case.Events {
			r.Event = u.Case.Events[i].JSON
			show(r)
		}
		for i := range u.Case.Timeline {
			r.Event = u.Case.Timeline[i].JSON
			show(r)
		}
	}
}
