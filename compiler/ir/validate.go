package ir

import (
	"fmt"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Validate checks what the engines rely on: every name in a condition is a selection, every predicate has an operator, a
// field and operands. An error is a defect of the compiler, not of a rule.
func (r *Rule) Validate() error {
	names := map[string]bool{}
	for _, s := range r.Selections {
		if names[s.Name] {
			return fmt.Errorf("rule %q: selection %q twice", r.Meta.Title, s.Name)
		}
		names[s.Name] = true
		if err := validateExpr(s.Body); err != nil {
			return fmt.Errorf("rule %q: selection %q: %w", r.Meta.Title, s.Name, err)
		}
	}
	for _, c := range append([]rtlib.Cond{r.Match}, r.Conditions...) {
		if err := validateCond(c, names); err != nil {
			return fmt.Errorf("rule %q: %w", r.Meta.Title, err)
		}
	}
	return nil
}

func validateExpr(x rtlib.Expr) (err error) {
	rtlib.Walk(x, func(x rtlib.Expr) {
		switch x := x.(type) {
		case *rtlib.Pred:
			if x.Op == rtlib.OpInvalid || x.Field == "" {
				err = fmt.Errorf("predicate %+v is incomplete", x)
			}
		case *rtlib.Each:
			if x.Quant == rtlib.QuantInvalid || x.Field == "" || x.Body == nil {
				err = fmt.Errorf("array block %+v is incomplete", x)
			}
		case nil:
			err = fmt.Errorf("empty expression")
		}
	})
	return err
}

func validateCond(c rtlib.Cond, names map[string]bool) error {
	switch c := c.(type) {
	case rtlib.Sel:
		if !names[string(c)] {
			return fmt.Errorf("condition names unknown selection %q", string(c))
		}
	case rtlib.AllConds:
		return validateConds(c, names)
	case rtlib.AnyConds:
		return validateConds(c, names)
	case rtlib.NotCond:
		return validateCond(c.X, names)
	case rtlib.OfSels:
		for _, n := range c.Names {
			if err := validateCond(rtlib.Sel(n), names); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("unknown condition %T", c)
	}
	return nil
}

func validateConds(cs []rtlib.Cond, names map[string]bool) error {
	for _, c := range cs {
		if err := validateCond(c, names); err != nil {
			return err
		}
	}
	return nil
}
