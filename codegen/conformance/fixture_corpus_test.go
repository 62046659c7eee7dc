package conformance

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
)

// regressionCases is how many cases the corpus must have at least.
const regressionCases = 121

// regressionCase is an event of the corpus and what is said of its case.
type regressionCase struct {
	RuleID     string          `json:"rule_id"`
	RulePath   string          `json:"rule_path"`
	RuleTitle  string          `json:"rule_title"`
	Case       string          `json:"case"`
	Provider   string          `json:"provider"`
	JSONPath   string          `json:"json_path"`
	EvtxPath   string          `json:"evtx_path"`
	MatchCount *int            `json:"match_count"`
	Event      json.RawMessage `json:"event"`
}

// sigmaHQ lays the corpus out below a directory as the SigmaHQ repository is: rules and regression_data.
func sigmaHQ(t *testing.T, corpus string) (root string) {
	t.Helper()
	root = t.TempDir()
	untar(t, filepath.Join(corpus, "sigmahq-rules.tar.gz"), func(name string) string {
		if strings.HasSuffix(name, ".yml") {
			return filepath.Join(root, filepath.FromSlash(name))
		}
		return ""
	})
	text, err := os.ReadFile(filepath.Join(corpus, "regression", "cases.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]*regressionCase{}
	events := map[string][]byte{}
	for line := range bytes.Lines(text) {
		var c regressionCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		byID[c.RuleID] = &c
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, c.Event, "", "  "); err != nil {
			t.Fatal(err)
		}
		events[c.JSONPath] = append(append(events[c.JSONPath], pretty.Bytes()...), '\n')
	}
	for _, c := range byID {
		writeAt(t, filepath.Join(root, path.Dir(c.EvtxPath), "info.yml"), []byte(c.info()))
		writeAt(t, filepath.Join(root, c.JSONPath), events[c.JSONPath])
	}
	untar(t, filepath.Join(corpus, "regression", "evtx.tar.gz"), func(name string) string {
		if c := byID[strings.TrimSuffix(path.Base(name), ".evtx")]; c != nil {
			return filepath.Join(root, c.EvtxPath)
		}
		return ""
	})
	return root
}

// info returns the info.yml of a case, as SigmaHQ writes it.
func (c *regressionCase) info() string {
	count := ""
	if c.MatchCount != nil {
		count = fmt.Sprintf("      match_count: %d\n", *c.MatchCount)
	}
	return fmt.Sprintf(`id: %s
description: N/A
date: 2025-12-06
author: N/A
rule_metadata:
    - id: %s
      title: %q
regression_tests_info:
    - name: Positive Detection Test
      type: evtx
      provider: %s
%s      path: %s
`, c.Case, c.RuleID, c.RuleTitle, c.Provider, count, c.EvtxPath)
}

func untar(t *testing.T, archive string, to func(name string) string) {
	t.Helper()
	for tr := tar.NewReader(openGzip(t, archive)); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		p := to(h.Name)
		if p == "" {
			continue
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		writeAt(t, p, data)
	}
}

func writeAt(t *testing.T, p string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// runRegression runs the regression tests below root.
func runRegression(t *testing.T, root, engine string, pipelines ...string) *Report {
	t.Helper()
	files, log := LoadFiles([]string{filepath.Join(root, "regression_data")})
	for _, d := range log.All() {
		t.Error(d)
	}
	var dirs []string
	for _, dir := range []string{"rules", "rules-emerging-threats", "rules-threat-hunting"} {
		dirs = append(dirs, filepath.Join(root, dir))
	}
	rules, err := compiler.Load(dirs)
	if err != nil {
		t.Fatal(err)
	}
	opts := Options{Engine: engine, Rules: rules}
	if opts.Pipelines, err = compiler.LoadPipelines(pipelines); err != nil {
		t.Fatal(err)
	}
	rep, err := Run(t.Context(), files, opts)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// passed counts the passed cases by engine and kind of events, such as "compiled evtx".
func passed(rep *Report) map[string]int {
	n := map[string]int{}
	for _, s := range rep.Suites {
		for _, c := range s.Cases {
			if c.Status == Passed {
				kind := "json"
				if strings.HasSuffix(c.Case.Name, "(evtx)") {
					kind = "evtx"
				}
				n[s.Engine+" "+kind]++
			}
		}
	}
	return n
}

func TestRegressionCasesOfSigmaHQPass(t *testing.T) {
	t.Parallel()
	root := sigmaHQ(t, corpusDir(t))
	engine, kinds := "both", []string{"interpreted json", "interpreted evtx", "compiled json", "compiled evtx"}
	if testing.Short() {
		engine, kinds = "interpreted", kinds[:2]
	}
	rep := runRegression(t, root, engine, "windows_evtx_json")
	var b strings.Builder
	if err := rep.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	n := passed(rep)
	t.Logf("%v; %s", n, rep.Counts())
	if rep.Counts().Failed > 0 {
		t.Error(b.String())
	}
	for _, kind := range kinds {
		if n[kind] < regressionCases {
			t.Errorf("%d cases passed %s; the floor is %d", n[kind], kind, regressionCases)
		}
	}
}

// TestRegressionCasesOfSigmaHQCanFail shows that the cases depend on the pipeline and on their match counts.
func TestRegressionCasesOfSigmaHQCanFail(t *testing.T) {
	t.Parallel()
	root := sigmaHQ(t, corpusDir(t))
	rep := runRegression(t, root, "interpreted")
	if n := rep.Counts(); n.Cases < 2*regressionCases || n.Failed < n.Cases*9/10 {
		t.Errorf("without the pipeline: %s", n)
	}
	infos, err := filepath.Glob(filepath.Join(root, "regression_data", "rules*", "windows", "process_creation", "*", "info.yml"))
	if err != nil || len(infos) == 0 {
		t.Fatalf("%d fixtures, %v", len(infos), err)
	}
	for _, p := range infos {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		lines := slices.DeleteFunc(strings.SplitAfter(string(text), "\n"), func(l string) bool {
			return strings.Contains(l, "match_count:")
		})
		text = []byte(strings.Replace(strings.Join(lines, ""), "      path:", "      match_count: 100\n      path:", 1))
		writeAt(t, p, text)
	}
	rep = runRegression(t, root, "interpreted", "windows_evtx_json")
	if n := rep.Counts(); n.Failed != 2*len(infos) {
		t.Errorf("%d fixtures want more matches than there are: %s", len(infos), n)
	}
}
