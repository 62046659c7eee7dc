package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path"
	"strconv"
	"strings"

	"github.com/rsigma-go/rsigma/codegen"
	"github.com/rsigma-go/rsigma/codegen/project"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

type buildCmd struct {
	ruleFlags
	runtimeFlags
	Out     string `short:"o" required:"" type:"path" placeholder:"FILE" help:"The program to write."`
	Lite    bool   `help:"Leave out SQLite, NATS and OpenTelemetry: a smaller program for standard input, HTTP, sockets and files."`
	Lenient bool   `help:"Build although some documents failed."`
}

// Help is shown below the flags.
func (buildCmd) Help() string {
	return `Builds an rsigmad that has the rules inside, as generated code and, for "rsigmad rules --extract", as they were written. It runs without
any rule file; with --rules it runs exactly those, on generated code as far as they are the same. The same rules, run time and Go
version give the same bytes. It needs the go command; GOOS and GOARCH say what to build for.

Examples:
  rsigmac build -r rules -p ecs_windows -o bin/rsigmad && bin/rsigmad version
  GOARCH=arm64 rsigmac build -r rules --lite -o rsigmad-arm64`
}

// Run implements the command.
func (c *buildCmd) Run(s streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	sources, opts, err := c.load()
	if err != nil {
		return err
	}
	prog, log := compiler.Compile(sources, opts)
	if err := compiler.CheckPipelines(opts.Pipelines, log); err != nil {
		return statusError{exitUsage, err}
	}
	if err := compiler.CheckCount(prog); err != nil {
		return statusError{exitRules, err}
	}
	if len(prog.Documents) == 0 {
		return errNoRules
	}
	diag.WriteText(s.err, log.Sorted(), useColor(s.err))
	if failed := prog.Count(ir.Failed); failed > 0 && !c.Lenient {
		return statusError{exitFinding, fmt.Errorf("%d documents failed; nothing was built (--lenient builds with the rest)", failed)}
	}
	if prog.Count(ir.Armed) == 0 {
		return statusError{exitFinding, fmt.Errorf("no document is armed; nothing was built")}
	}
	runtime, err := c.runtime(ctx)
	if err != nil {
		return err
	}
	generated := codegen.Options{Roots: c.Rules, ImportPath: project.BuildImportPath}
	files, err := codegen.Generate(prog, generated)
	if err != nil {
		return statusError{exitFinding, err}
	}
	p := project.Program{Generated: files, Source: map[string][]byte{}, Lite: c.Lite}
	for _, src := range sources {
		p.Source[free(p.Source, generated.Shown(src.Name))] = src.Data
	}
	if err := project.Build(ctx, runtime, p, c.Out); err != nil {
		return err
	}
	writeSummary(s.err, prog)
	info, err := os.Stat(c.Out)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%s: rule set %s, %.1f MB\n", c.Out, prog.Digest(), float64(info.Size())/1e6)
	return nil
}

// free returns a name that no file has yet: roots in different places may be called the same.
func free(files map[string][]byte, name string) string {
	ext := path.Ext(name)
	for n, base := 2, strings.TrimSuffix(name, ext); files[name] != nil; n++ {
		name = base + "_" + strconv.Itoa(n) + ext
	}
	return name
}
