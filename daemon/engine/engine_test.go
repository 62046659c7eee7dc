package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// counting returns a generation of one rule, and a correlation that counts its matches by user for a minute.
func counting(t *testing.T) *Generation {
	t.Helper()
	rules := Rules{
		Detections: []*rtlib.Rule{{Meta: rtlib.Meta{Source: "d0"}, Match: func(*rtlib.Event) bool { return true }}},
		Correlations: []*correlate.Rule{{
			Meta: rtlib.Meta{Source: "c0"}, Type: correlate.EventCount, Timespan: 60, References: []string{"d0"},
			Sources: []correlate.Source{{Rule: "d0", At: []int{0}}}, GroupBy: []correlate.Part{{Name: "user"}},
			Thresholds: []correlate.Threshold{{Op: correlate.GreaterEqual, Value: 5}},
		}},
	}
	g, err := New(rules, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestIdleGroupsAreSweptOnceAMinute(t *testing.T) {
	t.Parallel()
	g := counting(t)
	w := g.NewWorker(rtlib.LogSource{})
	const start = 1_700_000_000
	for i, step := range []struct {
		at     int64 // time of the event and time of day, in seconds after start
		groups int
	}{
		{0, 1}, {1, 2}, {2, 3},
		{59, 4},
		{61, 5},  // a minute after the first event: swept, but by the newest event time, 59, no window is empty yet
		{120, 6}, // nothing is swept, although groups are idle
		{121, 3}, // swept by 120: the first four go
	} {
		line := fmt.Appendf(nil, `{"timestamp":%d,"user":"u%d"}`, start+step.at, i)
		if _, _, err := w.JSON(line); err != nil {
			t.Fatal(err)
		}
		w.hits = []int{0}
		w.Correlate(time.Unix(start+step.at, 0))
		if got := g.Correlations.Stats().Groups; got != step.groups {
			t.Errorf("after second %d: %d groups, want %d", step.at, got, step.groups)
		}
	}
}
