package conformance

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// Fixture is what a case of SigmaHQ's regression tests expects: events lie in a file, the rule is named by its identifier, and
// some of the events have to match it.
//
// Source: regression_data/README.md of the SigmaHQ rules.
type Fixture struct {
	RuleID string
	// Title is what the fixture calls the rule.
	Title string
	// MinMatches is how many events must match at least. More may.
	MinMatches int
	// Pipelines are applied in place of those of the run, if HasPipelines.
	Pipelines    []compiler.Source
	HasPipelines bool
	// Filters are filter documents that are loaded with the rules.
	Filters []compiler.Source
	// Problem is why the case cannot be run, "" if it can. Such a case fails.
	Problem string
	// Damage is what could not be read of an event log whose other records are judged.
	Damage []string
}

// isFixtureFile reports whether a YAML document is an info.yml of SigmaHQ. One whose tests are commented out is one, too.
func isFixtureFile(root *yamldoc.Node) bool {
	return root.Get("regression_tests_info") != nil ||
		root.Get("rule_metadata") != nil && root.Get("detection") == nil && root.Get("cases") == nil
}

// HasFixtures reports whether some case needs the rules of the run.
func HasFixtures(files []*File) bool {
	for _, f := range files {
		for _, c := range f.Cases {
			if c.Fixture != nil {
				return true
			}
		}
	}
	return false
}

// fixtureReader reads one info.yml. Keys that say nothing about the tests are passed over, as the format is not ours.
type fixtureReader struct {
	reader
	path string
	file *File
	used map[string]bool // event files that have a case
}

func readFixtures(p string, root *yamldoc.Node, log *diag.List) *File {
	r := &fixtureReader{reader: reader{log}, path: p, file: &File{Path: p}, used: map[string]bool{}}
	r.file.Suite = filepath.Base(filepath.Dir(absolute(p)))
	tests := r.list(root.Get("regression_tests_info"), "regression_tests_info")
	if len(tests) == 0 {
		log.Warnf(root.Pos, codeTestFile, "invalid test file: no regression_tests_info; nothing of it is tested")
		return nil
	}
	rules := r.rules(root)
	if len(rules) == 0 {
		return nil
	}
	for _, t := range tests { // what is named comes before what lies beside it
		if p, err := r.find(t.Get("path")); err == nil {
			r.used[p] = true
		}
	}
	for _, t := range tests {
		for _, rule := range rules {
			r.test(t, rule)
		}
	}
	for i, c := range r.file.Cases {
		c.Documents.Name = path.Join(cleanName(r.file.Suite), fmt.Sprintf("%03d_%s.yml", i+1, cleanName(c.Name)))
	}
	return r.file
}

// rules returns the rules that the fixture is for, most often one.
func (r *fixtureReader) rules(root *yamldoc.Node) (out []Fixture) {
	metadata := root.Get("rule_metadata")
	if metadata == nil {
		r.errorf(root, "no rule_metadata; it says which rule is tested")
	}
	for _, n := range r.list(metadata, "rule_metadata") {
		f := Fixture{RuleID: r.str(n.Get("id"), "id of rule_metadata")}
		if f.RuleID == "" {
			r.errorf(n, "an entry of rule_metadata without an id")
			continue
		}
		if t := n.Get("title"); t != nil {
			f.Title = t.Text
		}
		out = append(out, f)
	}
	return out
}

