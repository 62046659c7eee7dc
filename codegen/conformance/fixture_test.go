package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/rtlib/evtx/evtxtest"
)

const (
	fixtureRule = "title: net tool\nid: 0a1b2c3d-0000-4000-8000-00000000000a\nlogsource: {category: t}\n" +
		"detection: {s: {Image|endswith: '\\net.exe'}, condition: s}\n"
	otherRule = "title: other\nid: 0a1b2c3d-0000-4000-8000-00000000000b\nlogsource: {category: t}\n" +
		"detection: {s: {Image: '*'}, condition: s}\n"
	unfilledRule = "title: unfilled\nid: 0a1b2c3d-0000-4000-8000-00000000000c\nlogsource: {category: t}\n" +
		"detection: {s: {Image|expand: '%tools%'}, condition: s}\n"
	brokenRule = "title: broken\nid: 0a1b2c3d-0000-4000-8000-00000000000d\nlogsource: {category: t}\n" +
		"detection: {s: {Image|contians: x}, condition: s}\n"
	fixturePipeline = "name: p\npriority: 10\ntransformations:\n  - {type: field_name_mapping, mapping: {Image: Event.EventData.Image}}\n"
	flatPipeline    = "name: flat\npriority: 10\ntransformations:\n  - {type: field_name_mapping, mapping: {Image: img}}\n"
	fixtureFilter   = "title: f\nid: 0a1b2c3d-0000-4000-8000-00000000000e\nlogsource: {category: t}\n" +
		"filter:\n  rules: [0a1b2c3d-0000-4000-8000-00000000000a]\n  x: {Image|startswith: 'C:\\ok'}\n  condition: not x\n"
)

// image returns a JSON event, shaped like a record of an event log.
func image(s string) string {
	return fmt.Sprintf("{\"Event\": {\n\"EventData\": {\"Image\": %q}}}\n", s)
}

// imageLog returns an event log.
func imageLog(images ...string) string {
	c := evtxtest.NewChunk()
	for i, s := range images {
		c.Record(uint64(i+1), 0, evtxtest.Elem("Event", evtxtest.Elem("EventData", evtxtest.Data("Image", evtxtest.Text(s)))))
	}
	return string(evtxtest.Log(c.Bytes()))
}

// info returns an info.yml for a rule, by the last letter of its identifier, with the given entries.
func info(rule string, entries ...string) string {
	s := "id: 1\ndescription: N/A\nrule_metadata:\n  - {id: 0a1b2c3d-0000-4000-8000-00000000000" + rule + ", title: T}\nregression_tests_info:\n"
	for _, e := range entries {
		s += "  - {" + e + "}\n"
	}
	return s
}

// fixtureDir is where the fixture of a test lies, below the root of a made-up repository.
const fixtureDir = "regression_data/rules/net_tool"

// runFixture runs the info.yml of files, whose names are paths from the root, and returns a line for each case: its name, its
// status and the beginning of what is wrong.
func runFixture(t *testing.T, engine string, files map[string]string) (out []string) {
	t.Helper()
	root := t.TempDir()
	files["rules/a.yml"] = fixtureRule
	files["rules/b.yml"] = otherRule
	files["rules/c.yml"] = unfilledRule
	files["rules/d.yml"] = brokenRule
	files["pipeline.yml"] = fixturePipeline
	for name, content := range files {
		writeAt(t, filepath.Join(root, name), []byte(content))
	}
	rules, err := compiler.Load([]string{filepath.Join(root, "rules")})
	if err != nil {
		t.Fatal(err)
	}
	pipelines, err := compiler.LoadPipelines([]string{filepath.Join(root, "pipeline.yml")})
	if err != nil {
		t.Fatal(err)
	}
	loaded, log := LoadFiles([]string{filepath.Join(root, "regression_data")})
	for _, d := range log.All() {
		t.Error(d)
	}
	rep, err := Run(t.Context(), loaded, Options{Engine: engine, Rules: rules, Pipelines: pipelines})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range rep.Suites {
		for _, c := range s.Cases {
			line := fmt.Sprintf("%s %s, %d events", c.Case.Name, c.Status, c.Events)
			for _, f := range append(c.Failures, c.Unchecked...) {
				_, f, _ = strings.Cut(f, ": ")
				line += "; " + strings.ReplaceAll(f, root+string(filepath.Separator), "")
			}
			out = append(out, line)
		}
	}
	return out
}

