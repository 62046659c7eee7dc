package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// correlated is a rule and a correlation over it.
const correlated = `title: Base
id: 00000000-0000-4000-8000-000000000001
name: base
fields: [A, B, C]
logsource: {product: windows}
detection:
  sel: {A: 1}
  condition: sel
---
title: Corr
name: corr
fields: [Computer]
correlation:
  type: value_count
  rules: [base]
  group-by: [Computer, User, who]
  timespan: 5m
  aliases:
    who: {base: Account}
  condition: {gte: 3, field: Target}
---
title: Outer
correlation:
  type: event_count
  rules: [corr]
  timespan: 5m
  condition: {gte: 1}
`

func TestCorrelationsAreRenamed(t *testing.T) {
	t.Parallel()
	var log diag.List
	r := process(t, correlated, &log, itemsOf(`- {id: one, type: field_name_mapping, mapping: {Computer: host, User: [u1, u2], Account: acct, Target: tgt, who: no}}
- {id: two, type: field_name_mapping, mapping: {u1: v1, u2: v1, host: [h1, h2]}, field_name_conditions: [{type: processing_item_applied, processing_item_id: one}]}
- {id: three, type: add_condition, conditions: {B: 1}}
- {id: four, type: add_field, field: x, rule_conditions: [{type: is_sigma_correlation_rule}]}
- {id: five, type: set_custom_attribute, attribute: a, value: [1], rule_conditions: [{type: is_sigma_correlation_rule}]}
`))
	d := r.Docs[1]
	c := d.Correlation
	got := fmt.Sprint(c.GroupBy, r.Notes[d].GroupBy, c.Aliases, c.Fields, c.Header.Fields, r.Notes[d].Applied, len(c.Custom))
	want := "[h1 h2 v1 who] [[h1 h2] [v1] [who]] [{who [{base acct}]}] [tgt] [h1 h2 x] [one two three four five] 1"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r.Links.Refs[c][0][0] != r.Docs[0] || r.Links.Refs[r.Docs[2].Correlation][0][0] != d {
		t.Error("references do not lead to the new documents")
	}
}

func TestCorrelationsOverRejectedRulesAreRejected(t *testing.T) {
	t.Parallel()
	var log diag.List
	r := process(t, correlated, &log, itemsOf("- {type: drop_detection_item}"))
	if !r.Docs[1].Failed || !r.Docs[2].Failed {
		t.Error("a correlation over a rejected rule was accepted")
	}
	requireMessage(t, &log, diag.SeverityError, `"Corr": the referenced rule "Base" was rejected`)
	requireMessage(t, &log, diag.SeverityError, `"Outer": the referenced rule "Corr" was rejected`)
}

func TestCorrelationsCanHaveOneFieldOnlyInSomePlaces(t *testing.T) {
	t.Parallel()
	for _, field := range []string{"Target", "Account"} {
		var log diag.List
		r := process(t, correlated, &log, itemsOf("- {type: field_name_mapping, mapping: {"+field+": [a, b]}}"))
		if r.Docs[0].Failed || !r.Docs[1].Failed {
			t.Errorf("%s: failed %v %v", field, r.Docs[0].Failed, r.Docs[1].Failed)
		}
		requireMessage(t, &log, diag.SeverityError, "multiple field names")
	}
}

func TestLogSourceGatesLookThroughCorrelations(t *testing.T) {
	t.Parallel()
	const items = `- {type: change_logsource, product: linux, merge: true}
- {id: hit, type: set_state, key: a, val: 1, rule_conditions: [{type: logsource, product: linux}, {type: is_sigma_correlation_rule}]}
- {id: miss, type: set_state, key: a, val: 1, rule_conditions: [{type: logsource, product: windows}]}
`
	// The correlations stand before the rule that they reference.
	parts := strings.Split(correlated, "---\n")
	var log diag.List
	r := process(t, parts[2]+"---\n"+parts[1]+"---\n"+parts[0], &log, itemsOf(items))
	for i, want := range []string{"[hit]", "[hit]", "[]"} {
		if got := fmt.Sprint(r.Notes[r.Docs[i]].Applied); got != want {
			t.Errorf("document %d: applied %s, want %s", i, got, want)
		}
	}
}

func TestRuleFailuresReachCorrelations(t *testing.T) {
	t.Parallel()
	var log diag.List
	r := process(t, correlated, &log, itemsOf("- {type: rule_failure, message: no, rule_conditions: [{type: is_sigma_correlation_rule}]}"))
	if r.Docs[0].Failed || !r.Docs[1].Failed || !r.Docs[2].Failed {
		t.Errorf("failed %v %v %v", r.Docs[0].Failed, r.Docs[1].Failed, r.Docs[2].Failed)
	}
}

