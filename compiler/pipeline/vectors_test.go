package pipeline

import (
	"os"
	"slices"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// vectorFile holds the conformance cases for pipelines. Their events are the business of package conformance; here count
// errors and what pipelines leave of a rule.
const vectorFile = "../../codegen/conformance/testdata/vectors/pipelines.yml"

// minVectors is a floor under the number of cases, so that an empty file does not pass.
const minVectors = 150

func TestVectorsLoadOrFailAsTheySay(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Skip("the conformance vectors are not there")
	}
	var log diag.List
	docs := yamldoc.Parse("pipelines.yml", src, &log)
	if log.Errors() > 0 {
		t.Fatal(log.All())
	}
	cases := docs[0].Root.Get("cases").Items
	ran := 0
	for _, c := range cases {
		t.Run(c.Get("name").Text, func(t *testing.T) { checkVector(t, c) })
		ran++
	}
	if ran < minVectors {
		t.Errorf("only %d cases, expected at least %d", ran, minVectors)
	}
}

func checkVector(t *testing.T, c *yamldoc.Node) {
	if class := c.Get("error_class"); class != nil && class.Text == "pipeline" {
		var log diag.List
		for _, p := range c.Get("pipelines").Items {
			Parse("p.yml", []byte(p.Text), &log)
		}
		requireMessage(t, &log, diag.SeverityError, c.Get("error").Text)
		return
	}
	var log diag.List
	result := applyVector(t, c, &log)
	want := c.Get("error")
	switch {
	case want != nil && want.Text == "unhandled placeholder": // found by package lower
	case want != nil:
		requireMessage(t, &log, diag.SeverityError, want.Text)
	case log.Errors() > 0:
		t.Errorf("unexpected errors: %v", log.All())
	case c.Get("expect") != nil:
		for _, e := range c.Get("expect").Pairs {
			checkExpectation(t, result, e)
		}
	}
}

func applyVector(t *testing.T, c *yamldoc.Node, log *diag.List) *Result {
	t.Helper()
	var ps []*Pipeline
	for _, n := range c.Get("pipelines").Items {
		if name := n.Get("builtin"); name != nil {
			p, ok := Builtin(name.Text)
			if !ok {
				t.Fatalf("no built-in pipeline %s", name.Text)
			}
			ps = append(ps, p)
			continue
		}
		ps = append(ps, parse(t, n.Text))
	}
	set := loadRules(c.Get("rule").Text, log)
	if log.Errors() > 0 {
		t.Fatalf("rules were rejected: %v", log.All())
	}
	return Merge(ps).Apply(set.Docs, Links{Filters: set.Filters, Refs: set.Refs}, Options{}, log)
}

// checkExpectation compares one entry of "expect" with the processed documents: the first rule, or the correlation.
func checkExpectation(t *testing.T, r *Result, e yamldoc.Pair) {
	t.Helper()
	rule := r.Docs[0]
	var correlation *sigma.Correlation
	for _, d := range r.Docs {
		if d.Correlation != nil {
			correlation = d.Correlation
		}
	}
	switch e.Key {
	case "logsource":
		l := rule.Rule.LogSource
		for key, has := range map[string]string{"category": l.Category, "product": l.Product, "service": l.Service} {
			want := ""
			if n := e.Value.Get(key); n != nil {
				want = n.Text
			}
			if has != want {
				t.Errorf("%s of the log source is %q, want %q", key, has, want)
			}
		}
	case "fields":
		checkTexts(t, e, rule.Rule.Fields)
	case "custom_attributes":
		for _, p := range e.Value.Pairs {
			if n := rule.Rule.Attribute(p.Key); n == nil || yamldoc.JSON(n) != yamldoc.JSON(p.Value) {
				t.Errorf("attribute %s is %s, want %s", p.Key, yamldoc.JSON(n), yamldoc.JSON(p.Value))
			}
		}
	case "applied", "not_applied":
		for _, id := range e.Value.Items {
			if slices.Contains(r.Notes[rule].Applied, id.Text) != (e.Key == "applied") {
				t.Errorf("%s: %s", e.Key, id.Text)
			}
		}
	case "group_by":
		checkTexts(t, e, correlation.GroupBy)
	case "condition_field":
		checkTexts(t, e, correlation.Fields)
	case "aliases":
		checkAliases(t, e.Value, correlation.Aliases)
	default:
		t.Errorf("unknown expectation %q", e.Key)
	}
}

func checkTexts(t *testing.T, e yamldoc.Pair, got []string) {
	t.Helper()
	var want []string
	for _, n := range e.Value.Items {
		want = append(want, n.Text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s is %q, want %q", e.Key, got, want)
	}
}

func checkAliases(t *testing.T, want *yamldoc.Node, got []sigma.Alias) {
	t.Helper()
	if len(got) != len(want.Pairs) {
		t.Fatalf("%d aliases, want %d", len(got), len(want.Pairs))
	}
	for _, a := range got {
		for _, f := range a.Fields {
			if n := want.Get(a.Name).Get(f.Reference); n == nil || n.Text != f.Field {
				t.Errorf("alias %s of %s is %s", a.Name, f.Reference, f.Field)
			}
		}
	}
}
