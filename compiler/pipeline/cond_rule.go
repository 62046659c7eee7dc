package pipeline

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// ruleConditions are the rule conditions by type (section 5).
var ruleConditions = map[string]conditionReader[ruleSubject]{
	"contains_detection_item":   readContainsDetectionItem,
	"contains_field":            readContainsField,
	"is_sigma_correlation_rule": func(*params) check[ruleSubject] { return isCorrelation(true) },
	"is_sigma_rule":             func(*params) check[ruleSubject] { return isCorrelation(false) },
	"logsource":                 readLogsource,
	"processing_item_applied":   readRuleApplied,
	"processing_state":          readState[ruleSubject],
	"rule_attribute":            readRuleAttribute,
	"tag":                       readTag,
}

// isCorrelation holds for correlations, or for detection rules if false.
type isCorrelation bool

func (c isCorrelation) holds(r *run, _ ruleSubject) (bool, error) {
	return (r.correlation != nil) == bool(c), nil
}

// logsourceCondition holds if every part that it names equals that of the rule; for a correlation, of one of the rules that
// it references.
type logsourceCondition struct{ category, product, service string }

func readLogsource(a *params) check[ruleSubject] { return logsourceCondition(readLogsourceParts(a)) }

// readLogsourceParts reads the parts of a log source, of which there must be one.
func readLogsourceParts(a *params) logsourceCondition {
	parts := logsourceCondition{a.text("category", ""), a.text("product", ""), a.text("service", "")}
	if cmp.Or(parts.category, parts.product, parts.service) == "" {
		a.errorf(a.node.Pos, CodeMissingParameter, a.where, "log source can't be empty: give category, product or service")
	}
	return parts
}

func (c logsourceCondition) holds(r *run, _ ruleSubject) (bool, error) {
	if r.rule != nil {
		return c.matches(&r.rule.LogSource), nil
	}
	return slices.ContainsFunc(r.sources, c.matches), nil
}

func (c logsourceCondition) matches(l *sigma.LogSource) bool {
	return samePart(c.category, l.Category) && samePart(c.product, l.Product) && samePart(c.service, l.Service)
}

// samePart reports whether a rule has the part want, in any letter case. An empty want is not asked for.
func samePart(want, has string) bool { return want == "" || strings.EqualFold(want, has) }

// tagCondition holds if the rule has the tag.
type tagCondition string

func readTag(a *params) check[ruleSubject] {
	tag := a.requiredText("tag")
	if n := a.node.Get("tag"); n != nil && !strings.Contains(tag, ".") {
		a.invalid(n, "tag", "a tag must have the form namespace.name")
	}
	return tagCondition(tag)
}

func (c tagCondition) holds(r *run, _ ruleSubject) (bool, error) {
	return slices.Contains(r.header().Tags, string(c)), nil
}

// containsField holds if some detection item, at any depth, has the field.
type containsField string

func readContainsField(a *params) check[ruleSubject] { return containsField(a.requiredText("field")) }

func (c containsField) holds(r *run, _ ruleSubject) (bool, error) {
	found := false
	if r.rule != nil {
		r.fieldItems(func(name string, _ *sigma.Item, _ bool) { found = found || name == string(c) })
	}
	return found, nil
}

// containsDetectionItem holds if some detection item of the field has an equal value of the same kind.
type containsDetectionItem struct {
	field string
	value sigma.Value
}

func readContainsDetectionItem(a *params) check[ruleSubject] {
	field := a.requiredText("field")
	n := a.value("value")
	if n == nil {
		a.warnf(a.node.Pos, CodeCompatibility, a.where, "without 'value' this is the condition contains_field")
		return containsField(field)
	}
	return containsDetectionItem{field: field, value: a.scalarValue(n, "value", false)}
}

func (c containsDetectionItem) holds(r *run, _ ruleSubject) (bool, error) {
	found := false
	if r.rule == nil {
		return false, nil
	}
	r.fieldItems(func(name string, it *sigma.Item, _ bool) {
		if it != nil && name == c.field {
			found = found || slices.ContainsFunc(it.Values, func(v sigma.Value) bool { return equalValues(v, c.value) })
		}
	})
	return found, nil
}
