package pipeline

import (
	"regexp"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// itemConditions are the detection-item conditions by type (section 6.1).
var itemConditions = map[string]conditionReader[itemSubject]{
	"contains_wildcard":       readContainsWildcard,
	"is_null":                 readIsNull,
	"match_string":            readMatchString,
	"match_value":             readMatchValue,
	"processing_item_applied": readItemApplied,
	"processing_state":        readState[itemSubject],
}

// valueCondition judges the values of an item one by one.
type valueCondition struct {
	all   bool
	judge func(v sigma.Value) bool
}

// readValueCondition reads whether one value has to satisfy the condition or all have to.
func readValueCondition(a *params, judge func(v sigma.Value) bool) check[itemSubject] {
	if a.node.Get("cond") == nil {
		a.warnf(a.node.Pos, CodeCompatibility, a.where, "without 'cond' the condition is not understood everywhere; write 'cond: any'")
	}
	return valueCondition{all: a.choice("cond", "invalid value", "any", "all") == "all", judge: judge}
}

func (c valueCondition) holds(_ *run, s itemSubject) (bool, error) {
	if c.all {
		return !slices.ContainsFunc(s.item.Values, func(v sigma.Value) bool { return !c.judge(v) }), nil
	}
	return slices.ContainsFunc(s.item.Values, c.judge), nil
}

// readMatchString reads a condition on the plain text of strings. Negated, other values satisfy it.
func readMatchString(a *params) check[itemSubject] {
	pattern := a.compileStart(a.required("pattern"), "pattern")
	negate := a.flag("negate")
	return readValueCondition(a, func(v sigma.Value) bool { return matchesStart(pattern, v) != negate })
}

func matchesStart(pattern *regexp.Regexp, v sigma.Value) bool {
	text, ok := stringText(v)
	return ok && pattern.MatchString(text)
}

func readMatchValue(a *params) check[itemSubject] {
	var want sigma.Value = sigma.Null{}
	if n := a.required("value"); n != nil {
		want = a.scalarValue(n, "value", true)
	}
	return readValueCondition(a, func(v sigma.Value) bool { return equalValues(v, want) || equalTruth(v, want) })
}

// equalTruth reports whether one of v and want is a boolean and the other the number that stands for it.
func equalTruth(v, want sigma.Value) bool {
	b, isBool := want.(sigma.Bool)
	n, isNumber := v.(sigma.Number)
	if !isBool {
		b, isBool = v.(sigma.Bool)
		n, isNumber = want.(sigma.Number)
	}
	return isBool && isNumber && (b.Value && n.Float == 1 || !b.Value && n.Float == 0)
}

func readContainsWildcard(a *params) check[itemSubject] {
	return readValueCondition(a, func(v sigma.Value) bool {
		s, ok := asString(v)
		return ok && contains(s.Pattern, sigma.TokenStar, sigma.TokenQuestion)
	})
}

func readIsNull(a *params) check[itemSubject] {
	if n := a.node.Get("negate"); n != nil {
		a.compatible(n.Pos, a.where, "parameter 'negate'", "'detection_item_cond_not'")
	}
	negate := a.flag("negate")
	return readValueCondition(a, func(v sigma.Value) bool {
		_, ok := v.(sigma.Null)
		return ok != negate
	})
}
