package opt

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
)

func TestConditionsAreSimplified(t *testing.T) {
	t.Parallel()
	a, b, c := rtlib.Sel("a"), rtlib.Sel("b"), rtlib.Sel("c")
	none := rtlib.OfSels{N: 1}
	for name, x := range map[string]struct{ in, want rtlib.Cond }{
		"a name stays":                    {a, a},
		"all of becomes AND":              {rtlib.OfSels{N: 2, Names: []string{"a", "b"}}, rtlib.AllConds{a, b}},
		"one of becomes OR":               {rtlib.OfSels{N: 1, Names: []string{"a", "b"}}, rtlib.AnyConds{a, b}},
		"of a single name is the name":    {rtlib.OfSels{N: 1, Names: []string{"a"}}, a},
		"two of three stays":              {rtlib.OfSels{N: 2, Names: []string{"a", "b", "c"}}, rtlib.OfSels{N: 2, Names: []string{"a", "b", "c"}}},
		"more than there are never holds": {rtlib.OfSels{N: 3, Names: []string{"a", "b"}}, none},
		"double negation goes":            {rtlib.NotCond{X: rtlib.NotCond{X: a}}, a},
		"nested ANDs are flattened":       {rtlib.AllConds{rtlib.AllConds{a, b}, c}, rtlib.AllConds{a, b, c}},
		"OR inside AND stays":             {rtlib.AllConds{rtlib.AnyConds{a, b}, c}, rtlib.AllConds{rtlib.AnyConds{a, b}, c}},
		"repeated terms are dropped":      {rtlib.AnyConds{a, b, a}, rtlib.AnyConds{a, b}},
		"AND with never is never":         {rtlib.AllConds{a, none}, none},
		"OR with never drops it":          {rtlib.AnyConds{a, none}, a},
		"AND with always drops it":        {rtlib.AllConds{a, rtlib.NotCond{X: none}}, a},
		"OR of nothing never holds":       {rtlib.AnyConds{none, none}, none},
	} {
		if diff := cmp.Diff(x.want, simplify(x.in)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestPassesLeaveAloneWhatIsReported(t *testing.T) {
	t.Parallel()
	cond := rtlib.OfSels{N: 1, Names: []string{"s"}}
	r := &ir.Rule{
		Selections: []rtlib.Selection{{Name: "s", Body: rtlib.AllOf{&rtlib.Pred{Op: rtlib.EqualFold, Field: "A", Strings: []string{"x", "X"}}}}},
		Conditions: []rtlib.Cond{cond},
		Match:      cond,
	}
	before := r.Text()
	Run(&ir.Program{Rules: []*ir.Rule{r}})
	if diff := cmp.Diff(before, r.Text()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(rtlib.Cond(rtlib.Sel("s")), r.Match); diff != "" {
		t.Error(diff)
	}
}
