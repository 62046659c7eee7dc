package condition

import (
	"reflect"
	"testing"
)

func TestWalkVisitsParentsFirstAndLeftToRight(t *testing.T) {
	t.Parallel()
	e, _ := parse(t, "a and not (b or 1 of c*) and d")
	var got []string
	Walk(e, func(e Expr) { got = append(got, String(e)) })
	want := []string{
		"a and not (b or 1 of c*) and d", "a", "not (b or 1 of c*)", "b or 1 of c*", "b", "1 of c*", "d",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestWalkOfNothingVisitsNothing(t *testing.T) {
	t.Parallel()
	Walk(nil, func(Expr) { t.Error("visited") })
}
