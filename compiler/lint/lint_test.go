package lint

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
)

var update = flag.Bool("update", false, "rewrite the files that show what fixes make")

// only is a configuration in which nothing but the check of that code runs.
func only(code diag.Code) Config {
	cfg := Config{Enable: []diag.Code{code}}
	for _, c := range registry {
		if c.Code != code {
			cfg.Disable = append(cfg.Disable, c.Code)
		}
	}
	return cfg
}

// run checks files and returns the findings of one code, or all of them if code is empty.
func run(cfg Config, code diag.Code, files ...compiler.Source) []Finding {
	set, log := compiler.Process(files, compiler.Options{})
	return slices.DeleteFunc(Run(files, set, log, cfg).Findings, func(f Finding) bool { return code != "" && f.Code != code && f.Severity != Error })
}

// expectation is a comment that says what is found on its line.
var expectation = regexp.MustCompile(`### "(.*)"$`)

func TestEveryCheckFindsWhatItIsFor(t *testing.T) {
	t.Parallel()
	ran := 0
	for _, c := range registry {
		if c.Code == "filename" || c.Code == "duplicate-filename" {
			continue // TestFileNames
		}
		name := "testdata/" + string(c.Code) + ".yml"
		data, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
			continue
		}
		bad, good, ok := strings.Cut(string(data), "# what follows is in order\n")
		if !ok || !strings.Contains(bad, "###") || strings.Contains(good, "###") || good == "" {
			t.Errorf("%s: cases in order must follow cases that are not", name)
		}
		ran++
		compare(t, name, string(data), run(only(c.Code), c.Code, compiler.Source{Name: name, Data: data}))
	}
	if files, err := filepath.Glob("testdata/*.yml"); err != nil || len(files) != ran {
		t.Errorf("%d files for %d checks: one belongs to none (%v)", len(files), ran, err)
	}
	t.Logf("%d checks ran", ran)
}

// compare checks that every finding is expected on its line, and every expectation met.
func compare(t *testing.T, file, src string, got []Finding) {
	t.Helper()
	want := map[int]string{}
	for i, line := range strings.Split(src, "\n") {
		if m := expectation.FindStringSubmatch(line); m != nil {
			want[i+1] = m[1]
		}
	}
	for _, f := range got {
		re, ok := want[f.Pos.Line]
		if !ok || !regexp.MustCompile(re).MatchString(f.Msg+" "+f.Hint) {
			t.Errorf("unexpected %s: %s (%s) [%s]", f.Pos, f.Msg, f.Hint, f.Code)
		}
		delete(want, f.Pos.Line)
	}
	for line, re := range want {
		t.Errorf("%s:%d: nothing says %q", file, line, re)
	}
}

func TestFixesMendWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	uuid := regexp.MustCompile(`id: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
	ran := 0
	for _, c := range registry {
		name := "testdata/" + string(c.Code) + ".yml"
		golden := name + ".fixed"
		if !c.Fixable {
			if _, err := os.Stat(golden); err == nil {
				t.Errorf("%s: the check has no fix", golden)
			}
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		data = regexp.MustCompile(`(?m)  ### ".*"$`).ReplaceAll(data, nil) // a line with a comment is never removed
		src := compiler.Source{Name: name, Data: data}
		findings := run(only(c.Code), c.Code, src)
		text, mended := Fix(src, findings)
		if len(mended) == 0 {
			t.Errorf("%s: nothing was mended", name)
			continue
		}
		for _, f := range run(only(c.Code), c.Code, compiler.Source{Name: name, Data: text}) {
			if len(f.Edits) > 0 {
				t.Errorf("%s is still there: %s", f.Pos, f.Msg)
			}
		}
		text = uuid.ReplaceAll(text, []byte("id: (a new UUID)"))
		ran++
		if *update {
			if err := os.WriteFile(golden, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(golden); err != nil || string(want) != string(text) {
			t.Errorf("%s: got\n%s\nwant\n%s (%v)", golden, text, want, err)
		}
	}
	t.Logf("%d checks with fixes", ran)
}

func TestAFixThatWouldChangeWhatARuleDetectsIsNotMade(t *testing.T) {
	t.Parallel()
	src := compiler.Source{Name: "r.yml", Data: []byte("title: A\nlogsource: {product: x}\ndetection: {s: {A: x}, condition: s}\n")}
	at := strings.Index(string(src.Data), "x}, cond")
	bad := Finding{Pos: diag.Pos{File: "r.yml"}, Edits: []Edit{{"r.yml", at, at + 1, "y"}}}
	good := Finding{Pos: diag.Pos{File: "r.yml"}, Edits: []Edit{{"r.yml", 7, 8, "B"}}}
	text, mended := Fix(src, []Finding{bad, good})
	if len(mended) != 1 || !strings.HasPrefix(string(text), "title: B\n") || !strings.Contains(string(text), "A: x") {
		t.Errorf("%d mended:\n%s", len(mended), text)
	}
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	text := func(title string) []byte {
		return []byte("title: " + title + "\nlogsource: {product: x}\ndetection: {s: {A: " + title + "}, condition: s}\n")
	}
	got := map[string][]diag.Code{}
	for _, f := range append(run(only("filename"), "filename", compiler.Source{Name: "r/Bad-Name.yaml", Data: text("A")}, compiler.Source{Name: "r/good_name_1.yml", Data: text("B")}, compiler.Source{Name: "r/x.yml", Data: text("C")}),
		run(only("duplicate-filename"), "duplicate-filename", compiler.Source{Name: "a/same_name.yml", Data: text("A")}, compiler.Source{Name: "b/same_name.yml", Data: text("B")})...) {
		got[f.Pos.File] = append(got[f.Pos.File], f.Code)
	}
	if len(got) != 3 || len(got["r/Bad-Name.yaml"]) != 1 || len(got["r/x.yml"]) != 1 || len(got["b/same_name.yml"]) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestCommentsSwitchChecksOff(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"title: A.\nstatus: test\nlevel: low\n":                                                2, // title-ends-with-dot and missing-id
		"# rsigma-disable\ntitle: A.\n":                                                        0,
		"# rsigma-disable title_ends_with_dot, missing-id -- because\ntitle: A.\nlevel: low\n": 0,
		"# rsigma-disable-next-line title-ends-with-dot\ntitle: A.\n":                          1,
		"title: A. # rsigma-disable-line\n":                                                    0,
		"title: A.\nauthor: '# rsigma-disable-line missing-id'\n":                              2,
	} {
		src := compiler.Source{Name: "r.yml", Data: []byte(text + "logsource: {product: x}\ndetection: {s: {A: x}, condition: s}\n")}
		cfg := only("title-ends-with-dot")
		cfg.Enable = append(cfg.Enable, "missing-id")
		if got := run(cfg, "", src); len(got) != want {
			t.Errorf("%q: %d findings, want %d: %v", text, len(got), want, got)
		}
	}
}

func TestConfigurations(t *testing.T) {
	t.Parallel()
	var log diag.List
	cfg := ParseConfig("c.yml", []byte("disabled_rules: [missing_id]\nenable: uuid-version\nseverity_overrides: {title-case: error, long-title: hint}\nexclude: ['tests/**', old]\n"), &log)
	if log.Len() > 0 || !cfg.disabled("missing-id") || cfg.severity("title-case", Info) != Error || cfg.severity("long-title", Warning) != Info {
		t.Errorf("%+v, %v", cfg, log.All())
	}
	for file, want := range map[string]bool{"rules/tests/a/b.yml": true, "rules/old/x.yml": true, "rules/older/x.yml": false, "rules/x.yml": false} {
		if cfg.excludes(file) != want {
			t.Errorf("%s: excluded is %t", file, !want)
		}
	}
	merged := cfg.Merge(Config{Enable: []diag.Code{"missing-id"}, Disable: []diag.Code{"uuid-version"}})
	if !merged.runs(&missingID) || merged.runs(&uuidVersion) {
		t.Errorf("flags do not win: %+v", merged)
	}
	ParseConfig("c.yml", []byte("disable: [nonsense-code]\nseverity: {title-case: loud}\nexcluded: []\n"), &log)
	if log.Errors() != 3 {
		t.Errorf("got %v", log.All())
	}
}

func TestCodesAreKebabCaseAndNoneIsTakenTwice(t *testing.T) {
	t.Parallel()
	seen := map[diag.Code]bool{}
	for _, info := range diag.Registered() {
		seen[info.Code] = true
	}
	for _, c := range registry {
		if seen[c.Code] || !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$|^filename$`).MatchString(string(c.Code)) {
			t.Errorf("bad code %q", c.Code)
		}
		if !strings.HasSuffix(c.Doc, ".") || (c.one == nil) == (c.all == nil) {
			t.Errorf("%s: incomplete", c.Code)
		}
		seen[c.Code] = true
	}
}

// FuzzRun checks that no text makes the checks or the fixes fail, and that a fix leaves a file as loadable as it was.
func FuzzRun(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yml")
	if err != nil {
		f.Fatal(err)
	}
	cfg := Config{}
	for _, c := range registry {
		cfg.Enable = append(cfg.Enable, c.Code)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		src := compiler.Source{Name: "r.yml", Data: data}
		set, log := compiler.Process([]compiler.Source{src}, compiler.Options{})
		report := Run([]compiler.Source{src}, set, log, cfg)
		text, mended := Fix(src, report.Findings)
		if len(mended) > 0 && !same(meaning(src.Name, data), meaning(src.Name, text)) {
			t.Errorf("%q means something else when it is mended: %q", data, text)
		}
	})
}
