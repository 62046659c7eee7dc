package lint

import (
	"strings"

	"github.com/rsigma-go/rsigma/compiler/condition"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// eachSelector calls f for every selector in the conditions, with what it picks.
func eachSelector(s *subject, f func(c sigma.Condition, sel *condition.Selector, picked []*sigma.Detection)) {
	dets, conds := s.detections()
	for _, c := range conds {
		condition.Walk(c.Tree, func(e condition.Expr) {
			if sel, ok := e.(*condition.Selector); ok {
				f(c, sel, sigma.Select(sel, dets))
			}
		})
	}
}

var allOfThem = Check{Code: "all-of-them", Severity: Info, Doc: "A condition says \"all of them\": a search identifier that is added later, such as a filter, becomes a requirement. \"all of selection_*\" does not have that risk.",
	one: func(p *pass, s *subject) {
		eachSelector(s, func(c sigma.Condition, sel *condition.Selector, picked []*sigma.Detection) {
			if sel.Them && sel.All && len(picked) > 1 {
				p.report(c.Pos, nil, "name the identifiers selection_… and write all of selection_*", "condition with \"all of them\"")
			}
		})
	}}

var oneOfThem = Check{Code: "one-of-them", Severity: Info, Doc: "A condition says \"1 of them\": a search identifier that is added later, such as a filter, makes the rule match on its own.",
	one: func(p *pass, s *subject) {
		eachSelector(s, func(c sigma.Condition, sel *condition.Selector, picked []*sigma.Detection) {
			if sel.Them && !sel.All && len(picked) > 1 {
				p.report(c.Pos, nil, "name the identifiers selection_… and write 1 of selection_*", "condition with \"1 of them\"")
			}
		})
	}}

var themOfOne = Check{Code: "pointless-selector", Severity: Info, Doc: "A condition says \"them\" although there is one search identifier, or asks for more identifiers than there are.",
	one: func(p *pass, s *subject) {
		eachSelector(s, func(c sigma.Condition, sel *condition.Selector, picked []*sigma.Detection) {
			switch {
			case sel.Them && len(picked) == 1:
				p.report(c.Pos, nil, "write "+picked[0].Name, "\"them\" is one search identifier")
			case sel.Count > len(picked) && len(picked) > 0:
				p.report(c.Pos, nil, "", "a selector asks for %d search identifiers but picks %d, so it is never true", sel.Count, len(picked))
			}
		})
	}}

var onlyNegation = Check{Code: "only-negation", Severity: Warning, Doc: "A condition can hold although no search identifier does: the rule matches most events.",
	one: func(p *pass, s *subject) {
		if s.Rule == nil {
			return
		}
		for _, c := range s.Rule.Conditions {
			if c.Tree != nil && !demands(c.Tree) {
				p.report(c.Pos, nil, "", "the condition only says what must not be")
			}
		}
	}}

// demands reports whether e can hold only if some search identifier does.
func demands(e condition.Expr) bool {
	switch e := e.(type) {
	case *condition.And:
		for _, t := range e.Terms {
			if demands(t) {
				return true
			}
		}
		return false
	case *condition.Or:
		for _, t := range e.Terms {
			if !demands(t) {
				return false
			}
		}
		return true
	case *condition.Not:
		return false
	}
	return true
}

var filterNotNegated = Check{Code: "filter-not-negated", Severity: Warning, Doc: "A search identifier is called filter… but no condition negates it.",
	one: func(p *pass, s *subject) {
		if s.Rule == nil {
			return
		}
		plain, negated := map[string]bool{}, map[string]bool{}
		for _, c := range s.Rule.Conditions {
			polarity(c.Tree, false, s.Rule.Detections, plain, negated)
		}
		for _, d := range s.Rule.Detections {
			if strings.HasPrefix(d.Name, "filter") && plain[d.Name] && !negated[d.Name] {
				p.report(d.Pos, nil, "", "%q is used without \"not\"", d.Name)
			}
		}
	}}

// polarity notes which search identifiers e uses plainly and which under an odd number of negations.
func polarity(e condition.Expr, not bool, dets []*sigma.Detection, plain, negated map[string]bool) {
	into := plain
	if not {
		into = negated
	}
	switch e := e.(type) {
	case *condition.And:
		for _, t := range e.Terms {
			polarity(t, not, dets, plain, negated)
		}
	case *condition.Or:
		for _, t := range e.Terms {
			polarity(t, not, dets, plain, negated)
		}
	case *condition.Not:
		polarity(e.X, !not, dets, plain, negated)
	case *condition.Name:
		into[e.Text] = true
	case *condition.Selector:
		for _, d := range sigma.Select(e, dets) {
			into[d.Name] = true
		}
	}
}

var severalConditions = Check{Code: "several-conditions", Severity: Info, Doc: "A rule has a list of conditions. They are alternatives; other programs make a rule of each.",
	one: func(p *pass, s *subject) {
		if s.Rule != nil && len(s.Rule.Conditions) > 1 {
			p.report(s.Rule.Conditions[1].Pos, nil, "join them with or", "%d conditions", len(s.Rule.Conditions))
		}
	}}
