package pipeline

import (
	"fmt"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/condition"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// addCondition adds a detection and ANDs it, or its negation, with every condition of the rule (section 7.9).
type addCondition struct {
	name     string // empty: one that is free
	body     *yamldoc.Node
	group    *sigma.Group // what body makes; nil with template
	template bool
	negated  bool
}

func readAddCondition(a *params, _ *Item) transformation {
	t := &addCondition{name: a.text("name", ""), template: a.flag("template"), negated: a.flag("negated")}
	a.flag("prepend")
	if n := a.node.Get("name"); t.name != "" && !isDetectionName(t.name) {
		a.invalid(n, "name", "'%s' cannot be used in a condition", t.name)
	}
	t.body = a.conditions()
	if t.body == nil {
		return t
	}
	var log diag.List
	group := buildGroup(t.body, &log)
	for _, d := range log.All() {
		a.detectionProblem(d)
	}
	if !t.template {
		t.group = group
	}
	return t
}

// isDetectionName reports whether name can stand in a condition.
func isDetectionName(name string) bool {
	tree := condition.Parse(name, func(diag.Code, int, string, ...any) {})
	n, ok := tree.(*condition.Name)
	return ok && n.Text == name
}

// conditions returns the detection that the parameters stand for, or nil after an error.
func (a *params) conditions() *yamldoc.Node {
	refs := a.optional("field_refs")
	if refs == nil {
		n := a.required("conditions")
		if n != nil && !isDetection(n) {
			a.invalid(n, "conditions", "expected a mapping, or a list of mappings, that is not empty")
			return nil
		}
		return n
	}
	a.compatible(refs.Pos, a.where, "parameter 'field_refs'", "'field|fieldref' in 'conditions'")
	out := &yamldoc.Node{Kind: yamldoc.KindMapping, Pos: refs.Pos}
	out.Pairs = slices.Clone(a.mapping(a.optional("conditions"), "conditions"))
	for _, p := range a.mapping(refs, "field_refs") {
		p.Key += "|fieldref"
		out.Pairs = append(out.Pairs, p)
	}
	if len(out.Pairs) == 0 {
		a.invalid(refs, "field_refs", "the conditions are empty")
		return nil
	}
	return out
}

// isDetection reports whether n is a mapping or a list of mappings, without an empty one.
func isDetection(n *yamldoc.Node) bool {
	members := listOf(n)
	for _, m := range members {
		if m.Kind != yamldoc.KindMapping || len(m.Pairs) == 0 {
			return false
		}
	}
	return len(members) > 0
}

// detectionProblem reports what package sigma or modifier found in the conditions.
func (a *params) detectionProblem(d diag.Diagnostic) {
	if d.Severity == diag.SeverityError {
		a.errorf(d.Pos, d.Code, a.where, "invalid value of 'conditions': %s", d.Msg).Hint = d.Hint
		return
	}
	a.warnf(d.Pos, d.Code, a.where, "'conditions': %s", d.Msg).Hint = d.Hint
}

// buildGroup reads body as a rule would and gives its values their types.
func buildGroup(body *yamldoc.Node, log *diag.List) *sigma.Group {
	text := func(s string) *yamldoc.Node { return &yamldoc.Node{Kind: yamldoc.KindString, Pos: body.Pos, Text: s} }
	mapping := func(pairs ...yamldoc.Pair) *yamldoc.Node {
		return &yamldoc.Node{Kind: yamldoc.KindMapping, Pos: body.Pos, Pairs: pairs}
	}
	rule := mapping(
		yamldoc.Pair{Key: "title", Value: text("added condition")},
		yamldoc.Pair{Key: "logsource", Value: mapping()},
		yamldoc.Pair{Key: "detection", Value: mapping(
			yamldoc.Pair{Key: "added", KeyPos: body.Pos, Value: body},
			yamldoc.Pair{Key: "condition", Value: text("added")},
		)},
	)
	docs := sigma.Parse([]*yamldoc.Document{{File: body.Pos.File, Root: rule}}, log)
	if len(docs) != 1 || docs[0].Rule == nil || len(docs[0].Rule.Detections) != 1 {
		return nil
	}
	group, _ := modifier.ApplyGroup(docs[0].Rule.Detections[0].Body, "", log)
	return group
}

func (t *addCondition) applyRule(r *run) error {
	group := t.group
	if t.template {
		var log diag.List
		group = buildGroup(r.expandTemplates(t.body), &log)
		for _, d := range log.All() {
			if d.Severity == diag.SeverityError {
				return fail(CodeAddedCondition, "invalid value of 'conditions': %s", d.Msg)
			}
		}
	}
	name := t.name
	if name == "" {
		name = freeName(r.rule)
	} else if hasDetection(r.rule, name) {
		return fail(CodeDetectionExists, "detection '%s' is already defined", name)
	}
	r.rule.Detections = append(r.rule.Detections, &sigma.Detection{Name: name, Pos: t.body.Pos, Body: cloneGroup(group)})
	for i, c := range r.rule.Conditions {
		r.rule.Conditions[i] = t.join(name, c)
	}
	return nil
}

// join returns c with the added detection before it.
func (t *addCondition) join(name string, c sigma.Condition) sigma.Condition {
	var added condition.Expr = &condition.Name{Text: name}
	text := name
	if t.negated {
		added, text = &condition.Not{X: added}, "not "+name
	}
	c.Tree = &condition.And{Terms: []condition.Expr{added, c.Tree}}
	c.Text = text + " and (" + c.Text + ")"
	return c
}

// freeName returns a name that no detection of rule has and that selectors do not pick.
func freeName(rule *sigma.Rule) string {
	for i := 1; ; i++ {
		if name := fmt.Sprintf("_cond_%d", i); !hasDetection(rule, name) {
			return name
		}
	}
}

func hasDetection(rule *sigma.Rule, name string) bool {
	return slices.ContainsFunc(rule.Detections, func(d *sigma.Detection) bool { return d.Name == name })
}
