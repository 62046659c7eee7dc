package rtlib

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// traceItem traces the only item of a rule.
func traceItem(t *testing.T, x Expr, event string) *Trace {
	t.Helper()
	r := &Rule{Selections: []Selection{{Name: "s", Body: AllOf{x}}}, Conditions: []Cond{Sel("s")}}
	trace := r.Trace(eventFor(t, event, x)).Terms[0]
	if trace.Item == nil {
		t.Fatalf("%s is not an item", describe(x))
	}
	return trace
}

func TestHintsNameWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		x     Expr
		event string
		want  string
	}{
		{on("A", EqualFold, "x"), `{"a":"x"}`, `the field is missing; the event has "a": the case of field names counts`},
		{on("A", EqualFold, "x"), `{"l":[{"d":{"A":"x"}}]}`, `the field is missing; the event has "l.d.A": a pipeline can map the field`},
		{on("b.A", EqualFold, "x"), `{"B":{"a":"x"}}`, `the field is missing; the event has "B.a": the case of field names counts`},
		{on("A", EqualFold, "x"), `{"b":1}`, "the field is missing"},
		{on("A", EqualFold, "x"), `{"A":null}`, "the value is null"},
		{on("A", EqualFold, "x"), `{"A":{"b":"x"}}`, "the value is an object; only what is inside it can be compared"},
		{on("A", EqualFold, "x"), `{"A":[null]}`, "the array has no text or number in it"},
		{on("A", EqualFold, "1.0"), `{"A":1}`, `the value is the number 1, the rule asks for the text "1.0"`},
		{on("A", EqualFold, "x"), `{"A":"a x b"}`, "the rule asks for all of the value, and it holds more than that"},
		{on("A", EqualFold, "x"), `{"A":" x"}`, "the value has blanks around it"},
		{on("A", Equal, "x"), `{"A":"X"}`, "only letter case differs, and the rule asks for equal case (cased)"},
		{on("A", PrefixFold, "x"), `{"A":"ax"}`, "it is in the value, but not at the start, where the rule looks"},
		{on("A", SuffixFold, ".exe"), `{"A":"a.exe b"}`, "it is in the value, but not at the end, where the rule looks"},
		{on("A", GlobFold, "a*b"), `{"A":"xaab"}`, "the pattern fits a part of the value, and the rule asks for all of it"},
		{on("A", EqualFold, `C:\a`), `{"A":"C:\\\\a"}`, "the value has doubled backslashes"},
		{on("A", EqualFold, `C:\\a`), `{"A":"C:\\a"}`, "the rule has doubled backslashes"},
		{on("A", Regex, "^x$"), `{"A":"X"}`, "only letter case differs: add the modifier i"},
		{on("A", Regex, "^x$"), `{"A":"y"}`, ""},
		{on("A", CIDR, "10.0.0.0/8"), `{"A":"11.0.0.1"}`, "the address is outside of the network"},
		{on("A", CIDR, "10.0.0.0/8"), `{"A":"10.0.0.1:80"}`, "the value is not an address"},
		{&Pred{Op: NumEqual, Field: "A", Ints: []int64{5}}, `{"A":"five"}`, "the value is not a number"},
		{&Pred{Op: NumLess, Field: "A", Ints: []int64{5}}, `{"A":7}`, ""},
		{&Pred{Op: BoolEqual, Field: "A", Want: true}, `{"A":1}`, "the value is a number, and numbers are never booleans"},
		{&Pred{Op: IsNull, Field: "A"}, `{"A":1}`, "the field holds a value"},
		{&Pred{Op: Exists, Field: "A"}, `{"A":1}`, "the field is there"},
		{&Pred{Op: TimeEqual, Field: "A", Part: Hour, Ints: []int64{5}}, `{"A":"2024-01-02T07:00:00Z"}`, "the hour is 7"},
		{on("A", RefEqualFold, "B"), `{"A":1}`, "the other field, B, is missing"},
		{on("A", RefEqualFold, "B"), `{"A":1,"B":[2]}`, "the other field, B, holds [2]"},
	} {
		got := traceItem(t, row.x, row.event)
		if hints := strings.Join(got.Item.Hints, "; "); got.Holds || hints != row.want {
			t.Errorf("%s for %s: holds %v, %q, want %q", describe(row.x), row.event, got.Holds, hints, row.want)
		}
	}
}

func TestItemsSayWhichOperandIsToBlame(t *testing.T) {
	t.Parallel()
	all := &Pred{Op: ContainsFold, Field: "A", All: true, Strings: []string{"ab", "cd", "ef"}}
	for _, row := range []struct {
		x                 Expr
		event             string
		notFound, closest string
	}{
		{all, `{"A":"xcdx"}`, "ab ef", ""},
		{all, `{"A":"abcdef"}`, "", ""},
		{Not{on("A", EqualFold, "x", "y")}, `{"A":"Y"}`, "x", ""},
		{on("A", SuffixFold, `\net.exe`, `\cmd.exe`), `{"A":"C:\\cmD.exe"}`, `\net.exe`, ""},
		{on("A", SuffixFold, `\net.exe`, `\cmd.exe`), `{"A":"C:\\xcmD.exe"}`, `\net.exe \cmd.exe`, `\cmd.exe`},
		{on("A", EqualFold, "alpha", "omega"), `{"A":"alphb"}`, "alpha omega", "alpha"},
	} {
		got := traceItem(t, row.x, row.event).Item
		if strings.Join(got.NotFound, " ") != row.notFound || got.Closest != row.closest {
			t.Errorf("%s for %s: not found %q, closest %q", describe(row.x), row.event, got.NotFound, got.Closest)
		}
	}
}

