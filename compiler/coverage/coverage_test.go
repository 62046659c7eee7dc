package coverage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/coverage"
	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

// compare compiles rules and reports on events.
func compare(t interface{ Fatal(...any) }, rules string, events ...string) *coverage.Report {
	prog, log := compiler.Compile([]compiler.Source{{Name: "r.yml", Data: []byte(rules)}}, compiler.Options{})
	if log.Errors() > 0 {
		t.Fatal(log.All(), rules)
	}
	s := coverage.NewSample(prog)
	for _, e := range events {
		if err := s.Add([]byte(e)); err != nil {
			t.Fatal(err)
		}
	}
	return s.Compare()
}

func rule(detection string) string {
	return "title: t\nsigma-version: 3\nlogsource: {category: c}\ndetection:\n" + detection
}

func TestRulesThatCannotMatchAreFound(t *testing.T) {
	t.Parallel()
	const events = `{"A":"x","n":{"B":1},"list":[{"k":1}],"f.g":null}`
	for detection, want := range map[string][]string{
		"  s: {A: x}\n  condition: s":                                     nil,
		"  s: {M: x}\n  condition: s":                                     {"M"},
		"  s: {A: x, M: x}\n  condition: s":                               {"M"},
		"  s: [{A: x}, {M: x}]\n  condition: s":                           nil,
		"  s: [{L: x}, {M: x}]\n  condition: s":                           {"L", "M"},
		"  s: {A: x}\n  f: {M: x}\n  condition: s and not f":              nil,
		"  s: {A: x}\n  f: {M: null}\n  condition: s and not f":           {"M"},
		"  s: {A: x}\n  f: {M|exists: false}\n  condition: s and not f":   {"M"},
		"  s: {M: null}\n  condition: s":                                  nil,
		"  s: {M: [x, null]}\n  condition: s":                             nil,
		"  s: {M|exists: false}\n  condition: s":                          nil,
		"  s: {M|exists: true}\n  condition: s":                           {"M"},
		"  s: {M|neq: x}\n  condition: s":                                 nil,
		"  s: {M|neq: null}\n  condition: s":                              {"M"},
		"  s: {M: x}\n  condition: not s":                                 nil,
		"  s: {n.B: 2}\n  condition: s":                                   nil,
		"  s: {n.C: 2}\n  condition: s":                                   {"n.C"},
		"  s: {f.g: 2}\n  condition: s":                                   nil,
		"  s: {f: 2}\n  condition: s":                                     {"f"},
		"  s: {A|fieldref: M}\n  condition: s":                            {"M"},
		"  s: {A|fieldref: [M, n.B]}\n  condition: s":                     nil,
		"  s: {A|fieldref|all: [M, n.B]}\n  condition: s":                 {"M"},
		"  s: {A|fieldref|neq: M}\n  condition: s":                        nil,
		"  s: [x, y]\n  condition: s":                                     nil,
		"  s: [x, y]\n  f: {M: x}\n  condition: s and f":                  {"M"},
		"  s1: {A: x}\n  s2: {M: x}\n  condition: all of s*":              {"M"},
		"  s1: {A: x}\n  s2: {M: x}\n  condition: 1 of s*":                nil,
		"  s1: {A: x}\n  s2: {M: x}\n  s3: {L: x}\n  condition: 2 of s*":  {"M", "L"},
		"  s1: {A: x}\n  s2: {M: x}\n  condition: [s2, s1]":               nil,
		"  s1: {M: x}\n  s2: {L: x}\n  condition: [s2, s1]":               {"M", "L"},
		"  s1: {A: x}\n  s2: {M: x}\n  condition: s1 and s2 or not s2":    nil,
		"  s: {'list[any]': {k: 1}}\n  condition: s":                      nil,
		"  s: {'M[any]': {k: 1}}\n  condition: s":                         {"M"},
		"  s: {'M[all_or_empty]': {k: 1}}\n  condition: s":                nil,
		"  s: {'M[none]': {k: 1}}\n  f: {A: 1}\n  condition: f and not s": {"M"},
		"  s: {'list[0]': {k: 1}}\n  condition: s":                        nil,
		"  s: {'list[7]': {k: 1}}\n  condition: s":                        {"list[7]"},
		"  s: {'list[7]': {k: null}}\n  condition: s":                     nil,
		"  s: {A: x}\n  unused: {M: x}\n  condition: s":                   nil,
	} {
		r := compare(t, rule(detection), events)
		var got []string
		for _, n := range r.Never {
			got = append(got, n.Missing...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", detection, diff)
		}
	}
}

func TestKeywordsNeedTextAndNoField(t *testing.T) {
	t.Parallel()
	r := compare(t, rule("  s: [x, y]\n  condition: s"), `{"A":1}`)
	if len(r.Never) != 1 || len(r.Fields) != 0 || r.Keywords != 1 {
		t.Errorf("without text: %+v", r)
	}
	if r := compare(t, rule("  s: [x, y]\n  condition: s"), `{"A":[{"b":"z"}]}`); len(r.Never) != 0 {
		t.Errorf("with text: %+v", r)
	}
}

func TestFieldsAndPathsAreCounted(t *testing.T) {
	t.Parallel()
	rules := rule("  s: {A: x, n.B: 1, image: y}\n  condition: s") + "\n---\n" +
		rule("  s: {A: y, 'list[any]': {k: 1}, CommandLine: z}\n  unused: {no: 1}\n  condition: s")
	r := compare(t, rules,
		`{"A":"x","n":{"B":1,"C":[]},"list":[{"k":1,"l":2}],"Image":"i"}`,
		`{"A":null,"n":{"B":[1,2]},"n.B":3,"event_data":{"command_line":"c"},"a.b":1,"e":{}}`,
		`"no object"`)
	want := []coverage.FieldUse{
		{Name: "A", Rules: 2, Events: 2},
		{Name: "CommandLine", Rules: 1, Near: "event_data.command_line"},
		{Name: "image", Rules: 1, Near: "Image"},
		{Name: "list", Rules: 1, Events: 1},
		{Name: "n.B", Rules: 1, Events: 2},
	}
	if diff := cmp.Diff(want, r.Fields); diff != "" {
		t.Error(diff)
	}
	unread := []coverage.PathUse{{"Image", 1}, {"a.b", 1}, {"e", 1}, {"event_data.command_line", 1}, {"n.C", 1}}
	if diff := cmp.Diff(unread, r.Unread); diff != "" {
		t.Error(diff)
	}
	if r.Events != 3 || r.Rules != 2 || r.Keywords != 0 || len(r.Never) != 2 {
		t.Errorf("%+v", r)
	}
}

// TestNoRuleThatMatchesIsSaidNeverTo makes rules and events at random.
func TestNoRuleThatMatchesIsSaidNeverTo(t *testing.T) {
	t.Parallel()
	fields := []string{"A", "B", "n.A", "n.l.B", "C"}
	items := []string{": x", ": null", ": [x, null]", "|exists: true", "|exists: false", "|neq: x", "|neq: null", ": 1", "|fieldref: B", "|fieldref|neq: C",
		"|contains|all: [x, y]", "|neq|all: [x, y]", "|re: 'x*'", "|lt: 5"}
	conditions := []string{"s1 and s2", "s1 or s2", "not s1 and s2", "not (s1 and s2)", "2 of s*", "1 of them", "all of s* and not 2 of s*", "s1 and not s1"}
	values := []string{`"x"`, `"xy"`, "1", "null", "[]", `["x",null]`, `{}`, `{"A":"x"}`, `{"A":1,"l":[{"B":"y"},{"B":null}]}`}
	never, matched := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		var rules []string
		for range rapid.IntRange(1, 5).Draw(t, "rules") {
			item := func() string {
				return "'" + rapid.SampledFrom(fields).Draw(t, "field") + strings.Replace(rapid.SampledFrom(items).Draw(t, "item"), ":", "':", 1)
			}
			text := fmt.Sprintf("  s1: {%s}\n  s2: [{%s}, {%s}]\n  condition: %s", item(), item(), item(), rapid.SampledFrom(conditions).Draw(t, "condition"))
			rules = append(rules, rule(text))
		}
		var events []string
		for range rapid.IntRange(1, 4).Draw(t, "events") {
			var pairs []string
			for _, key := range []string{"A", "B", "n", "n.A"} {
				if rapid.Bool().Draw(t, "has") {
					pairs = append(pairs, fmt.Sprintf("%q:%s", key, rapid.SampledFrom(values).Draw(t, "value")))
				}
			}
			events = append(events, "{"+strings.Join(pairs, ",")+"}")
		}
		all := strings.Join(rules, "\n---\n")
		hits := matches(t, all, events)
		for _, n := range compare(t, all, events...).Never {
			never++
			if hits[n.Rule.Index] {
				t.Fatalf("rule %d matches:\n%s\n%s", n.Rule.Index+1, all, events)
			}
		}
		matched += len(hits)
	})
	if t.Logf("%d rules never match, %d do", never, matched); never == 0 || matched == 0 {
		t.Error("the test shows nothing")
	}
}

// matches returns which documents match some event.
func matches(t interface{ Fatal(...any) }, rules string, events []string) map[int]bool {
	prog, _ := compiler.Compile([]compiler.Source{{Name: "r.yml", Data: []byte(rules)}}, compiler.Options{})
	set, err := ruleset.New(interp.Rules(prog), ruleset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	plan := decode.NewPlan(set.Fields(), set.AllStrings())
	ev := rtlib.NewEvent()
	out := map[int]bool{}
	for _, e := range events {
		if err := plan.JSON(ev, []byte(e)); err != nil {
			t.Fatal(err)
		}
		for _, hit := range set.FullScan(ev) {
			out[prog.Rules[hit].Index] = true
		}
	}
	return out
}
