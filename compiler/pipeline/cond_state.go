package pipeline

import (
	"cmp"

	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// stateCondition compares an entry of the processing state (section 5). It is a condition of all three groups.
type stateCondition[S any] struct {
	key string
	op  string
	val *yamldoc.Node
}

func readState[S any](a *params) check[S] {
	c := stateCondition[S]{key: a.requiredText("key"), val: a.required("val")}
	c.op = readOp(a, "eq", "ne", "gte", "gt", "lte", "lt")
	if c.val != nil && !c.val.IsScalar() {
		a.invalid(c.val, "val", "expected a scalar, not a %s", c.val.Kind)
	}
	return c
}

func (c stateCondition[S]) holds(r *run, _ S) (bool, error) {
	has, ok := r.state[c.key]
	if !ok {
		return false, nil
	}
	switch {
	case isNumber(has) && isNumber(c.val):
		return ordered(has.Float, c.op, c.val.Float), nil
	case has.Kind == c.val.Kind && has.IsScalar():
		return ordered(sourceText(has), c.op, sourceText(c.val)), nil
	}
	return c.op == "ne", nil
}

func isNumber(n *yamldoc.Node) bool {
	return n.Kind == yamldoc.KindInt || n.Kind == yamldoc.KindFloat
}

// ordered compares a with b by op: eq, ne, gte, gt, lte or lt.
func ordered[T cmp.Ordered](a T, op string, b T) bool {
	switch op {
	case "eq":
		return a == b
	case "ne":
		return a != b
	case "gte":
		return a >= b
	case "gt":
		return a > b
	case "lte":
		return a <= b
	}
	return a < b
}
