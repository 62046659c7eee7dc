// Package coverage compares what rules need with what events carry: which fields nobody delivers, which ones nobody reads, and
// which rules can never match events of that shape. It looks at the IR, so after pipelines, and asks rtlib for every lookup and
// every predicate. It reads no files; the command line does.
package coverage

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
)

// Report is the comparison of a rule set with a sample of events.
type Report struct {
	Rules    int // rules in the set
	Keywords int // rules that search all text of an event
	Events   int // events in the sample
	// Fields are the fields that rules read, those of most rules first.
	Fields []FieldUse
	// Unread are the paths of event fields that no rule reads, the most frequent first. Keywords do not count as reading.
	Unread []PathUse
	// MorePaths says that the events have more paths than were remembered, so that Unread is not complete.
	MorePaths bool
	// Never are the rules that match no event of the shape, in load order.
	Never []NeverRule
}

// FieldUse is a field that rules read.
type FieldUse struct {
	Name   string
	Rules  int
	Events int // events that carry it, null included
	// Near is the path of an event field that may be meant, if no event carries this one; often empty.
	Near string
}

// PathUse is an event field: its keys joined by dots, arrays passed through.
type PathUse struct {
	Path   string
	Events int
}

// NeverRule is a rule that cannot match.
type NeverRule struct {
	Rule    *ir.Rule
	Missing []string // the fields it reads that no event carries, in the order of the rule
}

// Compare reports on the rules that sample was made for.
func (s *Sample) Compare() *Report {
	out := &Report{Rules: len(s.needs), Events: s.events, MorePaths: s.paths.full}
	uses := map[rtlib.FieldID]int{}
	var blocks []rtlib.FieldID
	for _, n := range s.needs {
		for _, id := range n.fields {
			uses[id]++
		}
		blocks = append(blocks, n.blocks...)
		if n.keywords {
			out.Keywords++
		}
		if s.events > 0 && !s.canMatch(n.rule) {
			out.Never = append(out.Never, NeverRule{n.rule, s.missing(n)})
		}
	}
	for id, rules := range uses {
		use := FieldUse{Name: id.Field().Name(), Rules: rules, Events: s.carried[id]}
		if use.Events == 0 {
			use.Near = s.paths.near(id.Path())
		}
		out.Fields = append(out.Fields, use)
	}
	slices.SortFunc(out.Fields, func(a, b FieldUse) int {
		return cmp.Or(cmp.Compare(b.Rules, a.Rules), strings.Compare(a.Name, b.Name))
	})
	out.Unread = s.paths.unread(uses, slices.Compact(slices.Sorted(slices.Values(blocks))))
	return out
}

func (s *Sample) missing(n need) []string {
	var out []string
	for _, id := range n.fields {
		if s.carried[id] == 0 {
			out = append(out, id.Field().Name())
		}
	}
	return out
}
