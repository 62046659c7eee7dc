package diag

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// noteIndent stands before every note, so that a diagnostic and its notes read as one block.
const noteIndent = "    "

// WriteText writes one line per diagnostic, as Diagnostic.String renders it, and its notes indented below. Characters that
// could move the cursor, hide text or reorder it are escaped, because messages quote rule files that nobody has reviewed.
// With colored the severities are coloured; whether w is a terminal is the caller's question. The error is that of w.
func WriteText(w io.Writer, ds []Diagnostic, colored bool) error {
	for _, d := range ds {
		d = printable(d)
		if _, err := fmt.Fprintln(w, d.line(severityLabel(d.Severity, colored))); err != nil {
			return err
		}
		for _, note := range d.Notes {
			if _, err := fmt.Fprintln(w, noteIndent+note); err != nil {
				return err
			}
		}
	}
	return nil
}

// severityLabel returns the name of s, in colour if asked for.
func severityLabel(s Severity, colored bool) string {
	style := StyleWarning
	if s == SeverityError {
		style = StyleError
	}
	return Paint(s.String(), style, colored)
}

// printable returns d with every text that may come from a file escaped.
func printable(d Diagnostic) Diagnostic {
	d.Pos.File = Printable(d.Pos.File)
	d.Msg = Printable(d.Msg)
	d.Hint = Printable(d.Hint)
	notes := make([]string, len(d.Notes))
	for i, n := range d.Notes {
		notes[i] = Printable(n)
	}
	d.Notes = notes
	return d
}

// Printable returns s with everything that does not print as itself – control and bidirectional characters, other invisible
// ones, bytes that are not UTF-8 – replaced by Go's escapes, so that a text from a rule or an event can be shown on a terminal.
// Backslashes stay as they are: rule values are full of them.
func Printable(s string) string {
	if clean(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += n
	}
	return b.String()
}

// clean reports whether s needs no escaping.
func clean(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
