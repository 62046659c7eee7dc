package compiler

import (
	"maps"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// Processed is a rule set between reading and lowering: what pipelines start from and what they make of it. Nobody may change
// the trees.
type Processed struct {
	// Before and After hold the same documents in load order. Those that failed have no trees.
	Before, After []*sigma.Document
	// Filters are the filters of each rule of Before, and of each rule of After, processed with it.
	Filters map[*sigma.Rule][]*sigma.Filter
	// Applied are the ids of the pipeline items that ran on a document of After, in order of their first run.
	Applied map[*sigma.Document][]string
	// TestFiles are the input files that hold rule tests instead of rules.
	TestFiles []string
}

// Process reads rule files and runs the pipelines of opts over them, as Compile does, and stops there. The result is never nil;
// it is empty if a pipeline is wrong, which CheckPipelines tells.
func Process(sources []Source, opts Options) (*Processed, *diag.List) {
	c := &compilation{opts: opts, log: &diag.List{}, prog: &ir.Program{}}
	c.set = c.read(sources)
	out := &Processed{Before: c.set.Docs, TestFiles: c.prog.TestFiles, Applied: map[*sigma.Document][]string{}}
	if !c.applyPipelines() {
		return &Processed{}, c.log
	}
	out.After = c.docs
	out.Filters = maps.Clone(c.set.Filters)
	maps.Copy(out.Filters, c.links.Filters)
	for d, notes := range c.notes {
		out.Applied[d] = notes.Applied
	}
	return out, c.log
}
