package pipeline

import (
	"slices"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// The scales that the attributes status and level are compared on, lowest first.
var (
	levelScale  = []string{"informational", "low", "medium", "high", "critical"}
	statusScale = []string{"unsupported", "deprecated", "experimental", "test", "stable"}
)

// ruleAttribute compares an attribute of the rule with a value (section 5).
type ruleAttribute struct {
	attribute string
	op        string
	value     *yamldoc.Node
}

func readRuleAttribute(a *params) check[ruleSubject] {
	c := ruleAttribute{attribute: a.requiredText("attribute"), value: a.required("value")}
	c.op = readOp(a, "eq", "ne", "gte", "gt", "lte", "lt", "in", "not_in")
	if c.value != nil && !c.value.IsScalar() {
		a.invalid(c.value, "value", "expected a scalar, not a %s", c.value.Kind)
	}
	return c
}

// readOp reads an optional comparison operator.
func readOp(a *params, words ...string) string {
	return a.choice("op", "invalid operation", words...)
}

func (c ruleAttribute) holds(r *run, _ ruleSubject) (bool, error) {
	h := r.header()
	switch c.attribute {
	case "title", "id", "name", "description", "author", "license", "taxonomy":
		return c.text(textAttribute(h, c.attribute))
	case "references", "fields", "falsepositives", "tags", "scope":
		return c.list(listAttribute(h, c.attribute))
	case "date":
		return c.date(h.Date)
	case "modified":
		return c.date(h.Modified)
	case "level":
		return c.scale(h.Level, levelScale)
	case "status":
		return c.scale(h.Status, statusScale)
	}
	return c.custom(h.Attribute(c.attribute))
}

func textAttribute(h *sigma.Header, name string) string {
	return map[string]string{
		"title": h.Title, "id": strings.ToLower(h.ID), "name": h.Name, "description": h.Description,
		"author": h.Author, "license": h.License, "taxonomy": h.Taxonomy,
	}[name]
}

func listAttribute(h *sigma.Header, name string) []string {
	return map[string][]string{
		"references": h.References, "fields": h.Fields, "falsepositives": h.FalsePositives, "tags": h.Tags, "scope": h.Scope,
	}[name]
}

// custom compares a custom attribute by the kind of its value.
func (c ruleAttribute) custom(n *yamldoc.Node) (bool, error) {
	switch {
	case n == nil || n.Kind == yamldoc.KindNull:
		return false, nil
	case n.Kind == yamldoc.KindString:
		return c.text(n.Text)
	case n.Kind == yamldoc.KindInt || n.Kind == yamldoc.KindFloat:
		return c.number(n.Float)
	case n.Kind == yamldoc.KindSequence:
		var list []string
		for _, item := range n.Items {
			list = append(list, item.Text)
		}
		return c.list(list)
	}
	return false, c.unusable("a %s cannot be compared", n.Kind)
}

// unusable says why the comparison has no meaning.
func (c ruleAttribute) unusable(format string, args ...any) error {
	return fail(CodeRuleAttribute, "rule attribute '"+c.attribute+"': "+format, args...)
}

func (c ruleAttribute) isMembership() bool { return c.op == "in" || c.op == "not_in" }

func (c ruleAttribute) text(has string) (bool, error) {
	want := c.value.Text
	if c.attribute == "id" {
		want = strings.ToLower(want)
	}
	switch {
	case has == "":
		return false, nil
	case c.op == "eq":
		return has == want, nil
	case c.op == "ne":
		return has != want, nil
	}
	return false, c.unusable("operation '%s' cannot be used with a text", c.op)
}

// list reports membership. A list never equals a scalar and is not ordered.
func (c ruleAttribute) list(has []string) (bool, error) {
	if len(has) == 0 {
		return false, nil
	}
	switch c.op {
	case "in":
		return slices.Contains(has, c.value.Text), nil
	case "not_in":
		return !slices.Contains(has, c.value.Text), nil
	}
	return c.op == "ne", nil
}

func (c ruleAttribute) number(has float64) (bool, error) {
	want, ok := sigma.ParseNumber(c.value.Text)
	switch {
	case c.isMembership():
		return false, c.unusable("operation '%s' needs a list", c.op)
	case !ok:
		return false, c.unusable("'%s' is not a number", c.value.Text)
	}
	return ordered(has, c.op, want.Float), nil
}

func (c ruleAttribute) date(has string) (bool, error) {
	left, ok := parseDate(has)
	if !ok {
		return false, nil
	}
	right, ok := parseDate(c.value.Text)
	switch {
	case c.isMembership():
		return false, c.unusable("operation '%s' needs a list", c.op)
	case !ok:
		return false, c.unusable("'%s' is not a date", c.value.Text)
	}
	return ordered(left.Unix(), c.op, right.Unix()), nil
}

func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, "2006/1/2"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func (c ruleAttribute) scale(has string, scale []string) (bool, error) {
	want := slices.Index(scale, strings.ToLower(c.value.Text))
	switch {
	case has == "":
		return false, nil
	case c.isMembership():
		return false, c.unusable("operation '%s' needs a list", c.op)
	case want < 0:
		return false, c.unusable("'%s' is not a %s", c.value.Text, c.attribute)
	}
	return ordered(slices.Index(scale, has), c.op, want), nil
}
