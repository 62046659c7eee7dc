package link_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/link"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// load links the documents of one file.
func load(t *testing.T, src string) (*link.Set, []*sigma.Document, *diag.List) {
	t.Helper()
	log := &diag.List{}
	docs := sigma.Parse(yamldoc.Parse("t.yml", []byte(src), log), log)
	return link.Link(docs, log), docs, log
}

const twoRules = `
title: A
id: 11111111-1111-4111-8111-11111111111a
name: a
logsource: {product: windows, category: c}
detection: {s: {k: a}, condition: s}
---
title: B
name: b
logsource: {product: linux}
detection: {s: {k: a}, condition: s}
---
`

func TestReferencesReachRulesByIDAndName(t *testing.T) {
	t.Parallel()
	set, _, log := load(t, twoRules+`
title: c
correlation: {type: event_count, rules: [11111111-1111-4111-8111-11111111111A, b, a], timespan: 1m, condition: {gte: 1}}
`)
	if log.Errors() > 0 {
		t.Fatal(log.All())
	}
	a, b := set.Docs[0], set.Docs[1]
	want := [][]*sigma.Document{{a}, {b}, {a}}
	got := set.Refs[set.Docs[2].Correlation]
	if !slices.EqualFunc(got, want, func(x, y []*sigma.Document) bool { return slices.Equal(x, y) }) {
		t.Errorf("references = %v, want %v", got, want)
	}
	if r := set.Resolve("b"); !slices.Equal(r, []*sigma.Document{b}) {
		t.Errorf("Resolve = %v", r)
	}
}

func TestRejectionLeavesTheInputAlone(t *testing.T) {
	t.Parallel()
	set, docs, _ := load(t, "title: c\nname: c\ncorrelation: {type: event_count, rules: [c], timespan: 1m, condition: {gte: 1}}\n")
	if docs[0].Failed || !set.Docs[0].Failed || len(set.Refs) != 0 {
		t.Errorf("input failed = %v, result failed = %v, references = %v", docs[0].Failed, set.Docs[0].Failed, set.Refs)
	}
}

func TestFiltersAreListedBesideTheRulesTheyHit(t *testing.T) {
	t.Parallel()
	set, _, log := load(t, twoRules+`
title: any windows
logsource: {product: WINDOWS}
filter: {rules: any, s: {a: 1}, condition: not s}
---
title: by title
filter: {rules: [B, nobody], s: {a: 1}, condition: not s}
---
title: by id
filter: {rules: 11111111-1111-4111-8111-11111111111A, s: {a: 1}, condition: not s}
---
title: other category
logsource: {product: windows, category: d}
filter: {rules: a, s: {a: 1}, condition: not s}
`)
	names := func(d *sigma.Document) string {
		var out []string
		for _, f := range set.Filters[d.Rule] {
			out = append(out, f.Title)
		}
		return strings.Join(out, ", ")
	}
	if got := names(set.Docs[0]); got != "any windows, by id" {
		t.Errorf("filters of A = %s", got)
	}
	if got := names(set.Docs[1]); got != "by title" {
		t.Errorf("filters of B = %s", got)
	}
	if log.Errors() > 0 || log.Len() != 1 {
		t.Errorf("diagnostics = %v, want one warning", log.All())
	}
}

func TestChainsThatAreTooDeepAreWarnedOf(t *testing.T) {
	t.Parallel()
	src := twoRules
	below := "a"
	for i := range 13 {
		name := fmt.Sprintf("level%d", i)
		src += fmt.Sprintf("title: %s\nname: %s\ncorrelation: {type: event_count, rules: [%s], timespan: 1m, condition: {gte: 1}}\n---\n", name, name, below)
		below = name
	}
	_, _, log := load(t, src)
	var got []string
	for _, d := range log.All() {
		got = append(got, string(d.Code))
	}
	if want := []string{"chain-too-deep", "chain-too-deep"}; !slices.Equal(got, want) {
		t.Errorf("diagnostics = %v, want levels 11 and 12 to be warned of", log.All())
	}
}
