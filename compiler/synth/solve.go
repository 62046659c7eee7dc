package synth

import (
	"math/rand/v2"

	"github.com/rsigma-go/rsigma/rtlib"
)

// solver finds values for fields that meet wants.
type solver struct {
	rule   *Rule
	rng    *rand.Rand
	try    int
	values map[rtlib.Field]any
	asked  map[rtlib.Field]bool // fields that hold what some item asks for
	buf    []byte
}

// solve returns values that meet wants as far as they could be found.
func (r *Rule) solve(wants []want, try int) map[rtlib.Field]any {
	s := solver{rule: r, rng: r.rng, try: try, values: map[rtlib.Field]any{}, asked: map[rtlib.Field]bool{}}
	s.all(wants)
	return s.values
}

func (s *solver) all(wants []want) {
	var order []rtlib.Field
	byField := map[rtlib.Field][]want{}
	for _, w := range wants {
		f := w.field()
		if byField[f] == nil {
			order = append(order, f)
		}
		byField[f] = append(byField[f], w)
	}
	for _, late := range []bool{false, true} { // those that look at other fields come last
		for _, f := range order {
			if looksAround(byField[f]) == late {
				s.field(f, byField[f])
			}
		}
	}
	for _, w := range wants {
		if isRef(w.n.pred) && w.holds {
			s.refer(w)
		}
	}
}

func (w *want) field() rtlib.Field {
	if w.n.kind == eachNode {
		return w.n.each.Field
	}
	return w.n.pred.Field
}

func isRef(p *rtlib.Pred) bool {
	return p != nil && p.Op >= rtlib.RefEqual && p.Op <= rtlib.RefSuffixFold
}

func isExpand(p *rtlib.Pred) bool {
	return p != nil && (p.Op == rtlib.Expand || p.Op == rtlib.ExpandFold)
}

func looksAround(ws []want) bool {
	for _, w := range ws {
		if isRef(w.n.pred) || isExpand(w.n.pred) {
			return true
		}
	}
	return false
}

func (s *solver) field(f rtlib.Field, wants []want) {
	var leaves []want
	var members []any
	for _, w := range wants {
		if w.n.kind == leafNode {
			leaves = append(leaves, w)
			continue
		}
		for _, m := range w.members {
			members = append(members, s.member(m))
		}
		if w.n.each.Quant == rtlib.EachOne && len(members) > 0 {
			s.values[f] = members[0]
			return
		}
	}
	if len(members) > 0 {
		s.values[f] = members
		return
	}
	if len(leaves) == 0 {
		return
	}
	if v, ok := s.value(leaves); ok {
		s.values[f] = v
	}
	for _, w := range leaves {
		s.asked[f] = s.asked[f] || w.holds && !isRef(w.n.pred)
	}
}

// member makes a member of an array.
func (s *solver) member(wants []want) any {
	inner := solver{rule: s.rule, rng: s.rng, try: s.try, values: map[rtlib.Field]any{}, asked: map[rtlib.Field]bool{}}
	inner.all(wants)
	if v, ok := inner.values[rtlib.Self]; ok && v != (absent{}) {
		return v
	}
	return s.rule.object(inner.values)
}

// refer gives a field and the one it refers to the same text, which fits all ways to compare them.
func (s *solver) refer(w want) {
	p := w.n.pred
	for i, name := range p.Strings {
		if !p.All && w.operand >= 0 && i != w.operand {
			continue
		}
		other := rtlib.Field(name)
		switch {
		case s.asked[p.Field] && s.values[p.Field] != nil:
			s.values[other] = s.values[p.Field]
		case s.asked[other]:
			s.values[p.Field] = s.values[other]
		default:
			s.values[p.Field], s.values[other] = "same", "same"
		}
		if !p.All {
			return
		}
	}
}

// value returns a value that meets wants, all on the same field: with no operand beside the one that is asked for, if possible.
func (s *solver) value(wants []want) (found any, ok bool) {
	for _, strict := range []bool{true, false} {
		s.candidates(wants, func(v any) bool {
			if s.fits(wants, v, strict) {
				found, ok = v, true
			}
			return !ok
		})
		if ok {
			return found, true
		}
	}
	return nil, false
}

// fits tries v. References to other fields are left open.
func (s *solver) fits(wants []want, v any, strict bool) bool {
	r := s.rule
	s.buf = s.buf[:0]
	values := map[rtlib.Field]any{wants[0].n.pred.Field: v}
	if looksAround(wants) {
		for f, v := range s.values {
			if _, ok := values[f]; !ok {
				values[f] = v
			}
		}
	}
	s.buf = appendJSON(s.buf, r.object(values))
	if r.decoder.JSON(r.ev, s.buf) != nil {
		return false
	}
	for _, w := range wants {
		if isRef(w.n.pred) {
			continue
		}
		if w.n.check.Match(r.ev) != w.holds {
			return false
		}
		if w.operand < 0 || w.n.operands == nil {
			continue
		}
		if !s.operandFits(w, strict) {
			return false
		}
	}
	return true
}

func (s *solver) operandFits(w want, strict bool) bool {
	want := !w.n.pred.All // what the operand must be, and the others must not
	if w.n.operands[w.operand].Match(s.rule.ev) != want {
		return false
	}
	if !strict {
		return true
	}
	for i, op := range w.n.operands {
		if i != w.operand && op.Match(s.rule.ev) == want {
			return false
		}
	}
	return true
}
