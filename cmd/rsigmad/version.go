package main

import (
	"fmt"
	"runtime/debug"

	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/reload"
	"github.com/rsigma-go/rsigma/gen"
)

// versionText names the program and the rules that are linked into it.
func versionText() string {
	rules := reload.LoadOrder(linked())
	return fmt.Sprintf("rsigmad %s, rule set %s, %d linked rules", moduleVersion(), rules.Digest(), rules.Len())
}

// linked returns the rules whose generated code is part of this program.
func linked() engine.Rules {
	return engine.Rules{Detections: gen.Rules(), Correlations: gen.Correlations()}
}

// moduleVersion is the module's version as the go command recorded it, "devel" for a build from a checkout.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
