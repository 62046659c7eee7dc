package ruleset

import (
	"fmt"
	"slices"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// rule makes a rule of named selections and a condition, with a Match that walks them.
func rule(title string, cond rtlib.Cond, sels ...rtlib.Selection) *rtlib.Rule {
	bodies := map[string]rtlib.Expr{}
	for _, s := range sels {
		bodies[s.Name] = s.Body
	}
	return &rtlib.Rule{
		Meta:       rtlib.Meta{Title: title},
		Match:      func(ev *rtlib.Event) bool { return holds(cond, bodies, ev) },
		Selections: sels,
		Conditions: []rtlib.Cond{cond},
	}
}

func holds(c rtlib.Cond, bodies map[string]rtlib.Expr, ev *rtlib.Event) bool {
	switch c := c.(type) {
	case rtlib.Sel:
		return bodies[string(c)].Eval(ev)
	case rtlib.NotCond:
		return !holds(c.X, bodies, ev)
	case rtlib.AllConds:
		return !slices.ContainsFunc(c, func(x rtlib.Cond) bool { return !holds(x, bodies, ev) })
	case rtlib.AnyConds:
		return slices.ContainsFunc(c, func(x rtlib.Cond) bool { return holds(x, bodies, ev) })
	case rtlib.OfSels:
		n := 0
		for _, name := range c.Names {
			if bodies[name].Eval(ev) {
				n++
			}
		}
		return n >= c.N
	default:
		panic("unknown condition")
	}
}

func pred(op rtlib.Op, field rtlib.Field, lits ...string) *rtlib.Pred {
	return &rtlib.Pred{Op: op, Field: field, Strings: lits}
}

func sel(name string, x rtlib.Expr) rtlib.Selection { return rtlib.Selection{Name: name, Body: x} }

// bed is a set with a decoder.
type bed struct {
	set  *Set
	plan *decode.Plan
	ev   *rtlib.Event
	sc   *Scratch
}

func newBed(t testing.TB, opts Options, rules ...*rtlib.Rule) *bed {
	t.Helper()
	set, err := New(rules, opts)
	if err != nil {
		t.Fatal(err)
	}
	return &bed{set, decode.NewPlan(set.Fields(), set.AllStrings()), rtlib.NewEvent(), set.NewScratch()}
}

// titles evaluates event with and without the index and returns the titles of what matches.
func (b *bed) titles(t testing.TB, event string) []string {
	t.Helper()
	if err := b.plan.JSON(b.ev, []byte(event)); err != nil {
		t.Fatal(err)
	}
	hits := b.set.Eval(b.ev, b.sc)
	if full := b.set.FullScan(b.ev); !slices.Equal(full, hits) {
		t.Errorf("%s: index gives %v, full scan %v", event, hits, full)
	}
	var out []string
	for _, i := range hits {
		out = append(out, b.set.Rules()[i].Meta.Title)
	}
	return out
}

func TestTheIndexRulesNothingOutThatMatches(t *testing.T) {
	t.Parallel()
	img := pred(rtlib.SuffixFold, "Image", `\net.exe`, `\net1.exe`)
	b := newBed(t, Options{},
		rule("and", rtlib.AllConds{rtlib.Sel("a"), rtlib.Sel("b")}, sel("a", img), sel("b", pred(rtlib.ContainsFold, "Cmd", "user"))),
		rule("or", rtlib.AnyConds{rtlib.Sel("a"), rtlib.Sel("b")}, sel("a", pred(rtlib.EqualFold, "Image", "x")), sel("b", pred(rtlib.PrefixFold, "Cmd", "z"))),
		rule("not", rtlib.NotCond{X: rtlib.Sel("a")}, sel("a", pred(rtlib.EqualFold, "Image", "x"))),
		rule("number", rtlib.Sel("a"), sel("a", &rtlib.Pred{Op: rtlib.NumEqual, Field: "EventID", Ints: []int64{4688}, Floats: []float64{1.5}})),
		rule("keyword", rtlib.Sel("a"), sel("a", pred(rtlib.ContainsFold, rtlib.AnyString, "evil"))),
		rule("two of", rtlib.OfSels{N: 2, Names: []string{"a", "b", "c"}},
			sel("a", pred(rtlib.EqualFold, "A", "1")), sel("b", pred(rtlib.EqualFold, "B", "1")), sel("c", pred(rtlib.EqualFold, "C", "1"))),
		rule("exists", rtlib.Sel("a"), sel("a", &rtlib.Pred{Op: rtlib.Exists, Field: "X", Want: true})),
		rule("missing", rtlib.Sel("a"), sel("a", &rtlib.Pred{Op: rtlib.Exists, Field: "X"})),
		rule("block", rtlib.Sel("a"), sel("a", &rtlib.Each{Field: "conn", Quant: rtlib.EachAny, Body: pred(rtlib.EqualFold, "ip", "h")})),
		rule("none", rtlib.Sel("a"), sel("a", &rtlib.Each{Field: "conn", Quant: rtlib.EachNone, Body: pred(rtlib.EqualFold, "ip", "h")})),
		rule("empty text", rtlib.Sel("a"), sel("a", pred(rtlib.EqualFold, "E", ""))),
	)
	for event, want := range map[string][]string{
		`{}`: {"not", "missing", "none"},
		`{"Image":"C:\\NET.exe","Cmd":"net USER","X":null}`:               {"and", "not", "exists", "none"},
		`{"Image":"X","X":1}`:                                             {"or", "exists", "none"},
		`{"Image":"x","Cmd":["a","Zz"],"X":1}`:                            {"or", "exists", "none"},
		`{"EventID":"4688.0","X":1,"Image":"x"}`:                          {"or", "number", "exists", "none"},
		`{"EventID":[3,1.5],"X":1,"Image":"x"}`:                           {"or", "number", "exists", "none"},
		`{"a":{"b":["so EVIL"]},"X":1,"Image":"x"}`:                       {"or", "keyword", "exists", "none"},
		`{"A":1,"C":"1","X":1,"Image":"x"}`:                               {"or", "two of", "exists", "none"},
		`{"conn":[{"ip":"g"},{"ip":"H"}],"X":1,"Image":"x","E":"\u0000"}`: {"or", "exists", "block"},
		`{"E":"","X":1,"Image":"x"}`:                                      {"or", "exists", "none", "empty text"},
	} {
		if got := b.titles(t, event); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", event, got, want)
		}
	}
}

