package conformance

import (
	"context"
	"fmt"

	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
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
	rules      func(*ir.Program) ([]*rtlib.Rule, error)
}

func interpreted(p *ir.Program) ([]*rtlib.Rule, error) { return interp.Rules(p), nil }

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
func NewLinked(rules []*rtlib.Rule) Engine {
	bySource := make(map[string]*rtlib.Rule, len(rules))
	for _, r := range rules {
		bySource[r.Meta.Source] = r
	}
	return &inProcess{name: Compiled, rules: func(p *ir.Program) ([]*rtlib.Rule, error) {
		out := make([]*rtlib.Rule, len(p.Rules))
		for i, r := range p.Rules {
			linked := bySource[r.Meta.Source]
			if linked == nil || linked.Meta.Digest != r.Meta.Digest {
				return nil, fmt.Errorf("the generated code of rule %q (%s) is missing or stale", r.Meta.Title, r.Meta.Source)
			}
			out[i] = linked
		}
		return out, nil
	}}
}

func (e *inProcess) Name() string     { return e.name }
func (e *inProcess) NoOptimize() bool { return e.noOptimize }

func (e *inProcess) Open(_ context.Context, programs []*ir.Program) (Session, error) {
	var all []*rtlib.Rule
	for _, p := range programs {
		rules, err := e.rules(p)
		if err != nil {
			return nil, err
		}
		all = append(all, rules...)
	}
	return inProcessSession{driver.New(all, e.opts)}, nil
}

type inProcessSession struct{ *driver.Evaluator }

func (inProcessSession) Close() error { return nil }
