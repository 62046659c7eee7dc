package compiler

import (
	"errors"
	"fmt"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/pipeline"
)

// LoadPipelines reads the pipelines that names stand for: built-in ones, files and directories. The error says what cannot be
// found or read.
func LoadPipelines(names []string) ([]Source, error) {
	log := &diag.List{}
	var out []Source
	for _, f := range pipeline.Find(nil, names, log) {
		out = append(out, Source{Name: f.Name, Data: f.Src})
	}
	var errs []error
	for _, d := range log.All() {
		errs = append(errs, errors.New(d.String()))
	}
	return out, errors.Join(errs...)
}

// ErrPipeline says that a pipeline is wrong, so that nothing was compiled. The diagnostics say what it is.
var ErrPipeline = errors.New("a pipeline is wrong; no rule was compiled")

// CheckPipelines returns ErrPipeline if Compile gave up over a pipeline: then, and only then, it accounts for no document
// although there are sources and errors.
func CheckPipelines(pipelines []Source, log *diag.List) error {
	files := map[string]bool{}
	for _, p := range pipelines {
		files[p.Name] = true
	}
	for _, d := range log.All() {
		if d.Severity == diag.SeverityError && files[d.Pos.File] {
			return fmt.Errorf("%w: %s", ErrPipeline, d)
		}
	}
	return nil
}

// applyPipelines runs the pipelines over the linked documents. It returns false if one of them is wrong.
func (c *compilation) applyPipelines() bool {
	c.docs, c.links = c.set.Docs, pipeline.Links{Filters: c.set.Filters, Refs: c.set.Refs}
	if len(c.opts.Pipelines) == 0 {
		return true
	}
	before := c.log.Errors()
	var ps []*pipeline.Pipeline
	for _, src := range c.opts.Pipelines {
		p := pipeline.Parse(src.Name, src.Data, c.log)
		if p != nil && c.opts.Sources != nil {
			p = p.Expand(c.opts.Sources, pipeline.ExpandOptions{AllowRemoteInclude: c.opts.AllowRemoteInclude}, c.log)
		}
		if p != nil {
			ps = append(ps, p)
		}
	}
	ps = pipeline.Check(ps, false, c.log)
	if c.log.Errors() > before {
		return false
	}
	opts := pipeline.Options{}
	if c.opts.External != nil {
		opts.External = c.opts.External.Round()
	}
	res := pipeline.Merge(ps).Apply(c.docs, c.links, opts, c.log)
	c.docs, c.links, c.notes = res.Docs, res.Links, res.Notes
	return true
}
