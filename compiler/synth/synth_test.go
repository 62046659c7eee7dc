package synth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/synth"
)

func compile(t *testing.T, detection string) *ir.Rule {
	t.Helper()
	text := "title: t\nsigma-version: 3\nlogsource: {category: c}\ndetection:\n" + detection
	prog, log := compiler.Compile([]compiler.Source{{Name: "r.yml", Data: []byte(text)}}, compiler.Options{PlaceholderFallback: true})
	if len(prog.Rules) != 1 {
		t.Fatal(log.All(), text)
	}
	return prog.Rules[0]
}

func made(t *testing.T, r *ir.Rule, opts synth.Options) (*synth.Rule, []string) {
	t.Helper()
	s, err := synth.New(r, 1)
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	s.Events(opts, func(e synth.Event) bool {
		events = append(events, string(e.JSON))
		return true
	})
	return s, events
}

// TestEveryBranchOfEveryOperatorIsDecided has a rule for each operator and shape. What is listed cannot be decided.
func TestEveryBranchOfEveryOperatorIsDecided(t *testing.T) {
	t.Parallel()
	branches := 0
	for _, c := range []struct {
		detection string
		undecided []string
	}{
		{"  s: {A: x}\n  condition: s", nil},
		{"  s: {A: x, B: [y, 'z*', '*a?b*c']}\n  condition: s", nil},
		{"  s: [{A: x}, {B: y, C: z}]\n  condition: s", nil},
		{"  s: {A|contains|all: [x, y, z]}\n  condition: s", nil},
		{"  s: {A|contains|all: [x, xy]}\n  condition: s", []string{`s: A contains all but "x"`}},
		{"  s: {A|contains: [ab, a]}\n  condition: s", []string{`s: A contains "ab"`}},
		{"  s: {A|startswith: 'C:\\', A|endswith: '.exe', A|contains: tmp}\n  f: {A|contains: good}\n  condition: s and not f", nil},
		{"  s: {A|startswith|cased: X}\n  condition: s", nil},
		{"  s: {A: null}\n  condition: s", nil},
		{"  s: {A|exists: true}\n  f: {B|exists: false}\n  condition: s and not f", nil},
		{"  s: {A: 5, B|gt: 3, C|gte: 3, D|lt: -1, E|lte: 9007199254740993, F: 1.5}\n  condition: s", nil},
		{"  s: {A|gt: 3, A|lt: 5}\n  condition: s", nil},
		{"  s: {A|cidr: [10.0.0.0/8, 'fe80::/10', 192.168.1.1/32]}\n  condition: s", nil},
		{"  s: {A|re: '^(foo|ba[rz]{2,3})\\d+(x|y)?$'}\n  condition: s", nil},
		{"  s: {A|re|i: 'a.b[^c]\\w'}\n  condition: s", nil},
		{"  s: {A|windash|contains: ' -x'}\n  condition: s", nil},
		{"  s: {A|hour: [3, 4], A|month|lte: 2, A|week: 5}\n  condition: s", []string{"s: not A Month <= 2"}},
		{"  s: {A|minute|gt: 30, B|year: 1999, C|day: 31}\n  condition: s", nil},
		{"  s: {A|fieldref: B}\n  condition: s", nil},
		{"  s: {A|fieldref|endswith: B, A|contains: q}\n  condition: s", nil},
		{"  s: {A|expand: '\\home\\%User%\\x'}\n  condition: s", nil},
		{"  s: {A: true, B: false}\n  condition: s", nil},
		{"  s: [word, 'other word']\n  condition: s", []string{`s: keyword contains "other word"`}},
		{"  s: {'|all': [word, other]}\n  f: {A: x}\n  condition: s and not f", nil},
		{"  s: {A|neq: x, B|neq: [y, z]}\n  condition: s", nil},
		{"  s1: {A: x}\n  s2: {B: x}\n  s3: {C: x}\n  condition: 2 of s*", nil},
		{"  s1: {A: x}\n  s2: {B: x}\n  f1: {C: x}\n  f2: {D: x}\n  condition: all of s* and not 1 of f*", nil},
		{"  s1: {A: x}\n  s2: {B: x}\n  condition: [s1, s2 and not s1]", nil},
		{"  s: {'L[any]': {k: x, n|gt: 3}}\n  condition: s", nil},
		{"  s: {'L[all]': {k: x}}\n  condition: s", nil},
		{"  s: {'L[all_or_empty]': {k: [x, y]}}\n  condition: s", nil},
		{"  s: {'L[none]': {k: x}}\n  condition: s", nil},
		{"  s: {'L[any]': {'M[any].k': x, o: y}}\n  condition: s", nil},
		{"  s: {'L[1]': {k: x}}\n  condition: s", nil},
		{"  s: {'L[0]': x, 'L[-1]': y, a.b.c: z}\n  condition: s", nil},
	} {
		s, events := made(t, compile(t, c.detection), synth.Options{})
		var got []string
		for i, b := range s.Branches {
			if !s.Made().Decided[i] {
				got = append(got, b.String())
			}
		}
		branches += len(s.Branches)
		if len(got) != len(c.undecided) || len(got) > 0 && !slices.Equal(got, c.undecided) {
			t.Errorf("%s\nundecided: %q\nwant       %q\nevents %q", c.detection, got, c.undecided, events)
		}
	}
	t.Logf("%d branches", branches)
	if branches < 200 {
		t.Error("that is below the floor")
	}
}

