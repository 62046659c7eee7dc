package daemon

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/logging"
	"github.com/rsigma-go/rsigma/daemon/metrics"
	"github.com/rsigma-go/rsigma/daemon/reload"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// counters connects what happens with the metrics.
type counters struct {
	d        *daemon
	m        *metrics.Set
	limited  *logging.Limited
	batches  *slog.Logger
	eval     *logging.Limited
	received map[string]*metrics.Counter // by type of source

	truncated map[*rtlib.Rule]uint64 // what was told of them; belongs to beforeScrape

	rules sync.Map // *rtlib.Meta or *correlate.Rule to *metrics.Counter
}

func newCounters(d *daemon) *counters {
	c := &counters{d: d, m: d.metrics, limited: logging.Every(d.log, time.Second), batches: logging.WithSpan(logging.For(d.log, targetBatches), "process_batch"), eval: logging.Every(logging.For(d.log, targetEval), time.Second), received: map[string]*metrics.Counter{}}
	for _, kind := range []string{"stdin", "http", "unix", "nats", "otlp"} {
		c.received[kind] = d.metrics.EventsReceived.With(kind)
	}
	return c
}

func (c *counters) intake() flow.IntakeHooks {
	return flow.IntakeHooks{
		Received: func(o *flow.Origin) { c.received[o.Type].Inc() },
		BackPressure: func(o *flow.Origin) {
			c.m.BackPressure.Inc()
			c.limited.Warn("Input channel full, backpressure applied", "source", o.Type)
		},
	}
}

func (c *counters) engine() engine.Hooks {
	h := engine.Hooks{
		Batch: c.batch, Detection: c.detection, Correlation: c.correlation, Untimed: c.m.TimestampFallback.Inc,
		Bad: c.bad, Late: c.m.LateEvents.Add, Evicted: c.evicted, Panic: c.panicked, Fatal: c.d.fatal,
		Paused: c.paused, Slow: c.slow,
		Committed: c.m.EventsCommitted.Add,
		HandedOn:  func(took time.Duration) { c.m.PipelineLatency.Observe(took.Seconds()) },
		Released:  func() { c.d.step(StepReleased) },
	}
	if c.d.tap != nil {
		h.Tap = c.tap
	}
	return h
}

func (c *counters) paused(why engine.Pause, took time.Duration) {
	switch why {
	case engine.PauseCommit:
		c.m.CommitWait.Observe(took.Seconds())
	case engine.PauseReload:
		c.m.ReloadPause.Observe(took.Seconds())
	}
}

// batch notes a batch.
func (c *counters) batch(b engine.BatchInfo) {
	c.m.EventsProcessed.Add(b.Events)
	c.m.ParseErrors.Add(b.Bad)
	c.m.EventSeconds.ObserveN(b.PerEvent.Seconds(), b.Events)
	c.m.BatchSize.Observe(float64(b.Messages))
	c.m.StateEntries.Set(float64(b.Groups))
	if c.batches.Enabled(context.Background(), slog.LevelDebug) {
		c.batches.Debug("Batch processed", "batch_size", b.Messages, "matches", b.Results, "elapsed_ms", float64(b.Elapsed.Microseconds())/1000)
	}
}

// bad notes that a message is no event. What it says is nobody's business but the dead letters'.
func (c *counters) bad(m *flow.Message, err error) {
	c.limited.Warn("Event cannot be parsed", "source", m.Origin.Type, "line", m.Number, "error", err.Error())
}

// evicted notes that the cap removed groups.
func (c *counters) evicted(r *correlate.Rule, groups int) {
	c.m.StateEvicted.With(r.Meta.Title, "cap").Add(groups)
	c.eval.Warn("Too many groups: the stalest ones were removed (--max-state-entries)", "correlation", r.Meta.Title, "groups", groups)
}

// level is the level of a rule as metrics spell it.
func level(m *rtlib.Meta) string {
	if m.Level == "" {
		return "unknown"
	}
	return m.Level
}

func (c *counters) detection(m *rtlib.Meta) {
	c.m.DetectionMatches.Inc()
	n, ok := c.rules.Load(m)
	if !ok {
		n, _ = c.rules.LoadOrStore(m, c.m.DetectionsByRule.With(m.Title, level(m)))
	}
	n.(*metrics.Counter).Inc()
}

func (c *counters) correlation(r *correlate.Rule) {
	c.m.CorrelationMatches.Inc()
	n, ok := c.rules.Load(r)
	if !ok {
		n, _ = c.rules.LoadOrStore(r, c.m.CorrelationsByRule.With(r.Meta.Title, level(&r.Meta), r.Type.String()))
	}
	n.(*metrics.Counter).Inc()
}

