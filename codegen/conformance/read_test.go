package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
	"github.com/rsigma-go/rsigma/rtlib"
)

// readCases reads a test file with the given cases, which must have no errors.
func readCases(t *testing.T, src string) []*Case {
	t.Helper()
	var log diag.List
	f := ReadFile("t.yml", []byte(src), &log)
	for _, d := range log.All() {
		t.Fatal(d)
	}
	return f.Cases
}

func TestAMistakeInATestFileIsAnError(t *testing.T) {
	t.Parallel()
	const ok = "version: 1\ncases:\n  - name: c\n    sel: {a: 1}\n    events: [{event: {a: 1}, match: true}]\n"
	tests := []struct{ name, old, new, want string }{
		{"unknown key of the file", "cases:", "casses: []\ncases:", `2:1: error: invalid test file: unknown key "casses"`},
		{"unknown key of a case", "events:", "evnts: []\n    events:", `5:5: error: invalid test file: unknown key "evnts" in a case`},
		{"unknown key of an event", "match:", "matches:", `unknown key "matches" in an event`},
		{"match is no boolean", "true", "'true'", "match must be true or false, not a string"},
		{"no version", "version: 1\n", "", "version must be 1"},
		{"another version", "version: 1", "version: 2", "version must be 1"},
		{"no name", "name: c", "why: c", "without a name"},
		{"expects nothing", "    events: [{event: {a: 1}, match: true}]\n", "", "expects nothing"},
		{"event expects nothing", ", match: true", "", "either match or rules"},
		{"no documents", "    sel: {a: 1}\n", "", "without documents"},
		{"unknown base", "sel: {a: 1}", "base: ghost", `no base named "ghost"`},
		{"missing rule file", "sel: {a: 1}", "file: ghost.yml", "read rule file"},
		{"event is a list", "{a: 1}, match", "[1], match", "event must be a mapping, not a list"},
		{"event is not JSON", "event: {a: 1}", "event_json: '{'", "event_json is no JSON"},
		{"infinite number", "event: {a: 1}", "event: {a: .inf}", "JSON cannot express"},
		{"attributes alone", "events:", "attributes: {a: 1}\n    events:", "attributes go with correlation"},
		{"version alone", "sel: {a: 1}", "rule: {title: x}\n    version: 3", "version goes with sel or detection"},
		{"timeline alone", "events:", "timeline: []\n    events:", "timeline and fires go together"},
		{"unknown option", "events:", "config: {supress: 1m}\n    events:", `unknown key "supress" in config`},
		{"unknown built-in pipeline", "events:", "pipelines: [{builtin: ghost}]\n    events:", "ghost"},
		{"empty error", "events:", "error: ''\n    events:", "error must be a string that is not empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(ok, tt.old) {
				t.Fatalf("the case changes nothing: no %q", tt.old)
			}
			var log diag.List
			ReadFile("t.yml", []byte(strings.Replace(ok, tt.old, tt.new, 1)), &log)
			var all []string
			for _, d := range log.Sorted() {
				all = append(all, d.String())
			}
			if got := strings.Join(all, "\n"); !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestASecondCaseOfTheSameNameIsAnError(t *testing.T) {
	t.Parallel()
	const c = "  - {name: c, sel: {a: 1}, error: x}\n"
	var log diag.List
	ReadFile("t.yml", []byte("version: 1\ncases:\n"+c+c), &log)
	if log.Errors() != 1 {
		t.Errorf("%d errors, want 1: %v", log.Errors(), log.All())
	}
}

func TestEventsKeepTheirTypes(t *testing.T) {
	t.Parallel()
	c := readCases(t, `
version: 1
cases:
  - name: c
    sel: {a: 1}
    events:
      - event: {Uid: 5.0, C: 0755, I: 7, S: "5", B: true, N: null, "H": 0x10, L: [1, x], O: {k: ü<}}
        rules: [one, two]
        selections: [sel]
        logsource: {product: windows, tenant: acme, definition: none}
      - {event_json: '{"N": -0.0}', match: false}
`)[0]
	want := []Event{
		{
			JSON: []byte(`{"Uid":5.0,"C":"0755","I":7,"S":"5","B":true,"N":null,"H":16,"L":[1,"x"],"O":{"k":"ü<"}}`),
			LogSource: rtlib.LogSource{
				Product: "windows", Custom: []rtlib.Dimension{{Key: "tenant", Value: "acme"}},
			},
			Rules: []string{"one", "two"}, HasRules: true,
			Selections: []string{"sel"}, HasSelections: true,
		},
		{JSON: []byte(`{"N": -0.0}`), Match: new(bool)},
	}
	if diff := cmp.Diff(want, c.Events, cmpopts.IgnoreFields(Event{}, "Pos")); diff != "" {
		t.Error(diff)
	}
}

func TestDocumentsOfACaseStandInOneFileInOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "r.yml"), []byte("title: from file"), 0o600); err != nil {
		t.Fatal(err)
	}
	src := `
version: 1
suite: My Suite
bases:
  b: "title: base\n"
cases:
  - name: "It works: 100%"
    base: [b]
    file: r.yml
    rule:
      - {title: "one", x: [0755, 5.0, ~, yes]}
      - {title: two}
    version: 3
    sel: {a|contains: "\u00e4\t"}
    correlation: {type: event_count}
    attributes: {custom_attributes: {k: v}}
    warning: x
`
	var log diag.List
	f := ReadFile(filepath.Join(dir, "t.yml"), []byte(src), &log)
	if log.Len() > 0 {
		t.Fatal(log.All())
	}
	d := f.Cases[0].Documents
	want := `title: base
---
title: from file
---
"title": "one"
"x": ["0755", 5.0, null, "yes"]
---
"title": "two"
---
title: "It works: 100%"
logsource: {category: test}
sigma-version: 3
detection: {sel: {"a|contains": "\xE4\x09"}, condition: sel}
---
"title": "corr"
"id": "corr"
"correlation": {"type": "event_count"}
"custom_attributes": {"k": "v"}
`
	if diff := cmp.Diff(want, string(d.Text)); diff != "" {
		t.Error(diff)
	}
	if want := "my_suite/001_it_works_100.yml"; d.Name != want {
		t.Errorf("name %q, want %q", d.Name, want)
	}
}

