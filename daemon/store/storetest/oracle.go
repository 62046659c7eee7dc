package storetest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// history is what was done to a store: from it follows what Load must return.
type history []any // *store.Group, *store.Base or cleared

type cleared struct{}

func (h history) last() (n int64) {
	for _, op := range h {
		if g, ok := op.(*store.Group); ok {
			n = g.Seq
		}
	}
	return n
}

// expected returns what Load must find. It goes through the whole history each time, so that it has no state that could be wrong.
func (h history) expected() *store.Saved {
	want := &store.Saved{Last: h.last()}
	upto, delivered := int64(0), int64(0)
	positions := make(map[string]store.Position)
	for _, op := range h {
		switch op := op.(type) {
		case cleared:
			*want = store.Saved{Last: want.Last}
			maps.DeleteFunc(positions, func(source string, _ store.Position) bool { return !isKept(source) })
			upto = 0 // commits before are left out below
		case *store.Base:
			if op.Body != nil {
				want.Base, upto = &store.Base{Upto: op.Upto, Body: op.Body, At: op.At}, op.Upto
			}
			if op.Forget != nil {
				maps.DeleteFunc(positions, func(source string, _ store.Position) bool { return op.Forget(source) })
				if op.Snapshot != nil {
					want.SourceSequence, want.SourceTime = nil, nil
				}
			}
			if op.Snapshot != nil {
				want.Snapshot, want.SnapshotAt = op.Snapshot, time.Unix(op.At.Unix(), 0)
				want.SourceSequence, want.SourceTime = cover(op.SourceSequence, want.SourceSequence), cover(op.SourceTime, want.SourceTime)
			}
		case *store.Group:
			delivered = max(delivered, op.Delivered)
			for _, p := range op.Positions {
				positions[p.Source] = p
			}
		}
	}
	for _, op := range h {
		if g, ok := op.(*store.Group); ok && g.Outbox != nil && g.Seq > delivered {
			want.Outbox = append(want.Outbox, store.Row{Seq: g.Seq, Body: g.Outbox})
		}
	}
	for _, op := range h.afterClear() {
		if g, ok := op.(*store.Group); ok && g.Delta != nil && g.Seq > upto {
			want.Deltas = append(want.Deltas, store.Row{Seq: g.Seq, Body: g.Delta})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(positions)) {
		want.Positions = append(want.Positions, positions[name])
	}
	return want
}

func cover(n, old *int64) *int64 {
	if n != nil {
		return n
	}
	return old
}

func (h history) afterClear() history {
	for i := len(h) - 1; i >= 0; i-- {
		if _, ok := h[i].(cleared); ok {
			return h[i+1:]
		}
	}
	return h
}

var same = cmp.Options{
	cmpopts.IgnoreFields(store.Saved{}, "Clean"),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }),
	cmp.Comparer(bytes.Equal),
}

// check compares what was loaded with what must be there.
func (h history) check(got *store.Saved) error {
	if d := cmp.Diff(h.expected(), got, same); d != "" {
		return fmt.Errorf("Load after %d operations (- want, + got):\n%s", len(h), cut(d))
	}
	return nil
}

// checkPrefix finds the beginning of the history that was loaded.
func (h history) checkPrefix(got *store.Saved) (int, error) {
	for n := len(h); n >= 0; n-- {
		if h[:n].last() == got.Last && cmp.Equal(h[:n].expected(), got, same) {
			return n, nil
		}
	}
	return 0, fmt.Errorf("what Load returned is no beginning of what was done: %s", cut(cmp.Diff(h.expected(), got, same)))
}

func cut(s string) string {
	if len(s) > 2000 {
		return s[:2000] + " …"
	}
	return s
}
