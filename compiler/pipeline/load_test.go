package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

func TestPipelinesAreMergedByPriority(t *testing.T) {
	t.Parallel()
	var ps []*Pipeline
	for _, src := range []string{
		"name: late\npriority: 50\nvars: {x: [late], y: [late]}\ntransformations: [{id: late, type: set_state, key: a, val: 1}]",
		"name: zz\nvars: {x: [zz]}\ntransformations: [{id: zz, type: set_state, key: a, val: 1}]",
		"name: aa\npriority: 0\nvars: {z: [aa]}\ntransformations: [{id: aa, type: set_state, key: a, val: 1}]",
		"name: early\npriority: -1\ntransformations: [{id: early, type: set_state, key: a, val: 1}]\npostprocessing: [{type: embed, prefix: a}]",
	} {
		ps = append(ps, parse(t, src))
	}
	m := Merge(ps)
	var ids, vars []string
	for _, item := range m.Items {
		ids = append(ids, item.ID)
	}
	for _, v := range m.Vars {
		vars = append(vars, v.Name+"="+v.Members[0].Text)
	}
	if got, want := fmt.Sprint(ids, vars, m.QueryStages), "[early zz aa late] [x=late z=aa y=late] 1"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if ps[0].Name != "late" {
		t.Error("the input was sorted")
	}
}

func TestOtherBackendsAreWarnedOfOrRefused(t *testing.T) {
	t.Parallel()
	ps := []*Pipeline{
		parse(t, "name: all"), parse(t, "name: mine\nallowed_backends: [splunk, eval]"), parse(t, "name: other\nallowed_backends: [splunk]"),
	}
	var log diag.List
	if n := len(Check(ps, false, &log)); n != 3 || log.Errors() != 0 {
		t.Errorf("%d pipelines, %v", n, log.All())
	}
	requireMessage(t, &log, diag.SeverityWarning, "'other' is not allowed for backend")
	if n := len(Check(ps, true, &log)); n != 2 {
		t.Errorf("%d pipelines", n)
	}
	requireMessage(t, &log, diag.SeverityError, "pipeline 'other' is not allowed for backend 'rsigma'")
}

func TestBuiltinPipelinesForDifferentEventsAreWarnedOf(t *testing.T) {
	t.Parallel()
	var log diag.List
	Check(Resolve(nil, []string{"ecs_windows", "sysmon"}, &log), false, &log)
	if log.Len() != 0 {
		t.Error(log.All())
	}
	Check(Resolve(nil, []string{"ecs_windows", "windows_evtx_json"}, &log), false, &log)
	requireMessage(t, &log, diag.SeverityWarning, "different events")
}

func TestNamesStandForBuiltinsDirectoriesAndFiles(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{
		"sysmon":            {Data: []byte("name: file called sysmon")},
		"one.yml":           {Data: []byte("name: one")},
		"dir/b.yml":         {Data: []byte("name: b")},
		"dir/a.yaml":        {Data: []byte("name: a")},
		"dir/sub/c.yml":     {Data: []byte("name: c")},
		"dir/readme.txt":    {Data: []byte("- no")},
		"bad.yml":           {Data: []byte("nam: x")},
		"dir/sub/d.yml.bak": {Data: []byte("- no")},
	}
	tests := []struct{ names, want, problem string }{
		{"sysmon", "sysmon", ""},
		{"./sysmon", "file called sysmon", ""},
		{"one.yml", "one", ""},
		{"dir one.yml", "a b c one", ""},
		{"dir/ dir/*", "a b c a b c", ""},
		{"ghost one.yml", "one", "pipeline 'ghost' not found"},
		{"sysmn", "", `did you mean "sysmon"?`},
		{"bad.yml", "", "unknown keys"},
	}
	for _, tt := range tests {
		t.Run(tt.names, func(t *testing.T) {
			t.Parallel()
			var log diag.List
			var got []string
			for _, p := range Resolve(fsys, strings.Fields(tt.names), &log) {
				got = append(got, p.Name)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			switch {
			case tt.problem != "":
				requireMessage(t, &log, diag.SeverityError, tt.problem)
			case log.Len() > 0:
				t.Error(log.All())
			}
		})
	}
}

func TestFilesOfTheOperatingSystemAreFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.yml"), []byte("name: x"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log diag.List
	ps := Resolve(nil, []string{dir, filepath.Join(dir, "x.yml")}, &log)
	if len(ps) != 2 || ps[1].Name != "x" || log.Len() > 0 {
		t.Errorf("%v %v", ps, log.All())
	}
}