func TestFixturesOfSigmaHQ(t *testing.T) {
	t.Parallel()
	const entry = "name: T, type: evtx, path: " + fixtureDir + "/x.evtx"
	net, cmd := `C:\net.exe`, `C:\cmd.exe`
	broken := []byte(imageLog(net, net, net))
	broken[4096+512+28] = 0x3f
	broken[4096+52]++
	empty := []byte(imageLog(net))
	clear(empty[4096+512:])
	evtxtest.Seal(empty[4096:])
	tests := []struct {
		name  string
		info  string
		files map[string]string // below fixtureDir, unless the name begins with /
		want  []string
	}{
		{"both kinds of events are cases", info("a", entry), map[string]string{"x.evtx": imageLog(net), "x.json": image(net)},
			[]string{"T (evtx) passed, 1 events", "T (json) passed, 1 events"}},
		{"one kind is enough", info("a", entry), map[string]string{"x.evtx": imageLog(net)}, []string{"T (evtx) passed, 1 events"}},
		{"not every event has to match", info("a", entry), map[string]string{"x.evtx": imageLog(cmd, net), "x.json": image(net) + image(cmd)},
			[]string{"T (evtx) passed, 2 events", "T (json) passed, 2 events"}},
		{"more than match_count may match", info("a", entry+", match_count: 1"), map[string]string{"x.evtx": imageLog(net, net)},
			[]string{"T (evtx) passed, 2 events"}},
		{"match_count of null is one", info("a", entry+", match_count: null"), map[string]string{"x.evtx": imageLog(cmd)},
			[]string{`T (evtx) failed, 1 events; expected at least 1 of 1 events to match the rule 0a1b2c3d-0000-4000-8000-00000000000a ("T"), got 0`}},
		{"fewer than match_count fail", info("a", entry+", match_count: 2"), map[string]string{"x.evtx": imageLog(net, cmd)},
			[]string{`T (evtx) failed, 2 events; expected at least 2 of 2 events to match the rule 0a1b2c3d-0000-4000-8000-00000000000a ("T"), got 1`}},
		{"only the named rule counts", info("b", entry), map[string]string{"x.evtx": imageLog(cmd)}, []string{"T (evtx) passed, 1 events"}},
		{"an array of events", info("a", entry), map[string]string{"x.evtx": imageLog(net), "x.json": "[" + image(cmd) + "," + image(net) + "]"},
			[]string{"T (evtx) passed, 1 events", "T (json) passed, 2 events"}},
		{"events beside the fixture", info("a", "name: T, type: evtx, path: elsewhere/x.evtx"), map[string]string{"x.evtx": imageLog(net)},
			[]string{"T (evtx) passed, 1 events"}},
		{"a path with backslashes", info("a", `name: T, type: evtx, path: 'regression_data\rules\net_tool\x.evtx'`),
			map[string]string{"x.evtx": imageLog(net)}, []string{"T (evtx) passed, 1 events"}},
		{"events elsewhere in the repository", info("a", "name: T, type: evtx, path: other/x.evtx"), map[string]string{"/other/x.evtx": imageLog(net)},
			[]string{"T (evtx) passed, 1 events"}},
		{"several entries", info("a", entry, "name: J, type: json, path: x.json"), map[string]string{"x.evtx": imageLog(net), "x.json": image(net)},
			[]string{"T (evtx) passed, 1 events", "J (json) passed, 1 events"}},
		{"lines of JSON", info("a", "type: ndjson, path: x.log"), map[string]string{"x.log": "{}\n" + strings.ReplaceAll(image(net), "\n", "") + "\n"},
			[]string{"unnamed test (ndjson) passed, 2 events"}},
		{"an entry with its own pipelines", info("a", "name: J, type: json, path: x.json, pipelines: [flat.yml]"),
			map[string]string{"x.json": `{"img":"C:\\net.exe"}`, "/flat.yml": flatPipeline}, []string{"J (json) passed, 1 events"}},
		{"an entry that wants no pipeline", info("a", "name: J, type: json, path: x.json, pipelines: []"),
			map[string]string{"x.json": `{"Image":"C:\\net.exe"}`}, []string{"J (json) passed, 1 events"}},
		{"an entry with filters", info("a", "name: J, type: json, path: x.json, filters: [f.yml], match_count: 2"),
			map[string]string{"x.json": image(`C:\ok\net.exe`) + image(net), "/f.yml": fixtureFilter},
			[]string{`J (json) failed, 2 events; expected at least 2 of 2 events to match the rule 0a1b2c3d-0000-4000-8000-00000000000a ("T"), got 1`}},
		{"a pipeline that is not there", info("a", "name: J, type: json, path: x.json, pipelines: [no.yml]"), map[string]string{"x.json": image(net)},
			[]string{"J (json) failed, 0 events; pipelines: no file no.yml in regression_data/rules/net_tool or above it"}},
		{"a missing file", info("a", entry), nil,
			[]string{"T (evtx) failed, 0 events; no file regression_data/rules/net_tool/x.evtx in regression_data/rules/net_tool or above it"}},
		{"no path", info("a", "name: T, type: evtx"), nil, []string{"T (evtx) failed, 0 events; the test has no path"}},
		{"a type that is not known", info("a", "name: T, type: raw, path: x.raw"), map[string]string{"x.raw": "x"},
			[]string{`T (raw) failed, 0 events; the type "raw" of the test is not supported (one of evtx, json, ndjson, jsonl)`}},
		{"an unknown rule", info("f", entry), map[string]string{"x.evtx": imageLog(net)},
			[]string{`T (evtx) failed, 0 events; no rule with the id 0a1b2c3d-0000-4000-8000-00000000000f ("T") among the rules`}},
		{"a rule that is skipped", info("c", entry), map[string]string{"x.evtx": imageLog(net)},
			[]string{"T (evtx) failed, 0 events; the rule 0a1b2c3d-0000-4000-8000-00000000000c (rules/c.yml:4:"}},
		{"a rule that is wrong", info("d", entry), map[string]string{"x.evtx": imageLog(net)},
			[]string{"T (evtx) failed, 0 events; the rule 0a1b2c3d-0000-4000-8000-00000000000d (rules/d.yml:4:"}},
		{"an event log that is none", info("a", entry), map[string]string{"x.evtx": "not a log"},
			[]string{"T (evtx) failed, 0 events; regression_data/rules/net_tool/x.evtx: offset 0: no event log: the file has 9 bytes, its header alone 4096"}},
		{"an event log without records", info("a", entry), map[string]string{"x.evtx": string(empty)},
			[]string{"T (evtx) failed, 0 events; "}},
		{"an event log with damage", info("a", entry+", match_count: 2"), map[string]string{"x.evtx": string(broken)},
			[]string{"T (evtx) passed, 2 events; offset 4096: the checksum of the chunk header is wrong; offset 4636: unknown BinXML token 0x3f"}},
		{"a JSON file that breaks off", info("a", entry), map[string]string{"x.evtx": imageLog(net), "x.json": image(net) + `{"Event":`},
			[]string{"T (evtx) passed, 1 events", "T (json) failed, 0 events; regression_data/rules/net_tool/x.json: not JSON behind byte"}},
		{"an empty JSON file", info("a", entry), map[string]string{"x.evtx": imageLog(net), "x.json": "\n"},
			[]string{"T (evtx) passed, 1 events", "T (json) failed, 0 events; "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{fixtureDir + "/info.yml": tt.info}
			for name, content := range tt.files {
				if name[0] != '/' {
					name = fixtureDir + "/" + name
				}
				files[name] = content
			}
			got := runFixture(t, "interpreted", files)
			if len(got) != len(tt.want) {
				t.Fatalf("got %q\nwant %q", got, tt.want)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], tt.want[i]) {
					t.Errorf("got  %q\nwant %q", got[i], tt.want[i])
				}
			}
		})
	}
}

