package main

import (
	"fmt"
	"os"

	"github.com/rsigma-go/rsigma/codegen"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

type generateCmd struct {
	ruleFlags
	Out     string `short:"o" required:"" type:"path" placeholder:"DIR" help:"Directory for the generated code. Stale files in it are removed."`
	Check   bool   `help:"Write nothing; exit with status 1 and name the files if DIR is not up to date."`
	Lenient bool   `help:"Generate although some documents failed; they are listed in manifest.json."`
}

// Help is shown below the flags.
func (generateCmd) Help() string {
	return `Writes one Go file per rule, laid out as the rules are, manifest.json, which accounts for every document, and rsigmac.lock, which says
in one line per rule what its id stands for. The output
depends on the rules and pipelines only: running it twice changes nothing.

Example: rsigmac generate -r rules -p ecs_windows -o gen`
}

// Run implements the command.
func (c *generateCmd) Run(s streams) error {
	prog, log, err := c.compile()
	if err != nil {
		return err
	}
	diag.WriteText(s.err, log.Sorted(), useColor(s.err))
	failed := prog.Count(ir.Failed)
	if failed > 0 && !c.Lenient {
		return statusError{exitFinding, fmt.Errorf("%d documents failed; nothing was written (--lenient generates the rest)", failed)}
	}
	importPath, err := codegen.ImportPath(c.Out)
	if err != nil {
		return err
	}
	files, err := codegen.GenerateLocked(prog, codegen.Options{Roots: c.Rules, ImportPath: importPath})
	if err != nil {
		return statusError{exitFinding, err}
	}
	if c.Check {
		return c.check(s, files)
	}
	changes, err := codegen.Write(c.Out, files)
	if err != nil {
		return fmt.Errorf("write generated code: %w", err)
	}
	writeSummary(s.err, prog)
	fmt.Fprintf(s.err, "%s: %s\n", c.Out, changes)
	return nil
}

func (c *generateCmd) check(s streams, files []codegen.File) error {
	stale, err := codegen.Check(c.Out, files)
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("check generated code: %w", err)
	}
	for _, f := range stale {
		fmt.Fprintln(s.out, f)
	}
	if len(stale) > 0 {
		return statusError{exitFinding, fmt.Errorf("%d files in %s are not up to date; run the same command without --check", len(stale), c.Out)}
	}
	return nil
}
