package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/rsigma-go/rsigma/codegen/rulediff"
	"github.com/rsigma-go/rsigma/compiler/diag"
)

// diffReport is the JSON output.
type diffReport struct {
	Counts    map[string]int `json:"counts"`
	Events    int            `json:"events"`
	Unchanged int            `json:"unchanged"`
	NotArmed  int            `json:"not_armed"`
	Changes   []changeReport `json:"changes"`
}

type changeReport struct {
	Kind       rulediff.Kind `json:"kind"`
	Effect     string        `json:"effect,omitempty"`
	Title      string        `json:"title"`
	ID         string        `json:"id,omitempty"`
	File       string        `json:"file"`
	Document   int           `json:"document"` // from 1
	OldFile    string        `json:"old_file,omitempty"`
	Note       string        `json:"note,omitempty"`
	Lost       string        `json:"lost_example,omitempty"`
	Gained     string        `json:"gained_example,omitempty"`
	NoneLost   bool          `json:"none_lost_proved"`
	NoneGained bool          `json:"none_gained_proved"`
	Tried      int           `json:"events_tried"`
	Kept       int           `json:"hits_kept"`
	LostHits   int           `json:"hits_lost"`
	GainedHits int           `json:"hits_gained"`
	LostHit    string        `json:"first_hit_lost,omitempty"`
	GainedHit  string        `json:"first_hit_gained,omitempty"`
	Code       string        `json:"code_diff,omitempty"`
}

func newDiffReport(rep *rulediff.Report) diffReport {
	out := diffReport{Counts: map[string]int{}, Events: rep.Events, Unchanged: rep.Unchanged, NotArmed: rep.NotArmed, Changes: []changeReport{}}
	for _, k := range []rulediff.Kind{rulediff.Removed, rulediff.Meaning, rulediff.Added, rulediff.Output, rulediff.Text} {
		out.Counts[string(k)] = rep.Count(k)
	}
	for _, c := range rep.Changes {
		d := c.Document()
		r := changeReport{
			Kind: c.Kind, Effect: c.Effect(), Title: d.Title, ID: d.ID, File: d.File, Document: d.Index + 1, Note: c.Note,
			Lost: string(c.Lost), Gained: string(c.Gained), NoneLost: c.NoneLost, NoneGained: c.NoneGained, Tried: c.Tried,
			Kept: c.Kept, LostHits: c.LostHits, GainedHits: c.GainedHits, LostHit: string(c.LostHit), GainedHit: string(c.GainedHit),
			Code: codeDiff(c),
		}
		if c.Moved() {
			r.OldFile = c.Old.File
		}
		out.Changes = append(out.Changes, r)
	}
	return out
}

// codeDiff returns the difference of the generated code as a unified diff.
func codeDiff(c *rulediff.Change) string {
	before, after := "a/gen/"+c.CodePath, "b/gen/"+c.CodePath
	if c.OldCode == "" {
		before = "/dev/null"
	}
	if c.NewCode == "" {
		after = "/dev/null"
	}
	return udiff.Unified(before, after, c.OldCode, c.NewCode)
}

// summary counts the kinds of changes in words.
func diffSummary(rep *rulediff.Report) string {
	return fmt.Sprintf("%d removed, %d changed in meaning, %d added, %d changed in what they report, %d in text only, %d unchanged",
		rep.Count(rulediff.Removed), rep.Count(rulediff.Meaning), rep.Count(rulediff.Added), rep.Count(rulediff.Output),
		rep.Count(rulediff.Text), rep.Unchanged)
}

// changeHead is the line that names a change.
func changeHead(c *rulediff.Change) string {
	d := c.Document()
	place := d.File
	if d.Index > 0 {
		place += fmt.Sprintf("#%d", d.Index+1)
	}
	text := fmt.Sprintf("%s: %s (%s)", c.Kind, d.Title, place)
	if c.Moved() {
		text += " from " + c.Old.File
	}
	if e := c.Effect(); e != "" {
		text += ": " + e
	}
	return text
}

