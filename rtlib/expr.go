package rtlib

// Expr is a part of a selection: *Pred, AllOf, AnyOf, Not, AtLeast or *Each. It is plain data with one meaning; the
// interpreter walks it, generated code spells it out in Go, and the search index and the match details are derived from it.
type Expr interface {
	// Eval reports whether the expression holds for ev.
	Eval(ev *Event) bool
}

// AllOf holds if all its terms hold, tried in order up to the first that does not.
type AllOf []Expr

// AnyOf holds if one of its terms holds, tried in order up to the first that does.
type AnyOf []Expr

// Not negates X.
type Not struct{ X Expr }

// AtLeast holds if N or more of its Terms hold.
type AtLeast struct {
	N     int
	Terms []Expr
}

// Eval implements Expr.
func (a AllOf) Eval(ev *Event) bool {
	for _, x := range a {
		if !x.Eval(ev) {
			return false
		}
	}
	return true
}

// Eval implements Expr.
func (a AnyOf) Eval(ev *Event) bool {
	for _, x := range a {
		if x.Eval(ev) {
			return true
		}
	}
	return false
}

// Eval implements Expr.
func (n Not) Eval(ev *Event) bool { return !n.X.Eval(ev) }

// Eval implements Expr.
func (a AtLeast) Eval(ev *Event) bool {
	n := 0
	for _, x := range a.Terms {
		if x.Eval(ev) {
			n++
		}
	}
	return n >= a.N
}

// Walk calls f for x and everything below it, parents first, in order.
func Walk(x Expr, f func(Expr)) {
	f(x)
	switch x := x.(type) {
	case AllOf:
		walkAll(x, f)
	case AnyOf:
		walkAll(x, f)
	case Not:
		Walk(x.X, f)
	case AtLeast:
		walkAll(x.Terms, f)
	case *Each:
		Walk(x.Body, f)
	}
}

func walkAll(xs []Expr, f func(Expr)) {
	for _, x := range xs {
		Walk(x, f)
	}
}

func prepareExpr(x Expr) (err error) {
	Walk(x, func(x Expr) {
		if err != nil {
			return
		}
		switch x := x.(type) {
		case *Pred:
			err = x.prepare()
		case *Each:
			x.prepare()
		}
	})
	return err
}
