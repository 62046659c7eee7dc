// Package cmdline is the command line of the streaming detector: it reads events, runs Sigma rules over them and writes detections. Which
// rules are linked is the caller's business: rsigmad and every rule-specific detector call it through package app. Each subcommand has a
// file of its own.
package cmdline

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"github.com/rsigma-go/rsigma/daemon/reload"
)

// Exit statuses (daemon.md section 24).
const (
	exitOK    = 0
	exitRules = 2 // rules path unreadable, or no rule document could be loaded
	ExitUsage = 3 // command line, configuration, input or output

	exitRefused = 1 // client commands: the daemon keeps its old rules, or its old binary; state verify: the file is damaged
)

// CLI is the command line.
type CLI struct {
	Run  runCmd  `cmd:"" default:"withargs" help:"Read events until stopped: the daemon (the default command)."`
	Eval evalCmd `cmd:"" help:"Evaluate events once and exit."`

	Status statusCmd `cmd:"" help:"Ask a running daemon how it is."`
	Tail   tailCmd   `cmd:"" help:"Watch the results of a running daemon."`
	Tap    tapCmd    `cmd:"" help:"Watch the events of a running daemon."`
	Reload reloadCmd `cmd:"" help:"Have a running daemon read its rules anew."`

	Upgrade upgradeCmd `cmd:"" help:"Have a running daemon give way to a new version of itself, without a gap."`

	State stateCmd `cmd:"" help:"Look into the file that keeps the state of correlations, move it, check it."`

	ConfigSchema schemaCmd `cmd:"" help:"Print the JSON Schema of the configuration file."`

	Rules      rulesCmd      `cmd:"" help:"List the linked rules, or write the files they were made from."`
	Version    versionCmd    `cmd:"" help:"Print the version, the digest of the linked rules, their number, and the modules of the program."`
	Completion completionCmd `cmd:"" help:"Print what a shell needs to complete commands and flags."`
	Man        manCmd        `cmd:"" help:"Print the manual page."`

	Ver kong.VersionFlag `name:"version" short:"V" help:"Print the version, the digest of the linked rules and their number."`
}

const description = `Runs Sigma rules over a stream of events and writes detections as NDJSON.

Rules that are linked into the program run as generated code; other rules, and linked ones whose source has changed, are
interpreted, with the same results. Without --rules the linked rules run and no file is needed.

Exit status: 0 normal end, whether or not something matched; 2 the rules cannot be read or none could be loaded; 3 anything
else that is wrong at start; 1 a reload or an upgrade that was asked for failed; 130 stopped by a second signal.`

// streams are what a command reads from and writes to.
type streams struct {
	in       io.Reader
	out, err *os.File
}

// Run executes the command line args with the rules that are linked, and returns the exit status.
func Run(linked Linked, args []string, stdin io.Reader, stdout, stderr *os.File) (status int) {
	if len(args) >= 2 && args[0] == "engine" && args[1] == "daemon" {
		args = append([]string{"run"}, args[2:]...) // the reference's spelling
	}
	layers, unreadable := loadLayers(args)
	exited := false
	parser, err := kong.New(&CLI{},
		kong.Name("rsigmad"),
		kong.Description(description),
		kong.Vars{"version": linked.versionText()},
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited, status = true, code }),
		kong.Bind(streams{stdin, stdout, stderr}, layers, linked),
		kong.Resolvers(layers.Resolver("run")),
	)
	if err != nil {
		panic(err) // the command structure itself is wrong
	}
	ctx, err := parser.Parse(args)
	if exited {
		return status // --help, --version
	}
	if err != nil {
		fmt.Fprintf(stderr, "rsigmad: error: %v\n", err)
		fmt.Fprintln(stderr, `run "rsigmad --help" for the flags`)
		return ExitUsage
	}
	if unreadable != nil && ctx.Selected().Name == "run" {
		return exitStatus(unreadable, stderr)
	}
	return exitStatus(ctx.Run(), stderr)
}

func exitStatus(err error, stderr io.Writer) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "rsigmad: error: %v\n", err)
	var failed errReloadFailed
	var goesOn errUpgradeFailed
	if errors.As(err, &failed) || errors.As(err, &goesOn) || errors.Is(err, errDamaged) {
		return exitRefused
	}
	var unreadable *reload.RulesError
	if errors.As(err, &unreadable) || errors.Is(err, reload.ErrNothingLoaded) {
		return exitRules
	}
	return ExitUsage
}
