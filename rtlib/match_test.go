package rtlib

import (
	"strings"
	"sync"
	"testing"
)

func TestTextPredicatesNeedText(t *testing.T) {
	t.Parallel()
	preds := []*Pred{
		pred(Equal, ""), pred(Prefix, ""), pred(Suffix, ""), pred(Contains, ""), pred(Glob, "*"), pred(Regex, ""),
		pred(GlobDashFold, "*"), pred(ExpandFold, "*"), pred(ContainsFold, append(filler(20), "")...),
		pred(GlobFold, append(filler(20), "*")...),
	}
	for _, p := range preds {
		runHolds(t, []holds{
			{p, `{}`, false}, {p, `{"f":null}`, false}, {p, `{"f":{"a":""}}`, false}, {p, `{"f":[]}`, false},
			{p, `{"f":[null,{"a":""},[[]]]}`, false}, {p, `[""]`, false},
			{p, `{"f":""}`, true}, {p, `{"f":[null,[[""]]]}`, true},
			{p, `{"f":0}`, p.Op != Equal}, {p, `{"f":false}`, p.Op != Equal},
		})
	}
}

func TestAllJudgesEachOperandOnItsOwn(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		p    *Pred
		both string
	}{
		{predAll(ContainsFold, "ALPHA", "beta"), `{"f":["x alpha","BETA y"]}`},
		{predAll(GlobFold, "*Alpha*", "Beta*"), `{"f":["x alpha","BETA y"]}`},
		{predAll(Equal, "a", "b"), `{"f":["b","a"]}`},
		{predAll(Regex, "^a", "b$"), `{"f":["b","a"]}`},
		{predAll(CIDR, "10.0.0.0/8", "11.0.0.0/8"), `{"f":["11.1.1.1","10.1.1.1"]}`},
		{&Pred{Op: NumEqual, Field: "f", Ints: []int64{1}, Floats: []float64{2.5}, All: true}, `{"f":[1,"2.50"]}`},
		{&Pred{Op: TimeEqual, Field: "f", Part: Hour, Ints: []int64{1, 2}, All: true},
			`{"f":["2024-01-01T01:00:00","2024-01-01T02:00:00"]}`},
		{predAll(RefEqual, "g", "h"), `{"f":["a","b"],"g":"b","h":"a"}`},
		{predAll(ExpandFold, "%g%", "%h%"), `{"f":["a","b"],"g":"b","h":"a"}`},
	} {
		one := strings.Replace(row.both, `["`, `["zzz","`, 1)
		first := row.both[strings.Index(row.both, "[")+1 : strings.Index(row.both, ",")]
		single := strings.Replace(row.both, row.both[strings.Index(row.both, "["):strings.Index(row.both, "]")+1], first, 1)
		runHolds(t, []holds{{row.p, row.both, true}, {row.p, single, false}})
		if strings.Contains(one, "zzz") {
			runHolds(t, []holds{{row.p, one, true}})
		}
	}
	runHolds(t, []holds{{predAll(Equal), `{"f":"a"}`, false}, {pred(Equal), `{"f":"a"}`, false}})
}

func TestPresence(t *testing.T) {
	t.Parallel()
	null := &Pred{Op: IsNull, Field: "a.f"}
	yes, no := &Pred{Op: Exists, Field: "a.f", Want: true}, &Pred{Op: Exists, Field: "a.f"}
	runHolds(t, []holds{
		{null, `{}`, true}, {null, `{"a":{"f":null}}`, true}, {null, `{"a":{"f":""}}`, false},
		{null, `{"a":{"f":[null]}}`, false}, {null, `{"a":[{"f":null}]}`, true}, {null, `{"a":[{"f":null},{"f":1}]}`, false},
		{yes, `{}`, false}, {yes, `{"a":{"f":null}}`, true}, {yes, `{"a.f":{}}`, true}, {yes, `{"a":[]}`, false},
		{no, `{}`, true}, {no, `{"a":{"f":null}}`, false},
	})
}

