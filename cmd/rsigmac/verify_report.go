package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/codegen/prove"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// verifyReport is the JSON output.
type verifyReport struct {
	Seed        uint64             `json:"seed"`
	Engines     []string           `json:"engines"`
	Made        int                `json:"events_made"`
	Given       int                `json:"events_given"`
	BadEvents   int                `json:"bad_events"`
	Scanned     int                `json:"events_full_scan"`
	Verdicts    int64              `json:"verdicts"`
	Branches    branchCounts       `json:"branches"`
	Control     string             `json:"control,omitempty"`
	Linked      *linkedCounts      `json:"linked,omitempty"`
	Different   int                `json:"different"`
	Differences []differenceReport `json:"differences"`
	NotArmed    int                `json:"not_armed"`
	Correlation int                `json:"correlations_left_out"`
	Rules       []verifiedRule     `json:"rules"`
	Never       []neverMatched     `json:"never"`
	Subsumed    []subsumedRule     `json:"subsumed"`
}

// branchCounts say how far the branches were covered.
type branchCounts struct {
	All       int     `json:"all"`
	Taken     int     `json:"taken"`
	Decided   int     `json:"decided"`
	Redundant int     `json:"redundant"` // proved: another alternative covers it
	Percent   float64 `json:"percent"`   // decided, of those that are not redundant
}

// linkedCounts say how the rules of --binary ran when they matched.
type linkedCounts struct {
	Compiled    int `json:"compiled"`
	Interpreted int `json:"interpreted"`
}

type ruleName struct {
	Title  string `json:"title"`
	ID     string `json:"id,omitempty"`
	Source string `json:"source"`
}

type verifiedRule struct {
	ruleName
	Digest    string       `json:"digest"`
	Events    int          `json:"events"`
	Matches   int          `json:"matches"`
	Branches  branchCounts `json:"branches"`
	Undecided []string     `json:"undecided,omitempty"`
	Redundant []string     `json:"redundant,omitempty"`
	Different int          `json:"different"`
}

type differenceReport struct {
	Rule    *ruleName `json:"rule,omitempty"`
	Event   string    `json:"event"`
	Match   []string  `json:"match,omitempty"`
	NoMatch []string  `json:"no_match,omitempty"`
	Detail  string    `json:"detail,omitempty"`
}

type neverMatched struct {
	ruleName
	Proved bool `json:"proved"`
}

type subsumedRule struct {
	Rule   ruleName `json:"rule"`
	By     ruleName `json:"by"`
	Events int      `json:"events"`
	Proved bool     `json:"proved"`
	Same   bool     `json:"same"`
}

func nameOf(r *ir.Rule) ruleName { return ruleName{r.Meta.Title, r.Meta.ID, r.Meta.Source} }

func countBranches(r *prove.RuleReport) branchCounts {
	taken, decided := r.Tally.Count()
	_, of := r.Decided()
	return branchCounts{All: len(r.Branch), Taken: taken, Decided: decided, Redundant: len(r.Branch) - of, Percent: percent(decided, of)}
}

// percent is rounded down to a tenth, so that only all is 100.
func percent(n, of int) float64 {
	if of == 0 {
		return 100
	}
	return float64(n*1000/of) / 10
}

func totalBranches(rep *prove.Report) (out branchCounts) {
	for i := range rep.Rules {
		c := countBranches(&rep.Rules[i])
		out.All += c.All
		out.Taken += c.Taken
		out.Decided += c.Decided
		out.Redundant += c.Redundant
	}
	out.Percent = percent(out.Decided, out.All-out.Redundant)
	return out
}

// undecided returns the branches that no event decided: those that nothing is known of, and those that others cover.
func undecided(r *prove.RuleReport) (open, redundant []string) {
	for i, b := range r.Branch {
		switch {
		case r.Tally.Decided[i]:
		case slices.Contains(r.Redundant, i):
			redundant = append(redundant, b.String())
		default:
			open = append(open, b.String())
		}
	}
	return open, redundant
}

