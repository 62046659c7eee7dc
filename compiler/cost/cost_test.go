package cost

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// program compiles one rule per detection; the titles are numbers from 0.
func program(t *testing.T, detections ...string) *ir.Program {
	t.Helper()
	var b strings.Builder
	for i, d := range detections {
		fmt.Fprintf(&b, "---\ntitle: '%d'\nlogsource: {product: x}\ndetection: {%s}\n", i, d)
	}
	prog, log := compiler.Compile([]compiler.Source{{Name: "r.yml", Data: []byte(b.String())}}, compiler.Options{})
	if log.Errors() > 0 || len(prog.Rules) != len(detections) {
		t.Fatal(log.All())
	}
	return prog
}

func TestReasonsAreNamed(t *testing.T) {
	t.Parallel()
	cases := []struct{ detection, want string }{
		{`s: {A: quite-rare-text}, condition: s`, ""},
		{`s: {A: x}, condition: not s`, "no literal must occur"},
		{`s: {A|re: '[a-z]+[0-9]+'}, condition: s`, "1 regular expressions without a literal and without ^"},
		{`s: {A|re: '^[a-z]+[0-9]+'}, condition: s`, "1 regular expressions without a literal"},
		{`s: {A|re: 'quite[0-9]+rare'}, condition: s`, ""},
		{`s: {A|exists: true}, condition: s`, "the presence of a field"},
		{`s: [some-keyword], condition: s`, "1 searches of all text"},
	}
	var detections []string
	for _, c := range cases {
		detections = append(detections, c.detection)
	}
	rules, err := Predict(program(t, detections...))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		got := strings.Join(rules[i].Why, "; ")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) || rules[i].Predicted <= 0 {
			t.Errorf("%s: %q, %.1f ns; want %q", c.detection, got, rules[i].Predicted, c.want)
		}
	}
	if worst := Worst(rules, 2, false); len(worst) != 2 || worst[0].Predicted < worst[1].Predicted || rules[0].Predicted >= worst[1].Predicted {
		t.Errorf("wrong order: %+v", worst)
	}
}

func TestASampleCountsAndMeasures(t *testing.T) {
	t.Parallel()
	s, err := NewSample(program(t, `s: {A: rare-one}, condition: s`, `s: {A: x}, condition: not s`))
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		for _, event := range []string{`{"A":"rare-one"}`, `{"A":"x"}`} {
			if err := s.Add([]byte(event)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s.Add([]byte("{")) == nil {
		t.Error("a bad event passes")
	}
	rules := s.Rules()
	if s.Events() != 100 || rules[0].Evaluations != 50 || rules[0].Matches != 50 || rules[1].Evaluations != 100 || rules[1].Matches != 50 {
		t.Errorf("%d events, %+v", s.Events(), rules)
	}
	if s.Total() <= 0 {
		t.Errorf("total %f", s.Total())
	}
}
