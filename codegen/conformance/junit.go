package conformance

import (
	"encoding/xml"
	"io"
	"strings"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	File     string      `xml:"file,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	ClassName string        `xml:"classname,attr"`
	File      string        `xml:"file,attr"`
	Line      int           `xml:"line,attr"`
	Failure   *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the report in the JUnit XML form that continuous integration reads: a test suite per file and engine, a
// test case per case. It holds no times, so that equal runs give equal bytes.
func (r *Report) WriteJUnit(w io.Writer) error {
	n := r.Counts()
	out := junitSuites{Tests: n.Cases, Failures: n.Failed}
	for _, s := range r.Suites {
		out.Suites = append(out.Suites, s.junit())
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *Suite) junit() junitSuite {
	n := s.Counts()
	out := junitSuite{
		Name: s.Name + " (" + s.Engine + ")", File: s.Path, Tests: n.Cases, Failures: n.Failed,
	}
	for _, c := range s.Cases {
		jc := junitCase{Name: c.Case.Name, ClassName: s.Name, File: s.Path, Line: c.Case.Pos.Line}
		if c.Status == Failed {
			jc.Failure = &junitFailure{Message: firstLine(c.Failures), Text: strings.Join(c.Failures, "\n")}
		}
		out.Cases = append(out.Cases, jc)
	}
	return out
}

func firstLine(failures []string) string {
	if len(failures) == 0 {
		return ""
	}
	line, _, _ := strings.Cut(failures[0], "\n")
	return line
}