// sourceValues returns the values of the dynamic sources that the tests refer to.
func sourceValues(t *testing.T) map[string]Source {
	t.Helper()
	value := func(text string) *yamldoc.Node {
		var log diag.List
		docs := yamldoc.Parse("source", []byte(text), &log)
		if log.Errors() > 0 {
			t.Fatal(log.All())
		}
		return docs[0].Root
	}
	return map[string]Source{
		"list":    {Value: value(`{"a": ["x*", 7, true, {"k": [1]}], "empty": [], "none": null, "map": {"b": 1.50}}`)},
		"literal": {Value: value(`["x*\\"]`), Literal: true},
		"items":   {Value: value(`[{"id": "in", "type": "field_name_mapping", "mapping": {"A": "X"}}]`)},
		"remote":  {Value: value(`[{"type": "file_placeholders", "path": "x"}]`), Remote: true},
		"nested":  {Value: value(`[{"include": "${source.items}"}]`)},
		"absent":  {},
	}
}

func TestSourcesFillVariables(t *testing.T) {
	t.Parallel()
	tests := []struct{ value, want, problem string }{
		{"'${source.list.a}'", `x*|7|true|{"k":[1]}`, ""},
		{"[first, '${source.list.a.1}', '<${source.list.a.0}${source.list.a.1}>']", "first|7|<x*7>", ""},
		{"'${source.list.map}'", `{"b":1.5}`, "JSON text"},
		{"'<${source.list.empty}>'", "<[]>", "JSON text"},
		{"'<${source.list.none}>'", "<>", ""},
		{"'${source.list.empty}'", "", ""},
		{"'${source.list.none}'", "", ""},
		{"'${source.absent}'", "", ""},
		{"'${source.literal}'", `x\*\\`, ""},
		{"[plain, 5]", "plain|5", ""},
		{"'${source.ghost}'", "", "unknown source 'ghost'"},
		{"'${source.list.a.9}'", "", "source 'list' has no value at 'a.9'"},
	}
	for _, tt := range tests {
		t.Run(tt.value, func(t *testing.T) {
			t.Parallel()
			var log diag.List
			p := parse(t, "vars: {v: "+tt.value+"}").Expand(sourceValues(t), ExpandOptions{}, &log)
			if tt.problem != "" && !strings.Contains(fmt.Sprint(log.All()), tt.problem) {
				t.Errorf("no %q in %v", tt.problem, log.All())
			}
			if log.Errors() > 0 {
				if p != nil || tt.problem == "" {
					t.Error(log.All())
				}
				return
			}
			var got []string
			for _, n := range p.Vars[0].Members {
				got = append(got, n.Text)
			}
			if strings.Join(got, "|") != tt.want {
				t.Errorf("got %q, want %q", strings.Join(got, "|"), tt.want)
			}
		})
	}
}

func TestAnEmptySourceMatchesNothing(t *testing.T) {
	t.Parallel()
	for detection, want := range map[string]string{
		"s: {A|expand: ['%x%', b]}\ncondition: s":     "s: A: 'b'\n= s",
		"s: {A|expand: '%x%'}\ncondition: s":          "s: A: \n= s",
		"s: {A|expand|all: ['%x%', b]}\ncondition: s": "s: A: \n= s",
	} {
		var log diag.List
		p := parse(t, withVars("{x: '${source.list.empty}'}", "- {type: value_placeholders}")).Expand(sourceValues(t), ExpandOptions{}, &log)
		r := p.Apply(loadRules(ruleOf(detection), &log).Docs, Links{}, Options{}, &log)
		if got := dumpRule(r.Docs[0].Rule); got != want || r.Docs[0].Rule.Detections[0].Body.Nodes == nil {
			t.Errorf("got:\n%s\nwant:\n%s\n%v", got, want, log.All())
		}
		requireMessage(t, &log, diag.SeverityWarning, "empty list")
		if got := fmt.Sprint(r.Notes[r.Docs[0]].Sources); got != "[list]" {
			t.Errorf("sources %s", got)
		}
	}
}

func TestIncludesBecomeItems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		source  string
		allow   bool
		items   int
		problem string
	}{
		{"items", false, 2, ""},
		{"absent", false, 1, ""},
		{"ghost", false, 0, "unknown source 'ghost'"},
		{"list", false, 0, "include source data must be an array"},
		{"remote", false, 0, "include references remote source 'remote'"},
		{"remote", true, 0, "may not contain 'file_placeholders'"},
		{"nested", false, 0, "nested include"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.source, tt.allow), func(t *testing.T) {
			t.Parallel()
			var log diag.List
			before := parse(t, itemsOf("- include: ${source."+tt.source+"}\n- {type: set_state, key: a, val: 1}"))
			if got := fmt.Sprint(before.Sources()); got != "["+tt.source+"]" {
				t.Errorf("sources %s", got)
			}
			p := before.Expand(sourceValues(t), ExpandOptions{AllowRemoteInclude: tt.allow}, &log)
			if tt.problem != "" {
				requireMessage(t, &log, diag.SeverityError, tt.problem)
				return
			}
			if p == nil || len(p.Items) != tt.items {
				t.Fatalf("pipeline %v: %v", p, log.All())
			}
		})
	}
}
