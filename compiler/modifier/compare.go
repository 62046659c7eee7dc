package modifier

import (
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// comparisons maps the comparing modifiers, and none at all, to their operations.
var comparisons = map[string]sigma.CompareOp{
	"":    sigma.CompareEqual,
	"gt":  sigma.CompareGreater,
	"gte": sigma.CompareGreaterEqual,
	"lt":  sigma.CompareLess,
	"lte": sigma.CompareLessEqual,
}

// compare types a value of gt, gte, lt or lte. It returns nil after an error.
func (a *applier) compare(c *chain, n *yamldoc.Node) sigma.Value {
	number, ok := a.number(n, c.operator)
	if !ok {
		return nil
	}
	return sigma.Compare{Op: comparisons[c.operator], Number: number}
}

// number reads a number or a numeric string (section 7.3).
func (a *applier) number(n *yamldoc.Node, modifier string) (sigma.Number, bool) {
	if n.Kind == yamldoc.KindNull {
		a.valueType(n, "modifier "+modifier)
		return sigma.Number{}, false
	}
	number, ok := sigma.NumberOf(n)
	if n.Kind == yamldoc.KindString {
		number, ok = sigma.ParseNumber(n.Text)
	}
	if !ok {
		a.errorf(n.Pos, diag.CodeExpectedANumber, "modifier %s expected a number, not %q", modifier, n.Text)
	}
	return number, ok
}
