package daemon

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/reload"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// backend shows a daemon to the API.
type backend struct{ d *daemon }

// State implements api.Backend.
func (b backend) State() (string, bool) {
	loaded := b.d.pipeline.Load() != nil
	switch b.d.state.Load() {
	case running:
		return api.StateRunning, loaded
	case draining:
		return api.StateDraining, loaded
	}
	return api.StateLoading, loaded
}

// Status implements api.Backend.
func (b backend) Status() api.Status {
	d := b.d
	s := api.Status{
		StateEntries: int(d.metrics.StateEntries.Value()), EventsProcessed: d.metrics.EventsProcessed.Value(),
		DetectionMatches: d.metrics.DetectionMatches.Value(), CorrelationMatches: d.metrics.CorrelationMatches.Value(),
		UptimeSeconds: time.Since(d.start).Seconds(), Version: d.cfg.Version, PID: os.Getpid(),
		DetectionRules: int(d.metrics.DetectionRules.Value()), CorrelationRules: int(d.metrics.CorrelationRules.Value()),
	}
	if d.sources != nil {
		s.Sources = d.sources.counters()
	}
	s.State, s.Upgrade = d.stateStatus(), d.binary.Status()
	r := d.reloader.Load()
	if r == nil {
		return s
	}
	st := r.Status()
	s.RulesCompiled, s.RulesInterpreted = st.Report.Compiled, st.Report.Interpreted
	s.Reload.Generation, s.Reload.Pending = st.Generation, st.Pending
	if st.Last != nil {
		failed := ""
		if st.Last.Err != nil {
			failed = st.Last.Err.Error()
		}
		s.Reload.Finished(st.Last.Finished, failed)
		if c := st.Last.Changes; st.Last.Err == nil {
			s.Reload.Changes = &api.RuleChanges{Unchanged: c.Unchanged, Changed: c.Changed, Added: c.Added, Removed: c.Removed}
		}
	}
	return s
}

// Rules implements api.Backend.
func (b backend) Rules() api.Rules {
	out := api.Rules{
		Detections: int(b.d.metrics.DetectionRules.Value()), Correlations: int(b.d.metrics.CorrelationRules.Value()), Path: b.d.rulesPath(),
	}
	r := b.d.reloader.Load()
	if r == nil {
		return out
	}
	report := r.Status().Report
	out.Armed, out.Skipped, out.Failed = report.Armed, report.Skipped, report.Failed
	off := b.switchedOff()
	for i := range report.Documents {
		x := &report.Documents[i]
		state, reason := states[x.Status], string(x.Code)
		if off[x.File+x.Title] {
			state, reason = "failed", "rule-panic"
			out.Armed--
			out.Failed++
		}
		out.List = append(out.List, api.NewRule(x.Kind, x.ID, x.Title, x.Level, x.File, state, reason))
	}
	return out
}

var states = map[ir.Status]string{ir.Armed: "armed", ir.Skipped: "skipped", ir.Failed: "failed"}

// switchedOff returns the rules that panicked too often, by file and title.
func (b backend) switchedOff() map[string]bool {
	out := map[string]bool{}
	p := b.d.pipeline.Load()
	if p == nil {
		return out
	}
	g := p.Generation()
	for i, r := range g.Set.Rules() {
		if g.Off(i) {
			file, _, _ := strings.Cut(r.Meta.Source, "#")
			out[file+r.Meta.Title] = true
		}
	}
	return out
}

// Costs implements api.Backend.
func (b backend) Costs() api.Costs {
	out := api.Costs{SampleRate: b.d.cfg.CostRate}
	p, r := b.d.pipeline.Load(), b.d.reloader.Load()
	if p == nil || r == nil {
		return out
	}
	g := p.Generation()
	c := g.Costs()
	out.Generation, out.WindowSecs, out.Sampled = r.Status().Generation, int(c.Window.Seconds()), c.Sampled
	for _, x := range c.Rules {
		cost := api.RuleCost{Title: x.Rule.Title, Engine: g.Engine(x.Rule), Evaluations: x.Evaluations, Matches: x.Matches}
		if x.Rule.ID != "" {
			cost.ID = &x.Rule.ID
		}
		cost.NsPerEvent = float64(x.Time.Nanoseconds()) / float64(c.Sampled)
		cost.Share = float64(x.Time) / float64(max(c.Total, 1))
		out.Rules = append(out.Rules, cost)
	}
	return out
}

