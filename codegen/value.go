package codegen

import (
	"fmt"
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/rsigma-go/rsigma/rtlib"
)

// leafValue returns the value of the variable of a predicate or array block.
func (w *ruleWriter) leafValue(x rtlib.Expr) *jen.Statement {
	switch x := x.(type) {
	case *rtlib.Pred:
		return w.predValue(x)
	case *rtlib.Each:
		return runtime("Each").Add(list(
			entry("Field", w.field(x.Field)),
			entry("Quant", runtime(x.Quant.String())),
			entry("Body", w.exprValue(x.Body)),
		))
	default:
		panic("codegen: not a leaf")
	}
}

func (w *ruleWriter) predValue(p *rtlib.Pred) *jen.Statement {
	items := []jen.Code{entry("Op", runtime(p.Op.String())), entry("Field", w.field(p.Field))}
	if p.All {
		items = append(items, entry("All", jen.True()))
	}
	if len(p.Strings) > 0 {
		items = append(items, entry("Strings", texts(p.Strings)))
	}
	if len(p.Ints) > 0 {
		ints := make([]jen.Code, len(p.Ints))
		for i, n := range p.Ints {
			ints[i] = jen.Op(strconv.FormatInt(n, 10))
		}
		items = append(items, entry("Ints", jen.Index().Int64().Add(list(ints...))))
	}
	if len(p.Floats) > 0 {
		items = append(items, entry("Floats", w.floats(p.Floats)))
	}
	if p.Part != rtlib.PartInvalid {
		items = append(items, entry("Part", runtime(p.Part.String())))
	}
	if p.Want {
		items = append(items, entry("Want", jen.True()))
	}
	return runtime("Pred").Add(list(items...))
}

func (w *ruleWriter) floats(xs []float64) *jen.Statement {
	items := make([]jen.Code, len(xs))
	for i, x := range xs {
		lit, err := floatLiteral(x)
		if err != nil && w.err == nil {
			w.err = fmt.Errorf("generate code of %s: %w", w.rule.source, err)
		}
		items[i] = jen.Op(lit)
	}
	return jen.Index().Float64().Add(list(items...))
}

func (w *ruleWriter) field(f rtlib.Field) *jen.Statement { return w.rule.pkg.field(f) }

// field returns the constant of f.
func (pkg *rulePackage) field(f rtlib.Field) *jen.Statement {
	switch f {
	case rtlib.Self:
		return runtime("Self")
	case rtlib.AnyString:
		return runtime("AnyString")
	default:
		return jen.Id(pkg.fields[f])
	}
}

// exprValue returns x as plain data.
func (w *ruleWriter) exprValue(x rtlib.Expr) *jen.Statement {
	switch x := x.(type) {
	case *rtlib.Pred, *rtlib.Each:
		return jen.Op("&").Id(w.leaf(x))
	case rtlib.AllOf:
		return runtime("AllOf").Add(w.exprValues(x))
	case rtlib.AnyOf:
		return runtime("AnyOf").Add(w.exprValues(x))
	case rtlib.Not:
		return runtime("Not").Add(inline(entry("X", w.exprValue(x.X))))
	case rtlib.AtLeast:
		return runtime("AtLeast").Add(inline(
			entry("N", jen.Op(strconv.Itoa(x.N))),
			entry("Terms", jen.Index().Add(runtime("Expr")).Add(w.exprValues(x.Terms))),
		))
	default:
		panic("codegen: unknown expression")
	}
}

// exprValues returns xs in braces, a single leaf on one line.
func (w *ruleWriter) exprValues(xs []rtlib.Expr) *jen.Statement {
	items := make([]jen.Code, len(xs))
	for i, x := range xs {
		items[i] = w.exprValue(x)
	}
	if len(xs) == 0 || len(xs) == 1 && leafField(xs[0]) != "" {
		return inline(items...)
	}
	return list(items...)
}

// condValue returns c as plain data.
func condValue(c rtlib.Cond) *jen.Statement {
	switch c := c.(type) {
	case rtlib.Sel:
		return runtime("Sel").Parens(text(string(c)))
	case rtlib.AllConds:
		return runtime("AllConds").Add(condValues(c))
	case rtlib.AnyConds:
		return runtime("AnyConds").Add(condValues(c))
	case rtlib.NotCond:
		return runtime("NotCond").Add(inline(entry("X", condValue(c.X))))
	case rtlib.OfSels:
		items := []jen.Code{entry("N", jen.Op(strconv.Itoa(c.N)))}
		if len(c.Names) > 0 {
			items = append(items, entry("Names", nameList(c.Names)))
		}
		return runtime("OfSels").Add(inline(items...))
	default:
		panic("codegen: unknown condition")
	}
}

func condValues(cs []rtlib.Cond) *jen.Statement {
	items := make([]jen.Code, len(cs))
	for i, c := range cs {
		items[i] = condValue(c)
	}
	if len(cs) == 0 {
		return inline()
	}
	return list(items...)
}

// nameList returns names of selections as a slice, on one line if they fit.
func nameList(names []string) *jen.Statement {
	items, width := make([]jen.Code, len(names)), 0
	for i, n := range names {
		items[i] = text(n)
		width += len(n) + len(`"", `)
	}
	if width > maxWidth {
		return jen.Index().String().Add(list(items...))
	}
	return jen.Index().String().Add(inline(items...))
}