func TestObserveKnowsWhatTheVerdictHangsOn(t *testing.T) {
	t.Parallel()
	const rule = "  s: {A: [x, y], B|contains: z}\n  f: {C: q}\n  condition: s and not f"
	for event, want := range map[string][]string{
		`{"A":"x","B":"z"}`:           {"the rule matches", "s: holds", `s: A exact "x"`, `s: B contains "z"`, "f: does not hold", `f: not C exact "q"`},
		`{"A":["x","y"],"B":"z"}`:     {"the rule matches", "s: holds", `s: B contains "z"`, "f: does not hold", `f: not C exact "q"`},
		`{"A":"n","B":"z"}`:           {"the rule does not match", "s: does not hold", "s: A exact none of 2"},
		`{"A":"n","B":"n"}`:           {"the rule does not match", "s: does not hold"},
		`{"A":"x","B":"z","C":"q"}`:   {"the rule does not match", "f: holds", `f: C exact "q"`},
		`{"A":"x","B":"no","C":"q"}`:  {"the rule does not match"},
		`{"A":"x","B":"no","C":null}`: {"the rule does not match", "s: does not hold", `s: not B contains "z"`},
	} {
		s, err := synth.New(compile(t, rule), 1)
		if err != nil {
			t.Fatal(err)
		}
		tally := s.NewTally()
		if _, err := s.Observe([]byte(event), tally); err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, b := range s.Branches {
			if tally.Decided[i] {
				got = append(got, b.String())
			}
			if tally.Decided[i] && !tally.Taken[i] {
				t.Errorf("%s: %s is decided and not taken", event, b)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", event, diff)
		}
	}
}

func TestMembersOfArraysAreBranches(t *testing.T) {
	t.Parallel()
	s, err := synth.New(compile(t, "  s: {'L[any]': {k: [x, y]}}\n  condition: s"), 1)
	if err != nil {
		t.Fatal(err)
	}
	for event, want := range map[string]int{
		`{"L":[{"k":"x"},{"k":"n"}]}`: 4, // matches, s, the block, x
		`{"L":[{"k":"x"},{"k":"x"}]}`: 3, // either member would do
		`{"L":[{"k":"n"}]}`:           4,
		`{}`:                          3,
	} {
		tally := s.NewTally()
		if _, err := s.Observe([]byte(event), tally); err != nil {
			t.Fatal(err)
		}
		if _, decided := tally.Count(); decided != want {
			t.Errorf("%s decides %d branches, want %d", event, decided, want)
		}
	}
}

func TestTheSameSeedGivesTheSameEvents(t *testing.T) {
	t.Parallel()
	r := compile(t, "  s: {A|re: 'a+b?', B: [x, '*y*'], C|gt: 3}\n  f: {A|contains: aaa}\n  condition: s and not f")
	opts := synth.Options{Probes: true, Mutations: 50}
	_, a := made(t, r, opts)
	_, b := made(t, r, opts)
	if diff := cmp.Diff(a, b); diff != "" || len(a) < 80 {
		t.Errorf("%d events: %s", len(a), diff)
	}
	other, err := synth.New(r, 2)
	if err != nil {
		t.Fatal(err)
	}
	var c []string
	other.Events(opts, func(e synth.Event) bool { c = append(c, string(e.JSON)); return true })
	if slices.Equal(a, c) {
		t.Error("another seed gives the same events")
	}
}

func TestProbesMissNarrowly(t *testing.T) {
	t.Parallel()
	_, events := made(t, compile(t, "  s: {A|endswith: '\\ask.exe', N|gt: 5}\n  condition: s"), synth.Options{Probes: true})
	all := strings.Join(events, "\n")
	for _, want := range []string{`"A":"\\ask.exex"`, `"A":"x\\ask.exe"`, `"A":"\\ASK.EXE"`, `"A":"\\aſ\u212a.exe"`, `"A":["\\ask.exe"]`, `"A":null`, `"N":5,`, `"N":"6"`, `"N":6.0`} {
		want = strings.TrimSuffix(strings.ReplaceAll(want, `\u212a`, "\u212a"), ",")
		if !strings.Contains(all, want) {
			t.Errorf("no event has %s:\n%s", want, all)
		}
	}
}

func TestImpliesSeesWhatIsNarrower(t *testing.T) {
	t.Parallel()
	cond := "\n  condition: s"
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"  s: {A: x}", "  s: {A: x}", true},
		{"  s: {A: x, B: y}", "  s: {A: x}", true},
		{"  s: {A: x}", "  s: {A: x, B: y}", false},
		{"  s: {A: x}", "  s: {A: [x, y]}", true},
		{"  s: {A: [x, y]}", "  s: {A: x}", false},
		{"  s: {A: 'C:\\x.exe'}", "  s: {A|endswith: .EXE}", true},
		{"  s: {A: 'C:\\x.exe'}", "  s: {A|re: '\\.exe$'}", false}, // the rule ignores letter case, the expression does not
		{"  s: {A|cased: 'C:\\x.exe'}", "  s: {A|re: '\\.exe$'}", true},
		{"  s: {A|startswith: abc}", "  s: {A|startswith: ab}", true},
		{"  s: {A|startswith: ab}", "  s: {A|startswith: abc}", false},
		{"  s: {A|startswith: abc}", "  s: {A|contains: bc}", true},
		{"  s: {A|contains: abc}", "  s: {A|endswith: bc}", false},
		{"  s: {A|contains|cased: Abc}", "  s: {A|contains: aB}", true},
		{"  s: {A|contains: Abc}", "  s: {A|contains|cased: Ab}", false},
		{"  s: {A|contains|all: [ab, cd]}", "  s: {A|contains: a}", true},
		{"  s: {A|contains|all: [ab, cd]}", "  s: {A|contains|all: [d, a]}", true},
		{"  s: {A|contains: [ab, cd]}", "  s: {A|contains|all: [b, d]}", false},
		{"  s: {A|gt: 5}", "  s: {A|gte: 5}", true},
		{"  s: {A|gte: 5}", "  s: {A|gt: 5}", false},
		{"  s: {A: 7}", "  s: {A|gt: 5}", true},
		{"  s: {A|lt: 5}", "  s: {A|lt: 6}", true},
		{"  s: {A|cidr: 10.1.0.0/16}", "  s: {A|cidr: 10.0.0.0/8}", true},
		{"  s: {A|cidr: 10.0.0.0/8}", "  s: {A|cidr: 10.1.0.0/16}", false},
		{"  s: {A: x}", "  s: {A|exists: true}", true},
		{"  s: {A: null}", "  s: {A|exists: true}", false},
		{"  s: {A|neq: [x, y]}", "  s: {A|neq: x}", true},
		{"  s: {A|neq: x}", "  s: {A|neq: [x, y]}", false},
		{"  s: {'L[any]': {k: x, o: y}}", "  s: {'L[any]': {k: x}}", true},
		{"  s: {'L[all]': {k: x}}", "  s: {'L[any]': {k: x}}", true},
		{"  s: {'L[any]': {k: x}}", "  s: {'L[all]': {k: x}}", false},
		{"  s: {'L[none]': {k: [x, y]}}", "  s: {'L[none]': {k: x}}", true},
	} {
		if got := synth.Implies(compile(t, c.a+cond), compile(t, c.b+cond)); got != c.want {
			t.Errorf("%s implies %s: %t", c.a, c.b, got)
		}
	}
}

