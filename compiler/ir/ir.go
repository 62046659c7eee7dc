// Package ir holds the form of a rule set between the compiler's front end and its two engines. Every semantic decision has
// been taken: no modifiers, no wildcards left to classify, no selector patterns, no defaults. The leaves are rtlib's own plain
// data (rtlib.Expr, rtlib.Cond), so that neither engine converts them and they cannot come to differ on the way.
//
// The package has no behaviour beyond printing, checking and digesting what it holds.
package ir

import (
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/rtlib"
)

// Program is a compiled rule set. Documents holds every document of the input in load order; Rules and Correlations the armed
// ones among them, in the same order.
type Program struct {
	Documents    []Document
	Rules        []*Rule
	Correlations []*Correlation
	// TestFiles are the input files that hold rule tests instead of rules.
	TestFiles []string
}

// Status is what became of a document.
type Status string

// Every document ends in one of these.
const (
	Armed   Status = "armed"   // it runs
	Skipped Status = "skipped" // it is valid but cannot run here; Code and Reason say why
	Failed  Status = "failed"  // it was rejected; Code, Reason and Pos say why and where
)

// Document is the outcome of one document of a rule file.
type Document struct {
	File   string
	Index  int    // 0-based in its file
	Kind   string // rule, correlation, filter or invalid
	Title  string // as far as known
	ID     string // as far as known
	Status Status
	Code   diag.Code // why it is not armed
	Reason string    // the same, for people
	Pos    diag.Pos  // of the document, or of the first error

	Rule        *Rule        // armed detection rules only
	Correlation *Correlation // armed correlations only
}

// Count returns the number of documents that ended as s.
func (p *Program) Count(s Status) int {
	n := 0
	for i := range p.Documents {
		if p.Documents[i].Status == s {
			n++
		}
	}
	return n
}

// Rule is one detection rule.
type Rule struct {
	// Meta is what its results say; Meta.Digest is set by Seal.
	Meta rtlib.Meta
	// File and Index name the document the rule comes from.
	File  string
	Index int
	// ConditionTexts are the conditions as written, for people.
	ConditionTexts []string

	Selections []rtlib.Selection
	// Conditions are the alternatives as written; they are what results report.
	Conditions []rtlib.Cond
	// Match is what the engines evaluate. It starts as the OR of Conditions; optimisation may simplify it.
	Match rtlib.Cond
}

// Selection returns the selection called name, or nil.
func (r *Rule) Selection(name string) *rtlib.Selection {
	for i := range r.Selections {
		if r.Selections[i].Name == name {
			return &r.Selections[i]
		}
	}
	return nil
}
