// Command rsigmac is the rule compiler: it checks Sigma rules, turns them into Go and runs their tests. Each subcommand has a
// file of its own.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// Exit statuses.
const (
	exitOK      = 0
	exitFinding = 1 // the command worked and found something: failed rules, stale code, failed tests
	exitRules   = 2 // rules cannot be read, or there are none
	exitUsage   = 3 // the command line or the environment is wrong
)

// cli is the command line.
type cli struct {
	Generate generateCmd `cmd:"" help:"Compile rules into Go source."`
	Check    checkCmd    `cmd:"" help:"Check rules and say what is wrong, where, and what to do about it."`
	Lint     lintCmd     `cmd:"" help:"Check the style of rules, and mend what can be mended safely."`
	Fmt      fmtCmd      `cmd:"" help:"Lay rule files out in one way, keeping comments and meaning."`
	Test     testCmd     `cmd:"" help:"Run rule tests."`
	Pipeline pipelineCmd `cmd:"" help:"List, show and try processing pipelines."`
	Fields   fieldsCmd   `cmd:"" help:"Compare the fields that rules read with those that events carry."`
	Trace    traceCmd    `cmd:"" help:"Find the rule behind a digest, an id, a generated function or a stack trace."`
	Cost     costCmd     `cmd:"" help:"Predict or measure what rules cost per event."`
	Explain  explainCmd  `cmd:"" help:"Say why rules match an event or do not."`
	Diff     diffCmd     `cmd:"" help:"Compare two versions of a rule set by what the rules mean."`
	Verify   verifyCmd   `cmd:"" help:"Compare all engines on events made from the rules."`
	Init     initCmd     `cmd:"" help:"Make a rules repository."`
	Build    buildCmd    `cmd:"" help:"Build an rsigmad with rules inside."`
	Version  versionCmd  `cmd:"" help:"Print the version."`

	Completion completionCmd `cmd:"" help:"Print what a shell needs to complete commands and flags."`
	Man        manCmd        `cmd:"" help:"Print the manual page."`
}

const description = `Compiles Sigma detection rules into Go matcher functions.

A rules repository runs "rsigmac generate -r rules -o gen" in CI, reviews the changed Go code beside the changed rule, and ships
one binary. Exit status: 0 all is well, 1 something was found (failed rules, stale code, failed tests), 2 the rules cannot be
read, 3 the command line is wrong.`

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// statusError carries an exit status.
type statusError struct {
	status int
	err    error // may be nil: everything was said already
}

func (e statusError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e statusError) Unwrap() error { return e.err }

// run executes the command line args and returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr *os.File) (status int) {
	exited := false
	parser, err := kong.New(&cli{},
		kong.Name("rsigmac"),
		kong.Description(description),
		kong.UsageOnError(),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited, status = true, code }),
		kong.Bind(streams{in: stdin, out: stdout, err: stderr}),
	)
	if err != nil {
		panic(err) // the command structure itself is wrong
	}
	ctx, err := parser.Parse(args)
	if exited {
		return status // --help
	}
	if err != nil {
		fmt.Fprintf(stderr, "rsigmac: error: %v\n", err)
		fmt.Fprintln(stderr, `run "rsigmac --help" for the commands and their flags`)
		return exitUsage
	}
	return exitStatus(ctx.Run(), stderr)
}

// streams are where a command reads from and writes to.
type streams struct {
	in       io.Reader
	out, err *os.File
}

func exitStatus(err error, stderr *os.File) int {
	if err == nil {
		return exitOK
	}
	status := exitUsage
	var se statusError
	if errors.As(err, &se) {
		status = se.status
	}
	if msg := err.Error(); msg != "" {
		fmt.Fprintf(stderr, "rsigmac: error: %s\n", msg)
	}
	return status
}