func TestImpossibleSeesContradictions(t *testing.T) {
	t.Parallel()
	for detection, want := range map[string]bool{
		"  s: {A: x}\n  condition: s":                                   false,
		"  s: {A: x}\n  condition: s and not s":                         true,
		"  s: {A: x, B: y}\n  f: {A: x}\n  condition: s and not f":      true,
		"  s: {A: x}\n  f: {A: x, B: y}\n  condition: s and not f":      false,
		"  s: {A: x}\n  f: {A: [x, y]}\n  condition: s and not 1 of f*": true,
		"  s1: {A: x}\n  s2: {B: x}\n  condition: 2 of s* and not s1":   true,
	} {
		r := compile(t, detection)
		if got := synth.Impossible(r); got != want {
			t.Errorf("%s: %t", detection, got)
		}
		if s, events := made(t, r, synth.Options{Probes: true}); s.Made().Matches > 0 == want {
			t.Errorf("%s: %d events match: %q", detection, s.Made().Matches, events)
		}
	}
}

func TestRedundantAlternativesAreFound(t *testing.T) {
	t.Parallel()
	s, _ := made(t, compile(t, "  s: {A|contains: [ab, b, cab, c, AB, X, x]}\n  condition: s"), synth.Options{})
	var got []string
	for _, b := range s.Redundant() {
		got = append(got, s.Branches[b].Text)
		if s.Made().Decided[b] {
			t.Errorf("%s decides", s.Branches[b])
		}
	}
	want := []string{`A contains "ab"`, `A contains "cab"`, `A contains "AB"`, `A contains "x"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
