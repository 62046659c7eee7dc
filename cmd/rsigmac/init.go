package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"

	"github.com/rsigma-go/rsigma/codegen"
	"github.com/rsigma-go/rsigma/codegen/project"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// runtimeFlags say where the detector comes from.
type runtimeFlags struct {
	ModuleDir string `type:"path" placeholder:"DIR" help:"Checkout of rsigma to build with, instead of the published version that this rsigmac is."`
}

// runtime returns the module of the flags.
func (f *runtimeFlags) runtime(ctx context.Context) (*project.Runtime, error) {
	return project.FindRuntime(ctx, f.ModuleDir)
}

type initCmd struct {
	runtimeFlags
	Dir    string `arg:"" help:"Directory for the repository. It is made if it is not there; it must be empty, but for version control."`
	Module string `placeholder:"PATH" help:"Path of its Go module. Default: example.com/ and the name of the directory."`
}

// Help is shown below the flags.
func (initCmd) Help() string {
	return `Makes a rules repository: an example rule with its test, the generated code, a main.go that links it into an rsigmad of its own, a
Makefile, workflows for GitHub and GitLab, and hooks for pre-commit. Compiler and detector are of the same version, which go.mod
names; "go get" changes it.

Example:
  rsigmac init detections --module git.example.com/soc/detections && cd detections && make`
}

var notInPaths = regexp.MustCompile(`[^A-Za-z0-9._~-]+`)

// Run implements the command.
func (c *initCmd) Run(s streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	module := c.Module
	if module == "" {
		module = "example.com/" + notInPaths.ReplaceAllString(filepath.Base(dir), "-")
	}
	runtime, err := c.runtime(ctx)
	if err != nil {
		return err
	}
	files, err := project.Create(dir, module, runtime)
	if err != nil {
		return err
	}
	changes, err := generateInto(dir, module+"/gen")
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%s: %d files and %d generated ones; next: cd %s && make\n", c.Dir, len(files), changes.Written, c.Dir)
	if runtime.Dir != "" {
		fmt.Fprintf(s.err, "go.mod names the checkout %s: replace it by a version before others build this\n", runtime.Dir)
	}
	return nil
}

// generateInto writes the code of the rules of a new repository.
func generateInto(dir, importPath string) (codegen.Changes, error) {
	root := filepath.Join(dir, "rules")
	sources, err := compiler.Load([]string{root})
	if err != nil {
		return codegen.Changes{}, err
	}
	prog, _ := compiler.Compile(sources, compiler.Options{})
	if len(prog.Rules) == 0 || prog.Count(ir.Armed) != len(prog.Documents) {
		return codegen.Changes{}, errors.New("the example rules do not compile") // a defect
	}
	files, err := codegen.GenerateLocked(prog, codegen.Options{Roots: []string{root}, ImportPath: importPath})
	if err != nil {
		return codegen.Changes{}, err
	}
	return codegen.Write(filepath.Join(dir, "gen"), files)
}
