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
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		out.Files = append(out.Files, path)
		return
	}
	filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // it may have gone meanwhile
		case d.IsDir() && p != path && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir():
			out.Dirs = append(out.Dirs, p)
		case strings.HasSuffix(p, ".yml") || strings.HasSuffix(p, ".yaml"):
			out.Files = append(out.Files, p)
		}
		return nil
	})
}
