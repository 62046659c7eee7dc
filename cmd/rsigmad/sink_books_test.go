package main

import (
	"errors"
	"fmt"
	"maps"
	"testing"
)

// books say what a daemon at rest must have counted.
type books struct {
	events, bad, results int // lines that are events, and that are not; results of the events
	sinks                []string
	lettersFail          bool
}

// fault says which sums do not balance, nil if all do.
//
// Source: reliability.md section 8.1.
func (b *books) fault(m map[string]float64) error {
	var errs []error
	want := func(what string, got, want float64) {
		if got != want {
			errs = append(errs, fmt.Errorf("%s is %v, want %v", what, got, want))
		}
	}
	value := func(series string) float64 {
		v, ok := m[series]
		if !ok {
			errs = append(errs, fmt.Errorf("there is no %s", series))
		}
		return v
	}
	received, committed, bad := value(`rsigma_events_received_total{source="http"}`), value("rsigma_events_committed_total"), value("rsigma_events_parse_errors_total")
	want("received", received, float64(b.events+b.bad))
	want("committed", committed, float64(b.events))
	want("received - committed - parse errors - dropped", received-committed-bad-value(`rsigma_dropped_total{reason="drain_timeout"}`), 0)
	want("results", value("rsigma_detection_matches_total"), float64(b.results))
	want("results that wait", value("rsigma_output_queue_depth"), 0)
	want("events that wait", value("rsigma_input_queue_depth"), 0)
	var letters, lost, dropped float64
	for _, sink := range b.sinks {
		f := figuresOf(m, sink)
		want(sink+": results - delivered - dlq - queued - dropped", float64(b.results)-f.done()-f.queued, 0)
		want(sink+": given up", value(fmt.Sprintf("rsigma_sink_delivery_failures_total{sink=%q}", sink)), f.dlq+f.dropped-f.discarded)
		letters += f.dlq
		lost += f.dropped - f.discarded
		dropped += f.dropped
	}
	want("dropped for want of a dead letter", value(`rsigma_dropped_total{reason="dlq_write_failed"}`), lost)
	want("dead letters", value("rsigma_dlq_events_total"), letters+lost+bad)
	failed := 0.0
	if b.lettersFail {
		failed = lost + bad
	}
	want("dead letters that could not be written", value("rsigma_dlq_write_failures_total"), failed)
	if !b.lettersFail {
		want("dropped although there are dead letters", lost, 0)
	}
	return errors.Join(errs...)
}

// figures are what metrics say of a sink.
type figures struct{ delivered, dlq, dropped, discarded, queued, retries float64 }

func figuresOf(m map[string]float64, sink string) figures {
	outcome := func(name string) float64 {
		return m[fmt.Sprintf("rsigma_sink_results_total{outcome=%q,sink=%q}", name, sink)]
	}
	of := func(name string) float64 { return m[fmt.Sprintf("rsigma_sink_%s{sink=%q}", name, sink)] }
	return figures{outcome("delivered"), outcome("dlq"), outcome("dropped"), of("dropped_total"), of("queue_depth"), of("retries_total")}
}

// done is how many results nothing more will become of.
func (f figures) done() float64 { return f.delivered + f.dlq + f.dropped }

// arrived is what became of numbered results of one sink.
type arrived struct {
	results      int         // numbered from 1
	got, letters map[int]int // at the receiver, in the dead letters
	dropped      int         // were counted as such
	// unsure says that the receiver may have stored what it did not acknowledge: then a result may be there twice.
	unsure bool
}

// fault says what is lost uncounted, or is there too often; nil if nothing is.
func (a *arrived) fault() error {
	missing, twice, strange := 0, 0, 0
	for n := 1; n <= a.results; n++ {
		switch got, letters := a.got[n], a.letters[n]; {
		case got+letters == 0:
			missing++
		case letters > 1, got+letters > 1 && !a.unsure:
			twice++
		}
	}
	for _, numbers := range []map[int]int{a.got, a.letters} {
		for n := range numbers {
			if n < 1 || n > a.results {
				strange++
			}
		}
	}
	if missing > a.dropped || missing < a.dropped && !a.unsure || twice+strange > 0 {
		return fmt.Errorf("of %d results %d are missing, and %d were counted as dropped; %d are there twice; %d were never sent",
			a.results, missing, a.dropped, twice, strange)
	}
	return nil
}

