package lint

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// WriteText writes one line per finding, in the form of diag.WriteText, and its notes indented below.
func WriteText(w io.Writer, findings []Finding, colored bool) error {
	for _, f := range findings {
		hint := ""
		if f.Hint != "" {
			hint = " (" + diag.Printable(f.Hint) + ")"
		}
		style := diag.StyleWarning
		if f.Severity == Error {
			style = diag.StyleError
		}
		label := f.Severity.String()
		if f.Severity != Info {
			label = diag.Paint(label, style, colored)
		}
		if _, err := fmt.Fprintf(w, "%s: %s: %s%s [%s]\n", diag.Printable(f.Pos.String()), label, diag.Printable(f.Msg), hint, f.Code); err != nil {
			return err
		}
		for _, note := range f.Notes {
			if _, err := fmt.Fprintln(w, "    "+diag.Printable(note)); err != nil {
				return err
			}
		}
	}
	return nil
}

// jsonReport is the JSON form of a Report.
type jsonReport struct {
	Documents  int           `json:"documents"`
	Counts     jsonCounts    `json:"counts"`
	Suppressed int           `json:"suppressed"`
	Findings   []jsonFinding `json:"findings"`
}

type jsonCounts struct {
	Error   int `json:"error"`
	Warning int `json:"warning"`
	Info    int `json:"info"`
}

type jsonFinding struct {
	File     string    `json:"file"`
	Line     int       `json:"line"`
	Column   int       `json:"column"`
	Document int       `json:"document"` // from 1
	Severity string    `json:"severity"`
	Code     diag.Code `json:"code"`
	Message  string    `json:"message"`
	Hint     string    `json:"hint"`
	RuleID   string    `json:"rule_id"`
	Fixable  bool      `json:"fixable"`
}

// WriteJSON writes r as one indented JSON object.
func WriteJSON(w io.Writer, r *Report) error {
	errors, warnings := r.Count(Error), r.Count(Warning)
	out := jsonReport{Documents: r.Documents, Suppressed: r.Suppressed, Findings: []jsonFinding{},
		Counts: jsonCounts{Error: errors, Warning: warnings - errors, Info: len(r.Findings) - warnings}}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, jsonFinding{f.Pos.File, f.Pos.Line, f.Pos.Col, f.Pos.Doc + 1, f.Severity.String(), f.Code, f.Msg, f.Hint, f.RuleID, len(f.Edits) > 0})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