func TestRoutingExcludesContradictionsOnly(t *testing.T) {
	t.Parallel()
	body := sel("a", pred(rtlib.EqualFold, "A", "1"))
	rules := []*rtlib.Rule{rule("win", rtlib.Sel("a"), body), rule("lin", rtlib.Sel("a"), body), rule("any", rtlib.Sel("a"), body)}
	rules[0].Meta.LogSource = rtlib.LogSource{Product: "Windows", Custom: []rtlib.Dimension{{Key: "tenant", Value: "acme"}}}
	rules[1].Meta.LogSource = rtlib.LogSource{Product: "linux"}
	b := newBed(t, Options{Routing: true}, rules...)
	for _, c := range []struct {
		source rtlib.LogSource
		want   []int
	}{
		{rtlib.LogSource{}, []int{0, 1, 2}},
		{rtlib.LogSource{Product: "WINDOWS"}, []int{0, 2}},
		{rtlib.LogSource{Category: "x"}, []int{0, 1, 2}},
		{rtlib.LogSource{Custom: []rtlib.Dimension{{Key: "tenant", Value: "globex"}}}, []int{1, 2}},
	} {
		if err := b.plan.JSON(b.ev, []byte(`{"A":"1"}`)); err != nil {
			t.Fatal(err)
		}
		b.ev.LogSource = c.source
		if got := b.set.Eval(b.ev, b.sc); !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %v, want %v", c.source, got, c.want)
		}
	}
}

func TestEvalAllocatesNothing(t *testing.T) {
	var rules []*rtlib.Rule
	for i := range 500 {
		rules = append(rules, rule("r", rtlib.Sel("a"), sel("a", rtlib.AllOf{
			pred(rtlib.SuffixFold, "Image", fmt.Sprintf(`\tool%d.exe`, i)), pred(rtlib.ContainsFold, "Cmd", fmt.Sprintf("switch%d", i))})))
	}
	b := newBed(t, Options{}, rules...)
	line := []byte(`{"Image":"C:\\Windows\\tool7.exe","Cmd":"tool7 with switch8 and SWITCH9","User":"x","n":5}`)
	n := testing.AllocsPerRun(100, func() {
		if b.plan.JSON(b.ev, line) != nil || len(b.set.Eval(b.ev, b.sc)) != 0 {
			t.Fatal("decoding or matching went wrong")
		}
	})
	if n != 0 {
		t.Errorf("an event without a match costs %v allocations", n)
	}
}

func TestAPatternThatDoesNotCompileIsAnErrorThatNamesItsRule(t *testing.T) {
	t.Parallel()
	r := rule("broken", rtlib.Sel("a"), sel("a", pred(rtlib.Regex, "A", "[")))
	if _, err := New([]*rtlib.Rule{r}, Options{}); err == nil {
		t.Error("New accepted it")
	}
}
