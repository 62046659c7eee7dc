package conformance

import (
	"context"
	"fmt"

	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// Engine turns the compiled rules of cases into something that judges events. All engines are given the same IR.
type Engine interface {
	// Name is what reports call the engine.
	Name() string
	// NoOptimize asks for IR as lowering made it.
	NoOptimize() bool
	// Open makes the rules of all programs ready. Each program is one rule file; their names differ.
	Open(ctx context.Context, programs []*ir.Program) (Session, error)
}

// Session judges events. It is not safe for concurrent use.
type Session interface {
	// Eval judges one event by the rules of the file job.Case.
	Eval(job *driver.Job) (driver.Result, error)
	// Close ends the session. Nothing may be evaluated afterwards.
	Close() error
}

// The names of the engines.
const (
	Interpreted            = "interpreted"
	InterpretedUnoptimised = "interpreted, unoptimised"
	FullScan               = "full scan"
	Compiled               = "compiled"
)

// inProcess is an engine whose rules this process holds.
type inProcess struct {
	name       string
	noOptimize bool
	opts       driver.Options
	rules      func(*ir.Program) (driver.Rules, error)
}

func interpreted(p *ir.Program) (driver.Rules, error) {
	return driver.Rules{Detections: interp.Rules(p), Correlations: interp.Correlations(p)}, nil
}

// NewInterpreted returns the interpreter over optimised rules: what the daemon runs for rules that are not linked.
func NewInterpreted() Engine { return &inProcess{name: Interpreted, rules: interpreted} }

// NewUnoptimised returns the interpreter over rules as lowering made them.
func NewUnoptimised() Engine {
	return &inProcess{name: InterpretedUnoptimised, noOptimize: true, rules: interpreted}
}

// NewFullScan returns the interpreter without the search index: every rule is asked.
func NewFullScan() Engine {
	return &inProcess{name: FullScan, opts: driver.Options{FullScan: true}, rules: interpreted}
}

// NewLinked returns the compiled engine over generated rules that are linked into this program. A rule without a linked one
// of the same source and digest is an error: the generated code is stale.
func NewLinked(rules driver.Rules) Engine {
	detections, correlations := map[string]*rtlib.Rule{}, map[string]*correlate.Rule{}
	for _, r := range rules.Detections {
		detections[linkedKey(&r.Meta)] = r
	}
	for _, r := range rules.Correlations {
		correlations[linkedKey(&r.Meta)] = r
	}
	return &inProcess{name: Compiled, rules: func(p *ir.Program) (out driver.Rules, err error) {
		for _, r := range p.Rules {
			linked := detections[linkedKey(&r.Meta)]
			if linked == nil {
				return out, staleError(&r.Meta)
			}
			out.Detections = append(out.Detections, linked)
		}
		for _, c := range p.Correlations {
			linked := correlations[linkedKey(&c.Rule.Meta)]
			if linked == nil {
				return out, staleError(&c.Rule.Meta)
			}
			out.Correlations = append(out.Correlations, linked)
		}
		return out, nil
	}}
}

func linkedKey(m *rtlib.Meta) string { return m.Source + " " + m.Digest }

func staleError(m *rtlib.Meta) error {
	return fmt.Errorf("the generated code of rule %q (%s) is missing or stale", m.Title, m.Source)
}

func (e *inProcess) Name() string     { return e.name }
func (e *inProcess) NoOptimize() bool { return e.noOptimize }

func (e *inProcess) Open(_ context.Context, programs []*ir.Program) (Session, error) {
	var all driver.Rules
	for _, p := range programs {
		rules, err := e.rules(p)
		if err != nil {
			return nil, err
		}
		all = all.Append(rules)
	}
	return inProcessSession{driver.New(all, e.opts)}, nil
}

type inProcessSession struct{ *driver.Evaluator }

func (inProcessSession) Close() error { return nil }
