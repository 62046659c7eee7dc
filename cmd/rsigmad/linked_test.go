package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/alecthomas/kong"

	"github.com/rsigma-go/rsigma/cmd/rsigmad/internal/cmdline"
)

func TestVersionSaysWhatTheProgramIsMadeOf(t *testing.T) {
	t.Parallel()
	short, long, asJSON := exec(t, "", "--version"), exec(t, "", "version"), exec(t, "", "version", "--json")
	if short.status+long.status+asJSON.status != 0 || !strings.HasPrefix(long.stdout, short.stdout) || strings.Count(short.stdout, "\n") != 1 {
		t.Errorf("%q is not the first line of %q", short.stdout, long.stdout)
	}
	var v struct {
		Version, RuleSet, Go                    string
		Rules, Detections, Correlations, Format int
		Lite, Source                            bool
		Modules                                 []struct{ Path, Version string }
	}
	if err := json.Unmarshal([]byte(asJSON.stdout), &v); err != nil {
		t.Fatal(err)
	}
	rules := linked()
	if v.Detections != len(rules.Detections) || v.Correlations != len(rules.Correlations) || v.Rules != v.Detections+v.Correlations || v.Rules < 70 {
		t.Errorf("%+v", v)
	}
	if v.Lite || v.Source || v.Format < 1 || len(v.Modules) == 0 || !strings.Contains(short.stdout, "rule set "+v.RuleSet+",") || !strings.HasPrefix(v.Go, "go1") {
		t.Errorf("%+v", v)
	}
}

func TestTheLinkedRulesAreListed(t *testing.T) {
	t.Parallel()
	all := linked()
	want := len(all.Detections) + len(all.Correlations)
	text, asJSON := exec(t, "", "rules"), exec(t, "", "rules", "--json")
	if n := strings.Count(text.stdout, "\n"); n != want || !strings.Contains(text.stdout, "rules/windows/process_creation/net_user_add.yml") {
		t.Errorf("%d lines for %d rules", n, want)
	}
	for line := range strings.Lines(asJSON.stdout) {
		var r struct{ Kind, Digest, Title, Source string }
		if err := json.Unmarshal([]byte(line), &r); err != nil || len(r.Digest) != 16 || r.Kind == "" || r.Title == "" || r.Source == "" {
			t.Errorf("%s: %v", line, err)
		}
		want--
	}
	if want != 0 {
		t.Errorf("%d rules are not listed as JSON", want)
	}
	if got := exec(t, "", "rules", "--extract", filepath.Join(t.TempDir(), "x")); got.status != 3 || !strings.Contains(got.stderr, "does not hold the files") {
		t.Errorf("%+v", got)
	}
}

func TestRuleFilesInTheProgramCanBeWritten(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "x")
	source := fstest.MapFS{"rules/a.yml": {Data: []byte("title: a")}, "rules/sub/b.yml": {Data: []byte("title: b")}}
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	args := []string{"rules", "--extract", dir}
	if status := cmdline.Run(cmdline.Linked{Source: source}, args, strings.NewReader(""), out, out); status != 0 {
		t.Errorf("status %d", status)
	}
	for name, f := range source {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) != string(f.Data) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if status := cmdline.Run(cmdline.Linked{Source: source}, args, strings.NewReader(""), out, out); status != 3 {
		t.Errorf("a second time: status %d", status)
	}
}

func TestScriptsAndManualNameEveryCommand(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&cli{}, kong.Name("rsigmad"), kong.Vars{"version": ""})
	if err != nil {
		t.Fatal(err)
	}
	page := exec(t, "", "man").stdout
	for _, n := range parser.Model.Leaves(true) {
		if !strings.Contains(page, "\n.SS "+strings.ReplaceAll(n.FullPath(), "-", `\-`)+"\n") {
			t.Errorf("%s is not in the manual", n.FullPath())
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		got := exec(t, "", "completion", shell)
		for _, n := range parser.Model.Children {
			if got.status != 0 || !strings.Contains(got.stdout, n.Name) {
				t.Errorf("%s: %s is missing, status %d", shell, n.Name, got.status)
			}
		}
		if strings.Contains(got.stdout, "interpret-all") {
			t.Errorf("%s: a hidden flag", shell)
		}
	}
	if got := exec(t, "", "completion", "tcsh"); got.status != 3 {
		t.Errorf("%+v", got)
	}
}
