package compiler_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

const good = "title: good\nlogsource: {category: c}\ndetection: {s: {A: 1}, condition: s}\n"

// outcomes lists "file#document status code" for every document.
func outcomes(p *ir.Program) []string {
	var out []string
	for _, d := range p.Documents {
		out = append(out, strings.TrimSpace(filepath.Base(d.File)+" "+string(d.Status)+" "+string(d.Code)))
	}
	return out
}

func TestEveryDocumentIsAccountedFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		src  string
		want []string
	}{
		"a good rule":           {good, []string{"x.yml armed"}},
		"empty documents":       {"---\n---\n" + good + "---\n", []string{"x.yml armed"}},
		"a scalar":              {"just text\n", []string{"x.yml failed not-a-mapping"}},
		"a bad rule in between": {good + "---\ntitle: bad\n---\n" + good, []string{"x.yml armed", "x.yml failed missing-detection", "x.yml armed"}},
		"broken YAML later":     {good + "---\ntitle: [x\n", []string{"x.yml armed", "x.yml failed invalid-yaml"}},
		"broken YAML at once":   {"title: [x\n", []string{"x.yml failed invalid-yaml"}},
		"a filter":              {good + "---\ntitle: f\nfilter: {rules: any, s: {B: 1}, condition: not s}\n", []string{"x.yml armed", "x.yml armed"}},
		"a correlation":         {good + "name: g\n---\ntitle: c\ncorrelation: {type: event_count, rules: [g], timespan: 1m, condition: {gte: 2}}\n", []string{"x.yml armed", "x.yml armed"}},
		"a correlation whose rule does not run": {"title: t\nname: g\ndetection: {s: {'A|expand': '%x%'}, condition: s}\n---\ntitle: c\ncorrelation: {type: event_count, rules: [g], timespan: 1m, condition: {gte: 2}}\n",
			[]string{"x.yml skipped unhandled-placeholder", "x.yml failed unknown-rule"}},
		"a correlation of a correlation that does not run": {"title: c\ncorrelation: {type: event_count, rules: [d], timespan: 1m, condition: {gte: 2}}\n---\ntitle: t\nname: g\ndetection: {s: {'A|expand': '%x%'}, condition: s}\n---\ntitle: d\nname: d\ncorrelation: {type: event_count, rules: [g], timespan: 1m, condition: {gte: 2}}\n",
			[]string{"x.yml failed unknown-rule", "x.yml skipped unhandled-placeholder", "x.yml failed unknown-rule"}},
		"not UTF-8":               {"title: \xff\n", []string{"x.yml failed invalid-utf-8"}},
		"a test file":             {"version: 1\nsuite: s\ncases: []\n", nil},
		"a rule with cases":       {good + "cases: [1]\n", []string{"x.yml armed"}},
		"an unfilled placeholder": {"title: t\ndetection: {s: {'A|expand': '%x%'}, condition: s}\n", []string{"x.yml skipped unhandled-placeholder"}},
	} {
		prog, log := compiler.Compile([]compiler.Source{{Name: "x.yml", Data: []byte(c.src)}}, compiler.Options{})
		if diff := cmp.Diff(c.want, outcomes(prog)); diff != "" {
			t.Errorf("%s: %s\n%v", name, diff, log.All())
		}
		for _, d := range prog.Documents {
			if d.Status != ir.Armed && d.Reason == "" {
				t.Errorf("%s: no reason given for %s", name, d.Status)
			}
			if d.Rule != nil && d.Rule.Validate() != nil {
				t.Errorf("%s: %v", name, d.Rule.Validate())
			}
		}
	}
}

func TestDigestsFollowMeaningAndOutputOnly(t *testing.T) {
	t.Parallel()
	digest := func(src string) string {
		prog, log := compiler.Compile([]compiler.Source{{Name: "x.yml", Data: []byte(src)}}, compiler.Options{})
		if len(prog.Rules) != 1 {
			t.Fatal(log.All())
		}
		return prog.Rules[0].Meta.Digest
	}
	base := digest(good)
	for name, src := range map[string]string{
		"a comment":         "# hello\n" + good,
		"a description":     good + "description: x\n",
		"another layout":    "title: 'good'\ndetection:\n  s:\n    A: 1\n  condition: s\nlogsource: {category: c}\n",
		"blanks in between": strings.ReplaceAll(good, "condition: s", "condition: ' s '"),
	} {
		if got := digest(src); got != base {
			t.Errorf("%s changes the digest", name)
		}
	}
	for name, src := range map[string]string{
		"a title":      strings.ReplaceAll(good, "title: good", "title: Good"),
		"a value":      strings.ReplaceAll(good, "A: 1", "A: 2"),
		"a type":       strings.ReplaceAll(good, "A: 1", "A: '1'"),
		"a level":      good + "level: low\n",
		"a tag":        good + "tags: [attack.t1000]\n",
		"an attribute": good + "team: blue\n",
		"a log source": strings.ReplaceAll(good, "category: c", "category: d"),
	} {
		if got := digest(src); got == base {
			t.Errorf("%s does not change the digest", name)
		}
	}
}

func TestLoadReadsDirectoriesInOrderAndLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("b/2.yml", good)
	write("b/10.yaml", good)
	write("a.yml", good)
	write("c.txt", "no rule")
	write(".git/x.yml", "no rule")
	outside := filepath.Join(t.TempDir(), "secret.yml")
	if err := os.WriteFile(outside, []byte(good), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "escape.yml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.yml", filepath.Join(dir, "link.yml")); err != nil {
		t.Fatal(err)
	}
	sources, err := compiler.Load([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	prog, _ := compiler.Compile(sources, compiler.Options{})
	want := []string{"a.yml armed", "10.yaml armed", "2.yml armed", "escape.yml failed unreadable-file", "link.yml armed"}
	if diff := cmp.Diff(want, outcomes(prog)); diff != "" {
		t.Error(diff)
	}
	if _, err := compiler.Load([]string{filepath.Join(dir, "nope")}); err == nil {
		t.Error("a missing path is no error")
	}
}
