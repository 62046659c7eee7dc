package stdout

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	flowtest.Sink(t, func(t *testing.T) flowtest.Target {
		var b bytes.Buffer
		return flowtest.Target{Sink: New(&b, false), Lines: func() []string { return strings.Fields(b.String()) }}
	})
}

func lines(texts ...string) (out [][]byte) {
	for _, s := range texts {
		out = append(out, []byte(s))
	}
	return out
}

// shortWriter writes as many bytes as each budget says and fails behind them; then it writes everything.
type shortWriter struct {
	bytes.Buffer
	budgets []int
	calls   int
}

func (w *shortWriter) Write(p []byte) (int, error) {
	w.calls++
	if len(w.budgets) == 0 {
		return w.Buffer.Write(p)
	}
	n := min(w.budgets[0], len(p))
	w.budgets = w.budgets[1:]
	w.Buffer.Write(p[:n])
	return n, io.ErrShortWrite
}

func TestOneWriteForAllLines(t *testing.T) {
	t.Parallel()
	var w shortWriter
	if n, err := New(&w, false).Deliver(t.Context(), lines("aa", "bb", "cc")); n != 3 || err != nil || w.calls != 1 || w.String() != "aa\nbb\ncc\n" {
		t.Errorf("%d, %v, %d calls: %q", n, err, w.calls, w.String())
	}
}

func TestAShortWriteCountsCompleteLinesAndLeavesNoGluedLine(t *testing.T) {
	t.Parallel()
	for budget, want := range map[int]string{
		0: "aa\nbb\ncc\n", 1: "a\naa\nbb\ncc\n", 2: "aa\naa\nbb\ncc\n", 3: "aa\nbb\ncc\n", 4: "aa\nb\nbb\ncc\n", 6: "aa\nbb\ncc\n", 8: "aa\nbb\ncc\ncc\n",
	} {
		w := shortWriter{budgets: []int{budget, 0}}
		s := New(&w, false)
		left := lines("aa", "bb", "cc")
		n, err := s.Deliver(t.Context(), left)
		if n != budget/3 || !errors.Is(err, io.ErrShortWrite) || flow.IsPermanent(err) {
			t.Errorf("budget %d: %d lines, %v", budget, n, err)
		}
		left = left[n:]
		if n, err := s.Deliver(t.Context(), left); n != 0 || err == nil {
			t.Errorf("budget %d: nothing was written, but %d, %v", budget, n, err)
		}
		if n, err := s.Deliver(t.Context(), left); n != len(left) || err != nil || w.String() != want {
			t.Errorf("budget %d: %d, %v: %q, want %q", budget, n, err, w.String(), want)
		}
	}
}

func TestPrettyResultsAreIndented(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if n, err := New(&b, true).Deliver(t.Context(), lines(`{"a":[1],"b":"<é>"}`, `{}`)); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	want := "{\n  \"a\": [\n    1\n  ],\n  \"b\": \"<é>\"\n}\n{}\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestAReaderThatIsGoneIsPermanent(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if n, err := New(w, false).Deliver(t.Context(), lines("a")); n != 0 || !flow.IsPermanent(err) {
		t.Errorf("broken pipe: %d, %v", n, err)
	}
	w.Close()
	if n, err := New(w, false).Deliver(t.Context(), lines("a")); n != 0 || !flow.IsPermanent(err) {
		t.Errorf("closed: %d, %v", n, err)
	}
}
