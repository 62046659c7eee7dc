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
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// Options say what to load.
type Options struct {
	// MayBeEmpty makes a generation without rules of files without documents, for a start. A reload refuses that: a file that is just
	// being written is empty for a moment.
	MayBeEmpty bool

	// Rules are rule files and directories. Without any, the linked rules run.
	Rules []string
	// Pipelines are names or paths of processing pipelines.
	Pipelines []string
	// Compile are the choices of the compilation; its pipelines are those of Pipelines.
	Compile compiler.Options
	// Linked are the rules whose generated code is part of the program.
	Linked engine.Rules
	// InterpretAll ignores the linked rules wherever rules are given.
	InterpretAll bool
	Engine       engine.Options
}

// Report says what a load found.
type Report struct {
	Documents   []Document
	Armed       int
	Skipped     int
	Failed      int
	Compiled    int // armed rules on generated code
	Interpreted int // armed rules that are interpreted
	Diagnostics *diag.List

	digests  map[string]string // of armed rules, by their place
	failures map[int]failure   // the documents that failed, by number
	failed   map[failure]bool
}

// Faults that callers answer with different exit statuses.
var (
	// ErrNoRules says that neither rule files were given nor rules linked.
	ErrNoRules = errors.New("no rules path; set --rules or daemon.rules in the config file")
	// ErrPipelineWithoutRules says that pipelines were given for linked rules, whose source text the program does not have.
	ErrPipelineWithoutRules = errors.New("a pipeline has no effect on linked rules, which were compiled with theirs; give rule files with --rules")
	// ErrNothingLoaded says that no document could be armed.
	ErrNothingLoaded = errors.New("no rule document could be loaded")
)

// RulesError says that a rules path cannot be read, or that there is more in it than one set of rules may have.
type RulesError struct{ Err error }

func (e *RulesError) Error() string { return e.Err.Error() }

func (e *RulesError) Unwrap() error { return e.Err }

// Load makes a generation. The report is set whenever rules could be read, also beside ErrNothingLoaded.
func Load(opts Options) (*engine.Generation, *Report, error) {
	if len(opts.Rules) == 0 {
		if len(opts.Pipelines) > 0 {
			return nil, nil, ErrPipelineWithoutRules
		}
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
	compile := opts.Compile
	compile.Pipelines = pipelines
	prog, log := compiler.Compile(sources, compile)
	if err := compiler.CheckPipelines(pipelines, log); err != nil {
		return nil, nil, err
	}
	if err := compiler.CheckCount(prog); err != nil {
		return nil, nil, &RulesError{err}
	}
	report := &Report{
		Documents:   documents(prog),
		Armed:       prog.Count(ir.Armed),
		Skipped:     prog.Count(ir.Skipped),
		Failed:      prog.Count(ir.Failed),
		Diagnostics: log,
	}
	report.noteFailures(sources)
	if report.Armed == 0 && (!opts.MayBeEmpty || len(report.Documents) > 0 || log.Errors() > 0) {
		return nil, report, ErrNothingLoaded
	}
	linked := opts.Linked
	if opts.InterpretAll {
		linked = engine.Rules{}
	}
	rules, compiled := choose(prog, linked)
	return finish(rules, compiled, report, opts)
}

// loadLinked makes a generation of the linked rules, in the order in which their files would be loaded.
func loadLinked(opts Options) (*engine.Generation, *Report, error) {
	if opts.Linked.Len() == 0 {
		return nil, nil, ErrNoRules
	}
	rules := LoadOrder(opts.Linked)
	compiled := map[*rtlib.Meta]bool{}
	for _, r := range rules.Detections {
		compiled[&r.Meta] = true
	}
	for _, r := range rules.Correlations {
		compiled[&r.Meta] = true
	}
	return finish(rules, compiled, &Report{Documents: linkedDocuments(rules), Armed: rules.Len(), Diagnostics: &diag.List{}}, opts)
}

// LoadOrder returns linked rules in the order in which their files would be loaded.
func LoadOrder(linked engine.Rules) engine.Rules {
	out := engine.Rules{Detections: slices.Clone(linked.Detections), Correlations: slices.Clone(linked.Correlations)}
	slices.SortStableFunc(out.Detections, func(a, b *rtlib.Rule) int {
		return compareSources(a.Meta.Source, b.Meta.Source)
	})
	slices.SortStableFunc(out.Correlations, func(a, b *correlate.Rule) int {
		return compareSources(a.Meta.Source, b.Meta.Source)
	})
	return out
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

// choose takes the generated matcher of each rule that has one with the same digest. What a result says about the rule, and
// which rules feed a correlation, comes from the files that were loaded.
func choose(prog *ir.Program, linked engine.Rules) (rules engine.Rules, compiled map[*rtlib.Meta]bool) {
	detections, correlations := map[string]*rtlib.Rule{}, map[string]bool{}
	for _, r := range linked.Detections {
		detections[r.Meta.Digest] = r
	}
	for _, r := range linked.Correlations {
		correlations[r.Meta.Digest] = true
	}
	compiled = map[*rtlib.Meta]bool{}
	for _, r := range prog.Rules {
		rule := interp.Rule(r)
		if l := detections[r.Meta.Digest]; l != nil {
			rule = &rtlib.Rule{Meta: r.Meta, Match: l.Match, Selections: l.Selections, Conditions: l.Conditions}
			compiled[&rule.Meta] = true
		}
		rules.Detections = append(rules.Detections, rule)
	}
	for _, c := range prog.Correlations {
		rules.Correlations = append(rules.Correlations, c.Rule)
		compiled[&c.Rule.Meta] = correlations[c.Rule.Meta.Digest]
	}
	return rules, compiled
}

func finish(rules engine.Rules, compiled map[*rtlib.Meta]bool, report *Report, opts Options) (*engine.Generation, *Report, error) {
	for _, c := range compiled {
		if c {
			report.Compiled++
		}
	}
	report.Interpreted = rules.Len() - report.Compiled
	report.digests = digestsOf(rules)
	gen, err := engine.New(rules, compiled, opts.Engine)
	return gen, report, err
}
