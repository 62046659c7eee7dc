package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/daemon/alert"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/reload"
	"github.com/rsigma-go/rsigma/rtlib"
)

// engineFlags are the flags of every command that evaluates events.
type engineFlags struct {
	Rules    []string `sep:"none" short:"r" placeholder:"PATH" help:"Rule file, or directory that is read recursively. Repeatable. Default: the linked rules."`
	Pipeline []string `sep:"none" short:"p" placeholder:"NAME|PATH" help:"Processing pipeline: a built-in name, a file or a directory. Repeatable."`

	PlaceholderFallback  string `enum:"strict,event" default:"strict" help:"What a placeholder that no pipeline fills does: strict skips the rule, event fills it from the event field of that name."`
	AllowExternalSources bool   `help:"Let pipelines read lists of values from files (file_placeholders)."`

	IncludeEvent bool   `help:"Put the event into every detection."`
	MatchDetail  string `enum:"off,summary,full" default:"off" help:"How much each detection says about what matched: off, summary or full."`
	NoProvenance bool   `help:"Leave out which engine and which version of the rule made a detection."`

	LogsourceRouting bool     `help:"Skip rules whose log source contradicts the event's. The event's is given by --event-logsource."`
	EventLogsource   []string `sep:"none" placeholder:"DIMENSION=VALUE" help:"Log source of all events, such as product=windows. Repeatable. Needs --logsource-routing."`
	InterpretAll     bool     `hidden:"" help:"Interpret all rules, for comparisons."`

	correlationFlags
}

// load makes the generation that the flags ask for.
func (f *engineFlags) load() (*engine.Generation, *reload.Report, error) {
	correlations, err := f.correlationFlags.options()
	if err != nil {
		return nil, nil, err
	}
	return reload.Load(reload.Options{
		Rules:     f.Rules,
		Pipelines: f.Pipeline,
		Compile: compiler.Options{
			PlaceholderFallback: f.PlaceholderFallback == "event", AllowExternal: f.AllowExternalSources,
		},
		Linked:       linked(),
		InterpretAll: f.InterpretAll,
		Engine:       engine.Options{Routing: f.LogsourceRouting, Correlate: correlations},
	})
}

// logSource reads --event-logsource.
func (f *engineFlags) logSource() (rtlib.LogSource, error) {
	var l rtlib.LogSource
	if len(f.EventLogsource) > 0 && !f.LogsourceRouting {
		return l, fmt.Errorf("--event-logsource has no effect without --logsource-routing")
	}
	for _, s := range f.EventLogsource {
		key, value, ok := strings.Cut(s, "=")
		if !ok || key == "" || value == "" {
			return l, fmt.Errorf("--event-logsource %q: want DIMENSION=VALUE, such as product=windows", s)
		}
		switch key {
		case "category":
			l.Category = value
		case "product":
			l.Product = value
		case "service":
			l.Service = value
		default:
			l.Custom = append(l.Custom, rtlib.Dimension{Key: key, Value: value})
		}
	}
	return l, nil
}

// format returns how detections are rendered.
func (f *engineFlags) format(gen *engine.Generation) alert.Format {
	return alert.Format{
		IncludeEvent: f.IncludeEvent,
		Detail:       alert.Detail(f.MatchDetail),
		Provenance:   !f.NoProvenance,
		RuleSet:      gen.Digest,
	}
}

// logReport says what was loaded: every document that is not armed, every diagnostic, and how the armed rules run.
func logReport(log *slog.Logger, r *reload.Report) {
	for _, d := range r.Diagnostics.Sorted() {
		level := slog.LevelWarn
		if d.Severity == diag.SeverityError {
			level = slog.LevelError
		}
		log.Log(context.Background(), level, d.Msg, "code", d.Code, "at", d.Pos.String(), "rule_id", d.RuleID, "hint", d.Hint)
	}
	for _, d := range r.Documents {
		if d.Status == ir.Skipped {
			log.Warn("rule skipped", "reason", d.Reason, "code", d.Code, "at", d.Pos.String(), "title", d.Title)
		}
	}
	log.Info("rules loaded", "armed", r.Armed, "skipped", r.Skipped, "failed", r.Failed,
		"compiled", r.Compiled, "interpreted", r.Interpreted)
}
