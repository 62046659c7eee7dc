package compiler_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

const twoRules = `title: a
name: a
id: 11111111-1111-4111-8111-111111111111
logsource: {category: c}
detection: {s: {A: 1}, condition: s}
---
title: b
name: b
logsource: {category: c}
detection: {s: {A: 2}, condition: s}
---
`

// compileOne compiles the two rules and one correlation after them.
func compileOne(t *testing.T, correlation string, pipelines ...string) (*correlate.Rule, []string) {
	t.Helper()
	opts := compiler.Options{}
	for _, p := range pipelines {
		opts.Pipelines = append(opts.Pipelines, compiler.Source{Name: "p.yml", Data: []byte(p)})
	}
	prog, log := compiler.Compile([]compiler.Source{{Name: "x.yml", Data: []byte(twoRules + correlation)}}, opts)
	var codes []string
	for _, d := range log.All() {
		codes = append(codes, string(d.Code))
	}
	if len(prog.Correlations) == 0 {
		return nil, codes
	}
	return prog.Correlations[0].Rule, codes
}

func TestAliasesNameTheFieldOfEachSource(t *testing.T) {
	t.Parallel()
	r, codes := compileOne(t, `title: c
correlation:
  type: temporal
  rules: [b, 11111111-1111-4111-8111-111111111111]
  timespan: 1m
  group-by: [who, host]
  aliases: {who: {a: user, b: account}}
`)
	if codes != nil || len(r.GroupBy) != 2 {
		t.Fatal(codes, r)
	}
	want := []correlate.AliasField{{Source: 0, Field: "user"}, {Source: 1, Field: "account"}}
	if !slices.Equal(r.GroupBy[0].Aliases, want) || r.GroupBy[1].Aliases != nil {
		t.Errorf("group-by = %+v", r.GroupBy)
	}
	if len(r.Sources) != 2 || r.Sources[0].Rule != "x.yml" || !slices.Equal(r.Sources[0].At, []int{1}) || !slices.Equal(r.Sources[1].At, []int{0}) {
		t.Errorf("sources = %+v", r.Sources)
	}
}

func TestAMappingToSeveralFieldsMakesAlternativesOfOnePart(t *testing.T) {
	t.Parallel()
	r, codes := compileOne(t, "title: c\ncorrelation: {type: value_count, rules: a, timespan: 1m, group-by: who, condition: {field: what, gte: 2}}\n",
		"name: p\npriority: 1\ntransformations:\n  - {id: m, type: field_name_mapping, mapping: {who: [user, account], what: target}}\n")
	if codes != nil {
		t.Fatal(codes)
	}
	if len(r.GroupBy) != 1 || len(r.GroupBy[0].Fields) != 2 || r.GroupBy[0].Name != "user" || r.Fields[0] != "target" {
		t.Errorf("group-by = %+v, fields = %v", r.GroupBy, r.Fields)
	}
}

