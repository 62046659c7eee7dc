package config

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

var update = flag.Bool("update", false, "rewrite testdata/daemon.json")

func TestTheSchemaIsTheCommittedOne(t *testing.T) {
	t.Parallel()
	const golden = "testdata/daemon.json"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(Schema())); diff != "" {
		t.Errorf("run go test ./daemon/config -update: %s", diff)
	}
}

// agreed are files of which Load and the schema must think the same.
var agreed = []struct {
	good bool
	text string
}{
	{true, "version: 1\n"},
	{true, "version: 1\ndaemon: {}\n"},
	{true, "daemon: {rules: /r, pipelines: [a, b], sources: []}\n"},
	{true, "daemon: {api: {addr: 'x', tls: {min_version: 1.3, allow_plaintext: true}}}\n"},
	{true, "daemon: {input: {format: json, batch_size: 7, ingest_timeout: 0}, output: {drain_timeout: 3}}\n"},
	{true, "daemon: {correlation: {event_mode: false, action: reset}, engine: {cost_sample_rate: 0.5, match_detail: off}}\n"},
	{true, "daemon: {tap: {enabled: true, max_duration: 5m}}\n"},
	{true, "daemon: {api: {auth: {anonymous_permissions: 'a:b', roles: {r: ['*']}, tokens: [{name: a, role: r, token_env: TOK}]}}}\n"},
	{false, "- a\n"},
	{false, "version: 2\n"},
	{false, "other: 1\n"},
	{false, "daemon: [a]\n"},
	{false, "daemon: {inputs: {}}\n"},
	{false, "daemon: {rules: {a: b}}\n"},
	{false, "daemon: {rules: [1]}\n"},
	{false, "daemon: {input: {format: xml}}\n"},
	{false, "daemon: {input: {batch_size: '7'}}\n"},
	{false, "daemon: {input: {batch_size: 1.5}}\n"},
	{false, "daemon: {output: {pretty: 'true'}}\n"},
	{false, "daemon: {correlation: {action: false}}\n"},
	{false, "daemon: {engine: {cost_sample_rate: x}}\n"},
	{false, "daemon: {tap: {max_duration: 5}}\n"},
	{false, "daemon: {state: {db: x}}\n"},
	{false, "daemon: {api: {auth: {anonymous_permissions: []}}}\n"},
	{false, "daemon: {api: {auth: {roles: {r: [X]}}}}\n"},
	{false, "daemon: {api: {auth: {tokens: [{name: a, token_env: TOK}]}}}\n"},
	{false, "daemon: {api: {auth: {tokens: [{name: a, role: r, permissions: ['*'], token_env: TOK}]}}}\n"},
	{false, "daemon: {api: {auth: {tokens: [{name: a, role: r}]}}}\n"},
	{false, "daemon: {api: {auth: {tokens: [{name: a, role: r, token: x}]}}}\n"},
}

