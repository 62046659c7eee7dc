package lower_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// text compiles one rule with the given detection and returns the canonical text of its selections and conditions.
func text(t *testing.T, opts compiler.Options, detection string) string {
	t.Helper()
	opts.NoOptimize = true
	src := "title: t\nlogsource: {category: test}\n" + detection
	prog, log := compiler.Compile([]compiler.Source{{Name: "t.yml", Data: []byte(src)}}, opts)
	if len(prog.Rules) != 1 {
		t.Fatalf("%s\n%v", detection, log.All())
	}
	_, body, _ := strings.Cut(prog.Rules[0].Text(), "\nlogsource category=\"test\" product=\"\" service=\"\"\n")
	return body
}

// sel is text for a single selection, without the frame.
func sel(t *testing.T, field string) string {
	t.Helper()
	got := text(t, compiler.Options{}, "detection:\n  s:\n    "+field+"\n  condition: s\n")
	got = strings.TrimPrefix(got, `selection "s" hidden=false (all `)
	return strings.TrimSuffix(got, ")\ncondition \"s\"\n")
}

func TestValuesGetTheCheapestOperatorThatMeansTheSame(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`A: x`:                             `(EqualFold "A" "x")`,
		`A: [x, y]`:                        `(EqualFold "A" "x" "y")`,
		`A: ''`:                            `(EqualFold "A" "")`,
		`A: 'x*'`:                          `(PrefixFold "A" "x")`,
		`A: '*x'`:                          `(SuffixFold "A" "x")`,
		`A: '**x**'`:                       `(ContainsFold "A" "x")`,
		`A: '*'`:                           `(GlobFold "A" "*")`,
		`A: 'a?b'`:                         `(GlobFold "A" "a?b")`,
		`A: 'C:\x\\*\y?'`:                  `(GlobFold "A" "C:\\\\x\\\\*\\\\y?")`,
		`A|contains: x`:                    `(ContainsFold "A" "x")`,
		`A|contains|all: [x, y]`:           `(ContainsFold "A" all "x" "y")`,
		`A|startswith|cased: x`:            `(Prefix "A" "x")`,
		`A|endswith: 'a*b'`:                `(GlobFold "A" "*a*b")`,
		`A: [x, 'y*', z]`:                  `(any (EqualFold "A" "x" "z") (PrefixFold "A" "y"))`,
		`A: [x, 1, null, true]`:            `(any (EqualFold "A" "x") (NumEqual "A" 1) (IsNull "A") (BoolEqual "A" want=true))`,
		`A: [1, 2.5]`:                      `(NumEqual "A" 1 2.5f)`,
		`A|neq: x`:                         `(not (EqualFold "A" "x"))`,
		`A|windash: -x`:                    `(GlobDashFold "A" "-x")`,
		`A|windash: x`:                     `(EqualFold "A" "x")`,
		`A|re|i: 'a.b'`:                    `(Regex "A" "(?i)a.b")`,
		`A|cidr: 10.1.2.3/8`:               `(CIDR "A" "10.0.0.0/8")`,
		`A|gte: 5`:                         `(NumGreaterEqual "A" 5)`,
		`A|hour|lt: 6`:                     `(TimeLess "A" 6 part=Hour)`,
		`A|exists: false`:                  `(Exists "A" want=false)`,
		`A|fieldref|endswith: b.c`:         `(RefSuffixFold "A" "b.c")`,
		`A|base64: foo`:                    `(EqualFold "A" "Zm9v")`,
		`A|base64offset|all: [abcd, efgh]`: `(all (ContainsFold "A" "YWJjZ" "FiY2" "hYmNk") (ContainsFold "A" "ZWZna" "VmZ2" "lZmdo"))`,
		`'|all': [x, 4]`:                   `(ContainsFold "\x00*" all "x" "4")`,
	} {
		if diff := cmp.Diff(want, sel(t, in)); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

func TestSelectorsPickInDefinitionOrder(t *testing.T) {
	t.Parallel()
	for cond, want := range map[string]string{
		"all of s*":      `(of 2 ["s2" "s1"])`,
		"1 of them":      `(of 1 ["s2" "s1" "x"])`,
		"2 of them":      `(of 2 ["s2" "s1" "x"])`,
		"all of nope*":   `(of 1 [])`,
		"1 of _*":        `(of 1 ["_h"])`,
		"x and not s1":   `(all "x" (not "s1"))`,
		"x or s1 and s2": `(any "x" (all "s1" "s2"))`,
	} {
		got := text(t, compiler.Options{},
			"detection: {s2: {A: 1}, s1: {A: 1}, x: {A: 1}, _h: {A: 1}, condition: '"+cond+"'}")
		_, got, _ = strings.Cut(got, "condition ")
		if diff := cmp.Diff(want, strings.TrimSpace(got)); diff != "" {
			t.Errorf("%s: %s", cond, diff)
		}
	}
}

func TestPlaceholdersAreRejectedUnlessTheEventMayFillThem(t *testing.T) {
	t.Parallel()
	const detection = "detection: {s: {'A|expand|contains': 'x%u%\\%*'}, condition: s}"
	src := []compiler.Source{{Name: "t.yml", Data: []byte("title: t\nlogsource: {category: c}\n" + detection)}}
	prog, _ := compiler.Compile(src, compiler.Options{})
	if d := prog.Documents[0]; d.Status != ir.Skipped || !strings.Contains(d.Reason, "unhandled placeholder %u%") {
		t.Errorf("got %s, %q", d.Status, d.Reason)
	}
	got := text(t, compiler.Options{PlaceholderFallback: true}, detection)
	if want := `(ExpandFold "A" "*x%u%\\%*")`; !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestArrayBlocksKeepTheirBodies(t *testing.T) {
	t.Parallel()
	got := text(t, compiler.Options{}, `sigma-version: 3
detection:
  s:
    conn[any]:
      condition: a and not 1 of b*
      a: {ip: x}
      b1: {.: 5}
    args[0]: y
  condition: s
`)
	want := `selection "s" hidden=false (all (each EachAny "conn" (all (all (EqualFold "ip" "x")) ` +
		`(not (atleast 1 (all (NumEqual "\x00." 5)))))) (EqualFold "\x00[]args[0]" "y"))` + "\ncondition \"s\"\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