func TestEngineAttributesOfCorrelations(t *testing.T) {
	t.Parallel()
	const c = "title: c\ncorrelation: {type: event_count, rules: a, timespan: 1m, condition: {gte: 2}}\n"
	type check = func(r *correlate.Rule) bool
	for attribute, holds := range map[string]check{
		"rsigma.suppress: 5m":                       func(r *correlate.Rule) bool { return r.Suppress == 300 },
		"rsigma.action: reset":                      func(r *correlate.Rule) bool { return r.Action == correlate.ActionReset },
		"rsigma.correlation_event_mode: true":       func(r *correlate.Rule) bool { return r.EventMode == correlate.EventsFull },
		"rsigma.correlation_event_mode: False":      func(r *correlate.Rule) bool { return r.EventMode == correlate.EventsNone },
		"rsigma.correlation_event_mode: references": func(r *correlate.Rule) bool { return r.EventMode == correlate.EventsRefs },
		"rsigma.max_correlation_events: '3'":        func(r *correlate.Rule) bool { return r.MaxEvents == 3 },
		"rsigma.max_group_entries: 0":               func(r *correlate.Rule) bool { return r.MaxGroupEntries == 1 },
		"rsigma.window: tumbling":                   func(r *correlate.Rule) bool { return r.Window == correlate.Tumbling },
		"rsigma.timestamp_field: when":              func(r *correlate.Rule) bool { return strings.Contains(r.Meta.Custom, "when") },
		"custom_attributes: {rsigma.suppress: 1h}":  func(r *correlate.Rule) bool { return r.Suppress == 3600 },
	} {
		r, codes := compileOne(t, c+attribute+"\n")
		if codes != nil || r == nil || !holds(r) {
			t.Errorf("%s: %v %+v", attribute, codes, r)
		}
	}
	for _, attribute := range []string{
		"rsigma.suppress: 5", "rsigma.suppress: [1m]", "rsigma.action: none", "rsigma.correlation_event_mode: all",
		"rsigma.max_correlation_events: 0", "rsigma.max_group_entries: -1", "rsigma.timestamp_field: 7", "rsigma.action: null",
	} {
		r, codes := compileOne(t, c+attribute+"\n")
		if r == nil || !slices.Equal(codes, []string{"invalid-attribute"}) {
			t.Errorf("%s: %v, want a warning", attribute, codes)
		}
	}
	for attributes, want := range map[string][]string{
		"rsigma.correlation_event_mode: refs\nrsigma.max_correlation_events: 100\n": nil,
		"rsigma.correlation_event_mode: refs\nrsigma.max_correlation_events: 101\n": {"no-effect"},
		"rsigma.correlation_event_mode: full\nrsigma.max_correlation_events: 101\n": nil,
	} {
		if r, codes := compileOne(t, c+attributes); r == nil || !slices.Equal(codes, want) {
			t.Errorf("%q: %v, want %v", attributes, codes, want)
		}
	}
	r, codes := compileOne(t, c, "name: p\ntransformations:\n  - {type: set_custom_attribute, attribute: rsigma.window, value: session}\n  - {type: set_custom_attribute, attribute: rsigma.gap, value: 10s}\n")
	if codes != nil || r.Window != correlate.Session || r.Gap != 10 {
		t.Errorf("a window set by a pipeline: %v %+v", codes, r)
	}
	if r, codes := compileOne(t, c, "name: p\ntransformations:\n  - {type: set_custom_attribute, attribute: rsigma.window, value: session}\n"); r != nil || !slices.Contains(codes, "requires-a-gap") {
		t.Errorf("a session without a gap, set by a pipeline: %v", codes)
	}
}

func TestDetectionRulesThatSetDefaultsForAllCorrelationsAreWarnedOf(t *testing.T) {
	t.Parallel()
	src := strings.Replace(twoRules, "---", "rsigma.suppress: 5m\nrsigma.action: nope\n---", 1)
	prog, log := compiler.Compile([]compiler.Source{{Name: "x.yml", Data: []byte(src)}}, compiler.Options{})
	var got []string
	for _, d := range log.All() {
		got = append(got, d.String())
	}
	want := []string{
		`x.yml:6:18: warning: attribute rsigma.suppress of a detection rule is a default for all correlations, not only for those that use the rule (set it on the correlation rule instead) [engine-default]`,
		`x.yml:7:16: warning: invalid attribute rsigma.action: expected alert or reset; it is ignored [invalid-attribute]`,
	}
	if prog.Count(ir.Armed) != 2 || !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestDigestsOfCorrelationsFollowWhatTheyDo(t *testing.T) {
	t.Parallel()
	const c = "title: c\ncorrelation: {type: event_count, rules: a, timespan: 1m, group-by: u, condition: {gte: 2}}\n"
	base, _ := compileOne(t, c)
	for name, src := range map[string]string{
		"a comment":        "# x\n" + c,
		"a description":    c + "description: x\n",
		"another notation": strings.ReplaceAll(c, "1m", "60s"),
	} {
		if r, _ := compileOne(t, src); r.Meta.Digest != base.Meta.Digest {
			t.Errorf("%s changes the digest", name)
		}
	}
	for _, change := range [][2]string{
		{"gte: 2", "gte: 3"}, {"gte: 2", "gt: 2"}, {"1m", "2m"}, {"group-by: u", "group-by: v"}, {"title: c", "title: d"},
		{"rules: a", "rules: [a, b]"}, {"event_count", "value_count"}, {"title: c", "title: c\nrsigma.action: reset"},
	} {
		src := strings.Replace(c, change[0], change[1], 1)
		if change[1] == "value_count" {
			src = strings.Replace(src, "gte: 2", "gte: 2, field: f", 1)
		}
		if r, codes := compileOne(t, src); r == nil || r.Meta.Digest == base.Meta.Digest {
			t.Errorf("%s does not change the digest (%v)", change[1], codes)
		}
	}
}