func TestPositionsPointIntoTheTestFile(t *testing.T) {
	t.Parallel()
	c := readCases(t, `version: 1
bases:
  b: |
    title: base
    level: odd
cases:
  - name: c
    base: b
    rule: |
      title: rule
      level: odd
    sel: {a: 1}
    error: x
`)[0]
	d := &c.Documents
	for line, want := range map[int]int{1: 4, 2: 5, 4: 10, 5: 11, 7: 12, 9: 12} {
		if got := d.position(diag.Pos{File: d.Name, Line: line}); got.Line != want || got.File != "t.yml" {
			t.Errorf("line %d of the documents comes from %s, want line %d", line, got, want)
		}
	}
}

func TestReencodingKeepsTypesAndOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := &yamldoc.Node{Kind: yamldoc.KindMapping, Pairs: drawPairs(t, 3)}
		text := documentText(n)
		var log diag.List
		docs := yamldoc.Parse("x.yml", []byte(text), &log)
		if log.Len() > 0 || len(docs) != 1 {
			t.Fatalf("cannot read back %s: %v", text, log.All())
		}
		if diff := cmp.Diff(n, docs[0].Root, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(yamldoc.Node{}, "Pos"),
			cmpopts.IgnoreFields(yamldoc.Pair{}, "KeyPos")); diff != "" {
			t.Fatalf("%s: %s", text, diff)
		}
	})
}

func drawPairs(t *rapid.T, depth int) []yamldoc.Pair {
	keys := rapid.SliceOfNDistinct(rapid.String(), 0, 4, rapid.ID).Draw(t, "keys")
	pairs := make([]yamldoc.Pair, len(keys))
	for i, k := range keys {
		pairs[i] = yamldoc.Pair{Key: k, Value: drawNode(t, depth)}
	}
	return pairs
}

// scalars of all kinds, as the YAML reader returns them.
var scalars = []*yamldoc.Node{
	{Kind: yamldoc.KindNull, Text: "null"},
	{Kind: yamldoc.KindBool, Text: "True", Bool: true},
	{Kind: yamldoc.KindInt, Text: "-7", Int: -7, Float: -7},
	{Kind: yamldoc.KindInt, Text: "0x10", Int: 16, Float: 16},
	{Kind: yamldoc.KindFloat, Text: "5.0", Float: 5},
	{Kind: yamldoc.KindFloat, Text: "1e3", Float: 1000},
	{Kind: yamldoc.KindString, Text: "5"},
	{Kind: yamldoc.KindString, Text: "0755"},
	{Kind: yamldoc.KindString, Text: ""},
}

func drawNode(t *rapid.T, depth int) *yamldoc.Node {
	kinds := []string{"scalar", "text"}
	if depth > 0 {
		kinds = append(kinds, "mapping", "list")
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "text":
		return &yamldoc.Node{Kind: yamldoc.KindString, Text: rapid.String().Draw(t, "text")}
	case "mapping":
		return &yamldoc.Node{Kind: yamldoc.KindMapping, Pairs: drawPairs(t, depth-1)}
	case "list":
		n := &yamldoc.Node{Kind: yamldoc.KindSequence}
		for range rapid.IntRange(0, 3).Draw(t, "len") {
			n.Items = append(n.Items, drawNode(t, depth-1))
		}
		return n
	default:
		return rapid.SampledFrom(scalars).Draw(t, "scalar")
	}
}

func TestADirectoryIsSearchedForTestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/t.yml":      "version: 1\nsuite: s\ncases: [{name: c, sel: {a: 1}, error: x}]\n",
		"b/t.yaml":     "version: 1\nsuite: s\ncases: [{name: c, sel: {a: 1}, error: x}]\n",
		"b/broken.yml": "version: 1\ncases:\n  - {name: c\n",
		"b/rule.yml":   "title: x\ndetection: {}\n",
		"b/other.yml":  "a: [b\n",
		"b/notes.txt":  "cases:\n",
	} {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, log := LoadFiles([]string{dir, filepath.Join(dir, "ghost.yml")})
	if len(files) != 2 {
		t.Fatalf("%d test files, want 2", len(files))
	}
	if a, b := files[0].Cases[0].Documents.Name, files[1].Cases[0].Documents.Name; a != "s/001_c.yml" || b != "s_2/001_c.yml" {
		t.Errorf("rule files %s and %s are not told apart as they should", a, b)
	}
	var faulty []string
	for _, d := range log.All() {
		faulty = append(faulty, filepath.Base(d.Pos.File))
	}
	if diff := cmp.Diff([]string{"broken.yml", "ghost.yml"}, faulty); diff != "" {
		t.Errorf("files with errors: %s\n%v", diff, log.All())
	}
}