func TestFiltersAreTransformedForEachRule(t *testing.T) {
	t.Parallel()
	const docs = `title: One
logsource: {product: windows}
detection: {sel: {A: 1}, condition: sel}
---
title: Two
logsource: {product: linux}
detection: {sel: {A: 1}, condition: sel}
---
title: Filter
filter:
  rules: any
  f1: {A: 2}
  f2: {B: 3}
  condition: not f1 and not f2
`
	var log diag.List
	r := process(t, docs, &log, itemsOf(`- {type: field_name_mapping, mapping: {A: X}, rule_conditions: [{type: logsource, product: windows}]}
- {id: hasB, type: set_state, key: a, val: 1, rule_conditions: [{type: contains_field, field: B}]}
- {type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [B, X]}], rule_conditions: [{type: logsource, product: linux}]}
`))
	want := []string{"f1: X: 2\nf2: B: 3\n= not f1 and not f2", "f1: A: 2\n= not f1"}
	for i, w := range want {
		f := r.Links.Filters[r.Docs[i].Rule][0]
		if got := dumpDetections(f.Detections, []sigma.Condition{f.Condition}); got != w {
			t.Errorf("rule %d: got:\n%s\nwant:\n%s", i, got, w)
		}
	}
	if !applied(r, "hasB") {
		t.Error("rule conditions do not see filters")
	}

	r = process(t, docs, &log, itemsOf("- {type: drop_detection_item, detection_item_conditions: [{type: match_value, cond: any, value: 1}], detection_item_cond_not: true}"))
	if n := len(r.Links.Filters); n != 0 {
		t.Errorf("%d filters are left of which nothing is left", n)
	}
}

func TestArraySelectors(t *testing.T) {
	t.Parallel()
	const rule = `title: Test
sigma-version: 3
logsource: {product: windows}
detection:
  a: {'list[any]': {x: 1, y|fieldref: z}}
  b: {'list[none]': {x: 1}}
  c: {'list[0].x': 2, 'list[0][1]': 3}
  d:
    list[all]:
      s1: {x: 1}
      s2: {y: 2}
      condition: s1 or s2
  condition: 1 of them
`
	tests := []struct{ name, items, want string }{
		{"names in a member are relative and stay", "- {type: field_name_mapping, mapping: {list: L, x: no, y: no, z: Z}}",
			"a: L#0{x: 1 and y: @Z}\nb: L#3{x: 1}\nc: L[0].x: 2 and L[0][1]: 3\nd: L#1{s1: x: 1; s2: y: 2; = s1 or s2}"},
		{"several names make copies", "- {type: field_name_mapping, mapping: {list: [L, 'M[']}}",
			"a: (L#0{x: 1 and y: @z} or M[#0{x: 1 and y: @z})\nb: (L#3{x: 1} and M[#3{x: 1})\n" +
				"c: (L[0].x: 2 or M\\[[0].x: 2) and (L[0][1]: 3 or M\\[[0][1]: 3)\nd: (L#1{s1: x: 1; s2: y: 2; = s1 or s2} or M[#1{s1: x: 1; s2: y: 2; = s1 or s2})"},
		{"values in a member change and vanish", "- {type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [x]}]}\n- {type: convert_type, target_type: str}",
			"a: list#0{y: @z}\nc: list[0].x: '2' and list[0][1]: '3'\nd: list#1{s2: y: '2'; = s2}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log diag.List
			r := process(t, rule, &log, itemsOf(tt.items))
			if got := dumpRule(r.Docs[0].Rule); got != tt.want+"\n= 1 of them" {
				t.Errorf("got:\n%s\nwant:\n%s\n%v", got, tt.want, log.All())
			}
		})
	}
}

func TestStrictMappingExemptsNamesInArrayMembers(t *testing.T) {
	t.Parallel()
	var log diag.List
	r := process(t, "title: T\nsigma-version: 3\nlogsource: {product: x}\ndetection:\n  s: {'l[any]': {x: 1}}\n  condition: s\n", &log,
		itemsOf("- {type: field_name_mapping, mapping: {l: L}}\n- {type: strict_field_mapping_failure}"))
	if r.Docs[0].Failed {
		t.Error(log.All())
	}
}