// changeFacts lists what is to be said about a change, as pairs of a label and a text.
func changeFacts(c *rulediff.Change, events int) (out [][2]string) {
	add := func(label, text string) {
		if text != "" {
			out = append(out, [2]string{label, text})
		}
	}
	add("note", c.Note)
	if c.Kind == rulediff.Meaning && c.Tried > 0 {
		add("matched before only", exampleText(c.Lost, c.NoneLost, c.Tried))
		add("matches now only", exampleText(c.Gained, c.NoneGained, c.Tried))
	}
	if events > 0 && c.Kind != rulediff.Text {
		add("hits", fmt.Sprintf("%d kept, %d lost, %d gained of %d events", c.Kept, c.LostHits, c.GainedHits, events))
		add("first hit lost", string(c.LostHit))
		add("first hit gained", string(c.GainedHit))
	}
	return out
}

func exampleText(example []byte, none bool, tried int) string {
	switch {
	case example != nil:
		return string(example)
	case none:
		return "nothing (proved)"
	default:
		return fmt.Sprintf("nothing was found among %d events", tried)
	}
}

func writeDiffText(w io.Writer, rep *rulediff.Report, colored bool) error {
	fmt.Fprintln(w, diag.Paint(diffSummary(rep), diag.StyleHead, colored))
	for _, c := range rep.Changes {
		fmt.Fprintln(w, "\n"+diag.Paint(diag.Printable(changeHead(c)), diag.StyleHead, colored))
		for _, f := range changeFacts(c, rep.Events) {
			fmt.Fprintf(w, "  %s: %s\n", f[0], diag.Printable(f[1]))
		}
		for line := range strings.Lines(codeDiff(c)) {
			fmt.Fprintf(w, "  %s", line)
		}
	}
	return nil
}

// maxCode is how long the code of a change may be in Markdown, in bytes: comments of pull requests have a limit.
const maxCode = 6000

func writeDiffMarkdown(w io.Writer, rep *rulediff.Report) error {
	fmt.Fprintf(w, "### Detection rules\n\n%s.\n", diffSummary(rep))
	if rep.Events > 0 {
		fmt.Fprintf(w, "\nHits were counted on %d events.\n", rep.Events)
	}
	var quiet []string
	for _, c := range rep.Changes {
		if c.Kind == rulediff.Text {
			quiet = append(quiet, markdownText(c.Document().File))
			continue
		}
		fmt.Fprintf(w, "\n#### %s\n\n", markdownText(changeHead(c)))
		for _, f := range changeFacts(c, rep.Events) {
			fmt.Fprintf(w, "- %s: %s\n", f[0], markdownCode(f[1]))
		}
		writeMarkdownCode(w, codeDiff(c))
	}
	if len(quiet) > 0 {
		fmt.Fprintf(w, "\nText only: %s\n", strings.Join(quiet, ", "))
	}
	return nil
}

func writeMarkdownCode(w io.Writer, code string) {
	if code == "" {
		return
	}
	if len(code) > maxCode {
		cut := strings.LastIndexByte(code[:maxCode], '\n')
		code = code[:cut+1] + fmt.Sprintf("… %d more bytes\n", len(code)-cut-1)
	}
	fence := "```"
	for strings.Contains(code, fence) {
		fence += "`"
	}
	fmt.Fprintf(w, "\n<details><summary>Generated code</summary>\n\n%sdiff\n%s%s\n\n</details>\n", fence, code, fence)
}

// markdownText escapes what Markdown and HTML would take for their own: titles come from whoever wrote the rule.
func markdownText(s string) string {
	s = diag.Printable(s)
	return strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "#", `\#`, "|", `\|`, "@", "&#64;").Replace(s)
}

// markdownCode puts s between as many backticks as it needs.
func markdownCode(s string) string {
	s = diag.Printable(s)
	if !strings.ContainsAny(s, `{"`) {
		return markdownText(s)
	}
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}
