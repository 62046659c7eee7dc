package codegen

import (
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
)

// program returns rules as a program, sealed.
func program(rules ...*ir.Rule) *ir.Program {
	p := &ir.Program{Rules: rules}
	for _, r := range rules {
		r.Seal()
		p.Documents = append(p.Documents, ir.Document{
			File: r.File, Index: r.Index, Kind: "rule", Title: r.Meta.Title, ID: r.Meta.ID, Status: ir.Armed, Rule: r,
		})
	}
	return p
}

// contains returns a predicate.
func contains(field rtlib.Field, texts ...string) *rtlib.Pred {
	return &rtlib.Pred{Op: rtlib.ContainsFold, Field: field, Strings: texts}
}

// hostileTexts try to break out of comments and literals, to reorder what a reviewer sees, or to become directives.
var hostileTexts = []string{
	`quotes " ' and ` + "`backticks`" + " and ``two`` ''of'' them",
	"a line\n//go:build ignore\nfunc init() { panic(1) }",
	"//go:build ignore",
	"//line evil.go:1",
	"// +build ignore",
	"//export evil",
	"\n\nimport \"C\"\n",
	"*/ func init() { panic(1) } /*",
	"right \u202eot tfel\u202c",
	"zero\x00byte, \ufeffmark, \u2028separator, \r return",
	"\xff\xfe no UTF-8",
	`"; func init() { panic(1) }; var _ = "`,
	"`; func init() { panic(1) }; var _ = `\\",
	`back\slash at the end\`,
	"# Heading",
	"[link]: http://example.com",
	"- item\n  1. item",
	"  spaces  ",
	"%d %s %%",
	"../../..",
	"Deprecated: no.",
	"",
}

// hostileProgram holds a rule for each hostile text, which stands in every place that text of a rule can stand in.
func hostileProgram() *ir.Program {
	var rules []*ir.Rule
	for i, s := range hostileTexts {
		if s == "" {
			s = " "
		}
		rules = append(rules, hostileRule(i, s))
	}
	return program(rules...)
}

func hostileRule(i int, s string) *ir.Rule {
	field := rtlib.Field(s)
	return &ir.Rule{
		File: "rules/" + s + "/hostile.yml", Index: i % 2,
		Meta: rtlib.Meta{
			Title: s, ID: s, Level: s, Tags: []string{s}, Custom: s,
			LogSource: rtlib.LogSource{Category: s, Product: s, Service: s, Custom: []rtlib.Dimension{{Key: s, Value: s}}},
		},
		ConditionTexts: []string{s, s},
		Selections: []rtlib.Selection{
			{Name: s, Body: rtlib.AllOf{contains(field, s), contains(rtlib.Indexed+field, s)}},
			{Name: s + "2", Body: &rtlib.Each{Field: field, Quant: rtlib.EachAny, Body: contains(rtlib.Self, s)}},
		},
		Conditions: []rtlib.Cond{rtlib.OfSels{N: 1, Names: []string{s, s + "2"}}},
		Match:      rtlib.AnyConds{rtlib.Sel(s), rtlib.Sel(s + "2")},
	}
}

// shapesProgram holds every node in positions where precedence and line breaks matter.
func shapesProgram() *ir.Program {
	return program(shapesOfExpressions(), shapesOfConditions(), allOperators())
}

// allOperators uses every constant of the run time that can stand in generated code.
func allOperators() *ir.Rule {
	var all rtlib.AllOf
	for _, op := range rtlib.Ops() {
		p := &rtlib.Pred{Op: op, Field: rtlib.Field(op.String())}
		switch op.Operands() {
		case rtlib.OperandsStrings:
			p.Strings = []string{"10.0.0.0/8"}
		case rtlib.OperandsNumbers:
			p.Ints = []int64{1}
		}
		all = append(all, p)
	}
	for part := rtlib.Minute; part <= rtlib.Year; part++ {
		all = append(all, &rtlib.Pred{Op: rtlib.TimeEqual, Field: rtlib.Field(part.String()), Part: part, Ints: []int64{1}})
	}
	for q := rtlib.EachAny; q <= rtlib.EachOne; q++ {
		all = append(all, &rtlib.Each{Field: rtlib.Field(q.String()), Quant: q, Body: contains(rtlib.Self, "x")})
	}
	return &ir.Rule{
		File:       "rules/operators.yml",
		Meta:       rtlib.Meta{Title: "Operators"},
		Selections: []rtlib.Selection{{Name: "all", Body: all}},
		Conditions: []rtlib.Cond{rtlib.Sel("all")},
		Match:      rtlib.Sel("all"),
	}
}

func shapesOfExpressions() *ir.Rule {
	p := func(field rtlib.Field) *rtlib.Pred { return contains(field, "x") }
	shared := p("Shared")
	long := func(n rtlib.Field) *rtlib.Pred { return p("A_Field_With_A_Name_Of_Some_Length_" + n) }
	r := &ir.Rule{
		File: "rules/expressions.yml",
		Meta: rtlib.Meta{Title: "Expressions", IncludeEvent: true},
		Selections: []rtlib.Selection{
			{Name: "or_in_and", Body: rtlib.AllOf{p("A"), rtlib.AnyOf{p("B"), p("C")}, p("D")}},
			{Name: "and_in_or", Body: rtlib.AnyOf{p("A"), rtlib.AllOf{p("B"), p("C")}, p("D")}},
			{Name: "not", Body: rtlib.Not{X: p("A")}},
			{Name: "not_and", Body: rtlib.Not{X: rtlib.AllOf{p("A"), p("B")}}},
			{Name: "not_not", Body: rtlib.Not{X: rtlib.Not{X: rtlib.AnyOf{p("A")}}}},
			{Name: "long", Body: rtlib.AllOf{p("A"), rtlib.AnyOf{long("1"), rtlib.AllOf{long("2"), long("3")}, long("4")}}},
			{Name: "at_least", Body: rtlib.AtLeast{N: 2, Terms: []rtlib.Expr{p("A"), rtlib.Not{X: p("B")}, rtlib.AnyOf{p("C"), p("D")}}}},
			{Name: "not_at_least", Body: rtlib.Not{X: rtlib.AtLeast{N: 2, Terms: []rtlib.Expr{p("A"), p("B"), p("C")}}}},
			{Name: "at_least_and", Body: rtlib.AllOf{p("D"), rtlib.AtLeast{N: 2, Terms: []rtlib.Expr{p("A"), p("B"), p("C")}}}},
			{Name: "always", Body: rtlib.AllOf{}},
			{Name: "never", Body: rtlib.AnyOf{}},
			{Name: "each", Body: &rtlib.Each{Field: "Outer", Quant: rtlib.EachAll, Body: rtlib.AnyOf{
				p("Inner"), rtlib.Not{X: &rtlib.Each{Field: rtlib.Self, Quant: rtlib.EachNone, Body: p(rtlib.Self)}},
			}}},
			{Name: "keyword", Body: p(rtlib.AnyString)},
			{Name: "shared_1", Body: rtlib.AllOf{shared, p("Shared")}},
			{Name: "shared_2", Body: shared},
			{Name: "numbers", Hidden: true, Body: rtlib.AllOf{
				&rtlib.Pred{Op: rtlib.NumEqual, Field: "N", Ints: []int64{-1 << 63, 0, 1<<63 - 1}, Floats: []float64{0.1, 1e300, -5}},
				&rtlib.Pred{Op: rtlib.TimeLess, Field: "T", Part: rtlib.Week, All: true, Ints: []int64{7}},
				&rtlib.Pred{Op: rtlib.Exists, Field: "E", Want: true},
				&rtlib.Pred{Op: rtlib.IsNull, Field: "I"},
			}},
		},
	}
	var all rtlib.AllConds
	for _, s := range r.Selections {
		all = append(all, rtlib.Sel(s.Name))
	}
	r.Match, r.Conditions = all, []rtlib.Cond{all}
	return r
}

func shapesOfConditions() *ir.Rule {
	names := []string{"a", "b", "c"}
	r := &ir.Rule{File: "rules/conditions.yml", Meta: rtlib.Meta{Title: "Conditions"}}
	for _, n := range append(names, "unused", "many_1", "many_2", "many_3", "many_4", "many_5", "many_6", "many_7", "many_8", "many_9", "many_10") {
		r.Selections = append(r.Selections, rtlib.Selection{Name: n, Body: rtlib.AllOf{contains("F", n)}})
	}
	var many []string
	for _, s := range r.Selections[4:] {
		many = append(many, s.Name)
	}
	r.Conditions = []rtlib.Cond{
		rtlib.AllConds{rtlib.Sel("a"), rtlib.AnyConds{rtlib.Sel("b"), rtlib.NotCond{X: rtlib.Sel("c")}}},
		rtlib.NotCond{X: rtlib.OfSels{N: 2, Names: names}},
		rtlib.OfSels{N: 2, Names: many},
		rtlib.OfSels{N: 3, Names: names},
		rtlib.OfSels{N: 4, Names: names},
		rtlib.OfSels{N: 1},
		rtlib.NotCond{X: rtlib.AllConds{}},
	}
	r.Match = rtlib.AnyConds(r.Conditions)
	return r
}
