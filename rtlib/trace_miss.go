package rtlib

import (
	"cmp"
	"slices"
)

// The nearest miss: the fewest items of a Trace that would have to come out the other way.

// impossible is the cost of what no change of items can bring about.
const impossible = 1e9

// cost returns how many items must come out the other way for t to be want. How close the values came counts for less than any
// item.
func (t *Trace) cost(want bool) float64 {
	switch {
	case t.Holds == want:
		return 0
	case t.Item != nil:
		return 1 - t.Item.closeness/1000
	}
	terms, wanted, ok := t.cheapest(want)
	if !ok {
		return impossible
	}
	total := 0.0
	for _, term := range terms {
		total += term.cost(wanted)
	}
	return min(total, impossible)
}

// mark sets Miss on the items that cost counts. The cost must not be impossible.
func (t *Trace) mark(want bool) {
	switch {
	case t.Holds == want:
	case t.Item != nil:
		t.Miss = true
	default:
		terms, wanted, _ := t.cheapest(want)
		for _, term := range terms {
			term.mark(wanted)
		}
	}
}

// cheapest returns the terms of t that have to become wanted for t to become want, which it is not. It fails if t has too few.
func (t *Trace) cheapest(want bool) (terms []*Trace, wanted, ok bool) {
	wanted = want != (t.Kind == TraceNot)
	for _, term := range t.Terms {
		if term.Holds != wanted {
			terms = append(terms, term)
		}
	}
	n := len(terms)
	switch {
	case t.Kind == TraceAny && want, t.Kind == TraceAll && !want, t.Kind == TraceSelection:
		n = 1
	case t.Kind == TraceCount && want:
		n = t.N - t.count()
	case t.Kind == TraceCount:
		n = t.count() - t.N + 1
	}
	if n > len(terms) || len(terms) == 0 {
		return nil, wanted, false
	}
	slices.SortStableFunc(terms, func(a, b *Trace) int { return cmp.Compare(a.cost(wanted), b.cost(wanted)) })
	return terms[:n], wanted, true
}
