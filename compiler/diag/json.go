package diag

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonDiagnostic is the JSON form of a Diagnostic. All keys are always present.
type jsonDiagnostic struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Document int      `json:"document"`
	Severity string   `json:"severity"`
	Code     Code     `json:"code"`
	Message  string   `json:"message"`
	Hint     string   `json:"hint"`
	Notes    []string `json:"notes"`
	RuleID   string   `json:"rule_id"`
}

// WriteJSON writes ds as one indented JSON array and a line break. Line and column are 0 where unknown, the document number
// counts from 1. Characters that a terminal would obey or hide are written as \u escapes. The error is that of w.
func WriteJSON(w io.Writer, ds []Diagnostic) error {
	out := make([]jsonDiagnostic, len(ds))
	for i, d := range ds {
		out[i] = toJSON(d)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return fmt.Errorf("encode diagnostics: %w", err)
	}
	_, err := w.Write(escapeJSON(buf.Bytes()))
	return err
}

func toJSON(d Diagnostic) jsonDiagnostic {
	notes := d.Notes
	if notes == nil {
		notes = []string{}
	}
	return jsonDiagnostic{
		File:     d.Pos.File,
		Line:     d.Pos.Line,
		Column:   d.Pos.Col,
		Document: d.Pos.Doc + 1,
		Severity: d.Severity.String(),
		Code:     d.Code,
		Message:  d.Msg,
		Hint:     d.Hint,
		Notes:    notes,
		RuleID:   d.RuleID,
	}
}

// escapeJSON replaces what encoding/json lets through although it does not print: DEL, the C1 controls, bidirectional and
// other invisible characters. All of them can only stand inside strings, where \u escapes mean the same.
func escapeJSON(doc []byte) []byte {
	out := make([]byte, 0, len(doc))
	for len(doc) > 0 {
		r, n := utf8.DecodeRune(doc)
		if r == '\n' || unicode.IsPrint(r) {
			out = append(out, doc[:n]...)
		} else {
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		}
		doc = doc[n:]
	}
	return out
}
