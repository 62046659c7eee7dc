// Package link connects the documents of all files with each other: it finds the rules that correlations and filters refer
// to, and warns of ids and names that are taken twice (sigma-language.md sections 12 and 14.2). It changes no tree: filters
// are listed beside their rules, and package lower joins them.
package link

import (
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// Set is a set of documents with their connections. Only documents that are not Failed take part in any of them.
type Set struct {
	// Docs holds every document in load order, as copies of those that were linked.
	Docs []*sigma.Document
	// Filters lists the filters that apply to a rule, in load order. A rule without filters has no entry.
	Filters map[*sigma.Rule][]*sigma.Filter
	// Refs lists, for each position of Correlation.Rules, the documents it refers to, in load order. All of them are in Docs.
	Refs map[*sigma.Correlation][][]*sigma.Document

	index *index
}

// Resolve returns the rules and correlations that have reference as their id or name, in load order; ids of the form of a
// UUID compare ignoring case. Names in extended conditions and in aliases are references too. The caller must not change the
// slice.
func (s *Set) Resolve(reference string) []*sigma.Document { return s.index.loaded(reference) }

// Link connects docs, the documents of all files in load order, and reports to log. Documents with errors are Failed in the
// result; docs and what it points to stay as they are.
func Link(docs []*sigma.Document, log *diag.List) *Set {
	s := &Set{
		Filters: map[*sigma.Rule][]*sigma.Filter{},
		Refs:    map[*sigma.Correlation][][]*sigma.Document{},
		index:   newIndex(),
	}
	for _, d := range docs {
		c := *d
		s.Docs = append(s.Docs, &c)
	}
	l := &linker{Set: s, log: log}
	l.fillIndex()
	l.resolveAll()
	for l.rejectCycles() {
		l.resolveAll()
	}
	l.checkDepth()
	l.applyFilters()
	return s
}

// linker is a Set under construction.
type linker struct {
	*Set
	log *diag.List
}

// errorf reports an error of d at pos and marks d, a copy of the caller's document.
func (l *linker) errorf(d *sigma.Document, pos diag.Pos, code diag.Code, format string, args ...any) *diag.Diagnostic {
	d.Failed = true
	pos.Doc = d.Index
	out := l.log.Errorf(pos, code, format, args...)
	out.RuleID = d.ID
	return out
}

// warnf reports a warning of d at pos.
func (l *linker) warnf(d *sigma.Document, pos diag.Pos, code diag.Code, format string, args ...any) *diag.Diagnostic {
	pos.Doc = d.Index
	out := l.log.Warnf(pos, code, format, args...)
	out.RuleID = d.ID
	return out
}

// correlations calls f for every correlation that is not rejected.
func (l *linker) correlations(f func(d *sigma.Document, c *sigma.Correlation)) {
	for _, d := range l.Docs {
		if d.Correlation != nil && !d.Failed {
			f(d, d.Correlation)
		}
	}
}