func TestBooleans(t *testing.T) {
	t.Parallel()
	yes, no := &Pred{Op: BoolEqual, Field: "f", Want: true}, &Pred{Op: BoolEqual, Field: "f"}
	for _, s := range []string{`true`, `"TRUE"`, `"yes"`, `"yeſ"`, `"1"`, `[0,true]`} {
		runHolds(t, []holds{{yes, `{"f":` + s + `}`, true}, {no, `{"f":` + s + `}`, false}})
	}
	for _, s := range []string{`false`, `"No"`, `"0"`, `["x","False"]`} {
		runHolds(t, []holds{{yes, `{"f":` + s + `}`, false}, {no, `{"f":` + s + `}`, true}})
	}
	for _, s := range []string{`1`, `0`, `1.0`, `"on"`, `""`, `null`, `[]`, `{}`} {
		runHolds(t, []holds{{yes, `{"f":` + s + `}`, false}, {no, `{"f":` + s + `}`, false}})
	}
}

func TestAPredicateWorksUnprepared(t *testing.T) {
	t.Parallel()
	ev := eventFor(t, `{"f":"abc"}`, pred(Equal, ""))
	if !pred(Prefix, "a").Match(ev) {
		t.Error("a predicate that was not prepared does not match")
	}
	if pred(Regex, "(").Match(ev) {
		t.Error("a predicate that does not compile matches")
	}
	if err := pred(Regex, "(").prepare(); err == nil {
		t.Error("a predicate that does not compile is prepared")
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	many := func(s ...string) []string { return append(filler(100), s...) }
	preds := []*Pred{
		pred(EqualFold, "X"), pred(EqualFold, many("X")...), pred(PrefixFold, many("X")...), pred(SuffixFold, many("X")...),
		pred(ContainsFold, many("zz")...), pred(GlobFold, "*a?c*z"), pred(GlobFold, many("*a?c*", "*q*")...),
		pred(GlobDashFold, "* -a*"), pred(Expand, "%g%*%h%"), pred(CIDR, "10.0.0.0/8", "fe80::/10"),
		{Op: NumEqual, Field: "f", Ints: []int64{1, 2}}, {Op: NumLess, Field: "f", Floats: []float64{-1}},
		{Op: NumEqual, Field: "f", Ints: []int64{1, 2, 3, 4, 5, 6, 7}, Floats: []float64{8, 9}},
		{Op: BoolEqual, Field: "f"}, {Op: IsNull, Field: "f"}, {Op: Exists, Field: "f"},
		pred(RefEqualFold, "g"), pred(RefContains, "g", "h"),
		{Op: TimeEqual, Field: "f", Part: Week, Ints: []int64{53}},
		{Op: ContainsFold, Field: AnyString, Strings: []string{"nowhere"}},
	}
	for _, p := range preds {
		for _, raw := range []string{
			`{"f":"abcabdabc -a 10.300.1.1 12:34:56","g":"Y"}`, `{"f":["2024-01-02T03:04:05.5+01:00",12.5,"99999999999999999999","::fe80:zz"],"g":["a",null]}`,
			`{"f":12345678901}`, `{}`,
		} {
			ev := eventFor(t, raw, p)
			p.Match(ev)
			if n := testing.AllocsPerRun(100, func() { p.Match(ev) }); n != 0 {
				t.Errorf("%s for %s: %v allocations", describe(p), raw, n)
			}
		}
	}
}

func TestSharedPredicatesMayBePreparedWhileTheyRun(t *testing.T) {
	t.Parallel()
	p := pred(ContainsFold, append(filler(20), "abc")...)
	if err := p.prepare(); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		ev := textEvent(t, "xABCx", p)
		wg.Go(func() {
			for range 100 {
				if err := p.prepare(); err != nil || !p.Match(ev) {
					t.Errorf("no match: %v", err)
				}
			}
		})
	}
	wg.Wait()
}
