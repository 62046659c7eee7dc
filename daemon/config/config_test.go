package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

// tree is a directory with a project, a home and a system file.
type tree struct {
	t    *testing.T
	root string
}

func newTree(t *testing.T, files map[string]string) tree {
	t.Helper()
	tr := tree{t, t.TempDir()}
	for name, text := range files {
		path := filepath.Join(tr.root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tr
}

func (tr tree) load(env ...string) (*Layers, error) {
	dir := filepath.Join(tr.root, "project/sub")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		tr.t.Fatal(err)
	}
	return Load(Options{Dir: dir, Home: filepath.Join(tr.root, "home"), System: filepath.Join(tr.root, "system.yaml"), Environ: env})
}

func addr(a string) string { return "version: 1\ndaemon: {api: {addr: \"" + a + "\"}}\n" }

func TestEachLayerYieldsToTheOnesAbove(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"project/sub/rsigma.yaml": addr("project"), "project/.rsigmarc": addr("rc"),
		"home/.config/rsigma/config.yaml": addr("user"), "system.yaml": addr("system"),
	}
	env := []string{"RSIGMA_DAEMON__API__ADDR=variable"}
	for _, c := range []struct{ without, want string }{
		{"", "variable"}, {"env", "project"}, {"project/sub/rsigma.yaml", "rc"}, {"project/.rsigmarc", "user"},
		{"home/.config/rsigma/config.yaml", "system"}, {"system.yaml", ""},
	} {
		if c.without == "env" {
			env = nil
		}
		delete(files, c.without)
		l, err := newTree(t, files).load(env...)
		if err != nil {
			t.Fatal(err)
		}
		s, ok := l.Lookup("api-addr")
		if got, _ := s.Value.(string); got != c.want || ok != (c.want != "") {
			t.Errorf("without %s: %v", c.without, s)
		}
	}
}

func TestLayersAreMergedSettingBySetting(t *testing.T) {
	t.Parallel()
	l, err := newTree(t, map[string]string{
		"project/sub/rsigma.yml": "daemon:\n  input: {source: http}\n  output: {sinks: [stdout]}\n",
		"system.yaml":            "daemon:\n  input: {source: stdin, batch_size: 64, syslog_strip_bom: false}\n  output: {sinks: [a, b]}\n  rules: /r\n  engine: {cost_sample_rate: 0.5}\n  tap: {max_duration: 2m}\n",
	}).load("XDG_CONFIG_HOME=/none", "RSIGMA_DAEMON__PIPELINES=[p, q]", "RSIGMA_DETECT_INFLIGHT=3", "RSIGMA_DAEMON__API__TLS__ALLOW_PLAINTEXT=true", "RSIGMA_LOG=debug")
	if err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]any{
		"input": "http", "batch-size": "64", "output": []any{"stdout"}, "rules": []any{"/r"}, "pipeline": []any{"p", "q"}, "detect-inflight": "3",
		"syslog-strip-bom": "false", "allow-plaintext": "true", "cost-sample-rate": "0.5", "tap-max-duration": "2m", "dlq": nil, "nonsense": nil,
	} {
		s, _ := l.Lookup(flag)
		if diff := cmp.Diff(want, s.Value); diff != "" {
			t.Errorf("--%s: %s", flag, diff)
		}
	}
	if s, _ := l.Lookup("input"); !strings.HasSuffix(s.Origin, "rsigma.yml:2:19") {
		t.Errorf("origin %q", s.Origin)
	}
}

func TestFaultsAreReportedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"daemon:\n  inputt: {}\n":                        `2:3: error: unknown key "inputt" (did you mean "input"?)`,
		"deamon: {}\n":                                   `1:1: error: unknown key "deamon" (did you mean "daemon"?)`,
		"version: 2\n":                                   "1:10: error: version 2: this program reads version 1",
		"daemon: {input: {batch_size: x}}\n":             `1:30: error: daemon.input.batch_size: want a whole number, not "x"`,
		"daemon: {input: {batch_size: 1.5}}\n":           "want a whole number",
		"daemon: {api: {tls: {allow_plaintext: yes}}}\n": "want true or false",
		"daemon: {output: {sinks: {a: b}}}\n":            "want a list of texts, not a mapping",
		"daemon: {output: {sinks: [1]}}\n":               "want a list of texts, not a list",
		"daemon: {input: {source: [a]}}\n":               "want a text, not a list",
		"daemon: {tap: {max_duration: long}}\n":          "want a duration",
		"daemon: {input: stdin}\n":                       "daemon.input is a section, not a string",
		"daemon: {enrichers: x}\n":                       "daemon.enrichers is not supported by this version",
		"daemon: {state: {db: x}}\n":                     "daemon.state is not supported by this version",
		"daemon: {api: {tls: {key_password: x}}}\n":      "secrets are not read from a file",
		"- a\n":                         "a configuration file is a mapping, not a list",
		"daemon: {}\n---\ndaemon: {}\n": "one YAML document, not 2",
		"daemon: {\n":                   "error:",
		"daemon: {api: {auth: {tokens: [{name: a, role: reader, token_env: NONE}]}}}\n":     "the variable NONE is not set",
		"daemon: {api: {auth: {tokens: [{name: a, token: x, role: r, token_env: TOK}]}}}\n": "name a variable in token_env",
		"daemon: {api: {auth: {tokens: [{name: a, token_env: TOK}]}}}\n":                    "either a role or permissions",
		"daemon: {api: {auth: {tokens: [{name: a, role: r}]}}}\n":                           "token_env is missing",
		"daemon: {api: {auth: {roles: {r: []}}}}\n":                                         "role r: the list of permissions is empty",
		"daemon: {api: {auth: {token: []}}}\n":                                              `did you mean "tokens"?`,
	} {
		_, err := newTree(t, map[string]string{"system.yaml": text}).load("TOK=s")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "system.yaml:") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, env := range []string{"RSIGMA_DAEMON__INPUT__BATCH_SIZE=x", "RSIGMA_DAEMON__API__ADRR=x", "RSIGMA_DAEMON__RULES={a: b}", "RSIGMA_DAEMON__RULES=[a"} {
		if _, err := newTree(t, nil).load(env); err == nil || !strings.Contains(err.Error(), strings.SplitN(env, "=", 2)[0]) {
			t.Errorf("%s: %v", env, err)
		}
	}
	if _, err := Load(Options{Path: "/none/such/file"}); err == nil || !strings.Contains(err.Error(), "--config") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestConfigNamesTheOnlyFile(t *testing.T) {
	t.Parallel()
	tr := newTree(t, map[string]string{"mine.yaml": addr("mine"), "system.yaml": "daemon: {input: {source: http}}\n"})
	l, err := Load(Options{Path: filepath.Join(tr.root, "mine.yaml"), System: filepath.Join(tr.root, "system.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := l.Lookup("input"); ok || len(l.Files()) != 1 {
		t.Error("another file was read")
	}
}

func TestTokensGetTheirSecretsFromVariables(t *testing.T) {
	t.Parallel()
	text := "daemon:\n  api:\n    auth:\n      anonymous_permissions: [metrics:read]\n      roles: {pager: [status:read]}\n      tokens:\n        - {name: a, role: pager, token_env: TOK}\n        - {name: b, permissions: ['*'], token_env: TOK2}\n"
	l, err := newTree(t, map[string]string{"system.yaml": text}).load("TOK=one", "TOK2=two")
	if err != nil {
		t.Fatal(err)
	}
	a := l.Auth()
	if a == nil || len(a.Tokens) != 2 || a.Tokens[0].Secret != "one" || a.Tokens[1].Permissions[0] != "*" || a.Roles["pager"][0] != "status:read" || a.Anonymous[0] != "metrics:read" {
		t.Errorf("got %+v", a)
	}
}

func TestFlagsWinOverSettingsAndSettingsOverDefaults(t *testing.T) {
	t.Parallel()
	l, err := newTree(t, map[string]string{"system.yaml": "daemon: {rules: [x], api: {addr: file}, input: {batch_size: 7}, output: {pretty: true, sinks: [a, b]}}\n"}).load()
	if err != nil {
		t.Fatal(err)
	}
	type flags struct {
		Rules     []string `sep:"none" default:"d"`
		Output    []string `sep:"none" default:"stdout"`
		APIAddr   string   `name:"api-addr" default:"d"`
		BatchSize int      `default:"1"`
		Pretty    bool
		DLQ       string `name:"dlq" default:"none"`
	}
	var cli struct {
		Run  flags `cmd:""`
		Eval flags `cmd:""`
	}
	for args, want := range map[string]flags{
		"run":                            {[]string{"x"}, []string{"a", "b"}, "file", 7, true, "none"},
		"run --api-addr=flag --output=c": {[]string{"x"}, []string{"c"}, "flag", 7, true, "none"},
		"run --batch-size 3 --rules=y":   {[]string{"y"}, []string{"a", "b"}, "file", 3, true, "none"},
		"eval":                           {[]string{"d"}, []string{"stdout"}, "d", 1, false, "none"},
	} {
		cli.Run, cli.Eval = flags{}, flags{}
		p, err := kong.New(&cli, kong.Resolvers(l.Resolver("run")))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Parse(strings.Fields(args)); err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		got := cli.Run
		if strings.HasPrefix(args, "eval") {
			got = cli.Eval
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", args, diff)
		}
	}
}

func TestTheSchemaKnowsEverySetting(t *testing.T) {
	t.Parallel()
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	for _, k := range Keys() {
		at := root
		for step := range strings.SplitSeq(k.Path, ".") {
			at, _ = at["properties"].(map[string]any)[step].(map[string]any)
			if at == nil {
				t.Fatalf("%s is missing", k.Path)
			}
		}
	}
	page := string(AppendMarkdown(nil))
	for _, k := range Keys() {
		if !strings.Contains(page, "`"+k.Path+"`") || !strings.Contains(page, "`--"+k.Flag+"`") {
			t.Errorf("the reference page lacks %s", k.Path)
		}
	}
}

func FuzzEnvironment(f *testing.F) {
	for _, seed := range []string{"", "1", "[a, b]", "{", "a: b", "\x00", "- x\n- y", "!!binary x", "&a [*a]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for i := range keys {
			if v, ok := parseVariable(&keys[i], text); ok && v != nil {
				switch v.(type) {
				case string, []any:
				default:
					t.Fatalf("%s: %T", keys[i].Path, v)
				}
			}
		}
	})
}
