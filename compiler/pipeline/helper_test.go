package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/link"
	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// loadRules reads, types and links the documents of src.
func loadRules(src string, log *diag.List) *link.Set {
	return link.Link(modifier.Apply(sigma.Parse(yamldoc.Parse("rule.yml", []byte(src), log), log), log), log)
}

// parse reads a pipeline that must be valid.
func parse(t *testing.T, src string) *Pipeline {
	t.Helper()
	var log diag.List
	p := Parse("p.yml", []byte(src), &log)
	if p == nil {
		t.Fatalf("pipeline was rejected: %v", log.All())
	}
	return p
}

// process applies pipelines to rules.
func process(t *testing.T, rules string, log *diag.List, pipelines ...string) *Result {
	t.Helper()
	var ps []*Pipeline
	for _, src := range pipelines {
		ps = append(ps, parse(t, src))
	}
	set := loadRules(rules, log)
	if log.Errors() > 0 {
		t.Fatalf("rules were rejected: %v", log.All())
	}
	return Merge(ps).Apply(set.Docs, Links{Filters: set.Filters, Refs: set.Refs}, Options{}, log)
}

// ruleOf wraps the detections of a rule into a document.
func ruleOf(detection string) string {
	return "title: Test\nid: 5b1c3f5e-0f4a-4c1e-9d65-0a2f1f3f0001\nlogsource: {category: process_creation, product: windows}\ndetection:\n" + indent(detection)
}

func indent(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range lines {
		lines[i] = "  " + lines[i]
	}
	return strings.Join(lines, "\n") + "\n"
}

// itemsOf wraps transformations into a pipeline.
func itemsOf(items string) string { return "name: p\ntransformations:\n" + indent(items) }

// checkRule applies items to a rule of detection and compares what is left of it with want: its detections and, in the last
// line, its condition.
func checkRule(t *testing.T, detection, items, want string) {
	t.Helper()
	var log diag.List
	r := process(t, ruleOf(detection), &log, itemsOf(items))
	if log.Errors() > 0 {
		t.Fatalf("unexpected errors: %v", log.All())
	}
	if got := dumpRule(r.Docs[0].Rule); got != strings.TrimSpace(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, strings.TrimSpace(want))
	}
}

// checkFailure applies items to a rule of detection, which must be rejected with a message that contains want.
func checkFailure(t *testing.T, detection, items, want string) {
	t.Helper()
	var log diag.List
	r := process(t, ruleOf(detection), &log, itemsOf(items))
	if !r.Docs[0].Failed || r.Docs[0].Rule != nil {
		t.Fatalf("rule was not rejected: %s", dumpRule(r.Docs[0].Rule))
	}
	requireMessage(t, &log, diag.SeverityError, want)
}

// checkLoadError parses a pipeline, which must be rejected with a message that contains want.
func checkLoadError(t *testing.T, src, want string) {
	t.Helper()
	var log diag.List
	if p := Parse("p.yml", []byte(src), &log); p != nil {
		t.Fatalf("pipeline was accepted")
	}
	requireMessage(t, &log, diag.SeverityError, want)
}

// requireMessage looks for a diagnostic whose text contains want.
func requireMessage(t *testing.T, log *diag.List, severity diag.Severity, want string) diag.Diagnostic {
	t.Helper()
	for _, d := range log.All() {
		if d.Severity == severity && strings.Contains(strings.ToLower(d.String()), strings.ToLower(want)) {
			return d
		}
	}
	t.Fatalf("no %s with %q in %v", severity, want, log.All())
	return diag.Diagnostic{}
}

// dumpRule writes the detections and conditions of a rule, one a line.
func dumpRule(r *sigma.Rule) string {
	if r == nil {
		return "(none)"
	}
	return dumpDetections(r.Detections, r.Conditions)
}

func dumpDetections(detections []*sigma.Detection, conditions []sigma.Condition) string {
	var lines []string
	for _, d := range detections {
		lines = append(lines, d.Name+": "+dumpNode(d.Body))
	}
	for _, c := range conditions {
		lines = append(lines, "= "+c.Text)
	}
	return strings.Join(lines, "\n")
}

func dumpNode(n sigma.Node) string {
	switch n := n.(type) {
	case *sigma.Item:
		return dumpItem(n)
	case *sigma.Block:
		return fmt.Sprintf("%s#%d{%s}", n.Field.Name, n.Quant, dumpBody(n))
	case *sigma.Group:
		var parts []string
		for _, m := range n.Nodes {
			part := dumpNode(m)
			if _, ok := m.(*sigma.Group); ok {
				part = "(" + part + ")"
			}
			parts = append(parts, part)
		}
		operator := " and "
		if n.Any {
			operator = " or "
		}
		return strings.Join(parts, operator)
	}
	return "?"
}

func dumpBody(b *sigma.Block) string {
	if b.Body != nil {
		return dumpNode(b.Body)
	}
	return strings.ReplaceAll(dumpDetections(b.Detections, b.Conditions), "\n", "; ")
}

func dumpItem(it *sigma.Item) string {
	var values []string
	for _, v := range it.Values {
		values = append(values, dumpValue(v))
	}
	separator, prefix := " | ", ""
	if it.All {
		separator = " & "
	}
	if it.Neg {
		prefix = "!"
	}
	name := it.Field.Name
	if it.Field.Kind == sigma.FieldKeyword {
		name = "<keywords>"
	}
	return prefix + name + ": " + strings.Join(values, separator)
}

func dumpValue(v sigma.Value) string {
	switch v := v.(type) {
	case sigma.String:
		if v.Cased {
			return "cased '" + plainText(v.Pattern) + "'"
		}
		return "'" + plainText(v.Pattern) + "'"
	case sigma.Number:
		return v.Text
	case sigma.Bool:
		return fmt.Sprint(v.Value)
	case sigma.Null:
		return "null"
	case sigma.Regex:
		return "/" + plainText(v.Pattern) + "/" + v.Flags
	case sigma.FieldRef:
		return "@" + v.Field
	case sigma.Exists:
		return fmt.Sprintf("exists=%v", v.Want)
	case sigma.Network:
		return v.Prefix.String()
	case sigma.Expansion:
		var parts []string
		for _, s := range v.Values {
			parts = append(parts, dumpValue(s))
		}
		return "<" + strings.Join(parts, " ") + ">"
	}
	return fmt.Sprintf("%T", v)
}

// applied reports whether the notes of the first document name id.
func applied(r *Result, id string) bool { return slices.Contains(r.Notes[r.Docs[0]].Applied, id) }
