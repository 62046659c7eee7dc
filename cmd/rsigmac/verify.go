package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/rsigma-go/rsigma/codegen/gobuild"
	"github.com/rsigma-go/rsigma/codegen/prove"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

type verifyCmd struct {
	ruleFlags
	Events    []string `sep:"none" placeholder:"FILE" help:"Events to compare the engines on as well: NDJSON, or whole JSON documents; gzip is recognised. - is standard input. Repeatable."`
	Seed      uint64   `default:"1" help:"Seed of the random choices. The same seed gives the same events."`
	Mutations int      `default:"20" help:"Random changes to its events that are tried for each rule."`
	NoCompile bool     `help:"Leave out generated code; the go command is not needed then."`
	Binary    string   `placeholder:"PATH" help:"Compare with this rsigmad and the rules linked into it, instead of code that is generated now."`
	Cache     string   `placeholder:"DIR" help:"Where built rules are kept for the next run. Default: rsigma/verify in the user's cache directory."`
	Control   bool     `help:"Negative control: generate one rule with a wrong operator. Exit with status 1 if that is not found."`
	Format    string   `enum:"text,json" default:"text" help:"Output: text or json."`
	Verbose   bool     `short:"v" help:"List all rules, and the branches that no event decided."`
}

// Help is shown below the flags.
func (verifyCmd) Help() string {
	return `Makes events from the rules, at least one for each branch of each rule, with near misses and random mutations, and compares what the
engines say about all rules on all of them: the interpreter with and without the search index, the interpreter without
optimisation, and generated code, which is built and run with the go command. Reports of matches are compared too. The exit
status is 1 if there is any difference.

It also says how many branches were taken, which rules matched no event, and which rules another rule covers. What follows from
the rules is called proved; all else was not refuted by the events that were tried. Correlations are not looked at.

Examples:
  rsigmac verify -r rules
  rsigmac verify -r rules -p ecs_windows --events sample.ndjson.gz --seed 7 --format json
  rsigmac verify -r rules --binary bin/rsigmad
  rsigmac verify -r rules --control`
}

// Run implements the command.
func (c *verifyCmd) Run(s streams) error {
	if c.Control && (c.NoCompile || c.Binary != "") {
		return errors.New("--control is about code that is generated now")
	}
	start := time.Now()
	optimised, unoptimised, err := c.programs(s)
	if err != nil {
		return err
	}
	opts := prove.Options{
		Seed: c.Seed, Mutations: max(c.Mutations, 0), Compiled: !c.NoCompile && c.Binary == "", Control: c.Control, Cache: c.cache(),
		Stage: func(what string) {
			if isTerminal(s.err) {
				fmt.Fprintln(s.err, what+" …")
			}
		},
	}
	if c.Binary != "" {
		opts.Linked = c.linked()
	}
	bad := 0
	if len(c.Events) > 0 {
		opts.Events = func(f func([]byte) error) error {
			var failed error
			r := &eventReader{streams: s, take: func(e []byte) error {
				if failed == nil {
					failed = f(e)
				}
				return nil
			}}
			for _, name := range c.Events {
				if err := r.file(name); err != nil {
					return err
				}
			}
			bad = r.bad
			return failed
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	rep, err := prove.Run(ctx, optimised, unoptimised, opts)
	if errors.Is(err, gobuild.ErrNoGo) {
		return statusError{exitUsage, errors.New("generated code is built with the go command, which is not there; --no-compile leaves it out")}
	}
	if err != nil {
		return err
	}
	rep.BadEvents += bad
	if c.Format == "json" {
		err = writeJSON(s.out, newVerifyReport(rep, optimised))
	} else {
		err = writeVerify(s, rep, optimised, c.Verbose, time.Since(start))
		writeSummary(s.err, optimised)
	}
	if err == nil && failed(rep) {
		return statusError{status: exitFinding}
	}
	return err
}

// failed says whether something was found, or what was planted was not.
func failed(rep *prove.Report) bool {
	for i := range rep.Rules {
		if r := &rep.Rules[i]; rep.Control != nil && r.Rule == rep.Control {
			return r.Misjudged == 0 || rep.Different > r.Different
		}
	}
	return rep.Different > 0
}

// programs compiles the rules with and without optimisation.
func (c *verifyCmd) programs(s streams) (optimised, unoptimised *ir.Program, err error) {
	sources, opts, err := c.load()
	if err != nil {
		return nil, nil, err
	}
	optimised, log := compiler.Compile(sources, opts)
	if err := compiler.CheckPipelines(opts.Pipelines, log); err != nil {
		return nil, nil, statusError{exitUsage, err}
	}
	diag.WriteText(s.err, errorsOf(log), useColor(s.err))
	if len(optimised.Documents) == 0 {
		return nil, nil, errNoRules
	}
	if len(optimised.Rules) == 0 {
		return nil, nil, statusError{exitRules, errors.New("no detection rule can run")}
	}
	opts.NoOptimize = true
	unoptimised, _ = compiler.Compile(sources, opts)
	return optimised, unoptimised, nil
}

// cache returns where built rules are kept, "" for nowhere.
func (c *verifyCmd) cache() string {
	if c.Cache != "" {
		return c.Cache
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "rsigma", "verify")
}

// linked returns how the linked program is asked about the same rules.
func (c *verifyCmd) linked() *prove.LinkedProgram {
	out := &prove.LinkedProgram{Path: c.Binary}
	for _, r := range c.Rules {
		out.Args = append(out.Args, "--rules="+r)
	}
	for _, p := range c.Pipeline {
		out.Args = append(out.Args, "--pipeline="+p)
	}
	out.Args = append(out.Args, "--placeholder-fallback="+c.PlaceholderFallback)
	return out
}
