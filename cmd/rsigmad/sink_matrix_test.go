package main

import (
	"strings"
	"sync/atomic"
	"testing"
)

// variants are with what each fault is run.
var variants = []sinkVariant{{false, false}, {true, false}, {false, true}, {true, true}}

// TestBrokenSinksLeaveTheOthersAlone runs each fault of an output beside an output that works: with dead letters and with ones that fail
// too, with a state file and without. The output that works gets every result once. What becomes of the others is in the books, and what
// the books say is where they say it is.
func TestBrokenSinksLeaveTheOthersAlone(t *testing.T) {
	t.Parallel()
	t.Logf("seed %d", seed)
	if testing.Short() {
		t.Skip("the sinks have tests of their own for the race detector, and others go the same ways")
	}
	n := scale(400, 8000)
	var ran atomic.Int64
	t.Run("faults", func(t *testing.T) {
		for _, f := range sinkFaults {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				ran.Add(int64(runVariants(t, n, variants, f)))
			})
		}
		t.Run("all at once", func(t *testing.T) {
			t.Parallel()
			ran.Add(int64(runVariants(t, scale(200, n), variants, manyAtOnce(0)...)))
		})
		if soak { // so that the queues fill up
			t.Run("all at once, large results", func(t *testing.T) {
				ran.Add(int64(runVariants(t, n, variants, manyAtOnce(6<<10)...)))
			})
		}
	})
	t.Logf("%d runs", ran.Load())
	if ran.Load() < int64(15*len(variants)) {
		t.Errorf("only %d runs", ran.Load())
	}
}

// manyAtOnce returns the faults that can be outputs of one daemon, which gets events of pad bytes.
func manyAtOnce(pad int) (out []sinkFault) {
	for _, f := range sinkFaults {
		if f.pad = max(f.pad, pad); !f.alone {
			out = append(out, f)
		}
	}
	return out
}

// runVariants runs a daemon with faults for each variant, all of them at the same time. It returns how many there were.
func runVariants(t *testing.T, results int, variants []sinkVariant, faults ...sinkFault) int {
	t.Helper()
	var runs []*sinkRun
	for _, v := range variants {
		runs = append(runs, newSinkRun(t, results, v, impatient, faults...))
	}
	for _, r := range runs {
		r.feed()
		r.othersDone()
	}
	for _, r := range runs {
		r.stop()
	}
	for _, r := range runs {
		if err := r.fault(); err != nil {
			t.Error(err)
		}
	}
	return len(runs)
}

// TestALiarAmongSinksIsNoticed is the negative control with a daemon: a collector acknowledges every request and keeps nothing of each
// fifth one. No daemon can know, so its books balance; what has arrived shows it.
func TestALiarAmongSinksIsNoticed(t *testing.T) {
	t.Parallel()
	var lost atomic.Int64
	liar := sinkFault{name: "acknowledges and discards", delivered: all, open: func(t *testing.T, _ int, _ <-chan struct{}) *receiver {
		return overHTTP(t, func(call int, _ <-chan struct{}) verdict {
			if call%5 == 1 {
				lost.Add(1)
			}
			return verdict{discard: call%5 == 1}
		})
	}}
	r := newSinkRun(t, 300, sinkVariant{}, append(small, impatient...), liar)
	r.feed()
	r.othersDone()
	r.stop()
	if err := r.books.fault(r.last); err != nil {
		t.Error(err)
	}
	if err := r.fault(); err == nil || !strings.Contains(err.Error(), "are missing, and 0 were counted as dropped") || lost.Load() == 0 {
		t.Errorf("%d requests were discarded, and the check says %v", lost.Load(), err)
	}
}
