// Package reload makes generations: it compiles rule files and decides for each rule whether the generated matcher that is
// linked into the program may serve it, which it may exactly if the digests agree, or whether it is interpreted.
package reload

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/rtlib"
)

// Options say what to load.
type Options struct {
	// Rules are rule files and directories. Without any, the linked rules run.
	Rules []string
	// Pipelines are names or paths of processing pipelines.
	Pipelines []string
	// Linked are the rules whose generated code is part of the program.
	Linked []*rtlib.Rule
	// InterpretAll ignores the linked rules wherever rules are given.
	InterpretAll bool
	Engine       engine.Options
}

// Report says what a load found.
type Report struct {
	Documents   []ir.Document // nil if the linked rules run
	Armed       int
	Skipped     int
	Failed      int
	Compiled    int // armed rules on generated code
	Interpreted int // armed rules that are interpreted
	Diagnostics *diag.List
}

// Faults that callers answer with different exit statuses.
var (
	// ErrNoRules says that neither rule files were given nor rules linked.
	ErrNoRules = errors.New("no rules path; set --rules or daemon.rules in the config file")
	// ErrNothingLoaded says that no document could be armed.
	ErrNothingLoaded = errors.New("no rule document could be loaded")
)

// RulesError says that a rules path cannot be read.
type RulesError struct{ Err error }

func (e *RulesError) Error() string { return e.Err.Error() }

func (e *RulesError) Unwrap() error { return e.Err }

// Load makes a generation. The report is set whenever rules could be read, also beside ErrNothingLoaded.
func Load(opts Options) (*engine.Generation, *Report, error) {
	if len(opts.Rules) == 0 {
		return loadLinked(opts)
	}
	sources, err := compiler.Load(opts.Rules)
	if err != nil {
		return nil, nil, &RulesError{err}
	}
	pipelines, err := compiler.LoadPipelines(opts.Pipelines)
	if err != nil {
		return nil, nil, err
	}
	prog, log := compiler.Compile(sources, compiler.Options{Pipelines: pipelines})
	if err := compiler.CheckPipelines(pipelines, log); err != nil {
		return nil, nil, err
	}
	report := &Report{
		Documents:   prog.Documents,
		Armed:       prog.Count(ir.Armed),
		Skipped:     prog.Count(ir.Skipped),
		Failed:      prog.Count(ir.Failed),
		Diagnostics: log,
	}
	if report.Armed == 0 {
		return nil, report, ErrNothingLoaded
	}
	linked := opts.Linked
	if opts.InterpretAll {
		linked = nil
	}
	rules, compiled := choose(prog, linked)
	return finish(rules, compiled, report, opts)
}

// loadLinked makes a generation of the linked rules, in the order in which their files would be loaded.
func loadLinked(opts Options) (*engine.Generation, *Report, error) {
	if len(opts.Linked) == 0 {
		return nil, nil, ErrNoRules
	}
	rules := LoadOrder(opts.Linked)
	compiled := make([]bool, len(rules))
	for i := range compiled {
		compiled[i] = true
	}
	return finish(rules, compiled, &Report{Armed: len(rules), Diagnostics: &diag.List{}}, opts)
}

// LoadOrder returns linked rules in the order in which their files would be loaded.
func LoadOrder(linked []*rtlib.Rule) []*rtlib.Rule {
	rules := slices.Clone(linked)
	slices.SortStableFunc(rules, func(a, b *rtlib.Rule) int {
		return compareSources(a.Meta.Source, b.Meta.Source)
	})
	return rules
}

// compareSources orders rule sources as directories are walked: name by name.
func compareSources(a, b string) int {
	fileA, docA, _ := strings.Cut(a, "#")
	fileB, docB, _ := strings.Cut(b, "#")
	return cmp.Or(
		slices.Compare(strings.Split(fileA, "/"), strings.Split(fileB, "/")),
		cmp.Compare(len(docA), len(docB)),
		cmp.Compare(docA, docB),
	)
}

// choose takes the generated matcher of each rule that has one with the same digest. What a result says about the rule comes
// from the file that was loaded.
func choose(prog *ir.Program, linked []*rtlib.Rule) (rules []*rtlib.Rule, compiled []bool) {
	byDigest := make(map[string]*rtlib.Rule, len(linked))
	for _, r := range linked {
		byDigest[r.Meta.Digest] = r
	}
	compiled = make([]bool, len(prog.Rules))
	for i, r := range prog.Rules {
		if l := byDigest[r.Meta.Digest]; l != nil {
			rules = append(rules, &rtlib.Rule{
				Meta: r.Meta, Match: l.Match, Selections: l.Selections, Conditions: l.Conditions,
			})
			compiled[i] = true
			continue
		}
		rules = append(rules, interp.Rule(r))
	}
	return rules, compiled
}

func finish(rules []*rtlib.Rule, compiled []bool, report *Report, opts Options) (*engine.Generation, *Report, error) {
	for _, c := range compiled {
		if c {
			report.Compiled++
		} else {
			report.Interpreted++
		}
	}
	gen, err := engine.New(rules, compiled, opts.Engine)
	return gen, report, err
}
