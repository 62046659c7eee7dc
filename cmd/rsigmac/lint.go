package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/lint"
)

type lintCmd struct {
	Rules    []string `sep:"none" short:"r" placeholder:"PATH" help:"Rule file, or directory that is read recursively. Repeatable."`
	Pipeline []string `sep:"none" short:"p" placeholder:"NAME|PATH" help:"Processing pipeline whose warnings are shown too: a built-in name, a file or a directory. Repeatable."`
	Disable  []string `placeholder:"CODE" help:"Leave this check out. Repeatable; several with commas."`
	Enable   []string `placeholder:"CODE" help:"Run this check, also if it is optional. Repeatable; several with commas."`
	Config   string   `placeholder:"FILE" help:"Configuration; without it .rsigma-lint.yml in the working directory or above is read."`
	FailOn   string   `enum:"error,warning,info,never" default:"warning" help:"Exit with status 1 for findings of this severity and above: error, warning, info or never."`
	Fix      bool     `help:"Mend in the files what can be mended safely, and report the rest."`
	Format   string   `enum:"text,json,sarif" default:"text" help:"Output: text, json or sarif."`
	List     bool     `help:"List all checks with their documentation."`
}

// Help is shown below the flags.
func (lintCmd) Help() string {
	return `Checks the style of rules; docs/linting.md lists the checks. Warnings and errors of "rsigmac check" are shown too. A comment in a rule
switches checks off: "# rsigma-disable-next-line CODE", "# rsigma-disable-line CODE", or "# rsigma-disable CODE" for the file.

--fix edits the text in place: comments and layout stay, and an edit that would change what a rule detects is not made.

Examples:
  rsigmac lint -r rules --fix
  rsigmac lint -r rules --format sarif --fail-on error > lint.sarif`
}

// Run implements the command.
func (c *lintCmd) Run(s streams) error {
	if c.List {
		return c.list(s)
	}
	if len(c.Rules) == 0 {
		return errors.New("missing flags: --rules=PATH")
	}
	cfg, err := c.config(s)
	if err != nil {
		return err
	}
	report, sources, err := c.check(cfg)
	if err != nil {
		return err
	}
	fixed := 0
	for range 3 { // an edit may make room for another
		n := 0
		if c.Fix {
			if n, err = fixFiles(sources, report.Findings); err != nil {
				return err
			}
		}
		if n == 0 {
			break
		}
		fixed += n
		if report, sources, err = c.check(cfg); err != nil {
			return err
		}
	}
	return c.write(s, report, fixed)
}

// check runs the checks once.
func (c *lintCmd) check(cfg lint.Config) (*lint.Report, []compiler.Source, error) {
	sources, err := compiler.Load(c.Rules)
	if err != nil {
		return nil, nil, statusError{exitRules, err}
	}
	var opts compiler.Options
	if opts.Pipelines, err = compiler.LoadPipelines(c.Pipeline); err != nil {
		return nil, nil, statusError{exitUsage, err}
	}
	set, log := compiler.Process(sources, opts)
	if err := compiler.CheckPipelines(opts.Pipelines, log); err != nil {
		return nil, nil, statusError{exitUsage, err}
	}
	if len(set.Before) == 0 {
		return nil, nil, errNoRules
	}
	return lint.Run(sources, set, log, cfg), sources, nil
}

// fixFiles writes the files in which something can be mended, and returns how many findings that mends.
func fixFiles(sources []compiler.Source, findings []lint.Finding) (int, error) {
	fixed := 0
	for _, src := range sources {
		text, mended := lint.Fix(src, findings)
		if len(mended) == 0 {
			continue
		}
		if err := replaceFile(filepath.FromSlash(src.Name), text); err != nil {
			return fixed, fmt.Errorf("write mended rules: %w", err)
		}
		fixed += len(mended)
	}
	return fixed, nil
}

// replaceFile gives an existing file new content: beside it first, then in its place, with the same rights.
func replaceFile(name string, content []byte) error {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(name), ".rsigmac-*.tmp")
	if err != nil {
		return err
	}
	_, err = temp.Write(content)
	err = errors.Join(err, temp.Chmod(info.Mode().Perm()), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

func (c *lintCmd) write(s streams, report *lint.Report, fixed int) (err error) {
	switch c.Format {
	case "json":
		err = lint.WriteJSON(s.out, report)
	case "sarif":
		err = lint.WriteSARIF(s.out, report)
	default:
		err = lint.WriteText(s.out, report.Findings, useColor(s.out))
	}
	if err != nil {
		return err
	}
	worst := report.Count(lint.Error)
	warnings := report.Count(lint.Warning) - worst
	fmt.Fprintf(s.err, "%d documents: %d errors, %d warnings, %d infos", report.Documents, worst, warnings, len(report.Findings)-worst-warnings)
	if report.Suppressed > 0 {
		fmt.Fprintf(s.err, ", %d suppressed", report.Suppressed)
	}
	if fixed > 0 {
		fmt.Fprintf(s.err, "; %d fixed", fixed)
	}
	fmt.Fprintln(s.err)
	if at, ok := lint.ParseSeverity(c.FailOn); ok && report.Count(at) > 0 {
		return statusError{status: exitFinding}
	}
	return nil
}

// config reads the configuration and puts the flags on top.
func (c *lintCmd) config(s streams) (lint.Config, error) {
	var out lint.Config
	name := c.Config
	if name == "" {
		name = findConfig()
	}
	if name != "" {
		data, err := os.ReadFile(name)
		if err != nil {
			return out, err
		}
		var log diag.List
		out = lint.ParseConfig(filepath.ToSlash(name), data, &log)
		if log.Errors() > 0 {
			diag.WriteText(s.err, log.Sorted(), useColor(s.err))
			return out, fmt.Errorf("%d errors in %s", log.Errors(), name)
		}
	}
	var flags lint.Config
	for _, list := range []struct {
		names []string
		to    *[]diag.Code
	}{{c.Disable, &flags.Disable}, {c.Enable, &flags.Enable}} {
		for _, n := range list.names {
			code, hint, ok := lint.ParseCode(n)
			if !ok {
				return out, errors.New(strings.TrimSpace(fmt.Sprintf("there is no check %q; %s", n, hint)))
			}
			*list.to = append(*list.to, code)
		}
	}
	return out.Merge(flags), nil
}

// findConfig looks for the configuration in the working directory and above; "" if there is none.
func findConfig() string {
	dir, err := os.Getwd()
	for err == nil {
		name := filepath.Join(dir, lint.ConfigName)
		if _, statErr := os.Stat(name); !errors.Is(statErr, fs.ErrNotExist) {
			return name
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

func (c *lintCmd) list(s streams) error {
	if c.Format != "text" {
		return errors.New("--list is text")
	}
	rows := [][]string{{"CODE", "SEVERITY", "", "WHAT"}}
	for _, check := range lint.Checks() {
		var notes []string
		if check.Fixable {
			notes = append(notes, "fixable")
		}
		if check.Optional {
			notes = append(notes, "optional")
		}
		rows = append(rows, []string{string(check.Code), check.Severity.String(), strings.Join(notes, ", "), check.Doc})
	}
	for _, info := range diag.Registered() {
		rows = append(rows, []string{string(info.Code), info.Severity.String(), "compiler", info.Doc})
	}
	return table(s.out, slices.Clip(rows))
}
