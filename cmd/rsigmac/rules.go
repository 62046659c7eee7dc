package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/valuelist"
)

// ruleFlags are the flags of every command that reads rules.
type ruleFlags struct {
	Rules    []string `sep:"none" short:"r" required:"" placeholder:"PATH" help:"Rule file, or directory that is read recursively. Repeatable."`
	Pipeline []string `sep:"none" short:"p" placeholder:"NAME|PATH" help:"Processing pipeline: a built-in name, a file or a directory. Repeatable."`

	PlaceholderFallback  string `enum:"strict,event" default:"strict" help:"What a placeholder that no pipeline fills does: strict skips the rule, event fills it from the event field of that name."`
	AllowExternalSources bool   `help:"Let pipelines read lists of values from files and HTTP servers, and, with --allow-command, from commands (file_placeholders, http_placeholders, command_placeholders)."`
	AllowRemoteInclude   bool   `help:"Let pipelines include items from dynamic sources that come over the network."`

	sourceFlags
}

// errNoRules is reported for paths without a single rule document.
var errNoRules = statusError{exitRules, errors.New("no rule document found; rules are .yml or .yaml files")}

// compile reads and compiles the rules.
func (f *ruleFlags) compile() (*ir.Program, *diag.List, error) {
	sources, opts, err := f.load()
	if err != nil {
		return nil, nil, err
	}
	prog, log := compiler.Compile(sources, opts)
	if err := compiler.CheckPipelines(opts.Pipelines, log); err != nil {
		return nil, nil, statusError{exitUsage, err}
	}
	if err := compiler.CheckCount(prog); err != nil {
		return nil, nil, statusError{exitRules, err}
	}
	if len(prog.Documents) == 0 {
		return nil, nil, errNoRules
	}
	return prog, log, nil
}

// process reads the rules and runs the pipelines over them.
func (f *ruleFlags) process() (*compiler.Processed, *diag.List, error) {
	sources, opts, err := f.load()
	if err != nil {
		return nil, nil, err
	}
	set, log := compiler.Process(sources, opts)
	if err := compiler.CheckPipelines(opts.Pipelines, log); err != nil {
		return nil, nil, statusError{exitUsage, err}
	}
	if len(set.Before) == 0 {
		return nil, nil, errNoRules
	}
	return set, log, nil
}

func (f *ruleFlags) load() ([]compiler.Source, compiler.Options, error) {
	sources, err := compiler.Load(f.Rules)
	if err != nil {
		return nil, compiler.Options{}, statusError{exitRules, err}
	}
	pipelines, err := compiler.LoadPipelines(f.Pipeline)
	if err != nil {
		return nil, compiler.Options{}, statusError{exitUsage, err}
	}
	fetch, err := f.options()
	if err != nil {
		return nil, compiler.Options{}, err
	}
	var external *valuelist.Reader
	if f.AllowExternalSources {
		external = &valuelist.Reader{Fetch: fetch}
	}
	values, err := f.values()
	if err != nil {
		return nil, compiler.Options{}, err
	}
	return sources, compiler.Options{
		Pipelines: pipelines, PlaceholderFallback: f.PlaceholderFallback == "event", External: external,
		Sources: values, AllowRemoteInclude: f.AllowRemoteInclude,
	}, nil
}

// writeJSON prints v as indented JSON.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
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
