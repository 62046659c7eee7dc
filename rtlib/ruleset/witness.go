package ruleset

import (
	"math"

	"github.com/rsigma-go/rsigma/rtlib"
)

// atom is one thing the index can look up: a literal in a field, or the field's presence.
type atom struct {
	field rtlib.FieldID
	kind  rtlib.WitnessKind
	text  string  // folded
	num   float64 // WitnessNumber
}

// witness is a set of atoms at least one of which holds whenever the rule matches. A nil witness claims nothing.
type witness struct {
	atoms []atom
	cost  float64 // how often one of them is expected to hold, in arbitrary units
}

// maxAtoms bounds a witness that is put together from alternatives; a rule with more is cheaper to gate by something else.
const maxAtoms = 20000

// chooser picks the cheapest witness of each rule.
type chooser struct{ weights *weights }

// rule returns the witness of r.
func (c *chooser) rule(r *rtlib.Rule) *witness {
	bodies := map[string]rtlib.Expr{}
	for _, s := range r.Selections {
		bodies[s.Name] = s.Body
	}
	return union(mapSlice(r.Conditions, func(x rtlib.Cond) *witness { return c.cond(x, bodies) }))
}

func (c *chooser) cond(x rtlib.Cond, bodies map[string]rtlib.Expr) *witness {
	term := func(x rtlib.Cond) *witness { return c.cond(x, bodies) }
	switch x := x.(type) {
	case rtlib.Sel:
		return c.expr(bodies[string(x)])
	case rtlib.AllConds:
		return cheapest(mapSlice(x, term))
	case rtlib.AnyConds:
		return union(mapSlice(x, term))
	case rtlib.OfSels:
		return atLeast(x.N, mapSlice(x.Names, func(n string) *witness { return c.expr(bodies[n]) }))
	default: // NotCond: what must not hold says nothing about what must
		return nil
	}
}

func (c *chooser) expr(x rtlib.Expr) *witness {
	switch x := x.(type) {
	case *rtlib.Pred:
		return c.pred(x)
	case rtlib.AllOf:
		return cheapest(mapSlice(x, c.expr))
	case rtlib.AnyOf:
		return union(mapSlice(x, c.expr))
	case rtlib.AtLeast:
		return atLeast(x.N, mapSlice(x.Terms, c.expr))
	case *rtlib.Each:
		return c.each(x)
	default:
		return nil
	}
}

// pred returns the cheapest of the requirements of p.
func (c *chooser) pred(p *rtlib.Pred) *witness {
	return cheapest(mapSlice(p.Witnesses(), func(alternatives []rtlib.WitnessLiteral) *witness {
		w := &witness{}
		for _, l := range alternatives {
			w.add(c.atom(p.ID(), l), c.weights)
		}
		return w
	}))
}

// atom files a literal under a field. Among all strings of an event everything is a substring search; the empty literal only
// says that the field is there.
func (c *chooser) atom(field rtlib.FieldID, l rtlib.WitnessLiteral) atom {
	a := atom{field: field, kind: l.Kind, text: l.Text, num: l.Number}
	textual := a.kind == rtlib.WitnessPrefix || a.kind == rtlib.WitnessSuffix || a.kind == rtlib.WitnessContains
	if textual && a.text == "" {
		a.kind = rtlib.WitnessPresent
	}
	if field == anyString && a.kind != rtlib.WitnessPresent {
		a.kind = rtlib.WitnessContains
		if a.text == "" {
			a.kind = rtlib.WitnessPresent
		}
	}
	return a
}

// each returns the presence of the array: literals inside members are not indexed.
func (c *chooser) each(x *rtlib.Each) *witness {
	if x.Quant != rtlib.EachAny && x.Quant != rtlib.EachAll {
		return nil // holds without any member
	}
	w := &witness{}
	w.add(atom{field: x.Field.ID(), kind: rtlib.WitnessPresent}, c.weights)
	return w
}

func (w *witness) add(a atom, weights *weights) {
	w.atoms = append(w.atoms, a)
	w.cost += weights.atom(a)
}

// cheapest is the witness of an AND.
func cheapest(ws []*witness) *witness {
	var best *witness
	for _, w := range ws {
		if w != nil && (best == nil || w.cost < best.cost) {
			best = w
		}
	}
	return best
}

// union is the witness of an OR: every alternative needs one.
func union(ws []*witness) *witness {
	if len(ws) == 1 {
		return ws[0]
	}
	out := &witness{}
	for _, w := range ws {
		if w == nil {
			return nil
		}
		out.atoms = append(out.atoms, w.atoms...)
		out.cost += w.cost
	}
	if len(out.atoms) == 0 || len(out.atoms) > maxAtoms {
		return nil
	}
	return out
}

// atLeast is the witness of "n of": among any len-n+1 terms one must hold, so the cheapest of them do.
func atLeast(n int, ws []*witness) *witness {
	if n < 1 || n > len(ws) {
		return nil
	}
	picked := make([]*witness, 0, len(ws))
	rest := append([]*witness(nil), ws...)
	for range len(ws) - n + 1 {
		best, at := math.Inf(1), -1
		for i, w := range rest {
			if w != nil && w.cost < best {
				best, at = w.cost, i
			}
		}
		if at < 0 {
			return nil
		}
		picked = append(picked, rest[at])
		rest[at] = nil
	}
	return union(picked)
}

func mapSlice[T, U any](xs []T, f func(T) U) []U {
	out := make([]U, len(xs))
	for i, x := range xs {
		out[i] = f(x)
	}
	return out
}