// goodBooks are those of ten results, of which three are delivered, two in the dead letters, one dropped, and four waiting; and of an
// output that has got everything.
func goodBooks(lettersFail bool) (*books, map[string]float64) {
	m := map[string]float64{
		`rsigma_events_received_total{source="http"}`: 15, "rsigma_events_committed_total": 13, "rsigma_events_parse_errors_total": 2,
		`rsigma_dropped_total{reason="drain_timeout"}`: 0, `rsigma_dropped_total{reason="dlq_write_failed"}`: 0,
		"rsigma_detection_matches_total": 10, "rsigma_output_queue_depth": 0, "rsigma_input_queue_depth": 0,
		"rsigma_dlq_events_total": 4, "rsigma_dlq_write_failures_total": 0,
		`rsigma_sink_results_total{outcome="delivered",sink="unix"}`: 3, `rsigma_sink_results_total{outcome="dlq",sink="unix"}`: 2,
		`rsigma_sink_results_total{outcome="dropped",sink="unix"}`: 1, `rsigma_sink_dropped_total{sink="unix"}`: 1,
		`rsigma_sink_queue_depth{sink="unix"}`: 4, `rsigma_sink_delivery_failures_total{sink="unix"}`: 2,
		`rsigma_sink_results_total{outcome="delivered",sink="file"}`: 10, `rsigma_sink_delivery_failures_total{sink="file"}`: 0,
	}
	if lettersFail { // the two are lost
		m[`rsigma_dropped_total{reason="dlq_write_failed"}`], m["rsigma_dlq_write_failures_total"] = 2, 4
		m[`rsigma_sink_results_total{outcome="dlq",sink="unix"}`], m[`rsigma_sink_results_total{outcome="dropped",sink="unix"}`] = 0, 3
	}
	return &books{events: 13, bad: 2, results: 10, sinks: []string{"unix", "file"}, lettersFail: lettersFail}, m
}

// TestBooksWithAFaultDoNotBalance is the negative control of the checks of broken sinks: each figure, one too high and one too low, and
// results that are lost or doubled.
func TestBooksWithAFaultDoNotBalance(t *testing.T) {
	t.Parallel()
	for _, lettersFail := range []bool{false, true} {
		b, good := goodBooks(lettersFail)
		if err := b.fault(good); err != nil {
			t.Fatalf("good books: %v", err)
		}
		for series := range good {
			for _, by := range []float64{-1, 1} {
				m := maps.Clone(good)
				m[series] += by
				if b.fault(m) == nil {
					t.Errorf("letters fail %t: %s is wrong by %v, and nothing is noticed", lettersFail, series, by)
				}
			}
		}
	}
	count := func(numbers ...int) map[int]int {
		out := map[int]int{}
		for _, n := range numbers {
			out[n]++
		}
		return out
	}
	for _, c := range []struct {
		what string
		arrived
		ok bool
	}{
		{"everything", arrived{3, count(1, 2), count(3), 0, false}, true},
		{"one dropped", arrived{3, count(1), count(3), 1, false}, true},
		{"one lost", arrived{3, count(1), count(3), 0, false}, false},
		{"one lost that might be there", arrived{3, count(1), count(3), 0, true}, false},
		{"one dropped that is there", arrived{3, count(1, 2), count(3), 1, false}, false},
		{"one dropped that may be there", arrived{3, count(1, 2), count(3), 1, true}, true},
		{"one twice", arrived{3, count(1, 2, 2), count(3), 0, false}, false},
		{"one that may be there twice", arrived{3, count(1, 2, 2), count(3), 0, true}, true},
		{"one delivered and a letter", arrived{3, count(1, 2, 3), count(3), 0, false}, false},
		{"two letters", arrived{3, count(1, 2), count(3, 3), 0, true}, false},
		{"one too many", arrived{3, count(1, 2, 4), count(3), 0, true}, false},
		{"a letter too many", arrived{3, count(1, 2), count(3, 0), 0, true}, false},
	} {
		if err := c.fault(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}
