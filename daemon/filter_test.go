package daemon

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rsigma-go/rsigma/compiler/extract"
)

func TestAnOutputThatFailsCostsItselfOnly(t *testing.T) {
	t.Parallel()
	f, err := newFilter(".r[] | {n: tonumber}", "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	out, err := f([]byte(`{"r":["1","x","3"]}`))
	var got []string
	for _, text := range out {
		got = append(got, string(text))
	}
	if diff := cmp.Diff([]string{`{"n":1}`, `{"n":3}`}, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestAFilterWithoutEndIsAnError(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{"range(1e9)", "repeat(error)"} {
		f, err := newFilter(expr, "", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f([]byte(`{}`)); !errors.Is(err, extract.ErrLimit) {
			t.Errorf("%s: %v", expr, err)
		}
	}
}
