package coverage

import (
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
)

// truth is what is known of an expression for all events of a shape: it never holds, it may, or it always does. "Never" is
// certain; "maybe" may be too cautious, since the terms of an expression are judged one by one.
type truth uint8

const (
	never truth = iota
	maybe
	always
)

func known(holds bool) truth {
	if holds {
		return always
	}
	return never
}

func not(t truth) truth { return always - t }

// canMatch reports whether r may match an event in which the fields that no event of the sample carries are missing.
func (s *Sample) canMatch(r *ir.Rule) bool {
	for _, c := range r.Conditions {
		if s.cond(r, c) != never {
			return true
		}
	}
	return false
}

func (s *Sample) cond(r *ir.Rule, c rtlib.Cond) truth {
	switch c := c.(type) {
	case rtlib.Sel:
		if sel := r.Selection(string(c)); sel != nil {
			return s.expr(sel.Body)
		}
		return never
	case rtlib.NotCond:
		return not(s.cond(r, c.X))
	case rtlib.AllConds:
		return atLeast(len(c), terms(c, func(term rtlib.Cond) truth { return s.cond(r, term) }))
	case rtlib.AnyConds:
		return atLeast(1, terms(c, func(term rtlib.Cond) truth { return s.cond(r, term) }))
	case rtlib.OfSels:
		return atLeast(max(c.N, 1), terms(c.Names, func(name string) truth { return s.cond(r, rtlib.Sel(name)) }))
	default:
		return maybe
	}
}

func (s *Sample) expr(x rtlib.Expr) truth {
	switch x := x.(type) {
	case *rtlib.Pred:
		return s.pred(x)
	case rtlib.Not:
		return not(s.expr(x.X))
	case rtlib.AllOf:
		return atLeast(len(x), terms(x, s.expr))
	case rtlib.AnyOf:
		return atLeast(1, terms(x, s.expr))
	case rtlib.AtLeast:
		return atLeast(x.N, terms(x.Terms, s.expr))
	case *rtlib.Each:
		if s.lacks(x.ID()) {
			return known(x.Match(s.empty))
		}
		return maybe
	default:
		return maybe
	}
}

// pred judges p by an event without fields if its field is always missing: rtlib knows what that means for each operator.
func (s *Sample) pred(p *rtlib.Pred) truth {
	if s.lacks(p.ID()) {
		return known(p.Match(s.empty))
	}
	refs, lacking := 0, 0
	p.FieldIDs(func(id rtlib.FieldID) {
		if id != p.ID() {
			refs++
			if s.lacks(id) {
				lacking++
			}
		}
	})
	isRef := p.Op != rtlib.Expand && p.Op != rtlib.ExpandFold // a placeholder without a value is filled with nothing
	if isRef && (refs > 0 && lacking == refs || p.All && lacking > 0) {
		return never // nothing equals a missing field
	}
	return maybe
}

// lacks reports whether no event of the sample carries field id.
func (s *Sample) lacks(id rtlib.FieldID) bool {
	if id == rtlib.AnyString.ID() {
		return !s.strings
	}
	return s.carried[id] == 0
}

func terms[T any](xs []T, judge func(T) truth) []truth {
	out := make([]truth, len(xs))
	for i, x := range xs {
		out[i] = judge(x)
	}
	return out
}

// atLeast judges "n or more of ts hold".
func atLeast(n int, ts []truth) truth {
	certain, possible := 0, 0
	for _, t := range ts {
		if t == always {
			certain++
		}
		if t != never {
			possible++
		}
	}
	switch {
	case certain >= n:
		return always
	case possible < n:
		return never
	default:
		return maybe
	}
}
