package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib/evtx/evtxtest"
)

const (
	sigmaRule = "title: net tool\nid: 0a1b2c3d-0000-4000-8000-00000000000a\nlogsource: {product: windows}\n" +
		"detection: {s: {Image|endswith: '\\net.exe'}, condition: s}\n"
	sigmaInfo = `id: 1
rule_metadata:
    - id: 0a1b2c3d-0000-4000-8000-00000000000a
      title: net tool
regression_tests_info:
    - name: Positive Detection Test
      type: evtx
      match_count: 1
      path: regression_data/rules/net_tool/x.evtx
`
)

// sigmaRepository returns a directory that is laid out like the repository of SigmaHQ.
func sigmaRepository(t *testing.T, info string) string {
	t.Helper()
	c := evtxtest.NewChunk()
	c.Record(1, 0, evtxtest.Elem("Event", evtxtest.Elem("EventData", evtxtest.Data("Image", evtxtest.Text(`C:\net.exe`)))))
	root := t.TempDir()
	for name, content := range map[string]string{
		"rules/net_tool.yml":                      sigmaRule,
		"regression_data/rules/net_tool/info.yml": info,
		"regression_data/rules/net_tool/x.evtx":   string(evtxtest.Log(c.Bytes())),
		"regression_data/rules/net_tool/x.json":   `{"Event":{"EventData":{"Image":"C:\\net.exe"}}}`,
	} {
		p := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// runIn runs the program and returns its status and both of its outputs.
func runIn(t *testing.T, args ...string) (status int, output string) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	status = run(args, strings.NewReader(""), f, f)
	text, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return status, string(text)
}

func TestTestRunsTheFixturesOfSigmaHQ(t *testing.T) {
	t.Parallel()
	good := sigmaRepository(t, sigmaInfo)
	demanding := sigmaRepository(t, strings.Replace(sigmaInfo, "match_count: 1", "match_count: 2", 1))
	rules := func(root string) []string {
		return []string{"-r", filepath.Join(root, "rules"), "-p", "windows_evtx_json"}
	}
	for name, tt := range map[string]struct {
		root   string
		args   []string
		status int
		want   string
	}{
		"all pass":                   {good, rules(good), exitOK, "total                  2 cases: 2 passed, 0 failed; 2 events"},
		"verbose":                    {good, append(rules(good), "-v"), exitOK, "info.yml:6:7: Positive Detection Test (json) (interpreted): 1 events"},
		"no pipeline":                {good, rules(good)[:2], exitFinding, "2 cases: 0 passed, 2 failed"},
		"too few matches":            {demanding, rules(demanding), exitFinding, "expected at least 2 of 1 events to match the rule 0a1b2c3d"},
		"no rules":                   {good, nil, exitUsage, "say with -r where the rules are"},
		"rules that are not there":   {good, []string{"-r", filepath.Join(good, "no")}, exitRules, "read rules"},
		"rules without a rule file":  {good, []string{"-r", t.TempDir()}, exitRules, "no rule file found"},
		"a pipeline that is unknown": {good, []string{"-r", filepath.Join(good, "rules"), "-p", "nope"}, exitUsage, "nope"},
	} {
		junit := filepath.Join(t.TempDir(), "junit.xml")
		status, output := runIn(t, append([]string{"test", "--junit", junit, filepath.Join(tt.root, "regression_data")}, tt.args...)...)
		if status != tt.status || !strings.Contains(output, tt.want) {
			t.Errorf("%s: status %d, want %d and %q in\n%s", name, status, tt.status, tt.want, output)
		}
		if tt.status > exitFinding {
			continue
		}
		xml, err := os.ReadFile(junit)
		if err != nil || !strings.Contains(string(xml), `name="Positive Detection Test (evtx)" classname="net_tool"`) {
			t.Errorf("%s: %v\n%s", name, err, xml)
		}
	}
}
