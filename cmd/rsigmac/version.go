package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/rsigma-go/rsigma/rtlib"
)

type versionCmd struct{}

// Run implements the command.
func (versionCmd) Run(s streams) error {
	_, err := fmt.Fprintf(s.out, "rsigmac %s (generated-code format %d, %s)\n", version(), rtlib.FormatVersion, runtime.Version())
	return err
}

// version is the module's version as the go command recorded it, "devel" for a build from a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
