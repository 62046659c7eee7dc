package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stateWith returns the path of a state file in which four events of one user are counted.
func stateWith(t *testing.T, rules string) string {
	t.Helper()
	state := filepath.Join(t.TempDir(), "state.db")
	var input strings.Builder
	for n := range 4 {
		input.WriteString(counting{users: 1}.event(n) + "\n")
	}
	if r := exec(t, input.String(), "-r", rules, "--exit-on-eof", "--state-db", state); r.status != 0 {
		t.Fatal(r.stderr)
	}
	return state
}

func TestAStateFileCanBeLookedInto(t *testing.T) {
	t.Parallel()
	state := stateWith(t, write(t, "rules.yml", countingRules))
	before, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	r := exec(t, "", "state", "show", "--groups", "--state-db", state)
	var shown struct {
		Commit       int
		Correlations []struct {
			Title   string
			Groups  int
			Entries int
			List    []struct{ Key map[string]string }
		}
		Faults []string
	}
	if err := json.Unmarshal([]byte(r.stdout), &shown); err != nil || r.status != 0 {
		t.Fatalf("status %d, %v: %s", r.status, err, r.stderr)
	}
	if c := shown.Correlations; shown.Commit == 0 || len(c) != 1 || c[0].Title != "Five of a user" || c[0].Groups != 1 || c[0].Entries != 4 ||
		len(c[0].List) != 1 || c[0].List[0].Key["user"] != "u0" || len(shown.Faults) != 0 {
		t.Errorf("shown: %s", r.stdout)
	}
	if r := exec(t, "", "state", "verify", "--state-db", state); r.status != 0 || !strings.HasPrefix(r.stdout, "ok: ") {
		t.Errorf("verify: status %d, %s%s", r.status, r.stdout, r.stderr)
	}
	after, err := os.ReadFile(state)
	if err != nil || string(before) != string(after) {
		t.Errorf("looking has changed the file, %v", err)
	}
}

func TestStateMovesFromOneFileToAnother(t *testing.T) {
	t.Parallel()
	rules := write(t, "rules.yml", countingRules)
	exported := exec(t, "", "state", "export", "--state-db", stateWith(t, rules))
	if exported.status != 0 || !strings.Contains(exported.stdout, `"version":1`) {
		t.Fatalf("export: status %d, %s%s", exported.status, exported.stdout, exported.stderr)
	}
	other := filepath.Join(t.TempDir(), "other.db")
	if r := exec(t, exported.stdout, "state", "import", "--state-db", other); r.status != 0 {
		t.Fatalf("import: status %d, %s", r.status, r.stderr)
	}
	if r := exec(t, "", "state", "verify", "--state-db", other); r.status != 0 || r.stdout != "ok: commit 0, 1 groups\n" {
		t.Errorf("verify of an imported state: status %d, %s%s", r.status, r.stdout, r.stderr)
	}
	r := exec(t, counting{users: 1}.event(4)+"\n", "-r", rules, "--exit-on-eof", "--state-db", other)
	if r.status != 0 || !strings.Contains(r.stdout, "Five of a user") {
		t.Errorf("the fifth event, with an imported state: status %d, %s%s", r.status, r.stdout, r.stderr)
	}
	for name, text := range map[string]string{"no JSON": "{", "another version": `{"version":2}`, "no windows": `{"version":1,"windows":[]}`} {
		r := exec(t, text, "state", "import", "--state-db", filepath.Join(t.TempDir(), "x.db"))
		if r.status != exitUsage || !strings.Contains(r.stderr, "is no state") {
			t.Errorf("%s: status %d, %s", name, r.status, r.stderr)
		}
	}
}

func TestADamagedStateFileIsSaidToBeSo(t *testing.T) {
	t.Parallel()
	state := stateWith(t, write(t, "rules.yml", countingRules))
	text, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(text); i += 512 { // somewhere in all pages but the first
		text[i] ^= 0xff
	}
	if err := os.WriteFile(state, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := exec(t, "", "state", "verify", "--state-db", state); r.status != 1 || !strings.Contains(r.stdout, "fault: ") {
		t.Errorf("status %d, %s%s", r.status, r.stdout, r.stderr)
	}
	if r := exec(t, "", "state", "show", "--state-db", filepath.Join(t.TempDir(), "none.db")); r.status != exitUsage {
		t.Errorf("a file that is not there: status %d, %s", r.status, r.stderr)
	}
}
