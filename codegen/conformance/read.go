package conformance

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// IsTestFile reports whether a YAML document is a test file: a mapping with the key cases, or an info.yml of SigmaHQ.
func IsTestFile(root *yamldoc.Node) bool { return root.Get("cases") != nil || isFixtureFile(root) }

// caseKeys are the keys of a case.
var caseKeys = []string{
	"name", "why", "ref", "tags", "deviation",
	"base", "file", "rule", "sel", "detection", "version", "correlation", "attributes", "pipelines", "config",
	"error", "error_class", "warning", "expect", "events", "routing", "timeline", "fires", "detections",
}

// ReadFile reads the test file at path p with the content src. It reports to log and returns nil if the content is no test
// file at all; otherwise the file holds the cases that could be read.
func ReadFile(p string, src []byte, log *diag.List) *File {
	before := log.Errors()
	docs := yamldoc.Parse(p, src, log)
	switch {
	case log.Errors() > before:
		return nil
	case len(docs) == 0 || docs[0].Root == nil:
		log.Errorf(diag.Pos{File: p}, codeTestFile, "invalid test file: no YAML document")
		return nil
	case len(docs) > 1:
		log.Errorf(diag.Pos{File: p}, codeTestFile, "invalid test file: %d YAML documents; a test file is one", len(docs))
		return nil
	}
	if isFixtureFile(docs[0].Root) {
		return readFixtures(p, docs[0].Root, log)
	}
	return readRoot(p, docs[0].Root, log)
}

func readRoot(p string, root *yamldoc.Node, log *diag.List) *File {
	r := &fileReader{reader: reader{log}, dir: filepath.Dir(p)}
	if !r.keys(root, "a test file", "version", "suite", "bases", "cases") {
		return nil
	}
	if v := root.Get("version"); v == nil || v.Kind != yamldoc.KindInt || v.Int != 1 {
		r.errorf(root, "version must be 1")
	}
	f := &File{Path: p, Suite: r.str(root.Get("suite"), "suite")}
	if f.Suite == "" {
		f.Suite = strings.TrimSuffix(filepath.Base(p), filepath.Ext(p))
	}
	r.readBases(root.Get("bases"))
	seen := map[string]bool{}
	cases := root.Get("cases")
	if cases == nil {
		r.errorf(root, "no cases")
	}
	for i, n := range r.list(cases, "cases") {
		c := r.readCase(n)
		if c == nil {
			continue
		}
		if seen[c.Name] {
			r.errorf(n, "a second case named %q", c.Name)
		}
		seen[c.Name] = true
		c.Documents.Name = path.Join(cleanName(f.Suite), fmt.Sprintf("%03d_%s.yml", i+1, cleanName(c.Name)))
		f.Cases = append(f.Cases, c)
	}
	return f
}

// cleanName returns s in the letters that paths and identifiers have in common, cut to a length that file systems and people
// can bear.
func cleanName(s string) string {
	const maxLen = 60
	var b strings.Builder
	gap := false
	for _, c := range strings.ToLower(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(c)
		default:
			gap = true
		}
		if b.Len() >= maxLen {
			break
		}
	}
	if b.Len() == 0 {
		return "case"
	}
	return b.String()
}

// fileReader reads the cases of one file.
type fileReader struct {
	reader
	dir   string // of the test file
	bases map[string]*yamldoc.Node
}

func (r *fileReader) readBases(n *yamldoc.Node) {
	r.bases = map[string]*yamldoc.Node{}
	if n == nil {
		return
	}
	if n.Kind != yamldoc.KindMapping {
		r.errorf(n, "bases must be a mapping, not a %s", n.Kind)
		return
	}
	for _, p := range n.Pairs {
		r.str(p.Value, "base "+p.Key)
		r.bases[p.Key] = p.Value
	}
}

// readCase returns nil if n cannot be a case.
func (r *fileReader) readCase(n *yamldoc.Node) *Case {
	before := r.log.Errors()
	if !r.keys(n, "a case", caseKeys...) {
		return nil
	}
	c := &Case{
		Name:       r.str(n.Get("name"), "name"),
		Pos:        n.Pos,
		Why:        r.str(n.Get("why"), "why"),
		Ref:        r.str(n.Get("ref"), "ref"),
		Tags:       r.scalars(n.Get("tags"), "tags"),
		Error:      r.str(n.Get("error"), "error"),
		ErrorClass: r.enum(n.Get("error_class"), "error_class", "pipeline", "rule"),
		Warning:    r.str(n.Get("warning"), "warning"),
	}
	r.str(n.Get("deviation"), "deviation")
	if n.Get("name") == nil {
		r.errorf(n, "a case without a name")
	}
	r.readDocuments(n, c)
	r.readPipelines(n.Get("pipelines"), c)
	if cfg := n.Get("config"); cfg != nil {
		c.Config = r.readConfig(cfg)
	}
	r.readExpectations(n, c)
	if r.log.Errors() > before {
		return nil
	}
	return c
}

func (r *fileReader) readConfig(n *yamldoc.Node) (c Config) {
	if !r.keys(n, "config", "suppress", "action", "emit_detections", "max_group_entries", "max_state_entries", "event_mode",
		"max_events", "timestamp_fields", "timestamp_fallback", "placeholder_fallback") {
		return c
	}
	return Config{
		Suppress:            r.str(n.Get("suppress"), "suppress"),
		Action:              r.enum(n.Get("action"), "action", "alert", "reset"),
		EmitDetections:      r.boolean(n.Get("emit_detections"), "emit_detections"),
		MaxGroupEntries:     r.integer(n.Get("max_group_entries"), "max_group_entries"),
		MaxStateEntries:     r.integer(n.Get("max_state_entries"), "max_state_entries"),
		EventMode:           r.enum(n.Get("event_mode"), "event_mode", "none", "full", "refs"),
		MaxEvents:           r.integer(n.Get("max_events"), "max_events"),
		TimestampFields:     r.members(n.Get("timestamp_fields"), "timestamp_fields"),
		TimestampFallback:   r.enum(n.Get("timestamp_fallback"), "timestamp_fallback", "skip", "wallclock"),
		PlaceholderFallback: r.enum(n.Get("placeholder_fallback"), "placeholder_fallback", "event") == "event",
	}
}
