package prove

import (
	"errors"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
)

// plant returns rules with one operator of one rule replaced by a wrong one, and the rule.
func plant(rules []*ir.Rule, seed uint64) ([]*ir.Rule, *ir.Rule, error) {
	for n := range rules {
		i := (n + int(seed%uint64(len(rules)))) % len(rules)
		if wrong := Wrong(rules[i]); wrong != nil {
			out := slices.Clone(rules)
			out[i] = wrong
			return out, rules[i], nil
		}
	}
	return nil, nil, errors.New("no rule has an operator to plant a fault in")
}

// wrongOps are operators that are easily taken for each other.
var wrongOps = map[rtlib.Op]rtlib.Op{
	rtlib.EqualFold: rtlib.PrefixFold, rtlib.PrefixFold: rtlib.ContainsFold, rtlib.SuffixFold: rtlib.ContainsFold, rtlib.ContainsFold: rtlib.SuffixFold,
	rtlib.Equal: rtlib.EqualFold, rtlib.Prefix: rtlib.PrefixFold, rtlib.Suffix: rtlib.SuffixFold, rtlib.Contains: rtlib.ContainsFold,
	rtlib.NumEqual: rtlib.NumGreaterEqual, rtlib.NumGreater: rtlib.NumGreaterEqual, rtlib.NumGreaterEqual: rtlib.NumGreater,
	rtlib.NumLess: rtlib.NumLessEqual, rtlib.NumLessEqual: rtlib.NumLess,
}

// Wrong returns a copy of r, with the digest of r, in which the first operator that has a mistakable one is that one; nil if there
// is none. It is for negative controls.
func Wrong(r *ir.Rule) *ir.Rule {
	out := *r
	out.Selections = slices.Clone(r.Selections)
	for i, s := range out.Selections {
		if body, done := wrongExpr(s.Body); done {
			out.Selections[i].Body = body
			return &out
		}
	}
	return nil
}

func wrongExpr(x rtlib.Expr) (rtlib.Expr, bool) {
	switch x := x.(type) {
	case *rtlib.Pred:
		op, ok := wrongOps[x.Op]
		if !ok || x.Field == rtlib.AnyString {
			return x, false
		}
		return &rtlib.Pred{Op: op, Field: x.Field, All: x.All, Strings: x.Strings, Ints: x.Ints, Floats: x.Floats, Want: x.Want}, true
	case rtlib.Not:
		inner, done := wrongExpr(x.X)
		return rtlib.Not{X: inner}, done
	case rtlib.AllOf:
		terms, done := wrongTerms(x)
		return rtlib.AllOf(terms), done
	case rtlib.AnyOf:
		terms, done := wrongTerms(x)
		return rtlib.AnyOf(terms), done
	case rtlib.AtLeast:
		terms, done := wrongTerms(x.Terms)
		return rtlib.AtLeast{N: x.N, Terms: terms}, done
	default:
		return x, false
	}
}

func wrongTerms(xs []rtlib.Expr) ([]rtlib.Expr, bool) {
	out := slices.Clone(xs)
	for i, x := range xs {
		if wrong, done := wrongExpr(x); done {
			out[i] = wrong
			return out, true
		}
	}
	return out, false
}
