// Package project makes Go modules in which generated rules meet the detector: repositories that people keep, and temporary ones that are
// built and thrown away. It writes go.mod so that compiler, run time and everything below them have the versions they were tested with. It
// compiles no rules; rsigmac does and hands over the files.
package project

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"

	"golang.org/x/mod/modfile"
)

// ModulePath is the module that the detector and its run time are in.
const ModulePath = "github.com/rsigma-go/rsigma"

// noVersion stands in go.mod where a directory replaces the module.
const noVersion = "v0.0.0"

// Errors of FindRuntime.
var (
	ErrNoGo      = errors.New("this needs the go command, " + downloads)
	ErrNoRuntime = errors.New("this rsigmac was built from a checkout, so no published version of " + ModulePath +
		" belongs to it: name the checkout with --module-dir DIR, or use a released rsigmac")
)

const downloads = "https://go.dev/dl/"

// Runtime is a version of our module.
type Runtime struct {
	Version string // noVersion for a directory of its own
	Dir     string // set for a directory of its own
	goMod   *modfile.File
	goSum   []byte // with the lines of the module itself
}

// FindRuntime returns the module in dir or, without dir, the one this program was built from: the published version, or the checkout that
// the working directory is in. It runs the go command, which may have to download the module.
func FindRuntime(ctx context.Context, dir string) (*Runtime, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return nil, ErrNoGo
	}
	if dir != "" {
		return directory(dir)
	}
	if v := ownVersion(debug.ReadBuildInfo()); v != "" {
		return download(ctx, v)
	}
	at, err := os.Getwd()
	for ; err == nil; at = filepath.Dir(at) {
		if r, err := directory(at); err == nil {
			return r, nil
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	return nil, ErrNoRuntime
}

// ownVersion returns the published version that a program was built from, empty if there is none.
func ownVersion(info *debug.BuildInfo, ok bool) string {
	if !ok || info.Main.Path != ModulePath || info.Main.Replace != nil || info.Main.Version == "(devel)" || info.Main.Version == noVersion ||
		strings.Contains(info.Main.Version, "+") {
		return ""
	}
	return info.Main.Version
}

// directory returns the module in dir.
func directory(dir string) (*Runtime, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	r := &Runtime{Version: noVersion, Dir: dir}
	if err := r.read(filepath.Join(dir, "go.mod"), dir); err != nil {
		return nil, err
	}
	return r, nil
}

// read reads go.mod and go.sum.
func (r *Runtime) read(goMod, dir string) error {
	text, err := os.ReadFile(goMod)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not the module %s: it has no go.mod", dir, ModulePath)
	}
	if err != nil {
		return err
	}
	if r.goMod, err = modfile.Parse(goMod, text, nil); err != nil {
		return err
	}
	if m := r.goMod.Module; m == nil || m.Mod.Path != ModulePath {
		return fmt.Errorf("%s is not the module %s", dir, ModulePath)
	}
	r.goSum, err = os.ReadFile(filepath.Join(dir, "go.sum"))
	return err
}

// download returns a published version.
func download(ctx context.Context, version string) (*Runtime, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", ModulePath+"@"+version)
	cmd.Dir = os.TempDir() // no module around it may interfere
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var m struct{ Dir, GoMod, Sum, GoModSum, Error string }
	if json.Unmarshal(out, &m) == nil && m.Error != "" {
		err = errors.New(m.Error)
	}
	if err != nil {
		return nil, fmt.Errorf("get %s %s, from which this rsigmac was built (--module-dir DIR takes a checkout instead): %w %s",
			ModulePath, version, err, bytes.TrimSpace(stderr.Bytes()))
	}
	r := &Runtime{Version: version}
	if err := r.read(m.GoMod, m.Dir); err != nil {
		return nil, err
	}
	r.goSum = fmt.Appendf(r.goSum, "%s %s %s\n%s %s/go.mod %s\n", ModulePath, version, m.Sum, ModulePath, version, m.GoModSum)
	return r, nil
}

// module returns go.mod and go.sum of a module that uses r, and with tool rsigmac too. A directory is replaced by dir.
func (r *Runtime) module(path, dir string, tool bool) (goMod, goSum []byte, err error) {
	f := new(modfile.File)
	f.AddModuleStmt(path)
	f.AddGoStmt(r.goMod.Go.Version)
	if err := f.AddRequire(ModulePath, r.Version); err != nil {
		return nil, nil, err
	}
	for _, x := range r.goMod.Require {
		f.AddNewRequire(x.Mod.Path, x.Mod.Version, true)
	}
	if r.Dir != "" {
		if err := f.AddReplace(ModulePath, "", dir, ""); err != nil {
			return nil, nil, err
		}
	}
	if tool {
		if err := f.AddTool(ModulePath + "/cmd/rsigmac"); err != nil {
			return nil, nil, err
		}
	}
	f.SetRequireSeparateIndirect(f.Require)
	f.Cleanup()
	text, err := f.Format()
	return text, r.goSum, err
}
