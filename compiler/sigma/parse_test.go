package sigma_test

import (
	"slices"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// parse reads a file of documents.
func parse(t *testing.T, text string) ([]*sigma.Document, *diag.List) {
	t.Helper()
	log := &diag.List{}
	return sigma.Parse(yamldoc.Parse("test.yml", []byte(text), log), log), log
}

func titles(docs []*sigma.Document) []string {
	var out []string
	for _, d := range docs {
		out = append(out, d.Title)
	}
	return out
}

func TestRejectedDocumentsDoNotVanish(t *testing.T) {
	t.Parallel()
	docs, _ := parse(t, `
title: good
logsource: {category: t}
detection: {s: {a: 1}, condition: s}
---
- a list
---
---
title: no detection
id: 11111111-1111-4111-8111-111111111111
logsource: {category: t}
---
title: c
correlation: 5
---
title: f
filter: 5
---
action: bogus
title: acts
`)
	type row struct {
		title  string
		kind   sigma.Kind
		index  int
		failed bool
	}
	want := []row{
		{"good", sigma.KindRule, 0, false},
		{"", sigma.KindInvalid, 1, true},
		{"no detection", sigma.KindRule, 3, true},
		{"c", sigma.KindCorrelation, 4, true},
		{"f", sigma.KindFilter, 5, true},
		{"acts", sigma.KindInvalid, 6, true},
	}
	var got []row
	for _, d := range docs {
		got = append(got, row{d.Title, d.Kind, d.Index, d.Failed})
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if docs[2].ID != "11111111-1111-4111-8111-111111111111" {
		t.Errorf("id of a rejected document = %q", docs[2].ID)
	}
}

func TestGlobalTemplateMergesUnderLaterDocumentsAndMakesNone(t *testing.T) {
	t.Parallel()
	docs, log := parse(t, `
action: global
title: base
logsource: {product: windows}
detection: {extra: {Env: prod}, condition: s and extra}
---
detection: {s: {a: 1}}
---
title: own
detection: {s: {b: 1}}
---
action: reset
---
title: alone
logsource: {category: t}
detection: {s: {a: 1}, condition: s}
---
action: repeat
title: again
`)
	if log.Errors() > 0 {
		t.Fatal(log.All())
	}
	if got, want := titles(docs), []string{"base", "own", "alone", "again"}; !slices.Equal(got, want) {
		t.Fatalf("titles = %v, want %v", got, want)
	}
	if d := docs[1].Rule.Detections; len(d) != 2 || d[0].Name != "extra" || d[1].Name != "s" {
		t.Errorf("merged detections = %v", d)
	}
	if docs[3].Rule.LogSource.Category != "t" || len(docs[3].Rule.Custom) != 0 {
		t.Errorf("repeat made %+v", docs[3].Rule.Header)
	}
}

func TestErrorsInATemplateCountForTheDocumentThatUsesIt(t *testing.T) {
	t.Parallel()
	docs, log := parse(t, "action: global\nlogsource: windows\n---\ntitle: t\ndetection: {s: {a: 1}, condition: s}\n")
	if len(docs) != 1 || !docs[0].Failed {
		t.Fatalf("documents = %v", docs)
	}
	if pos := log.All()[0].Pos; pos.Doc != 1 || pos.Line != 2 {
		t.Errorf("position = %+v, want line 2 of the file, counted for document 1", pos)
	}
}

func TestHeaderKeepsWhatIsUsable(t *testing.T) {
	t.Parallel()
	docs, _ := parse(t, `
title: t
id: r
name: n
status: test
level: high
date: 2024/1/2
modified: yesterday
sigma-version: v2.1.0
tags: [attack.t1059, Bad, 5]
falsepositives: none
related: [{id: x, type: derived}, {id: y, type: cousin}, 5]
logsource: {category: c, product: ' ', vendor: acme, service: 5}
extra: 1
rsigma.suppress: 5m
custom_attributes: {extra: 2, more: 3}
detection: {s: {a: 1}, condition: s}
`)
	h := docs[0].Rule.Header
	if docs[0].Failed || h.ID != "r" || h.Name != "n" || h.Status != "test" || h.Level != "high" || h.Date != "2024/1/2" || h.Modified != "" || h.Version != 2 {
		t.Errorf("header = %+v", h)
	}
	if !slices.Equal(h.Tags, []string{"attack.t1059", "Bad"}) || !slices.Equal(h.FalsePositives, []string{"none"}) || len(h.Related) != 1 {
		t.Errorf("lists = %v %v %v", h.Tags, h.FalsePositives, h.Related)
	}
	if h.LogSource.Category != "c" || h.LogSource.Product != "" || h.LogSource.Service != "" || len(h.LogSource.Custom) != 1 {
		t.Errorf("log source = %+v", h.LogSource)
	}
	var keys []string
	for _, a := range h.Custom {
		keys = append(keys, a.Key+"="+a.Value.Text)
	}
	if want := []string{"extra=2", "rsigma.suppress=5m", "more=3"}; !slices.Equal(keys, want) {
		t.Errorf("custom attributes = %v, want %v", keys, want)
	}
}

func TestTimespansHaveUnitsAndAreNotZero(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"1s": 1, "5m": 300, "2h": 7200, "1d": 86400, "1w": 604800, "1M": 2629746, "1y": 31556952, "007s": 7,
		"": 0, "s": 0, "5": 0, "5x": 0, "5H": 0, "0s": 0, "-1s": 0, "+1s": 0, "1h30m": 0, "1.5h": 0, " 1s": 0,
		"9223372036854775807s": 9223372036854775807, "9223372036854775807m": 0, "9223372036854775808s": 0,
	} {
		if got, ok := sigma.ParseTimespan(text); got != want || ok != (want != 0) {
			t.Errorf("ParseTimespan(%q) = %d, %v; want %d", text, got, ok, want)
		}
	}
}

func TestNumericStringsFollowTheGrammar(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"7": "7 int", "+7": "7 int", "007": "7 int", "-7": "-7 int", "7.": "7", ".5": "0.5", "70e-1": "7", "1E3": "1000", "-0": "0 int",
		"-0.0": "0", "9223372036854775807": "9223372036854775807 int", "9223372036854775808": "9223372036854776000", "1e-7": "0.0000001",
		"": "", ".": "", "e5": "", "1e": "", "1e+": "", " 7": "", "7 ": "", "0x7": "", "1_0": "", "inf": "", "NaN": "", "1e999": "", "+": "",
	} {
		n, ok := sigma.ParseNumber(text)
		got := n.Text
		if n.IsInt {
			got += " int"
		}
		if got != want || ok != (want != "") {
			t.Errorf("ParseNumber(%q) = %q, %v; want %q", text, got, ok, want)
		}
	}
}
