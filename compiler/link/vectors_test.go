package link_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/link"
	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

const (
	vectorDir   = "../../codegen/conformance/testdata/vectors"
	minCases    = 500 // a suite that shrinks by accident must fail
	lateInStage = "unhandled placeholder"
)

// suite is one file of vectors.
type suite struct{ bases, cases *yamldoc.Node }

func readSuite(t *testing.T, file string) suite {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	log := &diag.List{}
	docs := yamldoc.Parse(file, src, log)
	if log.Errors() > 0 {
		t.Fatal(log.All())
	}
	return suite{docs[0].Root.Get("bases"), docs[0].Root.Get("cases")}
}

// documents returns the documents of a case, loaded as one file.
func (s suite) documents(c *yamldoc.Node, log *diag.List) []*yamldoc.Document {
	var out []*yamldoc.Document
	add := func(n *yamldoc.Node) {
		switch {
		case n == nil:
		case n.Kind == yamldoc.KindString:
			out = append(out, yamldoc.Parse("case.yml", []byte(n.Text), log)...)
		case n.Kind == yamldoc.KindSequence:
			for _, m := range n.Items {
				out = append(out, &yamldoc.Document{Root: m})
			}
		default:
			out = append(out, &yamldoc.Document{Root: n})
		}
	}
	for _, name := range items(c.Get("base")) {
		add(s.bases.Get(name.Text))
	}
	add(c.Get("rule"))
	add(shorthand(c))
	add(correlation(c))
	for i, d := range out {
		d.File, d.Index = "case.yml", i
	}
	return out
}

func items(n *yamldoc.Node) []*yamldoc.Node {
	switch {
	case n == nil:
		return nil
	case n.Kind == yamldoc.KindSequence:
		return n.Items
	}
	return []*yamldoc.Node{n}
}

func text(s string) *yamldoc.Node { return &yamldoc.Node{Kind: yamldoc.KindString, Text: s} }

func mapping(pairs ...yamldoc.Pair) *yamldoc.Node {
	return &yamldoc.Node{Kind: yamldoc.KindMapping, Pairs: pairs}
}

// shorthand returns the rule that the keys "sel" and "detection" stand for, or nil.
func shorthand(c *yamldoc.Node) *yamldoc.Node {
	detection := c.Get("detection")
	if sel := c.Get("sel"); sel != nil {
		detection = mapping(yamldoc.Pair{Key: "sel", Value: sel}, yamldoc.Pair{Key: "condition", Value: text("sel")})
	}
	if detection == nil {
		return nil
	}
	rule := mapping(
		yamldoc.Pair{Key: "title", Value: c.Get("name")},
		yamldoc.Pair{Key: "logsource", Value: mapping(yamldoc.Pair{Key: "category", Value: text("test")})},
		yamldoc.Pair{Key: "detection", Value: detection},
	)
	if v := c.Get("version"); v != nil {
		rule.Pairs = append(rule.Pairs, yamldoc.Pair{Key: "sigma-version", Value: v})
	}
	return rule
}

// correlation returns the document that the keys "correlation" and "attributes" stand for, or nil.
func correlation(c *yamldoc.Node) *yamldoc.Node {
	if c.Get("correlation") == nil {
		return nil
	}
	doc := mapping(
		yamldoc.Pair{Key: "title", Value: text("corr")},
		yamldoc.Pair{Key: "id", Value: text("corr")},
		yamldoc.Pair{Key: "correlation", Value: c.Get("correlation")},
	)
	if a := c.Get("attributes"); a != nil {
		doc.Pairs = append(doc.Pairs, a.Pairs...)
	}
	return doc
}

// reported reports whether a message of the given severity holds text.
func reported(log *diag.List, severity diag.Severity, text string) bool {
	for _, d := range log.All() {
		if d.Severity == severity && strings.Contains(strings.ToLower(d.Msg), strings.ToLower(text)) {
			return true
		}
	}
	return false
}

func checkCase(t *testing.T, s suite, c *yamldoc.Node) {
	log := &diag.List{}
	set := link.Link(modifier.Apply(sigma.Parse(s.documents(c, log), log), log), log)
	for _, d := range log.All() {
		if d.Code == "" || d.Msg == "" {
			t.Errorf("incomplete diagnostic %+v", d)
		}
	}
	want := c.Get("error")
	switch {
	case want == nil && log.Errors() > 0:
		t.Errorf("unexpected errors: %v", log.All())
	case want != nil && want.Text != lateInStage && !reported(log, diag.SeverityError, want.Text):
		t.Errorf("no error says %q: %v", want.Text, log.All())
	}
	if w := c.Get("warning"); w != nil && !reported(log, diag.SeverityWarning, w.Text) {
		t.Errorf("no warning says %q: %v", w.Text, log.All())
	}
	checkOutcome(t, set, log)
}

// checkOutcome checks that documents are either rejected, with an error, or complete.
func checkOutcome(t *testing.T, set *link.Set, log *diag.List) {
	for _, d := range set.Docs {
		complete := d.Rule != nil || d.Filter != nil || d.Correlation != nil && len(set.Refs[d.Correlation]) == len(d.Correlation.Rules)
		if !d.Failed && !complete {
			t.Errorf("document %q is neither failed nor complete", d.Title)
		}
		if d.Failed && log.Errors() == 0 {
			t.Errorf("document %q failed without a reason", d.Title)
		}
	}
}

func TestVectorsLoadOrAreRejectedAsTheySay(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob(filepath.Join(vectorDir, "*.yml"))
	if len(files) == 0 {
		t.Skip("no vectors")
	}
	ran := 0
	for _, file := range files {
		if filepath.Base(file) == "pipelines.yml" {
			continue // its errors come from pipelines
		}
		s := readSuite(t, file)
		for _, c := range s.cases.Items {
			ran++
			t.Run(filepath.Base(file)+"/"+c.Get("name").Text, func(t *testing.T) { checkCase(t, s, c) })
		}
	}
	t.Logf("ran %d cases", ran)
	if ran < minCases {
		t.Errorf("ran %d cases, fewer than %d", ran, minCases)
	}
}
