package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheTextOfAVariableIsAYAMLValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		variable string
		flag     string
		want     any
	}{
		{"RSIGMA_DAEMON__API__ADDR=127.0.0.1:0", "api-addr", "127.0.0.1:0"},
		{"RSIGMA_DAEMON__API__ADDR='127.0.0.1:0'", "api-addr", "127.0.0.1:0"},
		{`RSIGMA_DAEMON__API__ADDR="a\tb"`, "api-addr", "a\tb"},
		{"RSIGMA_DAEMON__API__ADDR=", "api-addr", nil},
		{"RSIGMA_DAEMON__INPUT__JQ={a: .b} # c", "jq", "{a: .b} # c"},
		{`RSIGMA_DAEMON__INPUT__JQ="a" + "b"`, "jq", `"a" + "b"`},
		{"RSIGMA_DAEMON__INPUT__JQ=[.a", "jq", "[.a"},
		{"RSIGMA_DAEMON__INPUT__SYSLOG_TZ=+02:00", "syslog-tz", "+02:00"},
		{"RSIGMA_DAEMON__INPUT__BATCH_SIZE=0x10", "batch-size", "16"},
		{"RSIGMA_DAEMON__INPUT__BATCH_SIZE= ", "batch-size", nil},
		{"RSIGMA_DAEMON__INPUT__BATCH_SIZE=null", "batch-size", nil},
		{"RSIGMA_DAEMON__INPUT__BATCH_SIZE=# none", "batch-size", nil},
		{"RSIGMA_DAEMON__OUTPUT__PRETTY=True", "pretty", "true"},
		{"RSIGMA_DAEMON__OUTPUT__SINKS=stdout", "output", []any{"stdout"}},
		{"RSIGMA_DAEMON__OUTPUT__SINKS=[stdout, 'file:///x']", "output", []any{"stdout", "file:///x"}},
		{"RSIGMA_DAEMON__CORRELATION__EVENT_MODE=off", "correlation-event-mode", "off"},
		{"RSIGMA_DAEMON__CORRELATION__EVENT_MODE=false", "correlation-event-mode", "false"},
		{"RSIGMA_DAEMON__TAP__MAX_DURATION=90s", "tap-max-duration", "90s"},
		{"RSIGMA_DAEMON__ENGINE__COST_SAMPLE_RATE=1e-2", "cost-sample-rate", "0.01"},
	} {
		l, err := newTree(t, nil).load(c.variable)
		if err != nil {
			t.Errorf("%s: %v", c.variable, err)
			continue
		}
		s, _ := l.Lookup(c.flag)
		if diff := cmp.Diff(c.want, s.Value); diff != "" {
			t.Errorf("%s: %s", c.variable, diff)
		}
		name, _, _ := strings.Cut(c.variable, "=")
		if c.want != nil && s.Origin != "environment variable "+name {
			t.Errorf("%s: origin %q", c.variable, s.Origin)
		}
	}
}

func TestVariablesThatStandForNoSettingAreRefused(t *testing.T) {
	t.Parallel()
	for variable, want := range map[string]string{
		"RSIGMA_DAEMON__API__ADRR=x":                   "(did you mean \"RSIGMA_DAEMON__API__ADDR\"?)",
		"RSIGMA_DAEMON__STATE__DB=x":                   "daemon.state is not supported by this version",
		"RSIGMA_DAEMON__API__AUTH__TOKENS=[]":          "daemon.api.auth is read from a file only",
		"RSIGMA_DAEMON__NATS__PASSWORD=x":              "secrets",
		"RSIGMA_daemon__api__addr=x":                   "stands for no setting",
		"RSIGMA_DAEMON__INPUT__FORMAT=xml":             `want one of auto, json, syslog, plain, logfmt, cef, not "xml"`,
		"RSIGMA_DAEMON__OUTPUT__DRAIN_TIMEOUT=5s":      "want a whole number of seconds",
		"RSIGMA_DAEMON__ENGINE__COST_SAMPLE_RATE=.inf": "want a number",
		"RSIGMA_DAEMON__OUTPUT__PRETTY=yes":            "want true or false",
	} {
		_, err := newTree(t, nil).load(variable)
		name, _, _ := strings.Cut(variable, "=")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want %q", variable, err, want)
		}
	}
	if _, err := newTree(t, nil).load("RSIGMA_PORT_9090_TCP=x", "RSIGMA_LOG=x", "OTHER__NAME=x"); err != nil {
		t.Errorf("a variable that only looks similar: %v", err)
	}
}

func TestTheOldNameOfAVariableStandsBetweenTheNewNameAndTheFiles(t *testing.T) {
	t.Parallel()
	tr := newTree(t, map[string]string{"system.yaml": "daemon: {engine: {detect_inflight: 1}}\n"})
	for _, c := range []struct {
		env  []string
		want string
	}{
		{[]string{"RSIGMA_DETECT_INFLIGHT=2", "RSIGMA_DAEMON__ENGINE__DETECT_INFLIGHT=3"}, "3"},
		{[]string{"RSIGMA_DETECT_INFLIGHT=2", "RSIGMA_DAEMON__ENGINE__DETECT_INFLIGHT="}, "2"},
		{[]string{"RSIGMA_DETECT_INFLIGHT="}, "1"},
	} {
		l, err := tr.load(c.env...)
		if err != nil {
			t.Fatal(err)
		}
		if s, _ := l.Lookup("detect-inflight"); s.Value != c.want {
			t.Errorf("%v: %v", c.env, s)
		}
	}
}

func TestAFileThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	tr := newTree(t, nil)
	if err := os.Mkdir(filepath.Join(tr.root, "system.yaml"), 0o700); err != nil { // root can read every file, but not a directory
		t.Fatal(err)
	}
	if _, err := tr.load(); err == nil || !strings.Contains(err.Error(), "--config") {
		t.Errorf("got %v", err)
	}
	if os.Geteuid() == 0 {
		return
	}
	tr = newTree(t, map[string]string{"system.yaml": addr("system")})
	if err := os.Chmod(filepath.Join(tr.root, "system.yaml"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.load(); err == nil {
		t.Error("a file that says who may use the API was skipped")
	}
}

func FuzzFile(f *testing.F) {
	for _, c := range agreed {
		f.Add(c.text)
	}
	f.Add("daemon: {api: {auth: {tokens: [{name: a, role: r, token_env: TOK}], roles: {r: ['*']}}}}")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(dir, "c.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Load(Options{Path: path, Environ: []string{"TOK=s"}})
		if (l == nil) == (err == nil) {
			t.Fatalf("%v, %v", l, err)
		}
		if err != nil {
			return
		}
		for i := range keys {
			if s, ok := l.Lookup(keys[i].Flag); ok && !strings.HasPrefix(s.Origin, path+":") {
				t.Fatalf("%s: origin %q", keys[i].Path, s.Origin)
			}
		}
	})
}
