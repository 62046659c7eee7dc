package printer_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/printer"
)

// process returns a rule as the pipeline text, which may be empty, leaves it.
func process(t *testing.T, rule, pipeline string) printer.Document {
	t.Helper()
	var opts compiler.Options
	if pipeline != "" {
		opts.Pipelines = []compiler.Source{{Name: "p.yml", Data: []byte("name: p\ntransformations:\n" + pipeline)}}
	}
	set, log := compiler.Process([]compiler.Source{{Name: "r.yml", Data: []byte(rule)}}, opts)
	for _, d := range log.All() {
		if d.Severity == diag.SeverityError {
			t.Fatalf("%v\n%s\n%s", d, rule, pipeline)
		}
	}
	return printer.Rule(set.After[0].Rule)
}

// detection returns the text between "detection:" and the end, without indentation of its own.
func detection(doc printer.Document) string {
	_, body, _ := strings.Cut(doc.Text, "detection:\n")
	return strings.ReplaceAll("\n"+body, "\n    ", "\n")[1:]
}

func rule(version int, body string) string {
	head := "title: t\nlogsource: {category: c}\n"
	if version == 3 {
		head += "sigma-version: 3\n"
	}
	return head + "detection:\n  s:\n    " + strings.ReplaceAll(body, "\n", "\n    ") + "\n  condition: s\n"
}

// TestEveryKindOfValueIsReadBack prints one item in both spellings and compares the IR.
func TestEveryKindOfValueIsReadBack(t *testing.T) {
	t.Parallel()
	for _, item := range []string{
		`A: x`, `A: ''`, `A: '*'`, `A: '**a**'`, `A: 'a?b'`, `A: '\*\?'`, `A: 'C:\dir\\*.exe'`, `A: 'x\'`, `A: 'x\\'`, `A: '\\\\srv\\\*'`,
		`A: 4688`, `A: '4688'`, `A: 1.0`, `A: 1e300`, `A: -0.5`, `A: 18446744073709551616`, `A: true`, `A: 'true'`, `A: null`, `A: [x, 1, null, true, 2.5, 'y*']`,
		`A|contains: ''`, `A|contains: 'a*b'`, `A|contains: ['*x', 'y*', '\']`, `A|startswith: 'x*'`, `A|endswith: ['*', '?x']`, `A|contains|all|cased: [x, y]`,
		`A|re: '\d+\*%x%'`, `A|re|i|m|s: [a, 5]`, `A|cidr: [10.1.2.3/8, '2001:db8::/32', 192.0.2.1]`, `A|exists: false`, `A|gt: 5`, `A|lte: [1.5, '7']`,
		`A|hour|gte: 22`, `A|year: [2020, 2021]`, `A|fieldref: B.c`, `A|fieldref|endswith|cased: [B, C]`, `A|neq: [x, null]`, `A|neq|all|contains: [x, y]`,
		`A|windash|contains|all: [' -a', ' /b']`, `A|wide|base64offset|contains: [secret, abcd]`, `A|base64: foo`, `A|utf16|contains: ab`,
		`A|expand: '%x%\*\%y\%'`, `A|all: ['1', x]`, `"odd: key\n\"'": x`, `'null': x`, `A.b|cased: Ä`,
		`'': [a, 1]`, `'|all': [x, 4, true]`, `'|re': 'a+'`, `'|startswith|neq': [a, b]`,
	} {
		src := rule(2, item)
		want := irText(src)
		set, _ := compiler.Process([]compiler.Source{{Name: "r.yml", Data: []byte(src)}}, compiler.Options{})
		if set.Before[0].Rule == nil || want == "" {
			t.Errorf("%s does not compile", item)
			continue
		}
		for how, doc := range map[string]printer.Document{"as written": printer.Rule(set.Before[0].Rule), "respelled": printer.Respelled(set.Before[0].Rule)} {
			if got := irText(doc.Text); got != want || len(doc.Notes) > 0 {
				t.Errorf("%s, %s: notes %q\n%s%s", item, how, doc.Notes, cmp.Diff(want, got), doc.Text)
			}
		}
	}
}

