package rtlib

import (
	"fmt"
	"strings"
	"testing"
)

// told is what an explanation says, in one line per field.
func told(x Explanation) string {
	var b strings.Builder
	fmt.Fprintln(&b, strings.Join(x.Selections, " "))
	for _, f := range x.Fields {
		fmt.Fprintf(&b, "%s %s=%s %s", f.Selection, f.Field, f.Value, f.Matcher)
		for _, flag := range []struct {
			on   bool
			name string
		}{{f.Absent, "absent"}, {f.Keyword, "keyword"}, {f.HasCase && f.CaseSensitive, "cased"}, {f.HasCase && !f.CaseSensitive, "folded"}, {f.Negated, "negated"}} {
			if flag.on {
				fmt.Fprintf(&b, " %s", flag.name)
			}
		}
		fmt.Fprintf(&b, " /%s/\n", f.Pattern)
	}
	return b.String()
}

func explainRule(t *testing.T, r *Rule, raw string) string {
	t.Helper()
	var bodies []Expr
	for _, s := range r.Selections {
		bodies = append(bodies, s.Body)
	}
	return tell(r, eventFor(t, raw, bodies...))
}

func tell(r *Rule, ev *Event) string {
	var x Explanation
	r.Explain(ev, DetailFull, &x)
	return told(x)
}

func TestSelectionsAreThoseThatEvaluationVisits(t *testing.T) {
	t.Parallel()
	var sels []Selection
	for _, name := range []string{"c", "a", "b", "hidden"} {
		sels = append(sels, Selection{Name: name, Body: AllOf{on(Field(name), Equal, "1")}, Hidden: name == "hidden"})
	}
	for _, row := range []struct {
		conds []Cond
		event string
		want  string
	}{
		{[]Cond{AllConds{Sel("a"), Sel("b"), NotCond{Sel("c")}}}, `{"a":1,"b":1}`, "a b"},
		{[]Cond{AnyConds{Sel("a"), Sel("b")}}, `{"a":1,"b":1}`, "a"},
		{[]Cond{AnyConds{AllConds{Sel("a"), Sel("b")}, Sel("c")}}, `{"a":1,"c":1}`, "a c"},
		{[]Cond{OfSels{1, []string{"c", "a", "b"}}}, `{"a":1,"c":1}`, "c a"},
		{[]Cond{OfSels{3, []string{"c", "a", "b"}}}, `{"a":1,"c":1}`, ""},
		{[]Cond{OfSels{0, nil}}, `{"a":1}`, ""},
		{[]Cond{AllConds{Sel("a"), NotCond{AllConds{Sel("b"), Sel("c")}}}}, `{"a":1,"b":1}`, "a b"},
		{[]Cond{AllConds{Sel("a"), Sel("b")}, Sel("b")}, `{"b":1}`, "b"},
		{[]Cond{AllConds{Sel("a"), Sel("b")}, Sel("b")}, `{"a":1,"b":1}`, "a b"},
		{[]Cond{AllConds{Sel("a"), Sel("hidden"), Sel("a")}}, `{"a":1,"hidden":1}`, "a"},
		{[]Cond{Sel("nobody")}, `{"a":1}`, ""},
	} {
		got, _, _ := strings.Cut(explainRule(t, &Rule{Selections: sels, Conditions: row.conds}, row.event), "\n")
		if got != row.want {
			t.Errorf("%v for %s: got %q, want %q", row.conds, row.event, got, row.want)
		}
	}
}

