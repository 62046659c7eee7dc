package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
)

// faulty holds pipelines with the expected message behind ### on the line that it is about.
const faulty = `
name: p
transformation: []  ### unknown keys: transformation (did you mean "transformations"?)
---
sources: []  ### inline 'sources'
---
- a  ### must be a mapping
---
transformations: {a: b}  ### must be a list
---
priority: 1.5  ### priority must be an integer
vars: [x]  ### vars must be a mapping
allowed_backends: splunk  ### must be a list
name: 7  ### invalid value of name
---
a: 1
a: 2  ### duplicate key
---
transformations:
  - 5  ### an item must be a mapping
  - mapping: {A: B}  ### missing transformation type
  - type: field_name_maping  ### unknown transformation type 'field_name_maping' (did you mean "field_name_mapping"?)
  - type: field_name_mapping  ### missing parameter 'mapping'
  - type: field_name_mapping
    mapping: {A: 5}  ### invalid value of 'mapping'
  - type: field_name_mapping
    mapping: {A: []}  ### empty
  - type: field_name_prefix_mapping
    mapping: {null: a}  ### null is not a prefix
  - type: set_state
    key: a
    val: 1
    colour: red  ### unknown parameter 'colour'
  - type: field_name_prefix
    prefx: a  ### unknown parameter 'prefx' (did you mean "prefix"?)
    prefix: b
  - type: case
    method: title  ### invalid method
  - type: regex
    method: full  ### invalid method
  - type: convert_type
    target_type: date  ### 'str' or 'num'
  - {type: convert_type, target_type: null}  ### 'str' or 'num'
  - type: set_value
    value: [a]  ### invalid value
---
transformations:
  - {type: set_value, value: ten, force_type: num}  ### can't be converted to number
  - {type: set_value, value: true, force_type: str}  ### invalid value
  - {type: change_logsource}  ### log source can't be empty
  - {type: replace_string, regex: '(', replacement: x}  ### invalid regex
  - {type: replace_string, regex: 'a(?=b)', replacement: x}  ### (?=
  - {type: replace_string, regex: 'a', replacement: '\1'}  ### no group '1'
  - {type: replace_string, regex: 'a', replacement: '\q'}  ### unknown escape
  - {type: extract_fields, regex: 'a(b)'}  ### named group
  - {type: wildcard_placeholders, include: [a], exclude: [b]}  ### mutually exclusive
  - {type: add_condition, conditions: {}}  ### empty
  - {type: add_condition, conditions: {A|contians: x}}  ### unknown modifier "contians"
  - {type: add_condition, conditions: {A: {b: c}}}  ### unsupported value
  - {type: add_condition, name: 'a b', conditions: {A: b}}  ### cannot be used in a condition
  - {type: nest, items: {a: b}}  ### transformations[14].items must be a list
  - {type: nest, items: [{type: ghost}]}  ### transformations[15].items[1]: unknown transformation type 'ghost'
  - {type: set_state, key: '${source.a}', val: 1}  ### source reference not allowed
  - {type: http_placeholders, url: x, timeout: -1}  ### greater than zero
  - {type: field_name_transform, transform_func: lower, apply_keyword: true}  ### invalid value
  - {type: set_state, key: a, val: {null: 1}}  ### unsupported key
---
transformations:
  - type: drop_detection_item
    rule_conditions:
      - {type: product, product: windows}  ### unknown condition type 'product'
  - type: drop_detection_item
    field_name_conditions:
      - {type: logsource, product: windows}  ### unknown condition type 'logsource'
      - {product: windows}  ### missing condition type
      - a  ### must be a mapping
      - {type: include_fields, fields: [a], mode: glob}  ### field name matching mode
      - {type: include_fields, fields: a}  ### must be a list
  - type: drop_detection_item
    rule_conditions: [{type: is_sigma_rule}]
    rule_cond_op: xor  ### must be 'and' or 'or'
  - type: drop_detection_item
    rule_conditions: {a: {type: is_sigma_rule}}
    rule_cond_op: and
    rule_cond_expr: a  ### mutually exclusive
  - type: drop_detection_item
    rule_conditions: {a: {type: is_sigma_rule}, b: {type: is_sigma_rule}}
    rule_cond_expr: a  ### unreferenced condition 'b'
  - type: drop_detection_item
    rule_conditions: {abc: {type: is_sigma_rule}}
    rule_cond_expr: abd  ### condition identifier 'abd' not found (did you mean "abc"?)
  - type: drop_detection_item
    rule_conditions: {a: {type: is_sigma_rule}}
    rule_cond_expr: a and (  ### error parsing condition expression
  - type: drop_detection_item
    rule_conditions: [{type: is_sigma_rule}]
    rule_cond_expr: a  ### mapping from identifiers
  - type: drop_detection_item
    rule_conditions:
      - {type: logsource}  ### log source can't be empty
      - {type: tag, tag: x}  ### tag must
      - {type: processing_state, key: a, val: 1, op: in}  ### invalid operation
      - {type: rule_attribute, attribute: a, value: 1, op: like}  ### invalid operation
      - {type: rule_attribute, attribute: a}  ### missing parameter 'value'
    detection_item_conditions:
      - {type: is_null, cond: some}  ### 'cond' must be 'any' or 'all'
      - {type: match_string, cond: any, pattern: '(?<=a)b'}  ### (?<=
---
postprocessing:
  - {type: embed, prefix: a}
  - {type: ghost}  ### unknown transformation type 'ghost'
  - {type: json, json_template: '{'}  ### not valid JSON
  - {type: embed, field_name_conditions: []}  ### unknown parameter 'field_name_conditions'
  - {type: template, template: a, vars: x.py}  ### invalid value
  - {type: nest, items: [{type: replace, pattern: '(', replacement: a}]}  ### invalid regex
finalizers:
  - {type: xml}  ### finalizer 'xml' is unknown
  - {separator: a}  ### missing finalizer type
  - {type: nested, finalizers: [{type: concat, separator: a}, {type: json, indent: x}]}  ### expected an integer
---
vars:
  a: [x, '${source.}']  ### a source reference has the form
transformations:
  - include: x  ### expected ${source.<id>}
  - include: ${source.a.b}
    id: a  ### an include stands alone
`

func TestFaultsOfPipelinesAreReportedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for i, src := range strings.Split(faulty, "\n---\n") {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			var log diag.List
			if p := Parse("p.yml", []byte(src), &log); p != nil {
				t.Error("the pipeline was accepted")
			}
			checkMarks(t, src, log.All())
		})
	}
}

// checkMarks compares the errors with the marks of src. A line may only have errors that its mark expects.
func checkMarks(t *testing.T, src string, found []diag.Diagnostic) {
	t.Helper()
	for i, line := range strings.Split(src, "\n") {
		_, want, marked := strings.Cut(line, "### ")
		hit := false
		for _, d := range found {
			if d.Severity != diag.SeverityError || d.Pos.Line != i+1 {
				continue
			}
			if !marked || !strings.Contains(strings.ToLower(d.String()), strings.ToLower(want)) {
				t.Errorf("unexpected: %s", d)
			}
			hit = true
		}
		if marked && !hit && len(found) < maxProblems {
			t.Errorf("line %d: no error with %q in %v", i+1, want, found)
		}
	}
}

func TestAtMostTwentyErrorsAreReported(t *testing.T) {
	t.Parallel()
	var log diag.List
	if p := Parse("p.yml", []byte("transformations:\n"+strings.Repeat("  - {type: ghost}\n", 50)), &log); p != nil || log.Errors() != 20 {
		t.Errorf("%d errors", log.Errors())
	}
}

func TestItemsHaveAPlaceForMessages(t *testing.T) {
	t.Parallel()
	p := parse(t, "name: mine\ntransformations:\n  - {id: x, type: set_state, key: a, val: 1}\n  - {type: set_state, key: a, val: 1}")
	want := []string{"pipeline 'mine': transformations[1] (id 'x')", "pipeline 'mine': transformations[2]"}
	for i, item := range p.Items {
		if item.Label != want[i] {
			t.Errorf("label %q, want %q", item.Label, want[i])
		}
	}
}

func TestEmptyDocumentsAreEmptyPipelines(t *testing.T) {
	t.Parallel()
	for _, src := range []string{"", "---\n", "# nothing\n", "null\n", "name: x\ntransformations:\n"} {
		if p := parse(t, src); len(p.Items) != 0 {
			t.Errorf("%q has items", src)
		}
	}
}

func TestAPipelineFileHoldsOneDocument(t *testing.T) {
	t.Parallel()
	checkLoadError(t, "name: a\n---\nname: b\n", "one document")
}