// Reload implements api.Backend.
func (b backend) Reload() (<-chan api.Reloaded, bool) {
	r := b.d.reloader.Load()
	if r == nil {
		return nil, false // nothing is loaded yet that could be loaded anew
	}
	done, ok := r.Trigger(reload.TriggerAPI)
	if !ok {
		return nil, false
	}
	out := make(chan api.Reloaded, 1)
	go func() {
		x := <-done
		rules := b.Rules()
		out <- api.Reloaded{Err: x.Err, Generation: x.Generation, Detections: rules.Detections, Correlations: rules.Correlations}
	}()
	return out, true
}

// engineLimit bounds how long a request waits for the engine.
const engineLimit = 5 * time.Second

// inspect calls f between two batches, with the correlations of the active generation, nil if there are none.
func (b backend) inspect(ctx context.Context, f func(*correlate.Engine)) error {
	p := b.d.pipeline.Load()
	if p == nil || b.d.state.Load() == loading {
		return engine.ErrEnded
	}
	ctx, cancel := context.WithTimeout(ctx, engineLimit)
	defer cancel()
	return p.Do(ctx, func(g *engine.Generation) { f(g.Correlations) })
}

// Correlations implements api.Backend.
func (b backend) Correlations(ctx context.Context) ([]api.Correlation, error) {
	done := make(chan []api.Correlation, 1)
	err := b.inspect(ctx, func(e *correlate.Engine) {
		var list []api.Correlation
		if e != nil {
			for i := range e.Rules() {
				list = append(list, describe(e, i))
			}
		}
		done <- list
	})
	if err != nil {
		return nil, err
	}
	return <-done, nil
}

// describe describes correlation rule number i.
func describe(e *correlate.Engine, i int) api.Correlation {
	r := e.Rule(i)
	c := api.Correlation{
		Index: i, ID: r.Meta.ID, Name: r.Name, Title: r.Meta.Title, Type: r.Type.String(), Timespan: r.Timespan,
		GroupBy: []string{}, RuleRefs: append([]string{}, r.References...), Threshold: threshold(r), Window: r.Window.String(), Gap: r.Gap,
	}
	for _, p := range r.GroupBy {
		c.GroupBy = append(c.GroupBy, p.Name)
	}
	for range e.Groups(i) {
		c.Groups++
	}
	return c
}

// comparisons are the operators as people write them.
var comparisons = map[correlate.Compare]string{
	correlate.Greater: ">", correlate.GreaterEqual: ">=", correlate.Less: "<", correlate.LessEqual: "<=",
	correlate.EqualTo: "==", correlate.NotEqualTo: "!=",
}

// threshold spells the condition of a correlation.
func threshold(r *correlate.Rule) string {
	var parts []string
	for _, t := range r.Thresholds {
		parts = append(parts, comparisons[t.Op]+" "+strconv.FormatFloat(t.Value, 'f', -1, 64))
	}
	return strings.Join(parts, " and ")
}

// Groups implements api.Backend.
func (b backend) Groups(ctx context.Context, rule int) ([]api.Group, error) {
	done := make(chan []api.Group, 1)
	now := b.d.now().Unix()
	err := b.inspect(ctx, func(e *correlate.Engine) {
		var list []api.Group
		if e != nil && rule < e.Rules() {
			for info := range e.Groups(rule) {
				list = append(list, group(e, &info, now))
			}
		}
		done <- list
	})
	if err != nil {
		return nil, err
	}
	return <-done, nil
}

// group describes one group; now is the time of day in seconds.
func group(e *correlate.Engine, info *correlate.GroupInfo, now int64) api.Group {
	r := info.Rule
	g := api.Group{
		Index: info.Index, ID: r.Meta.ID, Name: r.Name, Title: r.Meta.Title, Type: r.Type.String(),
		Key: []api.KeyPart{}, Threshold: threshold(r), Met: info.Holds, Entries: info.Entries, Timespan: r.Timespan,
		Window: e.AppendWindow(nil, info),
	}
	var shown []string
	for _, p := range info.Key {
		part := api.KeyPart{Field: p.Name}
		if p.Present {
			part.Value = &p.Value
			shown = append(shown, p.Name+"="+p.Value)
		}
		g.Key = append(g.Key, part)
	}
	g.Display = strings.Join(shown, ",")
	if info.Entries > 0 {
		g.Got, g.Earliest, g.Latest = &info.Value, &info.Oldest, &info.Newest
		g.Eviction = max(info.EmptyAt-now, 0)
	}
	if info.HasAlert {
		g.LastAlert = &info.LastAlert
	}
	if info.Suppress > 0 {
		g.Suppress = &info.Suppress
		if left := info.LastAlert + info.Suppress - now; info.HasAlert && left > 0 {
			g.Remaining = &left
		}
	}
	return g
}

// Sources implements api.Backend.
func (b backend) Sources() api.Sources {
	if b.d.sources == nil {
		return nil
	}
	return b.d.sources
}
