package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// healthyTwin returns an output of the same kind that works.
func healthyTwin(output string) sinkFault {
	works := func(int, <-chan struct{}) verdict { return verdict{} }
	scheme, _, _ := strings.Cut(output, "://")
	return sinkFault{name: scheme + " that works", open: func(t *testing.T, _ int, _ <-chan struct{}) *receiver {
		switch scheme {
		case "otlphttp":
			return overHTTP(t, works)
		case "otlp":
			return overGRPC(t, works)
		case "unix":
			r, u := overUnix(t, 0)
			u.run(t)
			return r
		case "nats":
			r, _ := overNATS(t, -1)
			return r
		}
		return &receiver{output: "file://" + filepath.Join(t.TempDir(), "other")}
	}}
}

// rateBeside returns how many results a second the file output writes beside one output with a fault, and what that output is.
func rateBeside(t *testing.T, results int, f sinkFault) (rate float64, output string) {
	t.Run("", func(t *testing.T) { // so that everything ends with it
		r := newSinkRun(t, results, sinkVariant{}, []string{"--buffer-size", "120000", "--batch-size", "64"}, f)
		began := r.feed()
		r.othersDone()
		rate, output = float64(results)/time.Since(began).Seconds(), r.broken[0].output
	})
	return rate, output
}

// TestABrokenSinkCostsTheOthersNoThroughput measures how fast the output that works is, beside one that is broken and beside one of the
// same kind that is not, in turn. Only a soak measures; TestBrokenSinksLeaveTheOthersAlone has the short form.
func TestABrokenSinkCostsTheOthersNoThroughput(t *testing.T) {
	if !soak {
		t.Skip("measures: make soak")
	}
	const results, rounds = 100_000, 5
	for _, f := range sinkFaults {
		if f.alone { // its queue is small
			continue
		}
		f.flags = nil // what the daemon does by default is measured
		t.Run(f.name, func(t *testing.T) {
			var broken, control, ratios []float64
			for range rounds {
				b, output := rateBeside(t, results, f)
				c, _ := rateBeside(t, results, healthyTwin(output))
				broken, control, ratios = append(broken, b), append(control, c), append(ratios, b/c)
			}
			ratio := middle(broken) / middle(control)
			t.Logf("%s: %.0f results a second beside it, %.0f beside one that works: %.2f (of pairs %.2f to %.2f); at least 0.95: %t",
				f.name, middle(broken), middle(control), ratio, slices.Min(ratios), slices.Max(ratios), ratio >= 0.95)
			if ratio < 0.8 {
				t.Error("too slow")
			}
		})
	}
}

// middle returns the middle one of an odd number of figures.
func middle(x []float64) float64 { return slices.Sorted(slices.Values(x))[len(x)/2] }
