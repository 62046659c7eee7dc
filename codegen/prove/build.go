package prove

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"sync"

	"github.com/rsigma-go/rsigma/codegen"
	"github.com/rsigma-go/rsigma/codegen/gobuild"
	"github.com/rsigma-go/rsigma/codegen/prove/runner"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// runnerSource is the source of package runner, for the module that is built.
//
//go:embed runner/*.go
var runnerSource embed.FS

const (
	runnerDir = "codegen/prove/runner"
	orderFile = "order.json"

	buildMain = `package main

import (
	_ "embed"
	"fmt"
	"os"

	"` + gobuild.ModulePath + `/` + runnerDir + `"
	"` + gobuild.ModulePath + `/gen"
)

//go:embed ` + orderFile + `
var order []byte

func main() {
	rules, err := runner.InOrder(gen.Rules(), order)
	if err == nil {
		var judge *runner.Judge
		if judge, err = runner.New(rules, true); err == nil {
			err = judge.Serve(os.Stdin, os.Stdout)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`
)

// generatedPackages is how many packages the rules are spread over. A changed rule means building one of them.
const generatedPackages = 32

// module returns the program around the generated code of rules. A rule's place in it depends on its digest only.
func module(rules []*ir.Rule) (gobuild.Files, error) {
	files, err := gobuild.New()
	if err != nil {
		return nil, err
	}
	if err := files.Add(runnerSource, path.Dir(runnerDir)); err != nil {
		return nil, err
	}
	prog, order := &ir.Program{}, []string{}
	seen := map[string]int{}
	for _, r := range rules {
		moved := *r
		d := r.Meta.Digest
		seen[d]++
		moved.File = fmt.Sprintf("p%02d/r%s_%d.yml", sum(d)%generatedPackages, d, seen[d])
		moved.Index, moved.Meta.Source = 0, moved.File
		order = append(order, moved.File)
		prog.Rules = append(prog.Rules, &moved)
	}
	text, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	files["main.go"], files[orderFile] = []byte(buildMain), text
	generated, err := codegen.Generate(prog, codegen.Options{ImportPath: gobuild.ModulePath + "/gen"})
	if err != nil {
		return nil, err
	}
	for _, f := range generated {
		files[path.Join("gen", f.Path)] = f.Content
	}
	return files, nil
}

func sum(s string) (n int) {
	for _, c := range []byte(s) {
		n += int(c)
	}
	return n
}

// key identifies what would be built: every byte of the sources, and the version of Go.
func key(files gobuild.Files) string {
	h := sha256.New()
	fmt.Fprintln(h, goruntime.Version(), goruntime.GOOS, goruntime.GOARCH)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s %d\n", name, len(files[name]))
		h.Write(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// keepBinaries is how many programs stay in the cache.
const keepBinaries = 4

// build returns the path of a program for files: one from the cache, or a new one. done removes what is not to stay.
func build(ctx context.Context, files gobuild.Files, cache string) (binary string, cached bool, done func() error, err error) {
	nothing, keep := func() error { return nil }, cache != ""
	if cache, err = filepath.Abs(cache); err != nil || !keep || os.MkdirAll(cache, 0o700) != nil {
		cache = "" // then it is built anew each time
	}
	kept := filepath.Join(cache, "rules-"+key(files)+".exe")
	if cache != "" {
		if info, err := os.Stat(kept); err == nil && info.Mode().IsRegular() {
			return kept, true, nothing, nil
		}
	}
	dir, err := os.MkdirTemp(cache, "build-*")
	if err != nil {
		return "", false, nothing, fmt.Errorf("make a directory for the generated rules: %w", err)
	}
	done = func() error { return os.RemoveAll(dir) }
	if binary, err = files.Build(ctx, dir); err != nil {
		return "", false, nothing, errors.Join(err, done())
	}
	if cache == "" {
		return binary, false, done, nil
	}
	if err := os.Rename(binary, kept); err != nil {
		return binary, false, done, nil
	}
	prune(cache)
	return kept, false, nothing, done()
}

// prune removes all but the newest programs of the cache.
func prune(cache string) {
	names, _ := filepath.Glob(filepath.Join(cache, "rules-*.exe"))
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(modified(b), modified(a)) })
	for _, name := range names[min(len(names), keepBinaries):] {
		os.Remove(name)
	}
}

func modified(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return info.ModTime().UnixNano()
}

// process is a running program with generated rules.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer // may be read once the program has ended
	end    func() error
}

func start(ctx context.Context, binary string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, binary, args...)}
	p.cmd.Stderr = &p.stderr
	in, inErr := p.cmd.StdinPipe()
	out, outErr := p.cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(binary), err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(binary), err)
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

// judge sends the events of b and returns a line of verdicts for each.
func (p *process) judge(b *batch) ([][]byte, error) {
	sent := make(chan error, 1)
	go func() {
		w := bufio.NewWriterSize(p.in, 1<<18)
		var line []byte
		for i, e := range b.events {
			line = runner.AppendQuestion(line[:0], e, b.asks[i])
			w.Write(line) // Flush reports what goes wrong
		}
		sent <- w.Flush()
	}()
	out := make([][]byte, 0, len(b.events))
	for range b.events {
		line, err := p.out.ReadBytes('\n')
		if err != nil {
			return nil, fmt.Errorf("hear from the compiled rules: %w", errors.Join(err, p.end()))
		}
		out = append(out, bytes.TrimSuffix(line, []byte("\n")))
	}
	if err := <-sent; err != nil {
		return nil, fmt.Errorf("ask the compiled rules: %w", errors.Join(err, p.end()))
	}
	return out, nil
}