func TestAttributesAndLogSourcesChange(t *testing.T) {
	t.Parallel()
	var log diag.List
	const rule = "title: T\nfields: [A, B, A]\nold: 1\nlogsource: {category: c, product: p, service: s, extra: e}\ndetection: {s: {A: 1}, condition: s}\n"
	r := process(t, rule, &log, itemsOf(`- {type: field_name_mapping, mapping: {B: [X, Y]}}
- {type: remove_field, field: [A, ghost]}
- {type: add_field, field: Z}
- {type: set_custom_attribute, attribute: old, value: 2}
- {type: set_custom_attribute, attribute: new, value: [a]}
- {type: change_logsource, product: q, merge: true}
`))
	x := r.Docs[0].Rule
	got := fmt.Sprint(x.Fields, len(x.Custom), x.Custom[0].Value.Int, x.LogSource)
	if want := "[X Y A Z] 2 2 {c q s  [{extra e}]}"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r = process(t, rule, &log, itemsOf("- {type: change_logsource, service: q}\n- {type: set_field, fields: [Q]}"))
	if got, want := fmt.Sprint(r.Docs[0].Rule.LogSource, r.Docs[0].Rule.Fields), "{  q  []} [Q]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestApplyLeavesItsInputAloneAndIsRepeatable(t *testing.T) {
	t.Parallel()
	var log diag.List
	set := loadRules(correlated, &log)
	links := Links{Filters: set.Filters, Refs: set.Refs}
	pristine := loadRules(correlated, &log)
	p := Merge([]*Pipeline{parse(t, itemsOf(`- {type: field_name_mapping, mapping: {A: [X, Y], Computer: [h1, h2], Account: acct, Target: tgt}}
- {type: add_condition, conditions: {B: [1, x]}}
- {type: replace_string, regex: x, replacement: y}
- {type: set_custom_attribute, attribute: a, value: 1}
- {type: change_logsource, product: q}
- {type: add_field, field: Q}
`))})
	first := p.Apply(set.Docs, links, Options{}, &log)
	second := p.Apply(set.Docs, links, Options{}, &log)
	if diff := cmp.Diff(pristine.Docs, set.Docs); diff != "" {
		t.Errorf("the input changed:\n%s", diff)
	}
	if diff := cmp.Diff(first.Docs, second.Docs); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
}

func TestFailuresNameRuleItemAndPlace(t *testing.T) {
	t.Parallel()
	var log diag.List
	set := loadRules(ruleOf("s: {A: 1}\ncondition: s"), &log)
	Merge([]*Pipeline{parse(t, itemsOf("- {id: x, type: rule_failure, message: no}"))}).Apply(set.Docs, Links{}, Options{}, &log)
	d := log.All()[0]
	if want := `rule "Test": pipeline 'p': transformations[1] (id 'x'): no`; d.Msg != want {
		t.Errorf("message %q, want %q", d.Msg, want)
	}
	if d.RuleID != set.Docs[0].ID || d.Pos != set.Docs[0].Pos || fmt.Sprint(d.Notes) != "[the pipeline item is at p.yml:3:5]" {
		t.Errorf("diagnostic %+v", d)
	}
}

func TestOtherRulesSurviveAFailure(t *testing.T) {
	t.Parallel()
	var log diag.List
	docs := ruleOf("s: {A: 1}\ncondition: s") + "---\n" + strings.Replace(ruleOf("s: {B: 1}\ncondition: s"), "0001", "0002", 1)
	r := process(t, docs, &log, itemsOf("- {type: rule_failure, message: no, rule_conditions: [{type: contains_field, field: A}]}"))
	if !r.Docs[0].Failed || r.Docs[1].Failed || r.Docs[1].Rule == nil {
		t.Errorf("failed %v %v", r.Docs[0].Failed, r.Docs[1].Failed)
	}
}

func TestNothingLeaksFromRuleToRule(t *testing.T) {
	t.Parallel()
	var log diag.List
	docs := ruleOf("s: {A: 1}\ncondition: s") + "---\n" + strings.Replace(ruleOf("s: {B: 1}\ncondition: s"), "0001", "0002", 1)
	r := process(t, docs, &log, itemsOf(`- {id: one, type: set_state, key: k, val: 1, rule_conditions: [{type: contains_field, field: A}]}
- {id: two, type: set_state, key: x, val: 1, rule_conditions: [{type: processing_state, key: k, val: 1}]}
- {id: three, type: set_state, key: x, val: 1, rule_conditions: [{type: processing_item_applied, processing_item_id: one}]}
`))
	if got := fmt.Sprint(r.Notes[r.Docs[0]].Applied, r.Notes[r.Docs[1]].Applied); got != "[one two three] []" {
		t.Errorf("applied %s", got)
	}
}

func TestTheMappingLogFollowsChains(t *testing.T) {
	t.Parallel()
	var m mappingLog
	m.add("A", []string{"B"})
	m.add("B", []string{"C", "D"})
	if got := fmt.Sprint(m.targets["A"], m.targets["B"]); got != "[C D] [C D]" {
		t.Errorf("log %s", got)
	}
	for name, want := range map[string]bool{"A": true, "B": true, "D": true, "E": false} {
		if m.knows(name) != want {
			t.Errorf("knows(%s) is %v", name, !want)
		}
	}
}

func TestPipelinesCannotBlowRulesUp(t *testing.T) {
	t.Parallel()
	for _, item := range []string{
		"- {type: field_name_mapping, mapping: {A: [A, A]}}\n",
		"- {type: map_string, mapping: {x: [x, x]}}\n",
		"- {type: replace_string, regex: '^(.*)$', replacement: '\\1\\1'}\n",
	} {
		checkFailure(t, "s: {A: x}\ncondition: s", strings.Repeat(item, 40), string(CodeTooLarge))
	}
}
