package daemon

import (
	"context"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/reload"
)

// load makes a generation of what is on disk.
func (d *daemon) load(ctx context.Context, resolve reload.Resolve) (*engine.Generation, *reload.Report, error) {
	opts := d.cfg.Rules
	opts.MayBeEmpty = d.reloader.Load() == nil // the daemon starts
	if d.sources != nil {
		values, err := d.sources.values(ctx, resolve)
		if err != nil {
			return nil, nil, err
		}
		opts.Compile.Sources = values
	}
	if opts.MayBeEmpty { // a start waits: there are no old rules that could go on
		return reload.Load(opts)
	}
	return d.deadline.Load(opts)
}

// logReport logs every diagnostic and every document that is skipped.
func (d *daemon) logReport(r *reload.Report) {
	for _, x := range r.Diagnostics.Sorted() {
		args := []any{"code", string(x.Code), "at", x.Pos.String(), "rule_id", x.RuleID, "hint", x.Hint}
		if x.Severity == diag.SeverityError {
			d.log.Error(x.Msg, args...)
		} else {
			d.log.Warn(x.Msg, args...)
		}
	}
	for i := range r.Documents {
		if x := &r.Documents[i]; x.Status == ir.Skipped {
			d.log.Warn("Rule skipped", "reason", x.Reason, "code", string(x.Code), "at", x.Pos.String(), "title", x.Title)
		}
	}
}

// logLoaded says what was loaded.
func (d *daemon) logLoaded(gen *engine.Generation, r *reload.Report) {
	correlations := 0
	if gen.Correlations != nil {
		correlations = gen.Correlations.Rules()
	}
	d.log.Info("Rules loaded", "detection_rules", len(gen.Set.Rules()), "correlation_rules", correlations, "path", d.rulesPath(),
		"ruleset", gen.Digest, "armed", r.Armed, "skipped", r.Skipped, "failed", r.Failed, "compiled", r.Compiled, "interpreted", r.Interpreted)
	if r.Armed == 0 {
		d.log.Warn("No rules are loaded: nothing can be detected")
	}
	d.counters.loaded(gen, 1)
}

// rulesPath is --rules as it was given.
func (d *daemon) rulesPath() string {
	if len(d.cfg.Rules.Rules) == 0 {
		return "linked"
	}
	return strings.Join(d.cfg.Rules.Rules, ", ")
}
