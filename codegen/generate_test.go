package codegen

import (
	"encoding/json"
	"fmt"
	"go/format"
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
)

const oneRule = `title: Local User Added
logsource: {category: process_creation, product: windows}
detection:
  selection:
    Image|endswith: ['\net.exe', '\net1.exe']
    CommandLine|contains|all: [' user ', ' /add']
    EventID: [1, 4688]
  filter:
    ParentImage|contains: setup
  condition: selection and not filter
`

// content returns the files by path.
func content(files []File) map[string]string {
	out := map[string]string{}
	for _, f := range files {
		out[f.Path] = string(f.Content)
	}
	return out
}

// The promise of style.md section 4: a reviewer of a changed value sees the value and the two digests.
func TestAChangedValueChangesThreeLines(t *testing.T) {
	t.Parallel()
	for old, changed := range map[string]string{
		`\net.exe`: `\netsh.exe`, `' user '`: `' group '`, "4688": "4689", "contains: setup": "contains: install",
	} {
		before := content(generated(t, ruleSet(t, "rules/a/x.yml", oneRule), Options{}))
		after := content(generated(t, ruleSet(t, "rules/a/x.yml", strings.Replace(oneRule, old, changed, 1)), Options{}))
		for path := range before {
			lines, want := changedLines(t, before[path], after[path]), 0
			switch path {
			case "rules/a/x_gen.go":
				want = 3
			case manifestName:
				want = 2 // of the rule set and of the rule
			}
			if len(lines) != want {
				t.Errorf("%s -> %s changes %d lines of %s, want %d:\n%s", old, changed, len(lines), path, want, strings.Join(lines, "\n"))
			}
		}
	}
}

func changedLines(t *testing.T, a, b string) (out []string) {
	t.Helper()
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	if len(as) != len(bs) {
		t.Fatalf("%d lines became %d", len(as), len(bs))
	}
	for i := range as {
		if as[i] != bs[i] {
			out = append(out, bs[i])
		}
	}
	return out
}

func TestAnAddedRuleAddsAFileAndALine(t *testing.T) {
	t.Parallel()
	first, second := ruleSet(t, "rules/a/x.yml", oneRule), ruleSet(t, "rules/a/y.yml", strings.Replace(oneRule, "Added", "Removed", 1))
	both := &ir.Program{Rules: append(slices.Clone(first.Rules), second.Rules...)}
	before, after := content(generated(t, first, Options{})), content(generated(t, both, Options{}))
	if len(after) != len(before)+1 || after["rules/a/y_gen.go"] == "" {
		t.Errorf("%d files became %d", len(before), len(after))
	}
	with := strings.Replace(before["rules/a/rules_gen.go"], "\t&x__rule,\n", "\t&x__rule,\n\t&y__rule,\n", 1)
	if after["rules/a/rules_gen.go"] != with {
		t.Errorf("the list became\n%s", after["rules/a/rules_gen.go"])
	}
	if after["all_gen.go"] != before["all_gen.go"] || after["rules/a/x_gen.go"] != before["rules/a/x_gen.go"] {
		t.Error("other files changed")
	}
}

// manyRules are all rules of the golden cases as one program.
func manyRules(t *testing.T) *ir.Program {
	t.Helper()
	all := &ir.Program{}
	for _, name := range []string{"example", "names", "operators", "outcomes"} {
		p := compiledDir(t, "testdata/"+name+"/rules")
		all.Rules, all.Documents = append(all.Rules, p.Rules...), append(all.Documents, p.Documents...)
	}
	if len(all.Rules) < 20 {
		t.Fatalf("%d rules", len(all.Rules))
	}
	return all
}

func TestOutputDependsOnTheRulesOnly(t *testing.T) {
	t.Parallel()
	want := content(generated(t, manyRules(t), Options{}))
	if got := content(generated(t, manyRules(t), Options{})); !sameFiles(t, got, want, "") {
		t.Error("a second run differs")
	}
	p := manyRules(t)
	slices.Reverse(p.Rules)
	slices.Reverse(p.Documents)
	if got := content(generated(t, p, Options{})); !sameFiles(t, got, want, manifestName) {
		t.Error("the order of the rules shows")
	}
}

