package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"

	"github.com/rsigma-go/rsigma/codegen/conformance"
	"github.com/rsigma-go/rsigma/compiler/diag"
)

type testCmd struct {
	Paths   []string `arg:"" name:"path" help:"Test file, or directory that is searched for test files."`
	Engine  string   `enum:"interpreted,compiled,both" default:"interpreted" help:"Engine: interpreted, compiled (generates, builds and runs Go code; needs the go command) or both (they must also agree)."`
	JUnit   string   `name:"junit" placeholder:"FILE" help:"Write the results as JUnit XML too."`
	Verbose bool     `short:"v" help:"List the cases that pass too."`
}

// Help is shown below the flags.
func (testCmd) Help() string {
	return `A test file names rules (or has them inside), events, and which of them must match; docs/testing-rules.md describes the format.
Cases that need something the engine does not have yet are skipped, listed and counted. The exit status is 1 if a case failed.

Example: rsigmac test rules/ --engine both --junit results.xml`
}

// Run implements the command.
func (c *testCmd) Run(s streams) error {
	files, log := conformance.LoadFiles(c.Paths)
	diag.WriteText(s.err, log.Sorted(), useColor(s.err))
	if log.Errors() > 0 {
		return statusError{exitUsage, fmt.Errorf("%d errors in test files", log.Errors())}
	}
	if len(files) == 0 {
		return statusError{exitUsage, errors.New("no test file found; a test file is YAML with the key cases")}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	report, err := conformance.Run(ctx, files, conformance.Options{Engine: c.Engine})
	if err != nil {
		return err
	}
	if err := report.WriteText(s.out, c.Verbose); err != nil {
		return err
	}
	if c.JUnit != "" {
		if err := writeFile(c.JUnit, report); err != nil {
			return fmt.Errorf("write JUnit file: %w", err)
		}
	}
	if failed := slices.IndexFunc(report.Suites, func(s *conformance.Suite) bool { return s.Counts().Failed > 0 }); failed >= 0 {
		return statusError{status: exitFinding}
	}
	return nil
}

func writeFile(name string, report *conformance.Report) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(report.WriteJUnit(f), f.Close())
}
