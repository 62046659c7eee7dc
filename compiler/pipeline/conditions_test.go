package pipeline

import (
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// subjectRule is the rule that conditions are tried on.
const subjectRule = `title: Test
id: 5B1C3F5E-0f4a-4c1e-9d65-0a2f1f3f0001
status: test
level: medium
author: me
date: 2024-05-06
tags: [attack.execution]
falsepositives: [Admins]
weight: 7
owner: blue
flags: [a, b]
nested: {a: b}
logsource: {category: process_creation, product: windows}
detection:
  sel:
    - A: v
      EventID: [1, 104]
      B|contains: foo
    - C: true
  condition: sel
`

func TestRuleConditions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		condition string
		want      bool
	}{
		{"type: logsource, product: WINDOWS", true},
		{"type: logsource, product: windows, category: process_creation", true},
		{"type: logsource, product: windows, service: sysmon", false},
		{"type: contains_field, field: C", true},
		{"type: contains_field, field: c", false},
		{"type: contains_detection_item, field: EventID, value: 104", true},
		{"type: contains_detection_item, field: EventID, value: '104'", false},
		{"type: contains_detection_item, field: B, value: '*foo*'", true},
		{"type: contains_detection_item, field: B, value: foo", false},
		{"type: contains_detection_item, field: C, value: true", true},
		{"type: contains_detection_item, field: A", true},
		{"type: is_sigma_rule", true},
		{"type: is_sigma_correlation_rule", false},
		{"type: tag, tag: attack.execution", true},
		{"type: tag, tag: attack.Execution", false},
		{"type: processing_item_applied, processing_item_id: first", true},
		{"type: processing_item_applied, processing_item_id: other", false},
		{"type: processing_state, key: n, val: 3", true},
		{"type: processing_state, key: n, op: gte, val: 2.5", true},
		{"type: processing_state, key: n, op: lt, val: 3", false},
		{"type: processing_state, key: s, op: gt, val: a", true},
		{"type: processing_state, key: s, val: 3", false},
		{"type: processing_state, key: s, op: ne, val: 3", true},
		{"type: processing_state, key: none, op: ne, val: 1", false},

		{"type: rule_attribute, attribute: title, value: Test", true},
		{"type: rule_attribute, attribute: title, value: test", false},
		{"type: rule_attribute, attribute: id, value: 5b1c3f5e-0F4A-4c1e-9d65-0a2f1f3f0001", true},
		{"type: rule_attribute, attribute: author, op: ne, value: you", true},
		{"type: rule_attribute, attribute: license, op: ne, value: x", false},
		{"type: rule_attribute, attribute: level, op: gte, value: low", true},
		{"type: rule_attribute, attribute: level, op: gt, value: medium", false},
		{"type: rule_attribute, attribute: status, op: lt, value: stable", true},
		{"type: rule_attribute, attribute: date, op: lte, value: '2024-05-06'", true},
		{"type: rule_attribute, attribute: date, op: lt, value: 2024/5/6", false},
		{"type: rule_attribute, attribute: modified, op: ne, value: 2024-01-01", false},
		{"type: rule_attribute, attribute: falsepositives, op: in, value: Admins", true},
		{"type: rule_attribute, attribute: tags, op: not_in, value: attack.execution", false},
		{"type: rule_attribute, attribute: tags, op: ne, value: x", true},
		{"type: rule_attribute, attribute: tags, op: gt, value: x", false},
		{"type: rule_attribute, attribute: weight, op: gt, value: 5", true},
		{"type: rule_attribute, attribute: weight, value: '7'", true},
		{"type: rule_attribute, attribute: owner, value: blue", true},
		{"type: rule_attribute, attribute: flags, op: in, value: b", true},
		{"type: rule_attribute, attribute: ghost, op: ne, value: b", false},
	}
	for _, tt := range tests {
		t.Run(tt.condition, func(t *testing.T) {
			t.Parallel()
			items := "- {id: first, type: set_state, key: n, val: 3}\n- {type: set_state, key: s, val: b}\n" +
				"- {id: hit, type: set_state, key: x, val: 1, rule_conditions: [{" + tt.condition + "}]}"
			var log diag.List
			r := process(t, subjectRule, &log, itemsOf(items))
			if log.Errors() > 0 {
				t.Fatal(log.All())
			}
			if got := applied(r, "hit"); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestAttributesThatCannotBeComparedFailTheRule(t *testing.T) {
	t.Parallel()
	for _, condition := range []string{
		"attribute: title, op: in, value: x",
		"attribute: weight, op: in, value: 7",
		"attribute: weight, op: gt, value: x",
		"attribute: date, value: x",
		"attribute: level, value: x",
		"attribute: status, op: not_in, value: test",
		"attribute: nested, value: x",
	} {
		var log diag.List
		items := "- {type: set_state, key: x, val: 1, rule_conditions: [{type: rule_attribute, " + condition + "}]}"
		if r := process(t, subjectRule, &log, itemsOf(items)); !r.Docs[0].Failed {
			t.Errorf("%s was accepted", condition)
		}
		requireMessage(t, &log, diag.SeverityError, "rule attribute")
	}
}

func TestDetectionItemConditions(t *testing.T) {
	t.Parallel()
	const detection = `s:
  Str: [evil.exe, 'C:x']
  Wild|contains: evil
  Num: [0, 5]
  Bool: true
  Nil: null
  Cmp|gt: 5
  Mapped: evil
condition: s`
	tests := []struct{ name, condition, want string }{
		{"patterns match at the start", "{type: match_string, cond: any, pattern: evil}", "Str Mapped"},
		{"patterns see wildcards", "{type: match_string, cond: any, pattern: '\\*evil'}", "Wild"},
		{"all values may have to match", "{type: match_string, cond: all, pattern: 'e|C'}", "Str Mapped"},
		{"negation counts values of other kinds", "{type: match_string, cond: all, pattern: '.', negate: true}", "Num Bool Nil Cmp"},
		{"numbers equal numbers", "{type: match_value, cond: any, value: 5.0}", "Num"},
		{"booleans equal zero and one", "{type: match_value, cond: any, value: false}", "Num"},
		{"zero and one equal booleans", "{type: match_value, cond: any, value: 1}", "Bool"},
		{"strings equal by their tokens", "{type: match_value, cond: any, value: '*evil*'}", "Wild"},
		{"null equals nothing", "{type: match_value, cond: any, value: null}", ""},
		{"wildcards are found", "{type: contains_wildcard, cond: any}", "Wild"},
		{"nulls are found", "{type: is_null, cond: any}", "Nil"},
		{"without cond any value will do", "{type: is_null}", "Nil"},
		{"is_null can be negated", "{type: is_null, cond: any, negate: true}", "Str Wild Num Bool Cmp Mapped"},
		{"items remember what changed them", "{type: processing_item_applied, processing_item_id: map}", "Mapped"},
		{"the state is not of items", "{type: processing_state, key: k, val: x}", "Str Wild Num Bool Nil Cmp Mapped"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			items := "- {id: map, type: field_name_mapping, mapping: {Mapped: Mapped}}\n- {type: set_state, key: k, val: x}\n" +
				"- {type: field_name_suffix, suffix: '!', detection_item_conditions: [" + tt.condition + "]}"
			var log diag.List
			r := process(t, ruleOf(detection), &log, itemsOf(items))
			var hit []string
			for _, part := range strings.Split(dumpRule(r.Docs[0].Rule), " ") {
				if name, ok := strings.CutSuffix(part, "!:"); ok {
					hit = append(hit, name)
				}
			}
			if got := strings.Join(hit, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFieldNameConditions(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, conditions, want string }{
		{"plain names are exact", "[{type: include_fields, fields: [Event, 'Ev*']}]", "EventID: 1 and Other: 2"},
		{"patterns match at the start", "[{type: include_fields, mode: re, fields: [vent, Event]}]", "p.EventID: 1 and Other: 2"},
		{"others can be excluded", "[{type: exclude_fields, fields: [Other]}]", "p.EventID: 1 and Other: 2"},
		{"match_type is a spelling of mode", "[{type: include_fields, match_type: regex, fields: ['.*r$']}]", "EventID: 1 and p.Other: 2"},
		{"the state counts", "[{type: processing_state, key: k, val: 1}]", "p.EventID: 1 and p.Other: 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRule(t, "s: {EventID: 1, Other: 2}\ncondition: s",
				"- {type: set_state, key: k, val: 1}\n- {type: field_name_prefix, prefix: p., field_name_conditions: "+tt.conditions+"}", "s: "+tt.want+"\n= s")
		})
	}
}

func TestKeywordsAreExcludedRatherThanIncluded(t *testing.T) {
	t.Parallel()
	checkRule(t, "k: [x]\ns: {A: 1}\ncondition: k or s",
		"- {type: drop_detection_item, field_name_conditions: [{type: include_fields, mode: re, fields: ['.*']}]}", "k: <keywords>: '*x*'\n= k")
	checkRule(t, "k: [x]\ns: {A: 1}\ncondition: k or s",
		"- {type: drop_detection_item, field_name_conditions: [{type: exclude_fields, fields: [A]}]}", "s: A: 1\n= s")
}

func TestGates(t *testing.T) {
	t.Parallel()
	const yes, no = "{type: is_sigma_rule}", "{type: is_sigma_correlation_rule}"
	tests := []struct {
		name, gate string
		want       bool
	}{
		{"conditions are joined by and", "rule_conditions: [" + yes + ", " + no + "]", false},
		{"or joins if asked for", "rule_conditions: [" + yes + ", " + no + "], rule_cond_op: or", true},
		{"the result can be negated", "rule_conditions: [" + yes + ", " + no + "], rule_cond_op: and, rule_cond_not: true", true},
		{"a gate without conditions is open", "rule_cond_op: or, rule_cond_not: true", true},
		{"a mapping is like a list", "rule_conditions: {a: " + yes + ", b: " + no + "}", false},
		{"and binds before or", "rule_conditions: {a: " + yes + ", b: " + no + ", c: " + no + "}, rule_cond_expr: a or b and c", true},
		{"parentheses and not", "rule_conditions: {a: " + yes + ", b: " + no + "}, rule_cond_expr: '(a or b)and not(b)'", true},
		{"keywords end at word borders", "rule_conditions: {not_x: " + yes + ", nota: " + no + ", or-x: " + yes + "}, rule_cond_expr: not_x and or-x and not nota", true},
		{"an expression can be negated", "rule_conditions: {a: " + yes + "}, rule_cond_expr: not not a, rule_cond_not: true", false},
		{"lists with ids can be used in expressions", "rule_conditions: [{id: a, type: is_sigma_rule}, " + no + "], rule_cond_expression: a and not cond_1", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log diag.List
			r := process(t, subjectRule, &log, itemsOf("- {id: hit, type: set_state, key: x, val: 1, "+tt.gate+"}"))
			if got := applied(r, "hit"); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
