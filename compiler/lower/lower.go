// Package lower turns typed Sigma rules into IR. Every semantic decision is taken here, once: which operator a pattern needs,
// which selections a selector picks, how values are linked, which rules feed a correlation under which fields. It reads no files
// and evaluates nothing.
package lower

import (
	"github.com/rsigma-go/rsigma/compiler/condition"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/rtlib"
)

// Options are the choices of section 8.11.
type Options struct {
	// PlaceholderFallback replaces left-over placeholders at match time by event fields instead of rejecting the rule.
	PlaceholderFallback bool
}

// Rule lowers r, which package modifier has typed, with the filters attached to it. It reports what cannot be lowered and then
// returns nil.
func Rule(r *sigma.Rule, filters []*sigma.Filter, opts Options, log *diag.List) *ir.Rule {
	before := log.Errors()
	l := &lowerer{opts: opts, log: log, ruleID: r.ID}
	out := &ir.Rule{Meta: l.meta(&r.Header), File: r.Pos.File, Index: r.Pos.Doc}
	for _, d := range r.Detections {
		out.Selections = append(out.Selections, rtlib.Selection{Name: d.Name, Body: l.group(d.Body)})
	}
	names := scope{names: detectionNames(r.Detections)}
	for _, c := range r.Conditions {
		out.ConditionTexts = append(out.ConditionTexts, c.Text)
		out.Conditions = append(out.Conditions, names.cond(c.Tree))
	}
	for _, f := range filters {
		l.attach(out, f)
	}
	l.ruleAttributes(r)
	if log.Errors() > before {
		return nil
	}
	out.Match = anyCond(out.Conditions)
	return out
}

type lowerer struct {
	opts   Options
	log    *diag.List
	ruleID string
}

func (l *lowerer) errorf(pos diag.Pos, code diag.Code, format string, args ...any) {
	l.log.Errorf(pos, code, format, args...).RuleID = l.ruleID
}

func detectionNames(ds []*sigma.Detection) []string {
	names := make([]string, len(ds))
	for i, d := range ds {
		names[i] = d.Name
	}
	return names
}

// anyCond joins alternatives.
func anyCond(cs []rtlib.Cond) rtlib.Cond {
	if len(cs) == 1 {
		return cs[0]
	}
	return rtlib.AnyConds(cs)
}

// scope is what the names and patterns of a condition mean.
type scope struct {
	names  []string // the detections, in definition order
	prefix string   // what the selection of a detection is called beyond its name
}

// cond resolves the names and selectors of a condition.
func (s scope) cond(e condition.Expr) rtlib.Cond {
	switch e := e.(type) {
	case *condition.Name:
		return rtlib.Sel(s.prefix + e.Text)
	case *condition.Not:
		return rtlib.NotCond{X: s.cond(e.X)}
	case *condition.And:
		return rtlib.AllConds(s.conds(e.Terms))
	case *condition.Or:
		return rtlib.AnyConds(s.conds(e.Terms))
	case *condition.Selector:
		picked := pick(e, s.names)
		for i := range picked {
			picked[i] = s.prefix + picked[i]
		}
		n := e.Count
		if e.All {
			// All of nothing is false (decision L05): ask for one more than there is.
			n = max(len(picked), 1)
		}
		return rtlib.OfSels{N: n, Names: picked}
	default:
		panic("lower: condition without a tree")
	}
}

func (s scope) conds(es []condition.Expr) []rtlib.Cond {
	out := make([]rtlib.Cond, len(es))
	for i, e := range es {
		out[i] = s.cond(e)
	}
	return out
}

// pick returns the detections that a selector means, in definition order.
func pick(s *condition.Selector, names []string) []string {
	pattern := s.Pattern
	if s.Them {
		pattern = "*"
	}
	var out []string
	for _, n := range names {
		if condition.MatchName(pattern, n) {
			out = append(out, n)
		}
	}
	return out
}
