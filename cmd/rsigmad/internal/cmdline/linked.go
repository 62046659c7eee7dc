package cmdline

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/reload"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// Linked are the rules whose generated code is part of the program.
type Linked struct {
	Detections   []*rtlib.Rule
	Correlations []*correlate.Rule
	Source       fs.FS // the rule files they were made from; nil if the program does not hold them
}

// rules returns the rules alone.
func (l Linked) rules() engine.Rules {
	return engine.Rules{Detections: l.Detections, Correlations: l.Correlations}
}

type rulesCmd struct {
	JSON    bool   `name:"json" xor:"what" help:"Print JSON, one rule a line."`
	Extract string `xor:"what" placeholder:"DIR" help:"Write the files the rules were made from into this directory, which must be empty or not there."`
}

// Help is shown below the flags.
func (rulesCmd) Help() string {
	return `Lists the rules whose generated code is part of the program: digest, level, file and title. --extract writes the rule files the program
was built from, if it holds them, as programs made by "rsigmac build" and "rsigmac init" do. It overwrites nothing.

Example:
  rsigmad rules --extract audit && rsigmad eval -r audit events.ndjson`
}

// linkedRule is what is listed of a rule.
type linkedRule struct {
	Kind   string `json:"kind"`
	Digest string `json:"digest"`
	ID     string `json:"id,omitempty"`
	Title  string `json:"title"`
	Level  string `json:"level,omitempty"`
	Source string `json:"source"`
}

// Run implements the command.
func (c *rulesCmd) Run(s streams, linked Linked) error {
	if c.Extract != "" {
		return extract(s, linked.Source, c.Extract)
	}
	all := linked.list()
	if c.JSON {
		for _, r := range all {
			if err := printJSON(s.out, r); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, r := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Digest, r.Kind, cmp.Or(r.Level, "-"), graphic(r.Source), graphic(r.Title))
	}
	return w.Flush()
}

// graphic returns text of a rule without what could steer a terminal.
func graphic(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// list returns the rules in load order, detections first.
func (l Linked) list() []linkedRule {
	out := []linkedRule{}
	add := func(kind string, m *rtlib.Meta) {
		out = append(out, linkedRule{kind, m.Digest, m.ID, m.Title, m.Level, m.Source})
	}
	rules := reload.LoadOrder(l.rules())
	for _, r := range rules.Detections {
		add("detection", &r.Meta)
	}
	for _, r := range rules.Correlations {
		add("correlation", &r.Meta)
	}
	return out
}

// extract writes the files of source into dir.
func extract(s streams, source fs.FS, dir string) error {
	if source == nil {
		return errors.New("this program does not hold the files its rules were made from")
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	n := 0
	err = fs.WalkDir(source, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == "." {
			return err
		}
		if d.IsDir() {
			return root.MkdirAll(filepath.FromSlash(p), 0o755)
		}
		text, err := fs.ReadFile(source, p)
		if err != nil {
			return err
		}
		n++
		return root.WriteFile(filepath.FromSlash(p), text, 0o644)
	})
	if err == nil {
		fmt.Fprintf(s.err, "%s: %d files\n", dir, n)
	}
	return err
}