func newVerifyReport(rep *prove.Report, prog *ir.Program) verifyReport {
	out := verifyReport{
		Seed: rep.Seed, Engines: rep.Engines, Made: rep.Made, Given: rep.Given, BadEvents: rep.BadEvents, Scanned: rep.Scanned, Verdicts: rep.Verdicts,
		Branches: totalBranches(rep), Different: rep.Different, Differences: []differenceReport{}, Rules: []verifiedRule{},
		NotArmed: prog.Count(ir.Skipped) + prog.Count(ir.Failed), Correlation: len(prog.Correlations),
		Never: []neverMatched{}, Subsumed: []subsumedRule{},
	}
	if slices.Contains(rep.Engines, prove.Linked) {
		out.Linked = &linkedCounts{rep.LinkedCompiled, rep.LinkedInterpreted}
	}
	if rep.Control != nil {
		out.Control = rep.Control.Meta.Source
	}
	for _, d := range rep.Differences {
		r := differenceReport{Event: d.Event, Match: d.Match, NoMatch: d.NoMatch, Detail: d.Detail}
		if d.Rule != nil {
			name := nameOf(d.Rule)
			r.Rule = &name
		}
		out.Differences = append(out.Differences, r)
	}
	for i := range rep.Rules {
		r := &rep.Rules[i]
		v := verifiedRule{ruleName: nameOf(r.Rule), Digest: r.Rule.Meta.Digest, Events: r.Events, Matches: r.Tally.Matches,
			Branches: countBranches(r), Different: r.Different}
		v.Undecided, v.Redundant = undecided(r)
		out.Rules = append(out.Rules, v)
		if r.Never {
			out.Never = append(out.Never, neverMatched{nameOf(r.Rule), r.Impossible})
		}
	}
	for _, x := range rep.Subsumed {
		out.Subsumed = append(out.Subsumed, subsumedRule{nameOf(x.Rule), nameOf(x.By), x.Events, x.Proved, x.Same})
	}
	return out
}

// lowest is how many rules are listed without -v.
const lowest = 10

// writeVerify prints the report; what was found comes last, next to the prompt.
func writeVerify(s streams, rep *prove.Report, prog *ir.Program, verbose bool, took time.Duration) error {
	color := useColor(s.out)
	head := func(format string, args ...any) {
		fmt.Fprintln(s.out, diag.Paint(fmt.Sprintf(format, args...), diag.StyleHead, color))
	}
	total := totalBranches(rep)
	head("%d rules, %d events made for them, %d given; seed %d, %s", len(rep.Rules), rep.Made, rep.Given, rep.Seed, took.Round(100*time.Millisecond))
	fmt.Fprintf(s.out, "engines: %s\n", strings.Join(rep.Engines, "; "))
	fmt.Fprintf(s.out, "full scans asked every rule about %d of the events, and the rule that an event was made for about the others\n", rep.Scanned)
	if slices.Contains(rep.Engines, prove.Linked) {
		fmt.Fprintf(s.out, "linked: %d rules ran as linked code when they matched, %d were only interpreted, as the program holds no code for them\n",
			rep.LinkedCompiled, rep.LinkedInterpreted)
	}
	if n := len(prog.Correlations); n > 0 {
		fmt.Fprintf(s.out, "%d correlations were not looked at\n", n)
	}
	if rep.BadEvents > 0 {
		fmt.Fprintf(s.out, "%d events are no JSON\n", rep.BadEvents)
	}
	fmt.Fprintf(s.out, "branches: %d; taken %d; decided %d; redundant, as another alternative covers them, %d (proved); decided of the rest %.1f %%\n",
		total.All, total.Taken, total.Decided, total.Redundant, total.Percent)
	if err := table(s.out, verifyRows(rep, verbose)); err != nil {
		return err
	}
	if verbose {
		writeUndecided(s, rep)
	}
	if err := writeVerifyFindings(s, rep, head); err != nil {
		return err
	}
	head("\n%d differences in %d verdicts", rep.Different, rep.Verdicts)
	writeDifferences(s, rep)
	if rep.Control != nil {
		found := "was found"
		if failed(rep) {
			found = "was NOT found, or not alone"
		}
		fmt.Fprintf(s.out, "control: the wrong operator in %s %s\n", diag.Printable(rep.Control.Meta.Source), found)
	}
	return nil
}