func TestItemsAreListedWithWhatTheyFound(t *testing.T) {
	t.Parallel()
	member := func(terms ...Expr) Expr { return AllOf(terms) }
	for _, row := range []struct {
		body  Expr
		event string
		want  []string
	}{
		{member(on("f", EqualFold, "x"), on("g", Suffix, "y")), `{"f":"X","g":["a","y"]}`,
			[]string{`f="X" exact folded /x/`, `g=["a","y"] endswith cased /y/`}},
		{member(on("f", EqualFold, "x", "y")), `{"f":"X"}`, []string{`f="X" one_of folded /x|y/`}},
		{AnyOf{member(on("f", EqualFold, "x")), member(on("g", EqualFold, "y")), member(on("h", EqualFold, "z"), on("f", EqualFold, "x"))},
			`{"f":"x","h":"z","g":1}`, []string{`f="x" exact folded /x/`, `h="z" exact folded /z/`, `f="x" exact folded /x/`}},
		{member(AnyOf{on("f", EqualFold, "forward"), &Pred{Op: NumEqual, Field: "f", Ints: []int64{2}}, &Pred{Op: IsNull, Field: "f"}}),
			`{"f": 2.0}`, []string{`f=2.0 one_of folded /forward|2|null/`}},
		{member(AnyOf{on("f", ContainsFold, "a"), on("f", GlobFold, "*b*c*")}), `{"f":"a"}`, []string{`f="a" contains folded /a|*b*c*/`}},
		{member(AllOf{on("f", ContainsFold, "a"), on("f", GlobFold, "*b*c*")}, on("f", Prefix, "a")), `{"f":"abc"}`,
			[]string{`f="abc" contains folded /a|*b*c*/`, `f="abc" startswith cased /a/`}},
		{member(AnyOf{on("f", EqualFold, "a"), on("g", EqualFold, "a")}), `{"f":"b","g":"a"}`, []string{`g="a" exact folded /a/`}},
		{member(Not{on("f", EqualFold, "a")}, Not{AnyOf{on("g", EqualFold, "a"), on("h", EqualFold, "a")}}), `{"f":1,"h":null}`,
			[]string{`f=1 exact folded negated /a/`, `g=null exact absent folded negated /a/`, `h=null exact folded negated /a/`}},
		{member(&Pred{Op: IsNull, Field: "f"}, &Pred{Op: Exists, Field: "g", Want: true}, &Pred{Op: Exists, Field: "h"}), `{"g":{ "a" : [1, 2] }}`,
			[]string{`f=null null absent /null/`, `g={"a":[1,2]} exists /true/`, `h=null exists absent /false/`}},
		{member(on("a.b", Regex, "(?i)x", "(?i)y"), on("a.b", Regex, "(?i)x", "y")), `{"a":[{"b":"x"},{"b":[ 1,"y"]},{}]}`,
			[]string{`a.b=["x",[1,"y"]] regex folded /(?i)x|(?i)y/`, `a.b=["x",[1,"y"]] regex cased /(?i)x|y/`}},
		{keyword(ContainsFold, "bad", "worse"), `{"a":"good","b":["so WORSE\n","bad"]}`, []string{`keyword="so WORSE\n" keyword keyword folded /bad|worse/`}},
		{member(&Pred{Op: Contains, Field: AnyString, Strings: []string{"aa", "bb"}, All: true}, Not{keyword(Contains, "cc")}), `{"a":"bb","b":"aa"}`,
			[]string{`keyword="bb" keyword keyword cased /aa|bb/`, `keyword=null keyword keyword cased negated /cc/`}},
		{member(each("m", EachAny, on(Self, PrefixFold, "a")), each("m", EachAll, on("x", Equal, "1"), on("y", Equal, "1")), each("n", EachNone, on(Self, CIDR, "10.0.0.0/8"))),
			`{"m":[["a"],{"x":1,"y":1}]}`, nil},
		{member(each("m", EachAny, on(Self, PrefixFold, "a")), each("m", EachAny, on("x", Equal, "1"), on("y", Equal, "1")), each("n", EachNone, on(Self, CIDR, "10.0.0.0/8"))),
			`{"m":["a", {"x":1,"y":1}]}`, []string{`m=["a",{"x":1,"y":1}] startswith folded /a/`, `m=["a",{"x":1,"y":1}]  //`, `n=null cidr absent /10.0.0.0/8/`}},
		{member(&Pred{Op: NumGreaterEqual, Field: "f", Ints: []int64{5}}, &Pred{Op: TimeEqual, Field: "f", Part: Hour, Ints: []int64{0}},
			on("f", RefEqual, "g"), on("f", Expand, "%g%"), &Pred{Op: BoolEqual, Field: "h", Want: true}), `{"f":6,"g":"6","h":"yes"}`,
			[]string{`f=6 numeric />=5/`, `f=6 timestamp /hour=0/`, `f=6 fieldref cased /g/`, `f=6 expand cased /%g%/`, `h="yes" bool /true/`}},
		{member(on("f", GlobFold, "a*", "b*"), on("f", GlobFold, "*a", "*"), on("f", GlobFold, "a*a"), on("f", GlobFold, "*")), `{"f":"aa"}`,
			[]string{`f="aa" startswith folded /a*|b*/`, `f="aa" one_of folded /*a|*/`, `f="aa" exact folded /a*a/`, `f="aa" exact folded /*/`}},
		{member(on("f", Contains, "a")), "{\"f\":\"a\xff\"}", []string{"f=\"a\uFFFD\" contains cased /a/"}},
	} {
		r := &Rule{Selections: []Selection{{Name: "s", Body: row.body}}, Conditions: []Cond{Sel("s")}}
		want := "s\n"
		for _, line := range row.want {
			want += "s " + line + "\n"
		}
		if row.want == nil {
			want = "\n"
		}
		if got := explainRule(t, r, row.event); got != want {
			t.Errorf("for %s: got\n%swant\n%s", row.event, got, want)
		}
	}
}

func TestValuesOfKeyValueEventsAreStrings(t *testing.T) {
	t.Parallel()
	p := on("f", ContainsFold, "a")
	id := p.ID()
	ev := NewEvent()
	ev.Reset(ShapeKV, nil)
	ev.PutScalar(id, String, "<A>\n", "<a>\n", "")
	r := &Rule{Selections: []Selection{{Name: "s", Body: p}}, Conditions: []Cond{Sel("s")}}
	if got, want := tell(r, ev), "s\ns f=\"<A>\\n\" contains folded /a/\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLongPatternsAreCutOff(t *testing.T) {
	t.Parallel()
	var operands []string
	for i := range 4000 {
		operands = append(operands, fmt.Sprintf("é%d", i))
	}
	text := patternOf([]*Pred{pred(Equal, operands...)})
	if len(text) > maxPattern+len("…") || !strings.HasPrefix(text, "é0|é1|") || !strings.HasSuffix(text, "…") {
		t.Errorf("got %s", text)
	}
}
