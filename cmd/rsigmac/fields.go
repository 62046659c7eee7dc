package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/rsigma-go/rsigma/compiler/coverage"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

type fieldsCmd struct {
	ruleFlags
	Events []string `sep:"none" placeholder:"FILE" help:"Sample of the events: NDJSON, or whole JSON documents; gzip is recognised. - is standard input. Repeatable."`
	Format string   `enum:"text,json" default:"text" help:"Output: text or json."`
	Strict bool     `help:"Exit with status 1 if a rule can never match events like those of --events."`
}

// Help is shown below the flags.
func (fieldsCmd) Help() string {
	return `Lists the fields that rules read, after pipelines. With a sample of events it says which of them the events never carry, which event
fields no rule reads, and which rules can never match: those for which every way to match needs a field that is never there.
A rule that is not named may still never match, if a field is there but never holds what the rule asks for.

Examples:
  rsigmac fields -r rules
  rsigmac fields -r rules -p ecs_windows --events sample.ndjson.gz --strict`
}

// Run implements the command.
func (c *fieldsCmd) Run(s streams) error {
	if c.Strict && len(c.Events) == 0 {
		return errors.New("--strict needs a sample: give at least one --events")
	}
	prog, log, err := c.compile()
	if err != nil {
		return err
	}
	diag.WriteText(s.err, errorsOf(log), useColor(s.err))
	sample := coverage.NewSample(prog)
	r := &eventReader{streams: s, take: sample.Add}
	for _, name := range c.Events {
		if err := r.file(name); err != nil {
			return err
		}
	}
	report := sample.Compare()
	if len(c.Events) > 0 && report.Events == 0 {
		return errors.New("no event found in the sample")
	}
	if c.Format == "json" {
		err = writeJSON(s.out, newFieldsReport(report, prog, r.bad))
	} else {
		err = writeFields(s, report, len(c.Events) > 0)
		writeSummary(s.err, prog)
	}
	if err == nil && c.Strict && len(report.Never) > 0 {
		return statusError{status: exitFinding}
	}
	return err
}

// errorsOf returns the errors in log, sorted; warnings are the business of "check".
func errorsOf(log *diag.List) []diag.Diagnostic {
	var out []diag.Diagnostic
	for _, d := range log.Sorted() {
		if d.Severity == diag.SeverityError {
			out = append(out, d)
		}
	}
	return out
}

// fieldsReport is the JSON output.
type fieldsReport struct {
	Rules        int           `json:"rules"`
	NotArmed     int           `json:"not_armed"`
	KeywordRules int           `json:"keyword_rules"`
	Events       int           `json:"events"`
	BadLines     int           `json:"bad_lines"`
	Fields       []fieldReport `json:"fields"`
	Unread       []pathReport  `json:"unread"`
	MorePaths    bool          `json:"more_paths"`
	Never        []neverReport `json:"never"`
}

type fieldReport struct {
	Name   string `json:"field"`
	Rules  int    `json:"rules"`
	Events int    `json:"events"`
	Near   string `json:"near,omitempty"`
}

type pathReport struct {
	Path   string `json:"path"`
	Events int    `json:"events"`
}

type neverReport struct {
	Title   string   `json:"title"`
	ID      string   `json:"id,omitempty"`
	Source  string   `json:"source"`
	Missing []string `json:"missing"`
}

func newFieldsReport(r *coverage.Report, prog *ir.Program, bad int) fieldsReport {
	out := fieldsReport{
		Rules: r.Rules, NotArmed: len(prog.Documents) - prog.Count(ir.Armed), KeywordRules: r.Keywords, Events: r.Events, BadLines: bad,
		Fields: []fieldReport{}, Unread: []pathReport{}, MorePaths: r.MorePaths, Never: []neverReport{},
	}
	for _, f := range r.Fields {
		out.Fields = append(out.Fields, fieldReport(f))
	}
	for _, p := range r.Unread {
		out.Unread = append(out.Unread, pathReport(p))
	}
	for _, n := range r.Never {
		m := n.Rule.Meta
		out.Never = append(out.Never, neverReport{m.Title, m.ID, m.Source, n.Missing})
	}
	return out
}

// writeFields prints tables; with a sample, what is missing comes last, next to the prompt.
func writeFields(s streams, r *coverage.Report, sampled bool) error {
	colored := useColor(s.out)
	title := func(format string, args ...any) {
		fmt.Fprintln(s.out, diag.Paint(fmt.Sprintf(format, args...), diag.StyleHead, colored))
	}
	title("%d fields are read by %d rules; %d rules search all text", len(r.Fields), r.Rules, r.Keywords)
	if err := table(s.out, fieldRows(r, sampled)); err != nil || !sampled {
		return err
	}
	title("\n%d fields of %d events are read by no rule", len(r.Unread), r.Events)
	rows := [][]string{{"EVENTS", "PATH"}}
	for _, p := range r.Unread {
		rows = append(rows, []string{fmt.Sprint(p.Events), p.Path})
	}
	if err := table(s.out, rows); err != nil {
		return err
	}
	if r.MorePaths {
		fmt.Fprintln(s.out, "the events have more fields than are listed here")
	}
	title("\n%d of %d rules can never match events of this shape", len(r.Never), r.Rules)
	rows = [][]string{{"RULE", "SOURCE", "MISSING"}}
	for _, n := range r.Never {
		rows = append(rows, []string{n.Rule.Meta.Title, n.Rule.Meta.Source, strings.Join(n.Missing, ", ")})
	}
	return table(s.out, rows)
}

func fieldRows(r *coverage.Report, sampled bool) [][]string {
	if !sampled {
		rows := [][]string{{"RULES", "FIELD"}}
		for _, f := range r.Fields {
			rows = append(rows, []string{fmt.Sprint(f.Rules), f.Name})
		}
		return rows
	}
	rows := [][]string{{"RULES", "EVENTS", "FIELD", ""}}
	for _, f := range r.Fields {
		note := ""
		switch {
		case f.Near != "":
			note = "never; events have " + f.Near
		case f.Events == 0:
			note = "never"
		}
		rows = append(rows, []string{fmt.Sprint(f.Rules), fmt.Sprint(f.Events), f.Name, note})
	}
	return rows
}

// table prints rows in columns; the first one heads them. Nothing is printed if there is no other.
func table(w io.Writer, rows [][]string) error {
	if len(rows) < 2 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = diag.Printable(cell)
		}
		fmt.Fprintln(t, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	return t.Flush()
}
