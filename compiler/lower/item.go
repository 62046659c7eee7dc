package lower

import (
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/rtlib"
)

// item lowers one entry of a detection: its values become as few predicates as there are different operators among them, in
// order of first appearance. Reordering values is harmless: they are alternatives, or requirements, of one item.
func (l *lowerer) item(it *sigma.Item) rtlib.Expr {
	b := &itemBuilder{lowerer: l, field: field(it.Field), all: it.All, item: it}
	for _, v := range it.Values {
		b.value(v)
	}
	x := b.expr()
	if it.Neg {
		return rtlib.Not{X: x}
	}
	return x
}

// itemBuilder gathers the predicates of one item.
type itemBuilder struct {
	*lowerer
	item  *sigma.Item
	field rtlib.Field
	all   bool
	preds []*rtlib.Pred
}

func (b *itemBuilder) expr() rtlib.Expr {
	terms := make([]rtlib.Expr, len(b.preds))
	for i, p := range b.preds {
		// A single operand is the same under both links; plain is simpler to read.
		if len(p.Strings)+len(p.Ints)+len(p.Floats) < 2 {
			p.All = false
		}
		terms[i] = p
	}
	switch {
	case len(terms) == 1:
		return terms[0]
	case b.all:
		return rtlib.AllOf(terms)
	default:
		return rtlib.AnyOf(terms)
	}
}

// pred returns the predicate with op that takes further operands, making it if need be.
func (b *itemBuilder) pred(op rtlib.Op) *rtlib.Pred {
	for _, p := range b.preds {
		if p.Op == op && p.All == b.all && p.Part == rtlib.PartInvalid {
			return p
		}
	}
	return b.newPred(op)
}

func (b *itemBuilder) newPred(op rtlib.Op) *rtlib.Pred {
	p := &rtlib.Pred{Op: op, Field: b.field, All: b.all}
	b.preds = append(b.preds, p)
	return p
}

func (b *itemBuilder) value(v sigma.Value) {
	switch v := v.(type) {
	case sigma.String:
		b.str(v)
	case sigma.Expansion:
		b.expansion(v)
	case sigma.Number:
		if b.field == rtlib.AnyString {
			b.str(sigma.String{Pattern: keywordPattern(v.Text)})
			return
		}
		addNumber(b.pred(rtlib.NumEqual), v)
	case sigma.Bool:
		b.boolean(v.Value)
	case sigma.Null:
		if p := b.pred(rtlib.IsNull); p.All {
			p.All = false
		}
	case sigma.Regex:
		b.regex(v)
	case sigma.Network:
		p := b.pred(rtlib.CIDR)
		p.Strings = append(p.Strings, v.Prefix.String())
	case sigma.Compare:
		addNumber(b.pred(compareOps[v.Op]), v.Number)
	case sigma.TimePart:
		p := b.timePart(v)
		addNumber(p, v.Number)
	case sigma.FieldRef:
		p := b.pred(refOp(v))
		p.Strings = append(p.Strings, v.Field)
	case sigma.Exists:
		b.newPred(rtlib.Exists).Want = v.Want
	case sigma.Deferred:
		name, _ := placeholder(v.Pattern)
		b.unhandled(name)
	default:
		panic("lower: unknown value")
	}
}

// expansion adds alternatives that stay alternatives under "all".
func (b *itemBuilder) expansion(v sigma.Expansion) {
	if !b.all {
		for _, s := range v.Values {
			b.str(s)
		}
		return
	}
	inner := &itemBuilder{lowerer: b.lowerer, field: b.field, item: b.item}
	for _, s := range v.Values {
		inner.str(s)
	}
	b.preds = append(b.preds, inner.preds...)
}

func (b *itemBuilder) boolean(want bool) {
	if b.field == rtlib.AnyString {
		text := "false"
		if want {
			text = "true"
		}
		b.str(sigma.String{Pattern: keywordPattern(text)})
		return
	}
	b.newPred(rtlib.BoolEqual).Want = want
}

// keywordPattern is the pattern of a number or boolean among keywords: its text, found anywhere.
func keywordPattern(text string) sigma.Pattern {
	star := sigma.Token{Kind: sigma.TokenStar}
	return sigma.Pattern{star, {Kind: sigma.TokenLiteral, Text: text}, star}
}

func (b *itemBuilder) regex(v sigma.Regex) {
	for _, t := range v.Pattern {
		if t.Kind == sigma.TokenPlaceholder {
			b.unhandled(t.Text)
			return
		}
	}
	src := ""
	for _, t := range v.Pattern {
		src += t.Text
	}
	if v.Flags != "" {
		src = "(?" + v.Flags + ")" + src
	}
	p := b.pred(rtlib.Regex)
	p.Strings = append(p.Strings, src)
}

func (b *itemBuilder) unhandled(name string) {
	b.errorf(b.item.Pos, diag.CodeUnhandledPlaceholder,
		"unhandled placeholder %%%s%%: no pipeline gives it a value", name)
}

// timePart returns the predicate for v's part and comparison. Different parts never share one.
func (b *itemBuilder) timePart(v sigma.TimePart) *rtlib.Pred {
	op, part := timeOps[v.Op], parts[v.Part]
	for _, p := range b.preds {
		if p.Op == op && p.Part == part {
			return p
		}
	}
	p := b.newPred(op)
	p.Part = part
	return p
}

func addNumber(p *rtlib.Pred, n sigma.Number) {
	if n.IsInt {
		p.Ints = append(p.Ints, n.Int)
	} else {
		p.Floats = append(p.Floats, n.Float)
	}
}

var compareOps = [...]rtlib.Op{
	sigma.CompareEqual:        rtlib.NumEqual,
	sigma.CompareGreater:      rtlib.NumGreater,
	sigma.CompareGreaterEqual: rtlib.NumGreaterEqual,
	sigma.CompareLess:         rtlib.NumLess,
	sigma.CompareLessEqual:    rtlib.NumLessEqual,
}

var timeOps = [...]rtlib.Op{
	sigma.CompareEqual:        rtlib.TimeEqual,
	sigma.CompareGreater:      rtlib.TimeGreater,
	sigma.CompareGreaterEqual: rtlib.TimeGreaterEqual,
	sigma.CompareLess:         rtlib.TimeLess,
	sigma.CompareLessEqual:    rtlib.TimeLessEqual,
}

var parts = [...]rtlib.Part{
	sigma.PartMinute: rtlib.Minute,
	sigma.PartHour:   rtlib.Hour,
	sigma.PartDay:    rtlib.Day,
	sigma.PartWeek:   rtlib.Week,
	sigma.PartMonth:  rtlib.Month,
	sigma.PartYear:   rtlib.Year,
}

func refOp(v sigma.FieldRef) rtlib.Op {
	ops := [...][2]rtlib.Op{
		sigma.RefEqual:      {rtlib.RefEqualFold, rtlib.RefEqual},
		sigma.RefContains:   {rtlib.RefContainsFold, rtlib.RefContains},
		sigma.RefStartsWith: {rtlib.RefPrefixFold, rtlib.RefPrefix},
		sigma.RefEndsWith:   {rtlib.RefSuffixFold, rtlib.RefSuffix},
	}
	if v.Cased {
		return ops[v.Op][1]
	}
	return ops[v.Op][0]
}
