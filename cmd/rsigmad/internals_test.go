package main

import (
	"io"
	"os"

	"github.com/rsigma-go/rsigma/cmd/rsigmad/internal/cmdline"
	"github.com/rsigma-go/rsigma/daemon"
)

// What the tests of the program use of its command line.

type cli = cmdline.CLI

// setting is what --dry-run prints of one flag.
type setting struct {
	Value  any
	Origin string
}

const (
	crashVariable = cmdline.CrashVariable
	exitUsage     = cmdline.ExitUsage
)

var ownPath = cmdline.OwnPath

// plant is called before the daemon runs.
var plant = func(*daemon.Parts) {}

func init() { cmdline.Plant = func(parts *daemon.Parts) { plant(parts) } }

func run(args []string, stdin io.Reader, stdout, stderr *os.File) int {
	return cmdline.Run(linked(), args, stdin, stdout, stderr)
}