// sameFiles compares two sets of files. The one called except may differ in the digest of the rule set, which has an order.
func sameFiles(t *testing.T, got, want map[string]string, except string) bool {
	t.Helper()
	same := len(got) == len(want)
	for path, text := range want {
		if path == except && len(changedLines(t, got[path], text)) <= 1 {
			continue
		}
		if got[path] != text {
			t.Logf("%s differs", path)
			same = false
		}
	}
	return same
}

func TestTheCodeOfARuleDoesNotDependOnItsNeighbours(t *testing.T) {
	t.Parallel()
	p := manyRules(t)
	all := content(generated(t, p, Options{}))
	for _, r := range p.Rules {
		for _, f := range generated(t, &ir.Program{Rules: []*ir.Rule{r}}, Options{}) {
			if !strings.HasSuffix(f.Path, "/rules_gen.go") && f.Path != "all_gen.go" && f.Path != manifestName && all[f.Path] != string(f.Content) {
				t.Errorf("%s is another alone", f.Path)
			}
		}
	}
}

func TestNoRulesGiveCodeToo(t *testing.T) {
	t.Parallel()
	files := generated(t, &ir.Program{}, Options{})
	if len(files) != 2 || files[0].Path != "all_gen.go" || files[1].Path != manifestName {
		t.Fatalf("got %v", content(files))
	}
	if !strings.Contains(string(files[0].Content), "package gen\n") {
		t.Errorf("got\n%s", files[0].Content)
	}
}

func TestTheListIsCalledAsItsDirectory(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"example.com/detections": "package detections\n", "example.com/My-Rules": "package my_rules\n", "main": "package r_main\n"} {
		files := content(generated(t, ruleSet(t, "x.yml", oneRule), Options{ImportPath: path}))
		if !strings.Contains(files["all_gen.go"], want) || !strings.Contains(files["all_gen.go"], `"`+path+`/root"`) {
			t.Errorf("%s gives\n%s", path, files["all_gen.go"])
		}
	}
}

func TestRulesThatShareANameAreKeptApart(t *testing.T) {
	t.Parallel()
	var p ir.Program
	for _, file := range []string{"a/x.yml", "a/x.yaml", "A/x.yml", "a/X.yml", "r/x.yml", "s/x.yml", "s/x.yml", "a_b/x.yml", "a/b/x.yml", "root/x.yml", "x.yml"} {
		p.Rules = append(p.Rules, ruleSet(t, file, oneRule).Rules...)
	}
	files := generated(t, &p, Options{Roots: []string{"r", "s"}})
	seen := map[string]bool{}
	n := 0
	for _, f := range files {
		path := strings.ToLower(f.Path)
		if seen[path] {
			t.Errorf("%s twice", path)
		}
		seen[path] = true
		if strings.HasSuffix(path, "_gen.go") && !strings.HasSuffix(path, "/rules_gen.go") && path != "all_gen.go" {
			n++
		}
	}
	if n != len(p.Rules) {
		t.Errorf("%d files for %d rules", n, len(p.Rules))
	}
}