// TestWhatPipelinesMadeIsSaidInSigma shows the detection after a pipeline.
func TestWhatPipelinesMadeIsSaidInSigma(t *testing.T) {
	t.Parallel()
	const mapping = "  - {type: field_name_mapping, mapping: {A: [B, C], D: E}}\n"
	for _, c := range []struct{ name, version, item, pipeline, want string }{
		{"a new name", "", "D|contains: x\nF: y", mapping, "s:\n    E|contains: x\n    F: 'y'\ncondition: s\n"},
		{"several names", "", "A: x", mapping, "s:\n    - B: x\n    - C: x\ncondition: s\n"},
		{"several names beside another item", "", "A: x\nD: z", mapping,
			"# Sigma has no alternatives inside a mapping: one mapping for each combination.\ns:\n    - B: x\n      E: z\n    - C: x\n      E: z\ncondition: s\n"},
		{"several names that must all be missing", "", "A: null", mapping, "s:\n    B: null\n    C: null\ncondition: s\n"},
		{"names that become one", "", "D|contains: x\nE|contains: z", mapping, "s:\n    E|contains|all:\n        - x\n        - z\ncondition: s\n"},
		{"negations of names that become one", "", "D|neq: x\nE|neq: [y, z]", mapping, "s:\n    E|neq:\n        - x\n        - 'y'\n        - z\ncondition: s\n"},
		{"an added condition", "", "D: x", "  - {type: add_condition, conditions: {F: [1, '1']}}\n",
			"s:\n    D: x\n_cond_1:\n    F:\n        - 1\n        - '1'\ncondition: _cond_1 and (s)\n"},
		{"keywords that get a field", "", "'': [x, 'y*']", "  - {type: field_name_mapping, mapping: {null: M}}\n",
			"s:\n    M:\n        - '*x*'\n        - '*y*'\ncondition: s\n"},
		{"a condition list", "", "D: x", "  - {type: set_value, value: 5}\n", "s:\n    D: 5\ncondition: s\n"},
		{"a text replaced", "", "D|endswith: [a.b, c]", "  - {type: replace_string, regex: '[.]', replacement: '*'}\n",
			"s:\n    D|endswith:\n        - a*b\n        - c\ncondition: s\n"},
		{"an array block", "3", "'D[any]': {A: x, B: y}", mapping, "s:\n    'E[any]':\n        A: x\n        B: 'y'\ncondition: s\n"},
	} {
		version := 2
		if c.version != "" {
			version = 3
		}
		doc := process(t, rule(version, c.item), c.pipeline)
		if diff := cmp.Diff(c.want, detection(doc)); diff != "" || len(doc.Notes) > 0 {
			t.Errorf("%s: notes %q\n%s", c.name, doc.Notes, diff)
		}
	}
}

func TestWhatSigmaCannotSayIsNoted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, item, pipeline, want string }{
		{"too many combinations", "A: x\nB: x\nC: x", "  - {type: field_name_mapping, mapping: {A: [A1, A2, A3, A4], B: [B1, B2, B3, B4], C: [C1, C2, C3, C4]}}\n",
			"s: and, which is too long to be written out, one of: A1, A2, A3, A4"},
		{"a field with a bar", "A: x\nB: y", "  - {type: field_name_mapping, mapping: {A: 'A|B'}}\n", `s: a field that no key can name: "A|B"`},
		{"a key twice", "A: [x, y]\nB: [z, w]", "  - {type: field_name_mapping, mapping: {A: B}}\n", `s: and a second time: B: ["z","w"]`},
	} {
		doc := process(t, rule(2, c.item), c.pipeline)
		if len(doc.Notes) == 0 || doc.Notes[0] != c.want {
			t.Errorf("%s: notes %q, want %q", c.name, doc.Notes, c.want)
		}
		if !strings.Contains(doc.Text, "# ") {
			t.Errorf("%s: no comment in\n%s", c.name, doc.Text)
		}
	}
}

func TestAttributesArePrintedInOrder(t *testing.T) {
	t.Parallel()
	const src = `title: "T: 1"
id: 0f4c2f8e-1111-4f3b-9f0a-8a4a6a0c0b11
name: named
related:
    - id: 0f4c2f8e-1111-4f3b-9f0a-8a4a6a0c0b12
      type: derived
status: test
description: |
    two
    lines
references:
    - https://example.org/?a=b
author: A B
date: '2024-01-02'
tags:
    - attack.t1059
logsource:
    product: windows
    definition: see there
detection:
    s:
        A: x
    condition: s
fields:
    - A
falsepositives:
    - none known
level: high
extra:
    k:
        - 1
        - null
custom_attributes:
    action: 'y'
    later: 1.0
`
	want := strings.Replace(src, `"T: 1"`, `'T: 1'`, 1)
	if diff := cmp.Diff(want, process(t, src, "").Text); diff != "" {
		t.Error(diff)
	}
	if got := irText(process(t, src, "").Text); got != irText(src) {
		t.Error("the IR differs")
	}
}

func TestFiltersArePrintedToo(t *testing.T) {
	t.Parallel()
	const src = "title: f\nlogsource:\n    product: windows\nfilter:\n    rules:\n        - r1\n    s:\n        A: x\n    condition: not s\n"
	set, _ := compiler.Process([]compiler.Source{{Name: "f.yml", Data: []byte(src)}}, compiler.Options{})
	if diff := cmp.Diff(src, printer.Filter(set.Before[0].Filter).Text); diff != "" {
		t.Error(diff)
	}
}
