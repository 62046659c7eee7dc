package synth

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/rtlib"
)

// present reports whether p holds only for fields that are there and not null.
func present(p *rtlib.Pred) bool {
	return p.Op != rtlib.IsNull && p.Op != rtlib.Exists && !isRef(p)
}

// predImplies compares two predicates on the same field, operand by operand: some element satisfies them, so what holds for an
// element holds for the field.
func predImplies(p, q *rtlib.Pred) bool {
	if p.Field != q.Field {
		return false
	}
	if q.Op == rtlib.Exists && q.Want && p.Field != rtlib.AnyString {
		return present(p) || p.Op == rtlib.Exists && p.Want
	}
	ps, qs := operandsOf(p, p.Field), operandsOf(q, q.Field)
	if len(ps) == 0 || len(qs) == 0 {
		return len(ps) == len(qs) && p.Op == q.Op && p.Want == q.Want && p.Op.Operands() != rtlib.OperandsStrings && p.Op.Operands() != rtlib.OperandsNumbers
	}
	one := func(a *rtlib.Pred) func(*rtlib.Pred) bool {
		return func(b *rtlib.Pred) bool { return operandImplies(a, b) }
	}
	met := func(a *rtlib.Pred) bool { // a alone makes q hold
		if q.All {
			return !slices.ContainsFunc(qs, func(b *rtlib.Pred) bool { return !operandImplies(a, b) })
		}
		return slices.ContainsFunc(qs, one(a))
	}
	switch {
	case !p.All:
		return !slices.ContainsFunc(ps, func(a *rtlib.Pred) bool { return !met(a) })
	case !q.All:
		return slices.ContainsFunc(ps, met)
	default:
		return !slices.ContainsFunc(qs, func(b *rtlib.Pred) bool {
			return !slices.ContainsFunc(ps, func(a *rtlib.Pred) bool { return operandImplies(a, b) })
		})
	}
}

// operandImplies compares two predicates of one operand each on the same field.
func operandImplies(a, b *rtlib.Pred) bool {
	if a.Op == b.Op && a.Part == b.Part && slices.Equal(a.Strings, b.Strings) && slices.Equal(a.Ints, b.Ints) && slices.Equal(a.Floats, b.Floats) {
		return true
	}
	switch {
	case a.Op == rtlib.CIDR && b.Op == rtlib.CIDR:
		return netContains(b.Strings[0], a.Strings[0])
	case isNumber(a) && isNumber(b):
		return numberImplies(a, b)
	case a.Op < rtlib.Equal || a.Op > rtlib.ContainsFold:
		return false
	}
	folded := a.Op.IsFold()
	if folded && !b.Op.IsFold() {
		return false
	}
	if a.Op == rtlib.Equal || a.Op == rtlib.EqualFold {
		return textual(b) && holdsFor(b, a.Strings[0])
	}
	s, t := a.Strings[0], ""
	if len(b.Strings) > 0 {
		t = b.Strings[0]
	}
	if b.Op.IsFold() {
		s, t = rtlib.Fold(s), rtlib.Fold(t)
	}
	switch b.Op {
	case rtlib.Prefix, rtlib.PrefixFold:
		return (a.Op == rtlib.Prefix || a.Op == rtlib.PrefixFold) && strings.HasPrefix(s, t)
	case rtlib.Suffix, rtlib.SuffixFold:
		return (a.Op == rtlib.Suffix || a.Op == rtlib.SuffixFold) && strings.HasSuffix(s, t)
	case rtlib.Contains, rtlib.ContainsFold:
		return strings.Contains(s, t)
	default:
		return false
	}
}

// textual reports whether p judges nothing but the text of an element.
func textual(p *rtlib.Pred) bool {
	return p.Op >= rtlib.Equal && p.Op <= rtlib.GlobDashFold || p.Op == rtlib.Regex || p.Op == rtlib.CIDR
}

// holdsFor asks p about a field that holds text.
func holdsFor(p *rtlib.Pred, text string) bool {
	lone := &rtlib.Pred{Op: p.Op, Field: selfTwin, Strings: p.Strings}
	id := selfTwin.ID()
	ev := rtlib.NewEvent()
	ev.Reset(rtlib.ShapeJSON, nil)
	ev.Put(id, rtlib.Value{Kind: rtlib.String, Text: text, Fold: rtlib.Fold(text)})
	return lone.Match(ev)
}

func isNumber(p *rtlib.Pred) bool {
	return (p.Op >= rtlib.NumEqual && p.Op <= rtlib.NumLessEqual) && len(p.Ints) == 1
}

// numberImplies compares bounds.
func numberImplies(a, b *rtlib.Pred) bool {
	m, n := a.Ints[0], b.Ints[0]
	const exact = 1 << 53 // beyond, doubles and integers compare differently
	if m > exact || m < -exact || n > exact || n < -exact {
		return false
	}
	switch a.Op {
	case rtlib.NumEqual:
		return b.Op == rtlib.NumEqual && m == n || b.Op == rtlib.NumGreater && m > n || b.Op == rtlib.NumGreaterEqual && m >= n ||
			b.Op == rtlib.NumLess && m < n || b.Op == rtlib.NumLessEqual && m <= n
	case rtlib.NumGreater:
		return (b.Op == rtlib.NumGreater || b.Op == rtlib.NumGreaterEqual) && m >= n
	case rtlib.NumGreaterEqual:
		return b.Op == rtlib.NumGreaterEqual && m >= n || b.Op == rtlib.NumGreater && m > n
	case rtlib.NumLess:
		return (b.Op == rtlib.NumLess || b.Op == rtlib.NumLessEqual) && m <= n
	default:
		return b.Op == rtlib.NumLessEqual && m <= n || b.Op == rtlib.NumLess && m < n
	}
}

func netContains(outer, inner string) bool {
	o, err1 := rtlib.ParseNetwork(outer)
	i, err2 := rtlib.ParseNetwork(inner)
	return err1 == nil && err2 == nil && o.Bits() <= i.Bits() && o.Overlaps(netip.PrefixFrom(i.Addr(), i.Bits()))
}
