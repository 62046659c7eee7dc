package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/mattn/go-isatty"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

type explainCmd struct {
	ruleFlags
	Event  []string `sep:"none" short:"e" required:"" placeholder:"JSON|@FILE" help:"Event, as JSON text or as a file after @; @- is standard input. Repeatable."`
	Rule   []string `sep:"none" placeholder:"ID|NAME|TITLE" help:"Explain this rule only: its id, name, title or file name. Repeatable."`
	Format string   `enum:"auto,text,json" default:"auto" help:"Output: text, json, or auto: text on a terminal and JSON elsewhere."`
}

// Help is shown below the flags.
func (explainCmd) Help() string {
	return `Says why rules match an event or do not: the verdict on the condition, on each selection and on each item, with the value that was
seen. If a rule does not match, the nearest miss is marked: the fewest items that would have to come out the other way. For a
correlation the events are a sequence: which of them fed it, when it fired, and for each group what is in the window at the end and
what is missing. The exit status says nothing about matches; it is 1 if no rule was chosen. Log sources are not looked at.

Examples:
  rsigmac explain -r rules/windows/process_creation/net_user_add.yml -e '{"Image": "C:\\x\\net.exe"}'
  rsigmac explain -r rules -p ecs_windows --rule net_user_add -e @event.json --format text
  rsigmac explain -r rules --rule password_guessing -e @events.ndjson --format text`
}

// Run implements the command.
func (c *explainCmd) Run(s streams) error {
	prog, log, err := c.compile()
	if err != nil {
		return err
	}
	diag.WriteText(s.err, errorsOf(log), useColor(s.err))
	x := &explainer{}
	if err := c.choose(prog, x); err != nil {
		return err
	}
	r := &eventReader{streams: s, take: x.event}
	for _, e := range c.Event {
		if err := r.flag(e); err != nil {
			return err
		}
	}
	if len(x.events) == 0 {
		return errors.New("no event to explain")
	}
	if c.Format == "json" || c.Format == "auto" && !isTerminal(s.out) {
		return writeJSON(s.out, x.report())
	}
	x.writeText(s.out, useColor(s.out))
	return nil
}

func isTerminal(f *os.File) bool { return isatty.IsTerminal(f.Fd()) }

// choose fills x with the rules that --rule names, or with all.
func (c *explainCmd) choose(prog *ir.Program, x *explainer) error {
	names, err := c.names()
	if err != nil {
		return err
	}
	var known []string
	var correlations []*ir.Correlation
	for _, d := range prog.Documents {
		called := []string{d.Title, d.ID, names[place{d.File, d.Index}], strings.TrimSuffix(path.Base(d.File), path.Ext(d.File))}
		known = append(known, called...)
		if len(c.Rule) > 0 && !slices.ContainsFunc(c.Rule, func(want string) bool { return isCalled(want, called) }) {
			continue
		}
		switch {
		case d.Rule != nil:
			x.rules = append(x.rules, d.Rule)
		case d.Correlation != nil:
			correlations = append(correlations, d.Correlation)
		}
	}
	if len(x.rules)+len(correlations) == 0 {
		hint := ""
		if len(c.Rule) > 0 {
			hint = diag.Suggest(c.Rule[0], slices.DeleteFunc(known, func(s string) bool { return s == "" }))
		}
		if hint != "" {
			hint = " (" + hint + ")"
		}
		return statusError{exitFinding, fmt.Errorf("no rule was chosen%s", hint)}
	}
	if len(correlations) > 0 {
		if x.sequence, err = newSequence(prog, correlations); err != nil {
			return err
		}
	}
	return x.prepare()
}

// isCalled reports whether want is one of names, letter case aside.
func isCalled(want string, names []string) bool {
	return want != "" && slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(want, name) })
}

// place is where a document stands.
type place struct {
	file  string
	index int
}

// names returns the names of rules that have one, if --rule may ask for them.
func (c *explainCmd) names() (map[place]string, error) {
	out := map[place]string{}
	if len(c.Rule) == 0 {
		return out, nil
	}
	sources, err := compiler.Load(c.Rules)
	if err != nil {
		return nil, statusError{exitRules, err}
	}
	set, _ := compiler.Process(sources, compiler.Options{})
	for _, d := range set.Before {
		switch {
		case d.Rule != nil:
			out[place{d.File, d.Index}] = d.Rule.Name
		case d.Correlation != nil:
			out[place{d.File, d.Index}] = d.Correlation.Name
		}
	}
	return out, nil
}

// explainer traces rules on events.
type explainer struct {
	rules    []*ir.Rule
	runnable []*rtlib.Rule
	plan     *decode.Plan
	events   []explained
	sequence *sequence // nil if no correlation was chosen
}

// explained is one event with the verdict of each rule, in their order.
type explained struct{ traces []*rtlib.Trace }

func (x *explainer) prepare() error {
	var fields []rtlib.FieldID
	for _, r := range x.rules {
		runnable := interp.Rule(r)
		if err := runnable.Prepare(); err != nil {
			return err
		}
		x.runnable = append(x.runnable, runnable)
		runnable.FieldIDs(func(id rtlib.FieldID) { fields = append(fields, id) })
	}
	x.plan = decode.NewPlan(fields, false)
	return nil
}

// event traces all rules on one event.
func (x *explainer) event(data []byte) error {
	ev := rtlib.NewEvent()
	if err := x.plan.JSON(ev, data); err != nil {
		return err
	}
	var out explained
	for _, r := range x.runnable {
		out.traces = append(out.traces, r.Trace(ev))
	}
	x.events = append(x.events, out)
	if x.sequence != nil {
		return x.sequence.event(data)
	}
	return nil
}
