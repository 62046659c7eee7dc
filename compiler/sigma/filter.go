package sigma

import (
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// filter parses a filter document (section 12). It never returns nil.
func (r *reader) filter(root *yamldoc.Node) *Filter {
	f := &Filter{Header: r.header(root, KindFilter)}
	n := root.Get("filter")
	if n.Kind != yamldoc.KindMapping {
		r.errorf(n.Pos, diag.CodeFilterMustBeAMapping, "filter must be a mapping, not a %s", n.Kind)
		return f
	}
	f.Any, f.Rules = r.filterRules(n)
	f.Detections = r.detections(n, false, "rules", "condition", "timeframe")
	if len(f.Detections) == 0 {
		r.errorf(n.Pos, diag.CodeEmptyFilter, "empty filter: there is no selection beside rules and condition")
	}
	f.Condition = r.filterCondition(n, f.Detections)
	return f
}

// filterRules reads which rules a filter is meant for.
func (r *reader) filterRules(filter *yamldoc.Node) (all bool, references []string) {
	n := filter.Get("rules")
	if n == nil || n.Kind == yamldoc.KindNull {
		r.warnf(filter.Pos, diag.CodeFilterWithoutRules, "filter without rules applies to every rule").Hint = "write rules: any"
		return true, nil
	}
	if n.Kind == yamldoc.KindString && strings.EqualFold(n.Text, "any") || n.Kind == yamldoc.KindSequence && len(n.Items) == 0 {
		return true, nil
	}
	references, ok := stringsOf(n)
	if !ok {
		r.errorf(n.Pos, diag.CodeValueType, "value type: the rules of a filter are \"any\", a reference or a list of references, all of them strings")
	}
	return false, references
}

// filterCondition reads the one condition of a filter.
func (r *reader) filterCondition(filter *yamldoc.Node, dets []*Detection) Condition {
	n := filter.Get("condition")
	switch {
	case n == nil:
		r.errorf(filter.Pos, diag.CodeMissingCondition, "missing condition of the filter")
	case n.Kind != yamldoc.KindString:
		r.errorf(n.Pos, diag.CodeFilterConditionMustBeAString, "filter condition must be a string, not a %s", n.Kind)
	default:
		return r.condition(n, dets)
	}
	return Condition{Pos: filter.Pos}
}

// stringsOf reads a string or a list of strings, and reports false for anything else, an empty list included.
func stringsOf(n *yamldoc.Node) ([]string, bool) {
	var out []string
	for _, item := range listOf(n) {
		if item.Kind != yamldoc.KindString {
			return nil, false
		}
		out = append(out, item.Text)
	}
	return out, len(out) > 0
}
