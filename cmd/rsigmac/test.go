package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"

	"github.com/rsigma-go/rsigma/codegen/conformance"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
)

type testCmd struct {
	Paths    []string `arg:"" name:"path" help:"Test file, or directory that is searched for test files."`
	Rules    []string `sep:"none" short:"r" placeholder:"PATH" help:"For SigmaHQ's info.yml: rule file, or directory that is read recursively. Repeatable."`
	Pipeline []string `sep:"none" short:"p" placeholder:"NAME|PATH" help:"For SigmaHQ's info.yml: processing pipeline: a built-in name, a file or a directory. Repeatable."`
	Engine   string   `enum:"interpreted,compiled,both" default:"interpreted" help:"Engine: interpreted, compiled (generates, builds and runs Go code; needs the go command) or both (they must also agree)."`
	JUnit    string   `name:"junit" placeholder:"FILE" help:"Write the results as JUnit XML too."`
	Verbose  bool     `short:"v" help:"List the cases that pass too."`
	Coverage bool     `help:"Say which alternatives of which rules no test exercised. With --rules, rules without a test count too."`
	Min      float64  `placeholder:"PERCENT" help:"With --coverage: exit with status 1 if less of a rule was exercised."`
}

// Help is shown below the flags.
func (testCmd) Help() string {
	return `A test file names rules (or has them inside), events, and which of them must match; docs/testing-rules.md describes the format.
The exit status is 1 if a case failed.

With --coverage a branch of a rule counts as exercised if some event of a test takes it and the verdict hangs on it: an alternative
that holds alone, an item that alone keeps the rule from matching, a filter that alone excludes the event.

SigmaHQ's regression tests (info.yml with events as .json and .evtx) are read too. They name their rule by its identifier, so
--rules says where to look it up, and --pipeline what their events need.

Examples:
  rsigmac test rules/ --engine both --junit results.xml
  rsigmac test rules/ --coverage -r rules --min 80
  rsigmac test sigma/regression_data -r sigma/rules -p windows_evtx_json`
}

// Run implements the command.
func (c *testCmd) Run(s streams) error {
	files, log := conformance.LoadFiles(c.Paths)
	diag.WriteText(s.err, log.Sorted(), useColor(s.err))
	if log.Errors() > 0 {
		return statusError{exitUsage, fmt.Errorf("%d errors in test files", log.Errors())}
	}
	if len(files) == 0 {
		return statusError{exitUsage, errors.New("no test file found; a test file is YAML with the key cases, or an info.yml of SigmaHQ")}
	}
	if c.Min != 0 && !c.Coverage {
		return errors.New("--min needs --coverage")
	}
	opts, err := c.options(files)
	if err != nil {
		return err
	}
	cover := newTestCoverage()
	if c.Coverage {
		opts.Observe = cover.observe
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	report, err := conformance.Run(ctx, files, opts)
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
	if c.Coverage {
		if err := cover.addUntested(opts); err != nil {
			return err
		}
		if below, err := cover.write(s, c.Min); err != nil {
			return err
		} else if below > 0 {
			return statusError{exitFinding, fmt.Errorf("%d rules are exercised by less than %g %%", below, c.Min)}
		}
	}
	if failed := slices.IndexFunc(report.Suites, func(s *conformance.Suite) bool { return s.Counts().Failed > 0 }); failed >= 0 {
		return statusError{status: exitFinding}
	}
	return nil
}

// options loads the rules and pipelines for the fixtures among the files.
func (c *testCmd) options(files []*conformance.File) (opts conformance.Options, err error) {
	opts.Engine = c.Engine
	fixtures := conformance.HasFixtures(files)
	if fixtures && len(c.Rules) == 0 {
		return opts, statusError{exitUsage, conformance.ErrNoRules}
	}
	if opts.Rules, err = compiler.Load(c.Rules); err != nil {
		return opts, statusError{exitRules, err}
	}
	if opts.Pipelines, err = compiler.LoadPipelines(c.Pipeline); err != nil {
		return opts, statusError{exitUsage, err}
	}
	if fixtures && len(opts.Rules) == 0 {
		return opts, statusError{exitRules, errors.New("no rule file found; rules are .yml or .yaml files")}
	}
	return opts, nil
}

func writeFile(name string, report *conformance.Report) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(report.WriteJUnit(f), f.Close())
}
