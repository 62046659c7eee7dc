package codegen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
)

// ErrNoModule is returned for a directory that lies in no Go module.
var ErrNoModule = errors.New("no go.mod here or above")

var moduleLine = regexp.MustCompile(`(?m)^\s*module\s+"?([^\s"]+)"?`)

// ImportPath returns the import path of dir, which need not exist, as the nearest go.mod in it or above it says.
func ImportPath(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		text, err := os.ReadFile(filepath.Join(at, "go.mod"))
		switch {
		case err == nil:
			return importPathIn(at, dir, text)
		case !errors.Is(err, fs.ErrNotExist):
			return "", err
		case at == filepath.Dir(at):
			return "", fmt.Errorf("import path of %s: %w", dir, ErrNoModule)
		}
	}
}

// importPathIn returns the import path of dir in the module at root, whose go.mod is given.
func importPathIn(root, dir string, goMod []byte) (string, error) {
	m := moduleLine.FindSubmatch(goMod)
	if m == nil {
		return "", fmt.Errorf("import path of %s: %s has no module line", dir, filepath.Join(root, "go.mod"))
	}
	rel, err := filepath.Rel(root, dir)
	return path.Join(string(m[1]), filepath.ToSlash(rel)), err
}