// panicked notes that a rule panicked.
func (c *counters) panicked(m *rtlib.Meta, value any, stack []byte, off bool) {
	c.m.RulePanics.With(m.ID).Inc()
	c.limited.Log(slog.LevelError, "A rule panicked; the event is in the dead letters", "rule_id", m.ID, "title", m.Title, "value", value, "stack", string(stack))
	if off {
		c.d.log.Error("A rule panicked too often and is switched off until the next reload", "rule_id", m.ID, "title", m.Title)
	}
}

// slow notes that an event took long. The log has none of its text.
func (c *counters) slow(s engine.SlowEvent) {
	c.m.SlowEvents.Inc()
	args := []any{"took_ms", s.Took.Milliseconds(), "bytes", len(s.Message.Data)}
	if o := s.Message.Origin; o != nil {
		args = append(args, "source", o.Type)
	}
	if s.Rule == nil {
		c.limited.Warn("An event took long to judge", args...)
		return
	}
	c.d.log.Warn("An event took long to judge", append(args, "rule_id", s.Rule.ID, "title", s.Rule.Title, "rule_took_ms", s.RuleTook.Milliseconds())...)
}

// tap returns who wants to see events.
func (c *counters) tap() func(raw []byte, decoded *rtlib.Event) {
	if c.d.tap.Active() == 0 {
		return nil
	}
	return func(raw []byte, decoded *rtlib.Event) {
		c.d.tap.Publish(api.Tapped{Raw: append([]byte(nil), raw...), JSON: decoded.AppendJSON(nil)})
	}
}

// observe shows results to tails.
func (c *counters) observe(u *flow.Unit) {
	if c.d.tail != nil {
		c.d.tail.Publish(u)
	}
}

// sinkOutcomes are what can become of results at a sink.
type sinkOutcomes struct{ delivered, dlq, dropped *metrics.Counter }

func (c *counters) outcomes(label string) sinkOutcomes {
	with := func(outcome string) *metrics.Counter { return c.m.SinkResults.With(label, outcome) }
	return sinkOutcomes{with("delivered"), with("dlq"), with("dropped")}
}

func (c *counters) sink(to *outlet) flow.SenderHooks {
	label := to.label
	c.m.Sink(label)
	o := c.outcomes(label)
	discarded, failed, retries := c.m.SinkDropped.With(label), c.m.SinkFailures.With(label), c.m.SinkRetries.With(label)
	dropped := func(n int) { discarded.Add(n); o.dropped.Add(n) }
	delivered := func(n int) {
		refused := int(to.refused.Swap(0)) // of these n
		o.delivered.Add(n - refused)
		dropped(refused)
		c.d.step(StepDelivered)
	}
	return flow.SenderHooks{
		Delivered: delivered,
		Dropped:   dropped,
		Failed:    failed.Add,
		Retried:   retries.Inc,
	}
}

// loaded notes the rules of a generation.
func (c *counters) loaded(gen *engine.Generation, number int) {
	c.m.DetectionRules.Set(float64(len(gen.Set.Rules())))
	correlations := 0
	if gen.Correlations != nil {
		correlations = gen.Correlations.Rules()
	}
	c.m.CorrelationRules.Set(float64(correlations))
	c.m.Generation.Set(float64(number))
}

// reloaded notes a reload.
func (c *counters) reloaded(out reload.Outcome, gen *engine.Generation) {
	c.m.Reloads.Inc()
	if out.Err != nil {
		c.m.ReloadsFailed.Inc()
	}
	if gen != nil {
		c.loaded(gen, out.Generation)
		c.rules.Clear() // the series stay
	}
}

// beforeScrape sets what nobody keeps up to date.
func (c *counters) beforeScrape() {
	d := c.d
	c.m.Uptime.Set(time.Since(d.start).Seconds())
	events, bytes := d.intake.Len()
	c.m.InputQueue.Set(float64(events))
	c.m.QueueBytes.Set(float64(bytes))
	c.m.OutputQueue.Set(float64(d.fanout.Results()))
	for _, o := range d.sinks {
		c.m.SinkQueue.With(o.label).Set(float64(o.sender.Len()))
	}
	if end, ok := d.listener.Expiry(); ok {
		c.m.TLSExpiry.Set(time.Until(end).Seconds())
	}
	c.regexes(d.pipeline.Load().Generation())
	c.m.TLSConns.Set(float64(d.listener.ActiveTLS()))
	if d.tail != nil {
		c.m.TailActive.Set(float64(d.tail.Active()))
	}
	if d.tap != nil {
		c.m.TapActive.Set(float64(d.tap.Active()))
	}
}

// regexes counts texts that were too long for the budget of a regular expression.
func (c *counters) regexes(g *engine.Generation) {
	told := make(map[*rtlib.Rule]uint64)
	for _, r := range g.Set.Rules() {
		if n := r.RegexTruncated(); n > 0 {
			c.m.RegexTruncated.With(r.Meta.ID).Add(int(n - c.truncated[r]))
			told[r] = n
		}
	}
	c.truncated = told
}
