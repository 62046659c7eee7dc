package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func TestAConfigurationFileStandsBelowTheFlags(t *testing.T) {
	t.Parallel()
	rules := write(t, "r.yml", numbered)
	file := write(t, "c.yaml", "version: 1\ndaemon:\n  rules: ["+rules+"]\n  input: {batch_size: 7, format: json}\n  api: {addr: '127.0.0.1:0'}\n  output: {include_event: true}\n")
	got := exec(t, "", "--config", file, "--dry-run", "--batch-size", "3")
	var all map[string]setting
	if err := json.Unmarshal([]byte(got.stdout), &all); got.status != 0 || err != nil {
		t.Fatalf("status %d, %v: %s", got.status, err, got.stderr)
	}
	for flag, want := range map[string]setting{
		"batch-size": {3.0, "command line"}, "input-format": {"json", file + ":4:34"}, "buffer-size": {10000.0, "default"}, "include-event": {true, file + ":6:27"},
	} {
		if all[flag] != want {
			t.Errorf("%s: %v, want %v", flag, all[flag], want)
		}
	}
	p := launch(t, "--config", file, "--exit-on-eof", "--api-addr", "127.0.0.1:0")
	p.stdin.Write([]byte(events(1, 1)))
	p.stdin.Close()
	if status := p.wait(); status != 0 {
		t.Errorf("exit status %d: %s", status, p.log())
	}
	if got := p.output(1); len(got) != 1 || !strings.Contains(got[0], `"event":{"n":1}`) {
		t.Errorf("got %q", got)
	}
}

func TestABrokenConfigurationStopsTheDaemonAndNothingElse(t *testing.T) {
	t.Parallel()
	file := write(t, "c.yaml", "daemon: {inputs: {}}\n")
	rules := write(t, "r.yml", numbered)
	got := exec(t, "", "--config", file, "-r", rules)
	if got.status != 3 || !strings.Contains(got.stderr, file+":1:10: error: unknown key \"inputs\" (did you mean \"input\"?)") {
		t.Errorf("status %d: %s", got.status, got.stderr)
	}
	if got := exec(t, "", "eval", "-r", rules, "-e", `{"n":1}`); got.status != 0 {
		t.Errorf("eval: status %d: %s", got.status, got.stderr)
	}
	if got := exec(t, "", "--config", filepath.Join(t.TempDir(), "none"), "-r", rules); got.status != 3 || !strings.Contains(got.stderr, "--config") {
		t.Errorf("a missing file: status %d: %s", got.status, got.stderr)
	}
}

func TestTheAPIAsksForTokensOfTheConfiguration(t *testing.T) {
	t.Parallel()
	rules := write(t, "r.yml", numbered)
	file := write(t, "c.yaml", "daemon:\n  api:\n    auth:\n      roles: {pager: ['reload:execute']}\n      tokens: [{name: oncall, role: pager, token_env: ONCALL}]\n")
	p := launchWith(t, []string{"ONCALL=sesame"}, "-r", rules, "--config", file, "--reload-debounce-ms", "1")
	base := strings.TrimSuffix(p.url(""), "/")
	p.logged("Event source started")
	if status, _ := p.get("/api/v1/status"); status != 401 {
		t.Errorf("without a token: %d", status)
	}
	for _, c := range []struct {
		args   []string
		status int
	}{
		{[]string{"reload", "--url", base, "--token-env", "ONCALL"}, 0},
		{[]string{"status", "--url", base, "--token-env", "ONCALL"}, 3},
		{[]string{"reload", "--url", base}, 3},
		{[]string{"status", "--url", "ftp://x"}, 3},
		{[]string{"status", "--url", "http://127.0.0.1:1"}, 3},
	} {
		q := launchWith(t, []string{"ONCALL=sesame"}, append(c.args, "--json")...)
		if got := q.wait(); got != c.status {
			t.Errorf("%s: status %d, want %d\n%s", c.args, got, c.status, q.log())
		}
	}
}