func TestTheSchemaAndTheLoaderThinkTheSame(t *testing.T) {
	t.Parallel()
	var schema map[string]any
	if err := json.Unmarshal(Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	for _, c := range agreed {
		_, err := newTree(t, map[string]string{"system.yaml": c.text}).load("TOK=s")
		if (err == nil) != c.good {
			t.Errorf("%q: Load says %v", c.text, err)
		}
		docs := yamldoc.Parse("x", []byte(c.text), &diag.List{})
		if err := validate(schema, plain(docs[0].Root)); (err == nil) != c.good {
			t.Errorf("%q: the schema says %v", c.text, err)
		}
	}
}

// plain returns n as encoding/json would.
func plain(n *yamldoc.Node) any {
	switch n.Kind {
	case yamldoc.KindBool:
		return n.Bool
	case yamldoc.KindInt, yamldoc.KindFloat:
		return n.Float
	case yamldoc.KindString:
		return n.Text
	case yamldoc.KindSequence:
		out := []any{}
		for _, item := range n.Items {
			out = append(out, plain(item))
		}
		return out
	case yamldoc.KindMapping:
		out := map[string]any{}
		for _, p := range n.Pairs {
			out[p.Key] = plain(p.Value)
		}
		return out
	}
	return nil
}

// validate checks v against a schema that has the keywords of Schema and no others.
func validate(schema map[string]any, v any) error {
	for keyword, arg := range schema {
		check, ok := keywords[keyword]
		if !ok {
			return fmt.Errorf("the test does not know the keyword %q", keyword)
		}
		if check != nil && !check(schema, arg, v) {
			return fmt.Errorf("%v: not %s %v", v, keyword, arg)
		}
	}
	return nil
}

var keywords map[string]func(schema map[string]any, arg, v any) bool

func init() { // not a literal, which would refer to itself through validate
	keywords = map[string]func(schema map[string]any, arg, v any) bool{
		"$schema": nil, "title": nil, "description": nil, "default": nil,
		"type":  func(_ map[string]any, arg, v any) bool { return isType(arg, v) },
		"const": func(_ map[string]any, arg, v any) bool { return arg == v },
		"enum": func(_ map[string]any, arg, v any) bool {
			n := 0
			for _, x := range arg.([]any) {
				if cmp.Equal(x, v) {
					n++
				}
			}
			return n > 0
		},
		"pattern": func(_ map[string]any, arg, v any) bool {
			s, ok := v.(string)
			return !ok || regexp.MustCompile(arg.(string)).MatchString(s)
		},
		"minLength": func(_ map[string]any, arg, v any) bool {
			s, ok := v.(string)
			return !ok || float64(len(s)) >= arg.(float64)
		},
		"minItems": func(_ map[string]any, arg, v any) bool {
			l, ok := v.([]any)
			return !ok || float64(len(l)) >= arg.(float64)
		},
		"items":                func(_ map[string]any, arg, v any) bool { return every(arg, v) },
		"properties":           properties,
		"additionalProperties": additional,
		"required": func(_ map[string]any, arg, v any) bool {
			m, ok := v.(map[string]any)
			for _, name := range arg.([]any) {
				if _, there := m[name.(string)]; ok && !there {
					return false
				}
			}
			return true
		},
		"oneOf": func(_ map[string]any, arg, v any) bool {
			n := 0
			for _, s := range arg.([]any) {
				if validate(s.(map[string]any), v) == nil {
					n++
				}
			}
			return n == 1
		},
	}
}

func isType(arg, v any) bool {
	if list, ok := arg.([]any); ok {
		for _, x := range list {
			if isType(x, v) {
				return true
			}
		}
		return false
	}
	f, number := v.(float64)
	switch arg {
	case "integer":
		return number && f == math.Trunc(f)
	case "number":
		return number
	}
	return fmt.Sprintf("%T", v) == map[any]string{
		"string": "string", "boolean": "bool", "array": "[]interface {}", "object": "map[string]interface {}",
	}[arg]
}

func every(arg, v any) bool {
	list, _ := v.([]any)
	for _, x := range list {
		if validate(arg.(map[string]any), x) != nil {
			return false
		}
	}
	return true
}

func properties(_ map[string]any, arg, v any) bool {
	m, _ := v.(map[string]any)
	for name, s := range arg.(map[string]any) {
		if x, there := m[name]; there && validate(s.(map[string]any), x) != nil {
			return false
		}
	}
	return true
}

func additional(schema map[string]any, arg, v any) bool {
	m, _ := v.(map[string]any)
	known, _ := schema["properties"].(map[string]any)
	for name, x := range m {
		if known[name] != nil {
			continue
		}
		if s, ok := arg.(map[string]any); !ok || validate(s, x) != nil {
			return false
		}
	}
	return true
}

func TestEverySettingIsDescribedOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range Keys() {
		for _, name := range []string{k.Path, "--" + k.Flag} {
			if seen[name] {
				t.Errorf("%s occurs twice", name)
			}
			seen[name] = true
		}
		if !strings.HasSuffix(k.Doc, ".") || (k.Kind == Enum) != (len(k.Values) > 0) || !strings.HasPrefix(k.Path, "daemon.") {
			t.Errorf("%s: %+v", k.Path, k)
		}
		if refusal(k.Path) != "" {
			t.Errorf("%s is a setting, and refused: %s", k.Path, refusal(k.Path))
		}
		if k.Default == "" {
			continue
		}
		if _, ok := parseVariable(&k, k.Default); !ok {
			t.Errorf("%s: the default %q is no value of it", k.Path, k.Default)
		}
	}
}
