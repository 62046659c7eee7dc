package codegen

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Changes counts what Write did.
type Changes struct {
	Written   int // new files and files with other content
	Removed   int // stale files
	Unchanged int
}

// String returns the counts for people.
func (c Changes) String() string {
	return fmt.Sprintf("%d files written, %d removed, %d unchanged", c.Written, c.Removed, c.Unchanged)
}

// tempName is the file that new content is written to before it takes its place. It is ours, also after a crash.
const tempName = ".rsigmac.tmp"

// firstLine is the first line of generated Go files.
var firstLine = regexp.MustCompile(`^` + regexp.QuoteMeta(header) + `( from .*)?\. DO NOT EDIT\.\r?$`)

// Write makes dir hold exactly files, as far as generated files go: it writes those that differ, each at once, removes
// generated files that are not among files, and the directories that this leaves empty. It touches nothing else and does not
// follow links out of dir. dir is made if it does not exist. After an error some of the files may have been written; the next
// run mends that.
func Write(dir string, files []File) (Changes, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Changes{}, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Changes{}, err
	}
	defer root.Close()
	var done Changes
	for _, f := range files {
		switch same, err := holds(root, f); {
		case err != nil:
			return done, err
		case same:
			done.Unchanged++
		default:
			if err := replace(root, f); err != nil {
				return done, err
			}
			done.Written++
		}
	}
	stale, err := superfluous(root, files)
	if err != nil {
		return done, err
	}
	for _, p := range stale {
		if err := root.Remove(p); err != nil {
			return done, err
		}
		done.Removed++
		removeEmpty(root, path.Dir(p))
	}
	return done, nil
}

// Check returns the paths that Write would write or remove, sorted: files that are missing, that differ, or that are generated
// but not among files. A dir that does not exist is an empty one.
func Check(dir string, files []File) (stale []string, err error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		for _, f := range files {
			stale = append(stale, f.Path)
		}
		return stale, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close()
	for _, f := range files {
		same, err := holds(root, f)
		if err != nil {
			return nil, err
		}
		if !same {
			stale = append(stale, f.Path)
		}
	}
	extra, err := superfluous(root, files)
	if err != nil {
		return nil, err
	}
	stale = append(stale, extra...)
	slices.Sort(stale)
	return stale, nil
}

// holds reports whether root holds f as it is. A link is not f, wherever it leads.
func holds(root *os.Root, f File) (bool, error) {
	info, err := root.Lstat(f.Path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	old, err := root.ReadFile(f.Path)
	return bytes.Equal(old, f.Content), err
}

// replace writes f beside its place and moves it there.
func replace(root *os.Root, f File) error {
	if err := root.MkdirAll(path.Dir(f.Path), 0o755); err != nil {
		return err
	}
	temp := path.Join(path.Dir(f.Path), tempName)
	if err := root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := root.WriteFile(temp, f.Content, 0o644); err != nil {
		return errors.Join(err, root.Remove(temp))
	}
	if err := root.Rename(temp, f.Path); err != nil {
		return errors.Join(err, root.Remove(temp))
	}
	return nil
}

// superfluous returns the generated files in root that are not among files, sorted. Another output directory inside root is
// left alone.
func superfluous(root *os.Root, files []File) ([]string, error) {
	wanted := map[string]bool{}
	for _, f := range files {
		wanted[f.Path] = true
	}
	var out []string
	err := fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if p != "." && isOutput(root, p) {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular() || wanted[p]:
			return nil
		}
		ours, err := isGenerated(root, p)
		if ours {
			out = append(out, p)
		}
		return err
	})
	slices.Sort(out)
	return out, err
}

// isOutput reports whether dir looks like an output directory of its own.
func isOutput(root *os.Root, dir string) bool {
	for _, name := range []string{"all_gen.go", manifestName} {
		if _, err := root.Lstat(path.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// isGenerated reports whether a file is ours: by its name or by its first line.
func isGenerated(root *os.Root, p string) (bool, error) {
	if path.Base(p) == tempName {
		return true, nil
	}
	if !strings.HasSuffix(p, "_gen.go") {
		return false, nil
	}
	content, err := root.ReadFile(p)
	line, _, _ := bytes.Cut(content, []byte{'\n'})
	return firstLine.Match(line), err
}

// removeEmpty removes dir, which is below root, and the directories above it that this empties.
func removeEmpty(root *os.Root, dir string) {
	for ; dir != "."; dir = path.Dir(dir) {
		if root.Remove(dir) != nil { // it is not empty
			return
		}
	}
}
