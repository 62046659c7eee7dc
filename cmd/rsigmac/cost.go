package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/cost"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

type costCmd struct {
	ruleFlags
	Events     []string `sep:"none" placeholder:"FILE" help:"Events to measure with: NDJSON, or whole JSON documents; gzip is recognised. - is standard input. Repeatable."`
	Budget     float64  `placeholder:"NS" help:"Exit with status 1 if the rule set costs more nanoseconds per event."`
	RuleBudget float64  `placeholder:"NS" help:"Exit with status 1 if a rule costs more nanoseconds per event."`
	Top        int      `default:"10" placeholder:"N" help:"How many of the dearest rules are shown as text."`
	Format     string   `enum:"text,json" default:"text" help:"Output: text or json."`
}

// Help is shown below the flags.
func (costCmd) Help() string {
	return `Predicts what each rule costs per event of the stream, and says why. With events it measures that too, rule by rule, as the daemon's
GET /api/v1/rules/cost does. Predictions rank; they know nothing of your telemetry. Measurements are in time of this machine: for a
budget in CI use the prediction, or leave room.

Examples:
  rsigmac cost -r rules --budget 5000
  rsigmac cost -r rules -p ecs_windows --events sample.ndjson.gz --rule-budget 2000`
}

// Run implements the command.
func (c *costCmd) Run(s streams) error {
	prog, log, err := c.compile()
	if err != nil {
		return err
	}
	diag.WriteText(s.err, errorsOf(log), useColor(s.err))
	report, err := c.measure(s, prog)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		err = writeJSON(s.out, report.json())
	} else {
		err = report.write(s, c.Top)
		writeSummary(s.err, prog)
	}
	if err != nil {
		return err
	}
	return c.judge(report)
}

// costReport is what rules cost.
type costReport struct {
	rules    []cost.Rule // in load order
	measured bool
	events   int
	total    float64
	bad      int
}

func (c *costCmd) measure(s streams, prog *ir.Program) (*costReport, error) {
	out := &costReport{measured: len(c.Events) > 0}
	sample, err := cost.NewSample(prog)
	if err != nil {
		return nil, err
	}
	r := &eventReader{streams: s, take: sample.Add}
	for _, name := range c.Events {
		if err := r.file(name); err != nil {
			return nil, err
		}
	}
	if out.measured && sample.Events() == 0 {
		return nil, errors.New("no event found in the sample")
	}
	out.rules, out.events, out.bad = sample.Rules(), sample.Events(), r.bad
	if out.total = sample.Total(); !out.measured {
		for _, rule := range out.rules {
			out.total += rule.Predicted
		}
	}
	return out, nil
}

// of returns the cost of a rule that counts.
func (r *costReport) of(rule cost.Rule) float64 {
	if r.measured {
		return rule.Measured
	}
	return rule.Predicted
}

func (r *costReport) how() string {
	if r.measured {
		return "measured"
	}
	return "predicted"
}

// judge compares the report with the budgets.
func (c *costCmd) judge(r *costReport) error {
	var over []string
	if c.Budget > 0 && r.total > c.Budget {
		over = append(over, fmt.Sprintf("the rule set costs %.0f ns per event (%s), more than the budget of %.0f", r.total, r.how(), c.Budget))
	}
	for _, rule := range cost.Worst(r.rules, len(r.rules), r.measured) {
		if c.RuleBudget > 0 && r.of(rule) > c.RuleBudget {
			over = append(over, fmt.Sprintf("%s costs %.0f ns per event (%s), more than the budget of %.0f", rule.Meta.Source, r.of(rule), r.how(), c.RuleBudget))
		}
	}
	if len(over) > 0 {
		return statusError{exitFinding, errors.New(strings.Join(over, "\n"))}
	}
	return nil
}

func (r *costReport) write(s streams, top int) error {
	head := fmt.Sprintf("%d rules: %.0f ns per event, predicted", len(r.rules), r.total)
	rows := [][]string{{"NS", "RULE", "SOURCE", "WHY"}}
	if r.measured {
		head = fmt.Sprintf("%d rules: %.0f ns per event, measured on %d events (search index included, decoding not)", len(r.rules), r.total, r.events)
		rows = [][]string{{"NS", "PREDICTED", "ASKED", "MATCHES", "RULE", "SOURCE", "WHY"}}
	}
	fmt.Fprintln(s.out, diag.Paint(head, diag.StyleHead, useColor(s.out)))
	for _, rule := range cost.Worst(r.rules, top, r.measured) {
		m := rule.Meta
		row := []string{fmt.Sprintf("%.1f", r.of(rule))}
		if r.measured {
			row = append(row, fmt.Sprintf("%.1f", rule.Predicted), fmt.Sprint(rule.Evaluations), fmt.Sprint(rule.Matches))
		}
		rows = append(rows, append(row, m.Title, m.Source, strings.Join(rule.Why, "; ")))
	}
	return table(s.out, rows)
}

// costJSON is the JSON output.
type costJSON struct {
	Basis      string         `json:"basis"` // measured or predicted
	NsPerEvent float64        `json:"ns_per_event"`
	Events     int            `json:"events"`
	BadLines   int            `json:"bad_lines"`
	Rules      []costRuleJSON `json:"rules"` // dearest first
}

type costRuleJSON struct {
	Title       string   `json:"title"`
	ID          string   `json:"id,omitempty"`
	Source      string   `json:"source"`
	Digest      string   `json:"digest"`
	Predicted   float64  `json:"predicted_ns_per_event"`
	Measured    *float64 `json:"measured_ns_per_event,omitempty"`
	Evaluations *int     `json:"evaluations,omitempty"`
	Matches     *int     `json:"matches,omitempty"`
	Always      bool     `json:"every_event"`
	Literals    int      `json:"literals"`
	Why         []string `json:"why"`
}

func (r *costReport) json() costJSON {
	out := costJSON{Basis: r.how(), NsPerEvent: r.total, Events: r.events, BadLines: r.bad, Rules: []costRuleJSON{}}
	for _, rule := range cost.Worst(r.rules, len(r.rules), r.measured) {
		m := rule.Meta
		j := costRuleJSON{Title: m.Title, ID: m.ID, Source: m.Source, Digest: m.Digest, Predicted: rule.Predicted, Always: rule.Gate.Always(),
			Literals: rule.Gate.Literals, Why: rule.Why}
		if j.Why == nil {
			j.Why = []string{}
		}
		if r.measured {
			j.Measured, j.Evaluations, j.Matches = &rule.Measured, &rule.Evaluations, &rule.Matches
		}
		out.Rules = append(out.Rules, j)
	}
	return out
}
