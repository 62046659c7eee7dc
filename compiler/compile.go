// Package compiler is the front end's facade: rule files in, IR and diagnostics out. It strings the stages together and
// accounts for every document; the stages themselves are the packages below this one.
package compiler

import (
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/link"
	"github.com/rsigma-go/rsigma/compiler/lower"
	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/opt"
	"github.com/rsigma-go/rsigma/compiler/pipeline"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/valuelist"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Source is one rule or pipeline file. Name is what diagnostics call it.
type Source struct {
	Name string
	Data []byte

	err error // why Load could not read it
}

// Err says why Load could not read the file; nil if it could.
func (s Source) Err() error { return s.err }

// Options are the choices of a compilation. The zero value is the default.
type Options struct {
	// Pipelines are processing pipelines in command-line order.
	Pipelines []Source
	// NoOptimize leaves the IR as lowering made it.
	NoOptimize bool
	// PlaceholderFallback fills placeholders that no pipeline resolves from the event at match time.
	PlaceholderFallback bool
	// External lets pipelines read lists of values from files, HTTP servers and commands; nil does not.
	External *valuelist.Reader
	// Sources are the values of dynamic sources by id, nil if there are none. AllowRemoteInclude lets pipelines include items from
	// those that come over the network.
	Sources            map[string]pipeline.Source
	AllowRemoteInclude bool
}

// Compile compiles rule files, which are given in load order. Every document shows up in the program as armed, skipped or
// failed. The list holds all diagnostics in the order in which they were found; the program is never nil. If a pipeline is
// wrong nothing is compiled: rules without the mapping they were written for would not detect a thing.
func Compile(sources []Source, opts Options) (*ir.Program, *diag.List) {
	c := &compilation{opts: opts, log: &diag.List{}, prog: &ir.Program{}, errors: map[docKey]diag.Diagnostic{}}
	c.set = c.read(sources)
	if !c.applyPipelines() {
		return &ir.Program{}, c.log
	}
	c.collectErrors()
	c.lower()
	for _, d := range c.docs {
		c.add(d)
	}
	if !opts.NoOptimize {
		opt.Run(c.prog)
	}
	return c.prog, c.log
}

// read reads, types and links the documents of sources.
func (c *compilation) read(sources []Source) *link.Set {
	var docs []*sigma.Document
	for _, src := range sources {
		docs = append(docs, c.parse(src)...)
	}
	return link.Link(modifier.Apply(docs, c.log), c.log)
}

// docKey names a document.
type docKey struct {
	file  string
	index int
}

type compilation struct {
	opts   Options
	log    *diag.List
	prog   *ir.Program
	errors map[docKey]diag.Diagnostic // the first error of each document
	seen   int                        // diagnostics already collected

	set     *link.Set
	docs    []*sigma.Document // as the pipelines left them
	links   pipeline.Links
	notes   map[*sigma.Document]pipeline.Notes // nil without pipelines
	lowered map[*sigma.Document]lowered
}

// lowered is what became of a document. Both are nil if it does not run.
type lowered struct {
	rule        *ir.Rule
	correlation *ir.Correlation
}

// lower lowers all documents: detection rules first, since a correlation runs only if what it refers to does.
func (c *compilation) lower() {
	c.lowered = map[*sigma.Document]lowered{}
	opts := lower.Options{PlaceholderFallback: c.opts.PlaceholderFallback}
	for _, d := range c.docs {
		if d.Rule == nil || d.Failed {
			continue
		}
		if rule := lower.Rule(d.Rule, c.links.Filters[d.Rule], opts, c.log); rule != nil {
			rule.Seal()
			c.lowered[d] = lowered{rule: rule}
		}
	}
	for _, d := range c.docs {
		if d.Correlation != nil && !d.Failed {
			c.correlation(d)
		}
	}
	c.collectErrors()
}

// parse reads one file. A file that breaks off, or that cannot be read as YAML at all, leaves a failed document behind, so
// that it is counted.
func (c *compilation) parse(src Source) []*sigma.Document {
	if src.err != nil {
		pos := diag.Pos{File: src.Name}
		c.log.Errorf(pos, diag.CodeUnreadableFile, "unreadable file: %v", src.err)
		return []*sigma.Document{{File: src.Name, Pos: pos, Failed: true}}
	}
	before := c.log.Len()
	ydocs := yamldoc.Parse(src.Name, src.Data, c.log)
	if isTestFile(ydocs) {
		c.prog.TestFiles = append(c.prog.TestFiles, src.Name)
		return nil
	}
	docs := sigma.Parse(ydocs, c.log)
	known := map[int]bool{}
	for _, d := range docs {
		known[d.Index] = true
	}
	for _, d := range c.log.Since(before) {
		if d.Severity == diag.SeverityError && !known[d.Pos.Doc] {
			known[d.Pos.Doc] = true
			docs = append(docs, &sigma.Document{File: src.Name, Index: d.Pos.Doc, Pos: d.Pos, Failed: true})
		}
	}
	return docs
}

// isTestFile recognises files of rule tests, which may lie beside the rules, by their content.
func isTestFile(docs []*yamldoc.Document) bool {
	if len(docs) == 0 || docs[0].Root == nil {
		return false
	}
	root := docs[0].Root
	for _, key := range []string{"cases", "regression_tests_info"} { // ours, SigmaHQ's info.yml
		if tests := root.Get(key); tests != nil && tests.Kind == yamldoc.KindSequence {
			return root.Get("detection") == nil && root.Get("correlation") == nil && root.Get("filter") == nil
		}
	}
	return false
}

// collectErrors notes the first error of each document among the diagnostics reported since the last call.
func (c *compilation) collectErrors() {
	for _, d := range c.log.Since(c.seen) {
		key := docKey{d.Pos.File, d.Pos.Doc}
		if _, ok := c.errors[key]; !ok && d.Severity == diag.SeverityError {
			c.errors[key] = d
		}
	}
	c.seen = c.log.Len()
}

// add records the outcome of d in the program.
func (c *compilation) add(d *sigma.Document) {
	out := ir.Document{File: d.File, Index: d.Index, Kind: d.Kind.String(), Title: d.Title, ID: d.ID, Pos: d.Pos}
	low := c.lowered[d]
	switch {
	case low.rule != nil:
		out.Status, out.Rule = ir.Armed, low.rule
		c.prog.Rules = append(c.prog.Rules, low.rule)
	case low.correlation != nil:
		out.Status, out.Correlation = ir.Armed, low.correlation
		c.prog.Correlations = append(c.prog.Correlations, low.correlation)
	case d.Filter != nil && !d.Failed:
		out.Status = ir.Armed
	default:
		c.fail(&out)
	}
	c.prog.Documents = append(c.prog.Documents, out)
}

// fail marks a document that an error was reported for. One whose only fault is a placeholder without a value is valid Sigma:
// it is skipped, since a pipeline may supply the value.
func (c *compilation) fail(out *ir.Document) {
	out.Status = ir.Failed
	if d, ok := c.errors[docKey{out.File, out.Index}]; ok {
		out.Code, out.Reason, out.Pos = d.Code, d.Msg, d.Pos
		if d.Code == diag.CodeUnhandledPlaceholder {
			out.Status = ir.Skipped
		}
	}
}