func TestMembersOfArraysAreTracedOneByOne(t *testing.T) {
	t.Parallel()
	x := &Each{Field: "l", Quant: EachAny, Body: AllOf{on("k", EqualFold, "x"), on("m", EqualFold, "y")}}
	got := traceItem(t, x, `{"l":[{"k":"x"},{"k":"x","m":"z"},{"m":"y"}]}`)
	if got.Kind != TraceEach || got.Item.Members != 3 || got.Item.Holding != 0 || len(got.Terms) != 3 {
		t.Fatalf("%+v", got)
	}
	if v := got.Terms[1].Terms[1].Item.Value; v != `"z"` {
		t.Errorf("the second member holds %s", v)
	}
}

// tree draws a condition over selections that are used once each.
func tree(t *rapid.T, depth int, next *int) Cond {
	kind := rapid.IntRange(0, 4).Draw(t, "kind")
	if depth == 0 {
		kind = 0
	}
	terms := func() []Cond {
		out := make([]Cond, rapid.IntRange(1, 3).Draw(t, "terms"))
		for i := range out {
			out[i] = tree(t, depth-1, next)
		}
		return out
	}
	name := func() string { *next++; return fmt.Sprint("f", *next) }
	switch kind {
	case 1:
		return AllConds(terms())
	case 2:
		return AnyConds(terms())
	case 3:
		return NotCond{tree(t, depth-1, next)}
	case 4:
		of := OfSels{N: rapid.IntRange(1, 4).Draw(t, "n")}
		for range rapid.IntRange(0, 3).Draw(t, "names") {
			of.Names = append(of.Names, name())
		}
		return of
	default:
		return Sel(name())
	}
}

// TestTheNearestMissIsTheFewestItems compares with trying every set of items, and the verdict with Explain.
func TestTheNearestMissIsTheFewestItems(t *testing.T) {
	t.Parallel()
	misses := 0
	rapid.Check(t, func(t *rapid.T) {
		n := 0
		cond := tree(t, 3, &n)
		if n > 10 {
			t.Skip("too many items to try every set")
		}
		values := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "values")
		rule := &Rule{Conditions: []Cond{cond}}
		var ids []FieldID
		for i := range n {
			p := on(Field(fmt.Sprint("f", i+1)), EqualFold, "1")
			rule.Selections = append(rule.Selections, Selection{Name: string(p.Field), Body: AllOf{p}})
			ids = append(ids, p.Field.ID())
		}
		if err := rule.Prepare(); err != nil {
			t.Fatal(err)
		}
		event := func(flip int) *Event {
			ev := NewEvent()
			ev.Reset(ShapeJSON, []byte("{}"))
			for i, v := range values {
				if v != (flip>>i&1 != 0) {
					ev.PutRaw(ids[i], "1")
				}
			}
			return ev
		}
		matches := func(flip int) bool {
			x := explainer{rule: rule, ev: event(flip), out: new(Explanation)}
			return x.cond(cond)
		}
		trace := rule.Trace(event(0))
		if trace.Holds != matches(0) {
			t.Fatalf("the trace says %v", trace.Holds)
		}
		fewest := n + 1
		for flip := range 1 << n {
			if matches(flip) {
				fewest = min(fewest, strings.Count(fmt.Sprintf("%b", flip), "1"))
			}
		}
		flip, marked := 0, 0
		var walk func(*Trace)
		walk = func(x *Trace) {
			if x.Miss {
				marked++
				flip |= 1 << slices.Index(ids, Field(x.Item.Field).ID())
			}
			for _, term := range x.Terms {
				walk(term)
			}
		}
		walk(trace)
		switch {
		case fewest > n && marked > 0:
			t.Fatalf("%d items are marked, but nothing makes the rule match", marked)
		case fewest <= n && (marked != fewest || !matches(flip)):
			t.Fatalf("%d items are marked, the fewest is %d; they make it match: %v", marked, fewest, matches(flip))
		}
		misses += marked
	})
	if misses == 0 {
		t.Error("nothing missed")
	}
}

func TestAnExclusionIsBrokenByTheFewestOfItsTerms(t *testing.T) {
	t.Parallel()
	rule := &Rule{Conditions: []Cond{NotCond{OfSels{N: 2, Names: []string{"A", "B", "C"}}}}}
	var bodies []Expr
	for _, name := range []string{"A", "B", "C"} {
		body := AllOf{on(Field(name), EqualFold, "1")}
		bodies = append(bodies, body)
		rule.Selections = append(rule.Selections, Selection{Name: name, Body: body})
	}
	for event, want := range map[string]int{`{"A":1,"B":1,"C":1}`: 2, `{"A":1,"C":1}`: 1, `{"A":1}`: 0} {
		marked := 0
		trace := rule.Trace(eventFor(t, event, bodies...))
		for _, selection := range trace.Terms[0].Terms {
			if selection.Terms[0].Miss {
				marked++
			}
		}
		if marked != want || trace.Holds != (want == 0) {
			t.Errorf("%s: holds %v, %d items marked, want %d", event, trace.Holds, marked, want)
		}
	}
}
