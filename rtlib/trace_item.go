package rtlib

import "strings"

// ItemTrace is the verdict on one item of a detection, or on one array block.
type ItemTrace struct {
	Field string // as the rule writes it; "keyword" for keywords
	// Value is JSON text: what the field holds; "null" if it is Absent. Of a keyword it is the string that it was found in.
	Value  string
	Absent bool
	// Matcher, HasCase, CaseSensitive and Negated are as in MatchedField.
	Matcher                string
	HasCase, CaseSensitive bool
	Negated                bool
	// All says that every operand is required. Operands are what the item looks for, in its order. Found are those that hold and
	// NotFound those that do not.
	All                       bool
	Operands, Found, NotFound []string
	// Closest is the operand that came closest, if there are several alternatives and none holds.
	Closest string
	// Quant, Members and Holding describe an array block: how many members there are, and how many satisfy its body.
	Quant            Quant
	Members, Holding int
	// Hints say in plain words why an item that is not negated does not hold. Often there are none.
	Hints []string

	closeness float64 // of the value to the closest operand, from 0 to 1
}

// maxTracedMembers is how many members of an array are traced one by one.
const maxTracedMembers = 8

// leaf traces the item e, which is made of preds.
func (t *tracer) leaf(e Expr, preds []*Pred, negated bool) *Trace {
	var told Explanation
	x := explainer{rule: t.rule, ev: t.ev, detail: DetailFull, out: &told}
	x.list(predItem(preds, negated))
	m := told.Fields[0]
	item := &ItemTrace{
		Field: m.Field, Value: strings.Clone(m.Value), Absent: m.Absent, Matcher: m.Matcher, HasCase: m.HasCase, CaseSensitive: m.CaseSensitive, Negated: negated,
	}
	singles := operandsOf(preds)
	item.All = requiresAll(e, preds, len(singles))
	out := &Trace{Kind: TraceItem, Holds: e.Eval(t.ev), Item: item}
	best := -1
	for i, p := range singles {
		text := patternOf([]*Pred{p})
		item.Operands = append(item.Operands, text)
		if p.Match(t.ev) {
			item.Found = append(item.Found, text)
			continue
		}
		item.NotFound = append(item.NotFound, text)
		if c := t.closeness(p); best < 0 || c > item.closeness {
			best, item.closeness = i, c
		}
	}
	if out.Holds || negated || len(singles) == 0 {
		item.closeness = 0
		return out
	}
	if !item.All && len(singles) > 1 && item.closeness > 0 {
		item.Closest = item.Operands[best]
	}
	if item.Absent && !m.Keyword {
		item.Hints = t.missingHints(preds[0])
		return out
	}
	item.Hints = t.hints(singles[max(best, 0)])
	return out
}

// requiresAll reports whether every operand of an item is required.
func requiresAll(e Expr, preds []*Pred, operands int) bool {
	if n, ok := e.(Not); ok {
		e = n.X
	}
	if _, ok := e.(AllOf); ok && len(preds) > 1 {
		return true
	}
	return operands > 1 && len(preds) == 1 && preds[0].All
}

// operandsOf returns a predicate for each operand of preds.
func operandsOf(preds []*Pred) []*Pred {
	var out []*Pred
	for _, p := range preds {
		one := func(set func(*Pred)) {
			single := &Pred{Op: p.Op, Field: p.Field, Part: p.Part, Want: p.Want}
			set(single)
			if single.prepare() == nil {
				out = append(out, single)
			}
		}
		switch p.Op.Operands() {
		case OperandsStrings:
			for _, s := range p.Strings {
				one(func(single *Pred) { single.Strings = []string{s} })
			}
		case OperandsNumbers:
			for _, i := range p.Ints {
				one(func(single *Pred) { single.Ints = []int64{i} })
			}
			for _, f := range p.Floats {
				one(func(single *Pred) { single.Floats = []float64{f} })
			}
		default:
			one(func(*Pred) {})
		}
	}
	return out
}

// each traces an array block, with its first members one by one.
func (t *tracer) each(e *Each) *Trace {
	x := explainer{rule: t.rule, ev: t.ev}
	item := &ItemTrace{Field: e.Field.Name(), Quant: e.Quant}
	value, absent := x.value(e.ID())
	item.Value, item.Absent = strings.Clone(value), absent
	out := &Trace{Kind: TraceEach, Holds: e.Match(t.ev), Item: item}
	t.ev.members(e.ID(), e.Quant == EachOne, func(member *Event) bool {
		item.Members++
		if e.Body.Eval(member) {
			item.Holding++
		}
		if item.Members <= maxTracedMembers {
			inner := &tracer{rule: t.rule, ev: member}
			out.add(inner.body(e.Body))
		}
		return false
	})
	if !out.Holds && absent {
		item.Hints = t.nearHints(e.ID())
	}
	return out
}
