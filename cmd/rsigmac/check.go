package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

type checkCmd struct {
	ruleFlags
	Format string `enum:"text,json" default:"text" help:"Output: text or json."`
	Strict bool   `help:"Exit with status 1 for warnings and skipped documents too."`

	ResolveSources bool `help:"Read every dynamic source, also those that no pipeline needs; a failure is status 3."`
}

// Help is shown below the flags.
func (checkCmd) Help() string {
	return `Every document ends as armed, skipped (with the reason) or failed (with the position). The exit status is 1 if any failed and,
with --strict, if any was skipped or there are warnings.

Example: rsigmac check -r rules --format json | jq '.counts'`
}

// Run implements the command.
func (c *checkCmd) Run(s streams) error {
	if c.ResolveSources {
		if err := c.resolveAll(); err != nil {
			return err
		}
	}
	prog, log, err := c.compile()
	if err != nil {
		return err
	}
	if c.Format == "json" {
		err = c.writeJSON(s, prog, log)
	} else {
		diag.WriteText(s.out, log.Sorted(), useColor(s.out))
		writeSummary(s.err, prog)
	}
	if err != nil {
		return err
	}
	failed := prog.Count(ir.Failed)
	if failed > 0 || c.Strict && (prog.Count(ir.Skipped) > 0 || log.Len() > 0) {
		return statusError{status: exitFinding}
	}
	return nil
}

// resolveAll reads every source; any failure counts, also one that a default would cover.
func (c *checkCmd) resolveAll() error {
	if len(c.Source) == 0 {
		return statusError{exitUsage, errors.New("--resolve-sources needs --source")}
	}
	decls, _, err := c.declarations()
	if err != nil {
		return err
	}
	var errs []error
	for _, out := range dynsource.New(decls, dynsource.Observer{}).Resolve(context.Background()) {
		if out.Err != nil {
			errs = append(errs, fmt.Errorf("source %q: %s: %w", out.ID, out.Err.Kind, out.Err))
		}
	}
	if len(errs) > 0 {
		return statusError{exitUsage, errors.Join(errs...)}
	}
	return nil
}

// report is the JSON output.
type report struct {
	Counts      counts          `json:"counts"`
	NotArmed    []outcome       `json:"not_armed"`
	TestFiles   []string        `json:"test_files,omitempty"`
	Diagnostics json.RawMessage `json:"diagnostics"`
}

type counts struct {
	Documents int `json:"documents"`
	Armed     int `json:"armed"`
	Skipped   int `json:"skipped"`
	Failed    int `json:"failed"`
}

// outcome is a document that does not run, and why.
type outcome struct {
	File     string    `json:"file"`
	Document int       `json:"document"` // from 1
	Kind     string    `json:"kind"`
	Title    string    `json:"title"`
	ID       string    `json:"id,omitempty"`
	Status   ir.Status `json:"status"`
	Code     diag.Code `json:"code"`
	Reason   string    `json:"reason"`
	Line     int       `json:"line"`
	Column   int       `json:"column"`
}

func (c *checkCmd) writeJSON(s streams, prog *ir.Program, log *diag.List) error {
	var ds bytes.Buffer
	if err := diag.WriteJSON(&ds, log.Sorted()); err != nil {
		return err
	}
	r := report{
		Counts: counts{
			Documents: len(prog.Documents),
			Armed:     prog.Count(ir.Armed),
			Skipped:   prog.Count(ir.Skipped),
			Failed:    prog.Count(ir.Failed),
		},
		NotArmed:    []outcome{},
		TestFiles:   prog.TestFiles,
		Diagnostics: ds.Bytes(),
	}
	for _, d := range prog.Documents {
		if d.Status != ir.Armed {
			r.NotArmed = append(r.NotArmed, outcome{
				File: d.File, Document: d.Index + 1, Kind: d.Kind, Title: d.Title, ID: d.ID,
				Status: d.Status, Code: d.Code, Reason: d.Reason, Line: d.Pos.Line, Column: d.Pos.Col,
			})
		}
	}
	return writeJSON(s.out, r)
}
