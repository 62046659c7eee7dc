// Command rsigmad is the streaming detector: it reads events, runs Sigma rules over them and writes detections. The rules in gen/ are
// linked into it. Its command line is in internal/cmdline; package app is the way to it for programs with other rules.
package main

import (
	"os"

	"github.com/rsigma-go/rsigma/cmd/rsigmad/app"
	"github.com/rsigma-go/rsigma/gen"
)

func main() { os.Exit(app.Main(linked())) }

// linked returns the rules whose generated code is part of this program.
func linked() app.Rules {
	return app.Rules{Detections: gen.Rules(), Correlations: gen.Correlations()}
}
