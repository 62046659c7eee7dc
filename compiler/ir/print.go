package ir

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Text prints r in a canonical form: two rules with the same text behave alike and report alike. It is what the digest is
// taken over, so a change of this form changes every digest.
func (r *Rule) Text() string {
	var b strings.Builder
	m := &r.Meta
	fmt.Fprintf(&b, "rule %q id=%q level=%q tags=%q include_event=%t custom=%q\n",
		m.Title, m.ID, m.Level, m.Tags, m.IncludeEvent, m.Custom)
	l := m.LogSource
	fmt.Fprintf(&b, "logsource category=%q product=%q service=%q", l.Category, l.Product, l.Service)
	for _, d := range l.Custom {
		fmt.Fprintf(&b, " %q=%q", d.Key, d.Value)
	}
	b.WriteByte('\n')
	for _, s := range r.Selections {
		fmt.Fprintf(&b, "selection %q hidden=%t ", s.Name, s.Hidden)
		printExpr(&b, s.Body)
		b.WriteByte('\n')
	}
	for _, c := range r.Conditions {
		b.WriteString("condition ")
		printCond(&b, c)
		b.WriteByte('\n')
	}
	return b.String()
}

func printExpr(b *strings.Builder, x rtlib.Expr) {
	switch x := x.(type) {
	case *rtlib.Pred:
		printPred(b, x)
	case rtlib.AllOf:
		printExprs(b, "all", x)
	case rtlib.AnyOf:
		printExprs(b, "any", x)
	case rtlib.Not:
		printExprs(b, "not", []rtlib.Expr{x.X})
	case rtlib.AtLeast:
		printExprs(b, "atleast "+strconv.Itoa(x.N), x.Terms)
	case *rtlib.Each:
		printExprs(b, fmt.Sprintf("each %s %q", x.Quant, x.Field), []rtlib.Expr{x.Body})
	default:
		panic(fmt.Sprintf("ir: unknown expression %T", x))
	}
}

func printExprs(b *strings.Builder, head string, xs []rtlib.Expr) {
	b.WriteString("(" + head)
	for _, x := range xs {
		b.WriteByte(' ')
		printExpr(b, x)
	}
	b.WriteByte(')')
}

func printPred(b *strings.Builder, p *rtlib.Pred) {
	fmt.Fprintf(b, "(%s %q", p.Op, p.Field)
	if p.All {
		b.WriteString(" all")
	}
	for _, s := range p.Strings {
		fmt.Fprintf(b, " %q", s)
	}
	for _, n := range p.Ints {
		fmt.Fprintf(b, " %d", n)
	}
	for _, n := range p.Floats {
		b.WriteString(" " + strconv.FormatFloat(n, 'g', -1, 64) + "f")
	}
	if p.Part != rtlib.PartInvalid {
		fmt.Fprintf(b, " part=%s", p.Part)
	}
	if p.Op == rtlib.BoolEqual || p.Op == rtlib.Exists {
		fmt.Fprintf(b, " want=%t", p.Want)
	}
	b.WriteByte(')')
}

func printCond(b *strings.Builder, c rtlib.Cond) {
	switch c := c.(type) {
	case rtlib.Sel:
		fmt.Fprintf(b, "%q", string(c))
	case rtlib.AllConds:
		printConds(b, "all", c)
	case rtlib.AnyConds:
		printConds(b, "any", c)
	case rtlib.NotCond:
		printConds(b, "not", []rtlib.Cond{c.X})
	case rtlib.OfSels:
		fmt.Fprintf(b, "(of %d %q)", c.N, c.Names)
	default:
		panic(fmt.Sprintf("ir: unknown condition %T", c))
	}
}

func printConds(b *strings.Builder, head string, cs []rtlib.Cond) {
	b.WriteString("(" + head)
	for _, c := range cs {
		b.WriteByte(' ')
		printCond(b, c)
	}
	b.WriteByte(')')
}