// test adds the cases of an entry of regression_tests_info.
func (r *fixtureReader) test(n *yamldoc.Node, f Fixture) {
	name := "unnamed test"
	if v := n.Get("name"); v != nil && v.Text != "" {
		name = v.Text
	}
	f.MinMatches = 1
	if v := n.Get("match_count"); v != nil && v.Kind != yamldoc.KindNull {
		if count := r.integer(v, "match_count"); count != nil {
			f.MinMatches = *count
		}
	}
	typ := "evtx"
	if v := n.Get("type"); v != nil {
		typ = strings.ToLower(v.Text)
	}
	p, err := r.find(n.Get("path"))
	switch {
	case err != nil:
		f.Problem = err.Error()
		r.add(n, name+" ("+typ+")", f, "", nil)
	case typ == "evtx":
		r.add(n, name+" (evtx)", f, p, eventLog)
		if beside := strings.TrimSuffix(p, filepath.Ext(p)) + ".json"; exists(beside) && !r.used[beside] {
			r.add(n, name+" (json)", f, beside, jsonEvents)
		}
	case typ == "json" || typ == "ndjson" || typ == "jsonl":
		r.ownPipelines(n, &f)
		r.add(n, name+" ("+typ+")", f, p, jsonEvents)
		if beside := strings.TrimSuffix(p, filepath.Ext(p)) + ".evtx"; exists(beside) && !r.used[beside] {
			r.add(n, name+" (evtx)", f, beside, eventLog)
		}
	default:
		f.Problem = fmt.Sprintf("the type %q of the test is not supported (one of evtx, json, ndjson, jsonl)", typ)
		r.add(n, name+" ("+typ+")", f, "", nil)
	}
}

// ownPipelines reads the pipelines and filters that the entry brings along.
func (r *fixtureReader) ownPipelines(n *yamldoc.Node, f *Fixture) {
	v := n.Get("pipelines")
	f.HasPipelines = v != nil && v.Kind != yamldoc.KindNull
	if f.HasPipelines {
		f.Pipelines = r.sources(v, "pipelines", f, compiler.LoadPipelines)
	}
	if v := n.Get("filters"); v != nil && v.Kind != yamldoc.KindNull {
		f.Filters = r.sources(v, "filters", f, compiler.Load)
	}
}

func (r *fixtureReader) sources(n *yamldoc.Node, what string, f *Fixture,
	load func([]string) ([]compiler.Source, error)) (out []compiler.Source) {
	for _, item := range r.list(n, what) {
		p, err := r.find(item)
		if err == nil {
			var more []compiler.Source
			more, err = load([]string{p})
			out = append(out, more...)
		}
		if err != nil && f.Problem == "" {
			f.Problem = fmt.Sprintf("%s: %v", what, err)
		}
	}
	return out
}

// add adds a case with the events of a file.
func (r *fixtureReader) add(n *yamldoc.Node, name string, f Fixture, p string, read func(*Fixture, string) ([][]byte, error)) {
	c := &Case{Name: name, Pos: n.Pos, Fixture: &f}
	if f.Problem == "" {
		events, err := read(&f, p)
		if err == nil && len(events) == 0 {
			err = fmt.Errorf("%s holds no event", p)
		}
		if err != nil {
			f.Problem = err.Error()
		}
		for _, e := range events {
			c.Events = append(c.Events, Event{Pos: n.Pos, JSON: e})
		}
	}
	r.file.Cases = append(r.file.Cases, c)
}

// find returns the file that a path of the fixture means. Such paths begin at the root of the SigmaHQ repository, wherever that
// is: the file's directory and its parents are tried, and beside the fixture the last part alone.
func (r *fixtureReader) find(n *yamldoc.Node) (string, error) {
	if n == nil || n.Text == "" {
		return "", fmt.Errorf("the test has no path")
	}
	p := filepath.FromSlash(strings.ReplaceAll(n.Text, `\`, "/"))
	if filepath.IsAbs(p) {
		if exists(p) {
			return p, nil
		}
		return "", fmt.Errorf("no file %s", p)
	}
	dir := absolute(filepath.Dir(r.path))
	tried := []string{filepath.Join(dir, p), filepath.Join(dir, filepath.Base(p))}
	for parent := filepath.Dir(dir); parent != dir; dir, parent = parent, filepath.Dir(parent) {
		tried = append(tried, filepath.Join(parent, p))
	}
	for _, candidate := range tried {
		if exists(candidate) {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("no file %s in %s or above it", p, filepath.Dir(r.path))
}

func exists(p string) bool {
	info, err := os.Stat(p)
	return err == nil && !info.IsDir()
}

// absolute returns p as an absolute path, or as it is where the working directory is gone.
func absolute(p string) string {
	if abs, err := filepath.Abs(p); err == nil {
		return abs
	}
	return p
}