func TestDefectsOfTheCompilerAreErrors(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*ir.Rule){
		"unknown selection":  func(r *ir.Rule) { r.Match = rtlib.Sel("other") },
		"unknown condition":  func(r *ir.Rule) { r.Match = nil },
		"incomplete":         func(r *ir.Rule) { r.Selections[0].Body = &rtlib.Pred{Field: "F"} },
		"twice":              func(r *ir.Rule) { r.Selections = append(r.Selections, r.Selections[0]) },
		"cannot be written ": func(r *ir.Rule) { r.Selections[0].Body = notFinite() },
	} {
		r := shapesOfConditions()
		change(r)
		if _, err := Generate(&ir.Program{Rules: []*ir.Rule{r}}, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func notFinite() rtlib.Expr {
	zero := 0.0
	return &rtlib.Pred{Op: rtlib.NumEqual, Field: "F", Floats: []float64{1 / zero}}
}

func TestManifestAccountsForEveryDocument(t *testing.T) {
	t.Parallel()
	p := ruleSet(t, "/srv/sigma/rules/b/x.yml", oneRule)
	p.Documents = append(p.Documents, ir.Document{
		File: "/srv/sigma/rules/a.yml", Index: 1, Kind: "invalid", Status: ir.Failed, Code: "unreadable-file", Title: "a\u202eb\U000e0001",
		Reason: "open /srv/sigma/rules/a.yml: /srv/sigma/rules/z: no", Pos: diag.Pos{Line: 3, Col: 4},
	}, ir.Document{File: "/srv/sigma/rules/a.yml", Kind: "filter", Status: ir.Skipped})
	files := content(generated(t, p, Options{Roots: []string{"/srv/sigma/rules"}, ImportPath: "example.com/gen"}))
	for path, text := range files {
		if strings.Contains(text, "/srv") {
			t.Errorf("%s holds an absolute path:\n%s", path, text)
		}
	}
	if strings.ContainsAny(files[manifestName], "\u202e\U000e0001") {
		t.Error("invisible characters are not escaped")
	}
	var m Manifest
	if err := json.Unmarshal([]byte(files[manifestName]), &m); err != nil {
		t.Fatal(err)
	}
	want := Manifest{
		Format: rtlib.FormatVersion, RuleSet: p.Digest(), Counts: ManifestCounts{Armed: 1, Skipped: 1, Failed: 1},
		Documents: []ManifestDocument{
			{File: "rules/a.yml", Document: 1, Kind: "filter", Status: "skipped"},
			{File: "rules/a.yml", Document: 2, Kind: "invalid", Title: "a\u202eb\U000e0001", Status: "failed", Code: "unreadable-file",
				Reason: "open rules/a.yml: rules/z: no", Line: 3, Column: 4},
			{File: "rules/b/x.yml", Document: 1, Kind: "rule", Title: "Local User Added", Status: "armed", Line: 1, Column: 1,
				Digest: p.Rules[0].Meta.Digest, Function: "example.com/gen/b.x"},
		},
	}
	if got, want := fmt.Sprintf("%+v", m), fmt.Sprintf("%+v", want); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPathsShownAreNeverAbsolute(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, roots, shown, below string }{
		{"rules/windows/x.yml", "rules", "rules/windows/x.yml", "windows/x.yml"},
		{"rules/windows/x.yml", "rules/", "rules/windows/x.yml", "windows/x.yml"},
		{"rules/windows/x.yml", "rules rules/windows", "windows/x.yml", "x.yml"},
		{"/home/me/rules/windows/x.yml", "/home/me/rules", "rules/windows/x.yml", "windows/x.yml"},
		{"../rules/windows/x.yml", "../rules", "rules/windows/x.yml", "windows/x.yml"},
		{"windows/x.yml", ".", "windows/x.yml", "windows/x.yml"},
		{"../windows/x.yml", "..", "windows/x.yml", "windows/x.yml"},
		{"/windows/x.yml", "/", "windows/x.yml", "windows/x.yml"},
		{"rules/windows/x.yml", "rules/windows/x.yml", "x.yml", "x.yml"},
		{"/etc/x.yml", "/etc/x.yml", "x.yml", "x.yml"},
		{"rules2/x.yml", "rules", "rules2/x.yml", "rules2/x.yml"},
		{"a/x.yml", "", "a/x.yml", "a/x.yml"},
		{"/etc/x.yml", "", "x.yml", "x.yml"},
		{"C:/etc/x.yml", "", "x.yml", "x.yml"},
		{"../../a/x.yml", "", "a/x.yml", "a/x.yml"},
	} {
		shown, below := Options{Roots: strings.Fields(c.roots)}.locate(c.file)
		if shown != c.shown || below != c.below {
			t.Errorf("%s in %q: %s, %s; want %s, %s", c.file, c.roots, shown, below, c.shown, c.below)
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	for _, f := range generated(t, hostileProgram(), Options{}) {
		if !strings.HasSuffix(f.Path, ".go") {
			continue
		}
		for i, line := range strings.Split(string(f.Content), "\n") {
			trimmed := strings.TrimSpace(line)
			if strings.HasPrefix(trimmed, "//go:") || strings.HasPrefix(trimmed, "//line") || strings.HasPrefix(trimmed, "// +build") ||
				strings.HasPrefix(trimmed, "import") && line != `import "`+runtimePath+`"` && line != "import (" {
				t.Errorf("%s:%d: %s", f.Path, i+1, line)
			}
		}
		if again, err := format.Source(f.Content); err != nil || string(again) != string(f.Content) {
			t.Errorf("gofmt changes %s (error %v)", f.Path, err)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	var rules []*ir.Rule
	for i := range 100 {
		r := shapesOfExpressions()
		r.File = fmt.Sprintf("rules/d%d/r%d.yml", i%5, i)
		rules = append(rules, r)
	}
	p := program(rules...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Generate(p, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(rules)), "µs/rule")
}
