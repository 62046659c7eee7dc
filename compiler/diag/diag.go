// Package diag holds what the compiler has to say about its input: positions, diagnostics, the list they are gathered in
// and the registry of their codes. It renders them as text and JSON. It decides nothing and reads no files; every compiler
// stage takes a *List, reports to it and goes on.
package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Pos is a place in a rule, pipeline or test file. Line and Col are 1-based; Col counts characters, not bytes. A zero Line
// means "the file as a whole". Doc is the 0-based number of the YAML document in the file.
type Pos struct {
	File string
	Line int
	Col  int
	Doc  int
}

// String renders p as file:line:col and leaves out what is unknown.
func (p Pos) String() string {
	switch {
	case p.File == "" && p.Line == 0:
		return "-"
	case p.Line == 0:
		return p.File
	case p.File == "":
		return fmt.Sprintf("%d:%d", p.Line, p.Col)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
	}
}

// Severity says whether a document survives a diagnostic.
type Severity uint8

// An Error removes its document, a Warning leaves it loaded.
const (
	SeverityError Severity = iota
	SeverityWarning
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == SeverityError {
		return "error"
	}
	return "warning"
}

// Diagnostic is one finding. Msg holds the phrase that sigma-language.md section 17 fixes for Code, with details around it.
type Diagnostic struct {
	Pos      Pos
	Severity Severity
	Code     Code
	Msg      string
	Hint     string   // what to do about it, such as `did you mean "contains"?`; may be empty
	Notes    []string // further lines; may be nil
	RuleID   string   // id of the rule the finding belongs to; may be empty
}

// String renders d on one line: file:line:col: severity: message (hint) [code]. It is not escaped; see WriteText.
func (d Diagnostic) String() string { return d.line(d.Severity.String()) }

// line renders d with severity as the label, which may be coloured.
func (d Diagnostic) line(severity string) string {
	hint := ""
	if d.Hint != "" {
		hint = " (" + d.Hint + ")"
	}
	return fmt.Sprintf("%s: %s: %s%s [%s]", d.Pos, severity, d.Msg, hint, d.Code)
}

// List gathers diagnostics. The zero value is ready for use. It is not safe for concurrent use.
type List struct {
	items  []Diagnostic
	errors int
}

// Add appends d.
func (l *List) Add(d Diagnostic) {
	if d.Severity == SeverityError {
		l.errors++
	}
	l.items = append(l.items, d)
}

// Errorf reports an error with code at pos and returns it, so that the caller can set Hint, Notes or RuleID at once.
// The pointer is valid until the next report.
func (l *List) Errorf(pos Pos, code Code, format string, args ...any) *Diagnostic {
	l.Add(Diagnostic{Pos: pos, Severity: SeverityError, Code: code, Msg: fmt.Sprintf(format, args...)})
	return &l.items[len(l.items)-1]
}

// Warnf reports a warning; otherwise as Errorf.
func (l *List) Warnf(pos Pos, code Code, format string, args ...any) *Diagnostic {
	l.Add(Diagnostic{Pos: pos, Severity: SeverityWarning, Code: code, Msg: fmt.Sprintf(format, args...)})
	return &l.items[len(l.items)-1]
}

// Errors returns the number of errors reported so far. A stage compares it before and after to learn whether a document
// survived.
func (l *List) Errors() int { return l.errors }

// Len returns the number of diagnostics.
func (l *List) Len() int { return len(l.items) }

// All returns the diagnostics in the order of their reports. The caller must not change the slice.
func (l *List) All() []Diagnostic { return l.items }

// Since returns the diagnostics reported after the first n.
func (l *List) Since(n int) []Diagnostic { return l.items[n:] }

// Sorted returns a copy sorted by file, line, column and code.
func (l *List) Sorted() []Diagnostic {
	out := slices.Clone(l.items)
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Col, b.Pos.Col),
			cmp.Compare(a.Code, b.Code),
		)
	})
	return out
}
