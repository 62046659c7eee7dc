package conformance

import (
	"os"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// exception is an entry of exceptions.yaml: a case that may end otherwise than passed.
type exception struct {
	pos   diag.Pos
	suite string
	name  string // of the case
	used  bool
}

func (e *exception) covers(s *Suite, c *CaseResult) bool {
	return e.suite == s.Name && e.name == c.Case.Name
}

// readExceptions reads exceptions.yaml, whose entries must all give a reason and an issue.
func readExceptions(t *testing.T) []*exception {
	t.Helper()
	const p = "exceptions.yaml"
	src, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	var log diag.List
	docs := yamldoc.Parse(p, src, &log)
	r := &reader{&log}
	var out []*exception
	for _, doc := range docs {
		if doc.Root == nil {
			continue
		}
		for _, n := range r.list(doc.Root, "exceptions") {
			if !r.keys(n, "an exception", "suite", "case", "reason", "issue") {
				continue
			}
			e := &exception{
				pos:   n.Pos,
				suite: r.str(n.Get("suite"), "suite"),
				name:  r.str(n.Get("case"), "case"),
			}
			if r.str(n.Get("reason"), "reason") == "" || n.Get("issue") == nil || e.suite == "" || e.name == "" {
				r.errorf(n, "an exception has suite, case, reason and issue")
			}
			out = append(out, e)
		}
	}
	for _, d := range log.All() {
		t.Error(d)
	}
	return out
}

// excused reports whether an exception covers the outcome, and marks it as needed.
func excused(exceptions []*exception, s *Suite, c *CaseResult) bool {
	for _, e := range exceptions {
		if e.covers(s, c) {
			e.used = true
			return true
		}
	}
	return false
}
