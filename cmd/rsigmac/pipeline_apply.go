package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/printer"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

type pipelineApplyCmd struct {
	ruleFlags
	Format  string `enum:"text,json" default:"text" help:"Output: text, which is YAML with comments, or json."`
	Diff    bool   `help:"Print what changed as a unified diff, in colour on a terminal."`
	Changed bool   `help:"Leave out rules that stay as they are."`
}

// Help is shown below the flags.
func (pipelineApplyCmd) Help() string {
	return `Prints each rule as it is and, if the pipelines change it, as they leave it. What plain Sigma cannot say stands in comments.
The exit status is 1 if a document failed, for example because a pipeline rejects it.

Examples:
  rsigmac pipeline apply -r rules/windows/process_creation/net_user_add.yml -p ecs_windows
  rsigmac pipeline apply -r rules -p sysmon -p pipelines/ours.yml --changed --diff`
}

// application is one document of the output.
type application struct {
	File     string          `json:"file"`
	Document int             `json:"document"` // from 1
	Kind     string          `json:"kind"`
	Title    string          `json:"title"`
	ID       string          `json:"id,omitempty"`
	Outcome  string          `json:"outcome"` // changed, unchanged, failed or unsupported
	Applied  []string        `json:"applied"`
	Before   json.RawMessage `json:"before,omitempty"`
	After    json.RawMessage `json:"after,omitempty"`
	Notes    []string        `json:"notes"`

	before, after string // YAML
}

// The outcomes.
const (
	outcomeChanged     = "changed"
	outcomeUnchanged   = "unchanged"
	outcomeFailed      = "failed"
	outcomeUnsupported = "unsupported"
)

// Run implements the command.
func (c *pipelineApplyCmd) Run(s streams) error {
	if len(c.Pipeline) == 0 {
		return errors.New("which pipelines? give at least one --pipeline")
	}
	set, log, err := c.process()
	if err != nil {
		return err
	}
	diag.WriteText(s.err, log.Sorted(), useColor(s.err))
	docs := []application{}
	failed := false
	for i := range set.Before {
		d := applied(set, i)
		failed = failed || d.Outcome == outcomeFailed
		if !c.Changed || d.Outcome != outcomeUnchanged {
			docs = append(docs, d)
		}
	}
	if err := c.write(s, docs); err != nil {
		return err
	}
	if failed {
		return statusError{status: exitFinding}
	}
	return nil
}

func (c *pipelineApplyCmd) write(s streams, docs []application) error {
	if c.Format == "json" {
		return writeJSON(s.out, docs)
	}
	colored := useColor(s.out)
	for i := range docs {
		if i > 0 {
			fmt.Fprintln(s.out, "---")
		}
		docs[i].writeText(s.out, c.Diff, colored)
	}
	return nil
}

// applied describes document i of set.
func applied(set *compiler.Processed, i int) application {
	before, after := set.Before[i], set.After[i]
	out := application{
		File: before.File, Document: before.Index + 1, Kind: before.Kind.String(), Title: before.Title, ID: before.ID,
		Applied: []string{}, Notes: []string{},
	}
	out.Applied = append(out.Applied, set.Applied[after]...)
	out.before, out.Before, _ = printed(set, before)
	if after.Failed {
		out.Outcome = outcomeFailed
		return out
	}
	var notes []string
	out.after, out.After, notes = printed(set, after)
	out.Notes = append(out.Notes, notes...)
	switch {
	case out.after == "":
		out.Outcome = outcomeUnsupported
	case out.after == out.before:
		out.Outcome, out.After = outcomeUnchanged, nil
	default:
		out.Outcome = outcomeChanged
	}
	return out
}

// printed returns a rule as YAML, with its filters as comments below it, and as JSON. A filter document stands for itself. There
// is nothing for documents that failed and for correlations.
func printed(set *compiler.Processed, d *sigma.Document) (text string, tree json.RawMessage, notes []string) {
	var doc printer.Document
	switch {
	case d.Rule != nil:
		doc = printer.Rule(d.Rule)
	case d.Filter != nil:
		doc = printer.Filter(d.Filter)
	default:
		return "", nil, nil
	}
	text = doc.Text
	if d.Rule != nil {
		for _, f := range set.Filters[d.Rule] {
			filter := printer.Filter(f)
			text += "# Narrowed by this filter:\n" + comment(filter.Text)
			for _, note := range filter.Notes {
				doc.Notes = append(doc.Notes, fmt.Sprintf("filter %q: %s", f.Title, note))
			}
		}
	}
	return text, json.RawMessage(yamldoc.JSON(doc.Node)), doc.Notes
}

func comment(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("#   " + line)
	}
	return b.String()
}

// writeText prints d as YAML with comments, or as a diff.
func (d *application) writeText(w io.Writer, asDiff, colored bool) {
	say := func(style diag.Style, format string, args ...any) {
		fmt.Fprintln(w, diag.Paint("# "+diag.Printable(fmt.Sprintf(format, args...)), style, colored))
	}
	place := d.File
	if d.Document > 1 {
		place = fmt.Sprintf("%s, document %d", d.File, d.Document)
	}
	say(diag.StyleHead, "%s %q (%s)", d.Kind, d.Title, place)
	if d.before != "" && !asDiff {
		say(diag.StyleHead, "before")
		fmt.Fprint(w, d.before)
	}
	switch d.Outcome {
	case outcomeFailed:
		say(diag.StyleError, "failed; the reason is on standard error")
	case outcomeUnsupported:
		say(diag.StyleFaint, "%s documents are not shown", d.Kind)
	case outcomeUnchanged:
		say(diag.StyleFaint, "unchanged")
	case outcomeChanged:
		if len(d.Applied) > 0 {
			say(diag.StyleFaint, "items that ran: %s", strings.Join(d.Applied, ", "))
		}
		if asDiff {
			writeDiff(w, d.before, d.after, colored)
			return
		}
		fmt.Fprintln(w, "---")
		say(diag.StyleHead, "after")
		fmt.Fprint(w, d.after)
	}
}

// writeDiff prints how after differs from before.
func writeDiff(w io.Writer, before, after string, colored bool) {
	for line := range strings.Lines(udiff.Unified("before", "after", before, after)) {
		text := strings.TrimSuffix(line, "\n")
		switch text[:min(len(text), 1)] {
		case "+":
			text = diag.Paint(text, diag.StyleGood, colored)
		case "-":
			text = diag.Paint(text, diag.StyleError, colored)
		case "@":
			text = diag.Paint(text, diag.StyleFaint, colored)
		}
		fmt.Fprintln(w, text)
	}
}
