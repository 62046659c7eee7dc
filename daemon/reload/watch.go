package reload

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/compiler/watch"
)

// Watched are the paths whose changes trigger a reload: of rules and pipelines as they were given, and of declarations of dynamic
// sources. Names of built-in pipelines are no paths and do no harm.
type Watched struct {
	Rules, Pipelines, Sources []string
}

// The intervals of file watching.
const (
	settle = 100 * time.Millisecond
	poll   = 10 * time.Second
)

// Watch returns the options to watch w with; changed is called after each change.
func (w Watched) Watch(changed func(), failed func(error)) watch.Options {
	return watch.Options{List: w.list, Changed: changed, Settle: settle, Poll: poll, Failed: failed}
}

func (w Watched) list() watch.Paths {
	var out watch.Paths
	for _, paths := range [][]string{w.Rules, w.Pipelines, w.Sources} {
		for _, p := range paths {
			add(&out, p)
		}
	}
	return out
}

// add adds a file, or the YAML files in and below a directory and all directories on the way, except hidden ones.
func add(out *watch.Paths, path string) {
	out.Names = append(out.Names, replaceable(path)...)
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		out.Files = append(out.Files, path)
		return
	}
	root := filepath.Clean(path) + string(filepath.Separator) // so that a link is followed
	filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // it may have gone meanwhile
		case d.IsDir() && p != root && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir():
			out.Dirs = append(out.Dirs, filepath.Clean(p))
		case strings.HasSuffix(p, ".yml") || strings.HasSuffix(p, ".yaml"):
			out.Files = append(out.Files, p)
		}
		return nil
	})
}

// replaceable returns path and the links on the way to it: whatever is swapped there, by a rename or a new link, the rules are others.
func replaceable(path string) []string {
	path = filepath.Clean(path)
	names := []string{path}
	for dir := filepath.Dir(path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			names = append(names, dir)
		}
	}
	return names
}