// verifyRows lists the rules, or those that were covered least.
func verifyRows(rep *prove.Report, verbose bool) [][]string {
	order := make([]*prove.RuleReport, 0, len(rep.Rules))
	for i := range rep.Rules {
		if c := countBranches(&rep.Rules[i]); verbose || c.Percent < 100 {
			order = append(order, &rep.Rules[i])
		}
	}
	slices.SortStableFunc(order, func(a, b *prove.RuleReport) int {
		return cmp.Compare(countBranches(a).Percent, countBranches(b).Percent)
	})
	if !verbose {
		order = order[:min(len(order), lowest)]
	}
	rows := [][]string{{"DECIDED", "BRANCHES", "EVENTS", "MATCHES", "RULE"}}
	for _, r := range order {
		c := countBranches(r)
		rows = append(rows, []string{fmt.Sprintf("%.1f %%", c.Percent), fmt.Sprint(c.All), fmt.Sprint(r.Events), fmt.Sprint(r.Tally.Matches), r.Rule.Meta.Source})
	}
	return rows
}

func writeUndecided(s streams, rep *prove.Report) {
	for i := range rep.Rules {
		open, redundant := undecided(&rep.Rules[i])
		for _, b := range open {
			fmt.Fprintf(s.out, "undecided: %s: %s\n", diag.Printable(rep.Rules[i].Rule.Meta.Source), diag.Printable(b))
		}
		for _, b := range redundant {
			fmt.Fprintf(s.out, "redundant: %s: %s\n", diag.Printable(rep.Rules[i].Rule.Meta.Source), diag.Printable(b))
		}
	}
}

// writeVerifyFindings prints the rules that never match and those that others cover.
func writeVerifyFindings(s streams, rep *prove.Report, head func(string, ...any)) error {
	rows := [][]string{{"", "RULE"}}
	for i := range rep.Rules {
		if r := &rep.Rules[i]; r.Never {
			rows = append(rows, []string{certainty(r.Impossible, "no event was found that matches"), r.Rule.Meta.Source})
		}
	}
	head("\n%d rules matched no event", len(rows)-1)
	if err := table(s.out, rows); err != nil {
		return err
	}
	rows = [][]string{{"", "EVENTS", "RULE", "COVERED BY"}}
	for _, x := range rep.Subsumed {
		by := x.By.Meta.Source
		if x.Same {
			by += " (and the other way round)"
		}
		rows = append(rows, []string{certainty(x.Proved, "not refuted"), fmt.Sprint(x.Events), x.Rule.Meta.Source, by})
	}
	head("\n%d times another rule matched all that a rule matched", len(rows)-1)
	return table(s.out, rows)
}

func certainty(proved bool, otherwise string) string {
	if proved {
		return "proved"
	}
	return otherwise
}

func writeDifferences(s streams, rep *prove.Report) {
	for _, d := range rep.Differences {
		name := "all rules"
		if d.Rule != nil {
			name = d.Rule.Meta.Source
		}
		fmt.Fprintf(s.out, "%s\n", diag.Printable(name))
		if d.Detail != "" {
			fmt.Fprintf(s.out, "  %s\n", diag.Printable(d.Detail))
		} else {
			fmt.Fprintf(s.out, "  matches:        %s\n  does not match: %s\n", strings.Join(d.Match, "; "), strings.Join(d.NoMatch, "; "))
		}
		fmt.Fprintf(s.out, "  event: %s\n", diag.Printable(d.Event))
	}
	if more := rep.Different - len(rep.Differences); more > 0 {
		fmt.Fprintf(s.out, "and %d more\n", more)
	}
}
