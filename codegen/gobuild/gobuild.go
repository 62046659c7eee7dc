// Package gobuild builds programs around generated rules: a module of its own in a directory, with a copy of the run time in it,
// so that neither the network nor the sources of this module are needed. Who runs the program, and how they talk, is not its
// business.
package gobuild

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/rsigma-go/rsigma"
)

// ErrNoGo is returned where there is no go command.
var ErrNoGo = errors.New("this needs the go command")

// ModulePath is the path of the module that is built. It is ours, as the run time's files import each other by it.
const ModulePath = "github.com/rsigma-go/rsigma"

// Files are the files of a module, by path with slashes.
type Files map[string][]byte

// New returns a module with go.mod and the run time.
func New() (Files, error) {
	f := Files{"go.mod": []byte("module " + ModulePath + "\n\ngo 1.26\n")}
	return f, f.Add(rsigma.RuntimeSource, "")
}

// Add adds the Go files of src, tests excepted, below prefix.
func (f Files) Add(src fs.FS, prefix string) error {
	return fs.WalkDir(src, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(p, "_test.go") {
			return err
		}
		content, err := fs.ReadFile(src, p)
		f[path.Join(prefix, p)] = content
		return err
	})
}

// Build writes the module into dir, builds the program in its root and returns the path of the program.
func (f Files) Build(ctx context.Context, dir string) (string, error) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return "", ErrNoGo
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	for name, content := range f {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return "", fmt.Errorf("write the module of the generated rules: %w", err)
		}
		if err := os.WriteFile(p, content, 0o644); err != nil {
			return "", fmt.Errorf("write the module of the generated rules: %w", err)
		}
	}
	binary := filepath.Join(dir, "rules.exe")
	// The path of the directory stays out of what is built, so that the go command finds the same packages again next time.
	cmd := exec.CommandContext(ctx, goTool, "build", "-trimpath", "-o", binary, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "CGO_ENABLED=0", "GO111MODULE=on")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the generated rules: %w\n%s", err, out)
	}
	return binary, nil
}
