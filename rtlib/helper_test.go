package rtlib

import (
	"strings"
	"testing"
)

// eventFor returns the JSON event raw with the fields that x reads.
func eventFor(t testing.TB, raw string, xs ...Expr) *Event {
	t.Helper()
	ev := NewEvent()
	fill(t, ev, raw, xs...)
	return ev
}

func fill(t testing.TB, ev *Event, raw string, xs ...Expr) {
	t.Helper()
	var ids []FieldID
	for _, x := range xs {
		if err := prepareExpr(x); err != nil {
			t.Fatal(err)
		}
		fieldIDs(x, false, func(id FieldID) { ids = append(ids, id) })
	}
	ev.Reset(ShapeJSON, []byte(raw))
	if !strings.HasPrefix(raw, "{") {
		return // only objects have fields
	}
	seen := map[FieldID]bool{}
	for _, id := range ids {
		if p := id.Path(); p != nil && !seen[id] {
			seen[id] = true
			LookupRaw(raw, p, func(raw string) { ev.PutRaw(id, raw) })
		}
	}
}

// holds is one row of a table: whether x holds for the JSON event.
type holds struct {
	x     Expr
	event string
	want  bool
}

func runHolds(t *testing.T, rows []holds) {
	t.Helper()
	for _, row := range rows {
		if got := row.x.Eval(eventFor(t, row.event, row.x)); got != row.want {
			t.Errorf("%s for %s: got %v", describe(row.x), row.event, got)
		}
	}
}

func describe(x Expr) string {
	p, ok := x.(*Pred)
	if !ok {
		return "expression"
	}
	all := ""
	if p.All {
		all = " all"
	}
	return p.Op.String() + all + "(" + p.Field.Name() + ", " + patternOf([]*Pred{p}) + ")"
}

func pred(op Op, operands ...string) *Pred { return &Pred{Op: op, Field: "f", Strings: operands} }

func predAll(op Op, operands ...string) *Pred {
	return &Pred{Op: op, Field: "f", Strings: operands, All: true}
}

// filler returns n operands that occur nowhere, to make a set of a few.
func filler(n int) []string {
	var s []string
	for i := range n {
		s = append(s, strings.Repeat("\x01", i%7+1)+"filler"+strings.Repeat("x", i))
	}
	return s
}
