package daemon

import (
	"log/slog"
	"testing"

	"github.com/rsigma-go/rsigma/daemon/metrics"
)

// TestWhatTheOtherSideRefusesIsNotDelivered has a delivery succeed of which two results were refused, and one without.
func TestWhatTheOtherSideRefusesIsNotDelivered(t *testing.T) {
	t.Parallel()
	d := &daemon{log: slog.New(slog.DiscardHandler), metrics: metrics.New(metrics.Options{}, func(string) {})}
	c := newCounters(d)
	to := &outlet{label: "otlp"}
	hooks := c.sink(to)
	to.refused.Add(2)
	hooks.Delivered(5)
	hooks.Delivered(1)
	o := c.outcomes("otlp")
	for what, got := range map[string][2]uint64{
		"delivered": {o.delivered.Value(), 4}, "dropped": {o.dropped.Value(), 2}, "sink_dropped": {d.metrics.SinkDropped.With("otlp").Value(), 2},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d, want %d", what, got[0], got[1])
		}
	}
}
