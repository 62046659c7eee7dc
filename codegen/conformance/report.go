package conformance

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
)

// Status is what became of a case.
type Status string

// Every case ends in one of these.
const (
	Passed Status = "passed"
	Failed Status = "failed"
)

// Report is the outcome of a run.
type Report struct {
	Suites []*Suite // one per file and engine, engines outermost
}

// Suite is the outcome of one file with one engine.
type Suite struct {
	Name   string
	Path   string
	Engine string
	Cases  []*CaseResult
}

// CaseResult is the outcome of one case.
type CaseResult struct {
	Case   *Case
	Status Status
	// Events is the number of events that were evaluated.
	Events int
	// Failures says what is wrong, each with its position; empty unless the case failed.
	Failures []string
	// Unchecked names expectations that the runner has no means to check.
	Unchecked []string

	results []driver.Result // of the events
}

// Counts are the numbers of a suite or of a report.
type Counts struct {
	Cases, Passed, Failed, Events, Unchecked int
}

// Counts returns the numbers of s.
func (s *Suite) Counts() (n Counts) {
	for _, c := range s.Cases {
		n.Cases++
		n.Events += c.Events
		n.Unchecked += len(c.Unchecked)
		switch c.Status {
		case Passed:
			n.Passed++
		case Failed:
			n.Failed++
		}
	}
	return n
}

// Counts returns the numbers of all suites.
func (r *Report) Counts() (n Counts) {
	for _, s := range r.Suites {
		m := s.Counts()
		n.Cases += m.Cases
		n.Passed += m.Passed
		n.Failed += m.Failed
		n.Events += m.Events
		n.Unchecked += m.Unchecked
	}
	return n
}

// String returns the numbers as the reports print them.
func (n Counts) String() string {
	s := fmt.Sprintf("%d cases: %d passed, %d failed; %d events", n.Cases, n.Passed, n.Failed, n.Events)
	if n.Unchecked > 0 {
		s += fmt.Sprintf("; %d expectations not checked", n.Unchecked)
	}
	return s
}

// WriteText writes the report for people: failures in detail, what was not checked, a line per suite and the
// total. Verbose lists the passed cases too.
func (r *Report) WriteText(w io.Writer, verbose bool) error {
	var b strings.Builder
	for _, s := range r.Suites {
		for _, c := range s.Cases {
			c.writeText(&b, s.Engine, verbose)
		}
	}
	tw := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, s := range r.Suites {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", s.Name, s.Engine, s.Counts())
	}
	fmt.Fprintf(tw, "total\t\t%s\n", r.Counts())
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (c *CaseResult) writeText(b *strings.Builder, engine string, verbose bool) {
	switch {
	case c.Status == Failed:
		fmt.Fprintf(b, "FAIL %s: %s (%s)\n", c.Case.Pos, c.Case.Name, engine)
		for _, f := range c.Failures {
			fmt.Fprintf(b, "    %s\n", strings.ReplaceAll(f, "\n", "\n    "))
		}
	case verbose:
		fmt.Fprintf(b, "ok   %s: %s (%s): %d events\n", c.Case.Pos, c.Case.Name, engine, c.Events)
	}
	if len(c.Unchecked) > 0 {
		fmt.Fprintf(b, "note %s: %s: not checked: %s\n", c.Case.Pos, c.Case.Name, strings.Join(c.Unchecked, ", "))
	}
}