func TestMergeKeysAndAnchorsWork(t *testing.T) {
	t.Parallel()
	const src = `transformations:
  - &base
    id: one
    type: field_name_mapping
    mapping: &m {A: X, null: k}
  - <<: *base
    id: two
    mapping:
      <<: [*m, {C: Z, A: no}]
      B: Y
`
	var log diag.List
	set := loadRules(ruleOf("s: {A: 1, B: 2, C: 3}\nk: [x]\ncondition: s or k"), &log)
	r := Merge([]*Pipeline{parse(t, src)}).Apply(set.Docs, Links{}, Options{}, &log)
	if got, want := dumpRule(r.Docs[0].Rule), "s: X: 1 and Y: 2 and Z: 3\nk: k: '*x*'\n= s or k"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestNullKeysLeaveOtherTextAlone(t *testing.T) {
	t.Parallel()
	const src = `name: p
vars: {x: [null, a]}
transformations:
  - type: rule_failure
    message: |
      null: is text here
      {~: too}
    rule_conditions: [{type: tag, tag: a.b}]
  - type: field_name_mapping
    mapping: {'null': A, null: B,  ~ : C}
`
	var log diag.List
	p := Parse("p.yml", []byte(src), &log)
	if p == nil {
		t.Fatal(log.All())
	}
	if got := string(p.Items[0].apply.(ruleFailure)); got != "null: is text here\n{~: too}\n" {
		t.Errorf("text became %q", got)
	}
	mapping := p.Items[1].apply.(renaming).renamer.(fieldNameMapping)
	if fmt.Sprint(mapping.names["null"], mapping.keywords) != "[A] [C]" {
		t.Errorf("mapping became %v", mapping)
	}
}

func TestSpellingsOfOthersAreWarnedOf(t *testing.T) {
	t.Parallel()
	for _, item := range []string{
		"{type: case_transformation, case_type: upper}",
		"{type: convert_type, target_type: integer}",
		"{type: set_state, key: a, value: 1}",
		"{type: set_state, key: a, val: 1, rule_conditions: {a: {type: is_sigma_rule}}, rule_cond_expression: a}",
		"{type: change_logsource, product: x}",
		"{type: add_condition, field_refs: {a: b}}",
		"{type: drop_detection_item, detection_item_conditions: [{type: is_null}]}",
		"{type: drop_detection_item, field_name_conditions: [{type: include_fields, match_type: plain, fields: [a]}]}",
	} {
		var log diag.List
		if p := Parse("p.yml", []byte(itemsOf("- "+item)), &log); p == nil || log.Len() == 0 {
			t.Errorf("%s: %v", item, log.All())
		}
	}
}

func TestGatesWithoutEffectAreWarnedOf(t *testing.T) {
	t.Parallel()
	for _, item := range []string{
		"{type: set_state, key: a, val: 1, field_name_conditions: [{type: include_fields, fields: [a]}]}",
		"{type: drop_detection_item, field_name_cond_not: true}",
		"{type: replace_string, regex: (a), replacement: $1}",
	} {
		var log diag.List
		Parse("p.yml", []byte(itemsOf("- "+item)), &log)
		requireMessage(t, &log, diag.SeverityWarning, string(CodeNoEffect))
	}
}

func TestEveryCodeIsDocumentedOnce(t *testing.T) {
	t.Parallel()
	seen := map[diag.Code]bool{}
	for _, info := range Codes() {
		if seen[info.Code] || info.Doc == "" || !strings.HasPrefix(string(info.Code), "pipeline-") {
			t.Errorf("bad entry %+v", info)
		}
		seen[info.Code] = true
	}
}

func FuzzParse(f *testing.F) {
	for _, src := range strings.Split(faulty, "\n---\n") {
		f.Add(src)
	}
	f.Add(itemsOf("- {type: field_name_mapping, mapping: {null: [a, b], A: B}}\n- {type: nest, items: [{type: drop_detection_item}]}"))
	rules := ruleOf("s: {A|contains: x, B: [1, null]}\nk: [y]\ncondition: s or not k")
	f.Fuzz(func(t *testing.T, src string) {
		var log diag.List
		p := Parse("p.yml", []byte(src), &log)
		if (p == nil) != (log.Errors() > 0) {
			t.Fatalf("pipeline %v with %d errors", p != nil, log.Errors())
		}
		if p == nil {
			return
		}
		set := loadRules(rules, &log)
		before := dumpRule(set.Docs[0].Rule)
		Merge([]*Pipeline{p}).Apply(set.Docs, Links{}, Options{}, &log)
		if after := dumpRule(set.Docs[0].Rule); after != before {
			t.Fatalf("the input changed:\n%s\n%s", before, after)
		}
	})
}
