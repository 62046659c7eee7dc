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
	return RunEngines(ctx, files, engines...)
}

// RunEngines runs the cases of files with each of the engines; all must agree with the first.
func RunEngines(ctx context.Context, files []*File, engines ...Engine) (*Report, error) {
	rep := &Report{}
	for i, e := range engines {
		suites, err := runEngine(ctx, files, e)
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
	prog *ir.Program
}

func runEngine(ctx context.Context, files []*File, e Engine) (suites []*Suite, err error) {
	var units []*unit
	var programs []*ir.Program
	for _, f := range files {
		s := &Suite{Name: f.Suite, Path: f.Path, Engine: e.Name()}
		for _, c := range f.Cases {
			u := &unit{CaseResult: &CaseResult{Case: c, Status: Passed}}
			u.compile(e.NoOptimize())
			if u.judged() {
				programs = append(programs, u.prog)
			}
			units = append(units, u)
			s.Cases = append(s.Cases, u.CaseResult)
		}
		suites = append(suites, s)
	}
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
		if err := u.evaluate(session); err != nil {
			return nil, err
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
			Case: u.Case.Documents.Name, Event: string(ev.JSON), LogSource: ev.LogSource, Routing: u.Case.Routing,
		}
		res, err := session.Eval(&job)
		if err != nil {
			return fmt.Errorf("case %q: event %d: %w", u.Case.Name, i, err)
		}
		u.Events++
		u.results = append(u.results, res)
		u.judgeEvent(i, ev, &res)
	}
	return u.evaluateTimeline(session)
}
