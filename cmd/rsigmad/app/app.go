// Package app is rsigmad as a function, for programs that link rules of their own. Such a program is as long as this:
//
//	package main
//
//	import (
//		"os"
//
//		"example.com/rules/gen"
//		"github.com/rsigma-go/rsigma/cmd/rsigmad/app"
//	)
//
//	func main() {
//		os.Exit(app.Main(app.Rules{Detections: gen.Rules(), Correlations: gen.Correlations()}))
//	}
//
// The package gen is what "rsigmac generate" writes; "rsigmac init" makes a repository around it. With the build tag lite SQLite, NATS and
// OpenTelemetry stay out.
package app

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"

	"github.com/rsigma-go/rsigma/cmd/rsigmad/internal/cmdline"
)

// Rules are what is linked into a program: the generated rules and, in Source, the files they were made from, which "rsigmad rules" shows.
// Source may be nil.
type Rules = cmdline.Linked

// Main executes the command line of the process with the rules that are linked, and returns the exit status.
func Main(rules Rules) int {
	return cmdline.Run(rules, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// Archive returns the files in a zip file, for Rules.Source; nil if it is none.
func Archive(file []byte) fs.FS {
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil
	}
	return r
}