func TestFixturesRunThroughBothEngines(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds rules")
	}
	const entries = "name: T, type: evtx, path: x.evtx"
	net := `C:\net.exe`
	got := runFixture(t, "both", map[string]string{
		fixtureDir + "/info.yml":                info("a", entries),
		fixtureDir + "/x.evtx":                  imageLog(net, net),
		fixtureDir + "/x.json":                  image(net),
		"regression_data/rules/flat/info.yml":   info("a", "name: J, type: json, path: y.json, pipelines: [flat.yml]"),
		"regression_data/rules/flat/y.json":     `{"img":"C:\\net.exe"}`,
		"regression_data/rules/absent/info.yml": info("f", entries),
		"flat.yml":                              flatPipeline,
	})
	one := []string{
		"T (evtx) failed, 0 events; no file x.evtx in regression_data/rules/absent or above it",
		"J (json) passed, 1 events", "T (evtx) passed, 2 events", "T (json) passed, 1 events",
	}
	if diff := cmp.Diff(append(one, one...), got); diff != "" {
		t.Error(diff)
	}
}

func TestFixturesNeedRules(t *testing.T) {
	t.Parallel()
	p := filepath.Join(t.TempDir(), "info.yml")
	writeAt(t, p, []byte(info("a", "type: evtx, path: x.evtx")))
	files, _ := LoadFiles([]string{p})
	if _, err := Run(t.Context(), files, Options{}); !errors.Is(err, ErrNoRules) {
		t.Errorf("got %v", err)
	}
}

