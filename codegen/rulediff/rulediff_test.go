package rulediff_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/codegen/rulediff"
	"github.com/rsigma-go/rsigma/compiler"
)

// version compiles a rule set that is given by file.
func version(files map[string]string) *rulediff.Version {
	v := &rulediff.Version{Texts: map[string][]byte{}}
	var sources []compiler.Source
	for name, text := range files {
		v.Texts[name] = []byte(text)
		sources = append(sources, compiler.Source{Name: name, Data: []byte(text)})
	}
	v.Program, _ = compiler.Compile(sources, compiler.Options{})
	return v
}

func rule(title, detection string) string {
	return "title: " + title + "\nlogsource: {category: c}\ndetection: {" + detection + "}\n"
}

func compare(t *testing.T, before, after map[string]string) *rulediff.Report {
	t.Helper()
	rep, err := rulediff.Compare(version(before), version(after), rulediff.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestEveryKindOfChangeIsTold(t *testing.T) {
	t.Parallel()
	base := rule("t", "s: {A: x}, condition: s")
	for name, c := range map[string]struct {
		before, after string
		want          rulediff.Kind // "" for no change
	}{
		"nothing":              {base, base, ""},
		"a comment":            {base, "# why\n" + base, rulediff.Text},
		"another layout":       {base, strings.ReplaceAll(base, "{A: x}", "{'A': \"x\"}"), rulediff.Text},
		"a level":              {base, base + "level: high\n", rulediff.Output},
		"a log source":         {base, strings.ReplaceAll(base, "category: c", "category: d"), rulediff.Output},
		"a value":              {base, strings.ReplaceAll(base, "x}", "y}"), rulediff.Meaning},
		"a title":              {base, strings.ReplaceAll(base, "title: t", "title: u"), rulediff.Output},
		"a rule that fails":    {base, strings.ReplaceAll(base, "condition: s", "condition: nope"), rulediff.Removed},
		"a rule that runs now": {strings.ReplaceAll(base, "condition: s", "condition: nope"), base, rulediff.Added},
	} {
		rep := compare(t, map[string]string{"r.yml": c.before}, map[string]string{"r.yml": c.after})
		var got rulediff.Kind
		if len(rep.Changes) > 0 {
			got = rep.Changes[0].Kind
		}
		if got != c.want || len(rep.Changes)+rep.Unchanged != 1 {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestRulesAreFoundAgainByIdPlaceAndTitle(t *testing.T) {
	t.Parallel()
	const id = "id: 0a1b2c3d-0000-4000-8000-00000000000a\n"
	rep := compare(t,
		map[string]string{"a.yml": rule("a", "s: {A: x}, condition: s") + id, "b.yml": rule("b", "s: {B: x}, condition: s"), "c.yml": rule("c", "s: {C: x}, condition: s"), "d.yml": rule("d", "s: {D: x}, condition: s")},
		map[string]string{"moved/a2.yml": rule("a2", "s: {A: y}, condition: s") + id, "b.yml": rule("b2", "s: {B: y}, condition: s"), "moved/c.yml": rule("c", "s: {C: x}, condition: s"), "e.yml": rule("e", "s: {E: x}, condition: s")})
	var got []string
	for _, c := range rep.Changes {
		line := string(c.Kind)
		if c.Old != nil {
			line += " " + c.Old.File
		}
		if c.New != nil {
			line += " > " + c.New.File
		}
		got = append(got, line)
	}
	want := []string{"removed d.yml", "meaning b.yml > b.yml", "meaning a.yml > moved/a2.yml", "added > e.yml", "text c.yml > moved/c.yml"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestExamplesShowWhatChanged looks for the shortest events that tell two versions of a rule apart.
func TestExamplesShowWhatChanged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after string
		lost, gained  string // "" for none
		proved        bool   // that there is none where there is none
		effect        string
	}{
		"an alternative less":   {"s: {A: [x, y]}, condition: s", "s: {A: x}, condition: s", `{"A":"y"}`, "", true, "narrowed"},
		"an alternative more":   {"s: {A: x}, condition: s", "s: {A: [x, y]}, condition: s", "", `{"A":"y"}`, true, "widened"},
		"another operator":      {"s: {A|endswith: xyz}, condition: s", "s: {A|startswith: xyz}, condition: s", "any", "any", false, "matches other events"},
		"contains, was ends":    {"s: {A|endswith: xyz}, condition: s", "s: {A|contains: xyz}, condition: s", "", "any", true, "widened"},
		"a filter":              {"s: {A: x}, condition: s", "s: {A: x}, f: {B: q}, condition: s and not f", `{"A":"x","B":"q"}`, "", true, "narrowed"},
		"a narrower filter":     {"s: {A: x}, f: {B: q}, condition: s and not f", "s: {A: x}, f: {B: q, C: r}, condition: s and not f", "", `{"A":"x","B":"q"}`, true, "widened"},
		"a bound":               {"s: {A|gt: 5}, condition: s", "s: {A|gte: 5}, condition: s", "", `{"A":5}`, true, "widened"},
		"a network":             {"s: {A|cidr: 10.0.0.0/8}, condition: s", "s: {A|cidr: 10.0.0.0/9}, condition: s", "any", "", true, "narrowed"},
		"letter case":           {"s: {A|contains: abc}, condition: s", "s: {A|contains|cased: abc}, condition: s", "any", "", true, "narrowed"},
		"one of, was all of":    {"s1: {A: x}, s2: {B: y}, condition: all of s*", "s1: {A: x}, s2: {B: y}, condition: 1 of s*", "", "any", true, "widened"},
		"said in another way":   {"s: {A: [x, y]}, condition: s", "s1: {A: x}, s2: {A: y}, condition: s1 or s2", "", "", true, "matches the same events (proved)"},
		"a redundant one more":  {"s: {A|contains: a}, condition: s", "s: {A|contains: [a, ab]}, condition: s", "", "", true, "matches the same events (proved)"},
		"an expression changed": {"s: {A|re: '^a+b$'}, condition: s", "s: {A|re: '^a*b$'}, condition: s", "", "any", false, "widened"},
	} {
		rep := compare(t, map[string]string{"r.yml": rule("t", c.before)}, map[string]string{"r.yml": rule("t", c.after)})
		if len(rep.Changes) != 1 || rep.Changes[0].Kind != rulediff.Meaning {
			t.Errorf("%s: %+v", name, rep.Changes)
			continue
		}
		got := rep.Changes[0]
		example := func(what, want string, event []byte, none bool) {
			switch {
			case want == "any" && event == nil, want == "" && event != nil, want != "any" && want != "" && string(event) != want:
				t.Errorf("%s: %s %s, want %s", name, what, event, want)
			case want == "" && c.proved && !none:
				t.Errorf("%s: nothing is %s, which is not proved", name, what)
			case want != "" && none:
				t.Errorf("%s: nothing is %s, it says, but %s", name, what, event)
			}
		}
		example("lost", c.lost, got.Lost, got.NoneLost)
		example("gained", c.gained, got.Gained, got.NoneGained)
		if got.Effect() != c.effect || got.Tried < 20 {
			t.Errorf("%s: %s after %d events", name, got.Effect(), got.Tried)
		}
		if got.OldCode == got.NewCode || !strings.Contains(got.NewCode, "rtlib.Rule{") {
			t.Errorf("%s: the code is %s", name, got.NewCode)
		}
	}
}

func TestHitsOnGivenEventsAreCounted(t *testing.T) {
	t.Parallel()
	rep := compare(t,
		map[string]string{"r.yml": rule("t", "s: {A: [x, y]}, condition: s"), "gone.yml": rule("gone", "s: {B: 1}, condition: s")},
		map[string]string{"r.yml": rule("t", "s: {A: [y, z]}, condition: s"), "new.yml": rule("new", "s: {B: 2}, condition: s")})
	counter, err := rep.Counter()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []string{`{"A":"x"}`, `{"A":"y"}`, `{"A":"z"}`, `{"A":"x","n":2}`, `{"B":1}`, `{"B":2}`} {
		if err := counter.Add([]byte(e)); err != nil {
			t.Fatal(err)
		}
	}
	if err := counter.Add([]byte("{")); err == nil {
		t.Error("half an event is no error")
	}
	type hits struct{ Kept, Lost, Gained int }
	got := map[rulediff.Kind]hits{}
	for _, c := range rep.Changes {
		got[c.Kind] = hits{c.Kept, c.LostHits, c.GainedHits}
	}
	want := map[rulediff.Kind]hits{rulediff.Meaning: {1, 2, 1}, rulediff.Removed: {0, 1, 0}, rulediff.Added: {0, 0, 1}}
	if diff := cmp.Diff(want, got); diff != "" || rep.Events != 6 {
		t.Errorf("%d events: %s", rep.Events, diff)
	}
}

func TestPoliciesFail(t *testing.T) {
	t.Parallel()
	x, xy := rule("t", "s: {A: x}, condition: s"), rule("t", "s: {A: [x, y]}, condition: s")
	one := func(text string) map[string]string { return map[string]string{"r.yml": text} }
	got := map[string]string{}
	for name, rep := range map[string]*rulediff.Report{
		"none": compare(t, one(x), one(x)), "text": compare(t, one(x), one("# \n"+x)), "widened": compare(t, one(x), one(xy)),
		"narrowed": compare(t, one(xy), one(x)), "removed": compare(t, one(x), nil), "added": compare(t, nil, one(x)),
	} {
		for _, policy := range []string{"none", "removed", "narrowed", "changed", "any"} {
			if rep.Fails(policy) {
				got[policy] += " " + name
			}
		}
	}
	words := func(s string) map[string]bool {
		out := map[string]bool{}
		for w := range strings.FieldsSeq(s) {
			out[w] = true
		}
		return out
	}
	for policy, want := range map[string]string{"none": "", "removed": "removed", "narrowed": "removed narrowed",
		"changed": "removed narrowed widened added", "any": "removed narrowed widened added text"} {
		if diff := cmp.Diff(words(want), words(got[policy])); diff != "" {
			t.Errorf("%s: %s", policy, diff)
		}
	}
}

func TestExamplesAreJSON(t *testing.T) {
	t.Parallel()
	rep := compare(t, map[string]string{"r.yml": rule("t", "s: [one, two], condition: s")}, map[string]string{"r.yml": rule("t", `s: ["three\t\"\\"], condition: s`)})
	for _, e := range [][]byte{rep.Changes[0].Lost, rep.Changes[0].Gained} {
		if !json.Valid(e) {
			t.Errorf("%s", e)
		}
	}
}
