package conformance

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"sync"

	"github.com/rsigma-go/rsigma/codegen"
	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/codegen/gobuild"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// ErrNoGo is returned when the compiled engine finds no go command.
var ErrNoGo = errors.New("the compiled engine needs the go command; use --engine interpreted")

// driverSource is the source of package driver, for the module that is built.
//
//go:embed driver/*.go
var driverSource embed.FS

const (
	modulePath = gobuild.ModulePath
	driverDir  = "codegen/conformance/driver"

	// orderFile lists the sources of the rules in load order, as a JSON array. Generated code is sorted by name.
	orderFile = "order.json"

	buildMain = `package main

import (
	_ "embed"
	"fmt"
	"os"

	"` + modulePath + `/` + driverDir + `"
	"` + modulePath + `/gen"
)

//go:embed ` + orderFile + `
var order []byte

func main() {
	rules, err := driver.InOrder(driver.Rules{Detections: gen.Rules(), Correlations: gen.Correlations()}, order)
	if err == nil {
		err = driver.New(rules, driver.Options{}).Serve(os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`
)

// NewCompiled returns the compiled engine for rules that are not linked into this program: Open generates their code into a
// temporary module beside a copy of the run time, builds it and talks to the program over pipes.
func NewCompiled() Engine { return compiledEngine{} }

type compiledEngine struct{}

func (compiledEngine) Name() string     { return Compiled }
func (compiledEngine) NoOptimize() bool { return false }

func (compiledEngine) Open(ctx context.Context, programs []*ir.Program) (Session, error) {
	dir, err := os.MkdirTemp("", "rsigma-compiled-*")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the compiled engine: %w", err)
	}
	binary, err := buildPrograms(ctx, dir, programs)
	if err == nil {
		var s *process
		if s, err = startProcess(ctx, dir, binary); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(dir))
}

// buildPrograms writes the module into dir, builds it and returns the path of the program.
func buildPrograms(ctx context.Context, dir string, programs []*ir.Program) (string, error) {
	files, err := moduleFiles(programs)
	if err != nil {
		return "", err
	}
	binary, err := files.Build(ctx, dir)
	if errors.Is(err, gobuild.ErrNoGo) {
		return "", ErrNoGo
	}
	return binary, err
}

// moduleFiles returns the module: run time, driver, generated rules, main.
func moduleFiles(programs []*ir.Program) (gobuild.Files, error) {
	files, err := gobuild.New()
	if err != nil {
		return nil, err
	}
	order, err := loadOrder(programs)
	if err != nil {
		return nil, err
	}
	files["main.go"], files[orderFile] = []byte(buildMain), order
	if err := files.Add(driverSource, path.Dir(driverDir)); err != nil {
		return nil, err
	}
	generated, err := codegen.Generate(merge(programs), codegen.Options{ImportPath: modulePath + "/gen"})
	if err != nil {
		return nil, err
	}
	for _, f := range generated {
		files[path.Join("gen", f.Path)] = f.Content
	}
	return files, nil
}

// loadOrder returns the content of orderFile.
func loadOrder(programs []*ir.Program) ([]byte, error) {
	sources := []string{}
	for _, p := range programs {
		for _, r := range p.Rules {
			sources = append(sources, r.Meta.Source)
		}
		for _, c := range p.Correlations {
			sources = append(sources, c.Rule.Meta.Source)
		}
	}
	return json.Marshal(sources)
}

// merge returns the programs as one.
func merge(programs []*ir.Program) *ir.Program {
	all := &ir.Program{}
	for _, p := range programs {
		all.Documents = append(all.Documents, p.Documents...)
		all.Rules = append(all.Rules, p.Rules...)
		all.Correlations = append(all.Correlations, p.Correlations...)
	}
	return all
}

// process is a running program with generated rules.
type process struct {
	dir    string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer // may be read once the program has ended
	end    func() error // closes in and waits for the program
}

func startProcess(ctx context.Context, dir, binary string) (*process, error) {
	p := &process{dir: dir, cmd: exec.CommandContext(ctx, binary)}
	p.cmd.Stderr = &p.stderr
	in, inErr := p.cmd.StdinPipe()
	out, outErr := p.cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		return nil, fmt.Errorf("start the compiled rules: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the compiled rules: %w", err)
	}
	p.in, p.out = in, bufio.NewReaderSize(out, 1<<20)
	p.end = sync.OnceValue(func() error {
		closed := p.in.Close()
		if err := p.cmd.Wait(); err != nil {
			return fmt.Errorf("the compiled rules ended: %w\n%s", err, p.stderr.Bytes())
		}
		return closed
	})
	return p, nil
}

// Eval implements Session.
func (p *process) Eval(job *driver.Job) (res driver.Result, err error) {
	line, err := json.Marshal(job)
	if err != nil {
		return res, fmt.Errorf("write job: %w", err)
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return res, fmt.Errorf("ask the compiled rules: %w", errors.Join(err, p.end()))
	}
	if line, err = p.out.ReadBytes('\n'); err != nil {
		return res, fmt.Errorf("hear from the compiled rules: %w", errors.Join(err, p.end()))
	}
	if err := json.Unmarshal(line, &res); err != nil {
		return res, fmt.Errorf("read the answer of the compiled rules: %w", err)
	}
	return res, nil
}

// Close implements Session. It waits for the program to end and removes its directory.
func (p *process) Close() error { return errors.Join(p.end(), os.RemoveAll(p.dir)) }
