package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// ruleFlags are the flags of every command that reads rules.
type ruleFlags struct {
	Rules    []string `sep:"none" short:"r" required:"" placeholder:"PATH" help:"Rule file, or directory that is read recursively. Repeatable."`
	Pipeline []string `sep:"none" short:"p" placeholder:"NAME|PATH" help:"Processing pipeline: a built-in name, a file or a directory. Repeatable."`
}

// compile reads and compiles the rules.
func (f *ruleFlags) compile() (*ir.Program, *diag.List, error) {
	sources, err := compiler.Load(f.Rules)
	if err != nil {
		return nil, nil, statusError{exitRules, err}
	}
	pipelines, err := compiler.LoadPipelines(f.Pipeline)
	if err != nil {
		return nil, nil, statusError{exitUsage, err}
	}
	prog, log := compiler.Compile(sources, compiler.Options{Pipelines: pipelines})
	if err := compiler.CheckPipelines(pipelines, log); err != nil {
		return nil, nil, statusError{exitUsage, err}
	}
	if len(prog.Documents) == 0 {
		return nil, nil, statusError{exitRules, errors.New("no rule document found; rules are .yml or .yaml files")}
	}
	return prog, log, nil
}

// writeSummary prints how the documents ended, and why those that are not armed are not.
func writeSummary(w io.Writer, p *ir.Program) {
	fmt.Fprintf(w, "%d documents: %d armed, %d skipped, %d failed\n",
		len(p.Documents), p.Count(ir.Armed), p.Count(ir.Skipped), p.Count(ir.Failed))
	for _, d := range p.Documents {
		if d.Status == ir.Skipped {
			fmt.Fprintf(w, "skipped: %s: %s [%s]\n", d.Pos, d.Reason, d.Code)
		}
	}
}
