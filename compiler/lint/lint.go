// Package lint checks the style of rules: what loads and runs, but is unusual, misleading, costly or against the conventions of public
// rule repositories. One file holds one check (c_*.go) or one family of them; registry.go lists them all. What stops a rule from
// loading is the business of the stages it goes through; Run takes their diagnostics over. It writes no files: Fix returns the
// edited text. Its caller is the command line.
package lint

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
)

// Severity says how much a finding matters.
type Severity uint8

// The severities, least first.
const (
	Info Severity = iota
	Warning
	Error
)

// severityNames are the names of the severities in their order.
var severityNames = []string{"info", "warning", "error"}

// String returns "info", "warning" or "error".
func (s Severity) String() string { return severityNames[s] }

// ParseSeverity is the inverse of String.
func ParseSeverity(name string) (Severity, bool) {
	i := slices.Index(severityNames, name)
	return Severity(max(i, 0)), i >= 0
}

// Finding is one thing that a check, or a stage of the compiler, has to say.
type Finding struct {
	Pos      diag.Pos
	Severity Severity
	Code     diag.Code
	Msg      string
	Hint     string   // what to do about it; may be empty
	Notes    []string // further lines; may be nil
	RuleID   string   // id of the rule it belongs to; may be empty

	// Edits mend it; nil if nothing can do so safely. They are made together or not at all.
	Edits []Edit
}

// Edit replaces the bytes from Start up to End of a file. Offsets count from the beginning of the file as it is on disk.
type Edit struct {
	File       string
	Start, End int
	New        string
}

// Check is one check as people know it.
type Check struct {
	Code     diag.Code
	Severity Severity
	Doc      string // one or two sentences for the reference documentation
	Fixable  bool   // some of its findings have edits
	Optional bool   // it runs only if it is enabled

	// replaces is the code of a diagnostic of the compiler that a finding at the same place makes superfluous.
	replaces diag.Code
	// one is run for every document that could be read, all once for the whole set.
	one func(p *pass, s *subject)
	all func(p *pass, set []*subject)
}

// Checks returns all checks in the order of the reference documentation. The slice is the caller's own.
func Checks() []Check { return slices.Clone(registry) }

// Report is the outcome of Run.
type Report struct {
	Documents  int
	Findings   []Finding // sorted by place and code
	Suppressed int       // by comments in the rules
}

// Count returns the number of findings of at least severity s.
func (r *Report) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity >= s {
			n++
		}
	}
	return n
}

// Run checks the documents of set, which compiler.Process made of sources, and takes over the diagnostics in log. Sources are needed
// for comments and edits. The result does not depend on the order of the checks.
func Run(sources []compiler.Source, set *compiler.Processed, log *diag.List, cfg Config) *Report {
	p := &pass{cfg: cfg, files: map[string]*file{}, seen: map[string]bool{}, replaced: map[string]bool{}}
	for _, src := range sources {
		p.files[src.Name] = newFile(src)
	}
	var subjects []*subject
	for _, d := range set.Before {
		if s := newSubject(d, p.files[d.File]); s != nil && !cfg.excludes(d.File) {
			subjects = append(subjects, s)
		}
	}
	for i := range registry {
		if p.check = &registry[i]; !cfg.runs(p.check) {
			continue
		}
		if p.check.all != nil {
			p.check.all(p, subjects)
			continue
		}
		for _, s := range subjects {
			p.subject = s
			p.check.one(p, s)
		}
	}
	p.takeOver(log)
	out := &Report{Documents: len(set.Before)}
	out.Findings, out.Suppressed = p.suppress()
	slices.SortStableFunc(out.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col),
			cmp.Compare(a.Code, b.Code))
	})
	return out
}

// pass is the state of one Run.
type pass struct {
	cfg      Config
	files    map[string]*file
	findings []Finding
	seen     map[string]bool // findings by place, code and text: documents that share a template share its faults
	replaced map[string]bool // diagnostics of the compiler by place and code that a finding replaces

	check   *Check
	subject *subject // at work; nil while the whole set is
}

// report adds a finding of the check at work, with edits if it has any. About a set, the caller says which subject it is about.
func (p *pass) report(pos diag.Pos, edits []Edit, hint, format string, args ...any) {
	f := Finding{Pos: pos, Severity: p.cfg.severity(p.check.Code, p.check.Severity), Code: p.check.Code, Msg: fmt.Sprintf(format, args...), Hint: hint, Edits: edits}
	if p.subject != nil {
		f.RuleID = p.subject.ID
	}
	if p.check.replaces != "" {
		p.replaced[key(pos, p.check.replaces, "")] = true
	}
	p.add(f)
}

// add adds f unless it is known.
func (p *pass) add(f Finding) {
	if k := key(f.Pos, f.Code, f.Msg); !p.seen[k] {
		p.seen[k] = true
		p.findings = append(p.findings, f)
	}
}

func key(pos diag.Pos, code diag.Code, msg string) string {
	return fmt.Sprintf("%s:%d:%d:%s:%s", pos.File, pos.Line, pos.Col, code, msg)
}

// takeOver adds the diagnostics of the compiler. A placeholder without a value is none: a pipeline may give it one.
func (p *pass) takeOver(log *diag.List) {
	for _, d := range log.All() {
		severity := Warning
		if d.Severity == diag.SeverityError {
			severity = Error
		}
		switch {
		case p.replaced[key(d.Pos, d.Code, "")], d.Code == diag.CodeUnhandledPlaceholder, p.cfg.excludes(d.Pos.File):
			continue
		case severity != Error && p.cfg.disabled(d.Code): // what does not load is always said
			continue
		case severity != Error:
			severity = p.cfg.severity(d.Code, severity)
		}
		p.add(Finding{Pos: d.Pos, Severity: severity, Code: d.Code, Msg: d.Msg, Hint: d.Hint, Notes: d.Notes, RuleID: d.RuleID})
	}
}