func TestFixtureFilesThatAreWrongAreReported(t *testing.T) {
	t.Parallel()
	const metadata = "rule_metadata: [{id: a}]\n"
	for text, want := range map[string]string{
		metadata:                                "warning: invalid test file: no regression_tests_info",
		metadata + "regression_tests_info: 1\n": "error: invalid test file: regression_tests_info must be a list",
		"regression_tests_info: [{path: x}]\n":  "error: invalid test file: no rule_metadata",
		"rule_metadata: [{title: x}]\nregression_tests_info: [{path: x}]\n": "error: invalid test file: an entry of rule_metadata without an id",
		metadata + "regression_tests_info: [{path: x, match_count: -1}]\n":  "error: invalid test file: match_count must be a whole number",
		metadata + "regression_tests_info:\n  - [\n":                        "error: ",
	} {
		dir := t.TempDir()
		writeAt(t, filepath.Join(dir, "info.yml"), []byte(text))
		_, log := LoadFiles([]string{dir})
		var b bytes.Buffer
		for _, d := range log.Sorted() {
			fmt.Fprintln(&b, d)
		}
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q: got %q, want %q", text, b.String(), want)
		}
	}
}

func TestFixturesAmongTheRulesAreNoRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeAt(t, filepath.Join(dir, "a.yml"), []byte(fixtureRule))
	writeAt(t, filepath.Join(dir, "a", "info.yml"), []byte(info("a", "type: evtx, path: x.evtx")))
	rules, err := compiler.Load([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	prog, log := compiler.Compile(rules, compiler.Options{})
	if len(prog.Documents) != 1 || log.Errors() > 0 || len(prog.TestFiles) != 1 {
		t.Errorf("%d documents, %v, test files %q", len(prog.Documents), log.All(), prog.TestFiles)
	}
}
