package conformance

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// LoadFiles reads test files. A path is a test file, or a directory whose files ending in .yml or .yaml are searched at any
// depth for test files; other YAML files in it, rules above all, are left alone. The files come in the order of paths, those
// of a directory sorted; cases with errors are left out of them and reported.
func LoadFiles(paths []string) ([]*File, *diag.List) {
	log := &diag.List{}
	var files []*File
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case err != nil:
			unreadable(log, p, err)
		case info.IsDir():
			files = append(files, loadDir(p, log)...)
		default:
			files = append(files, loadFile(p, false, log)...)
		}
	}
	separate(files)
	return files, log
}

func unreadable(log *diag.List, p string, err error) {
	log.Errorf(diag.Pos{File: p}, diag.CodeUnreadableFile, "unreadable file: %v", err)
}

func loadDir(dir string, log *diag.List) (files []*File) {
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			unreadable(log, p, err)
		case d.IsDir() && p != dir && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir // as for rules
		case !d.IsDir() && slices.Contains([]string{".yml", ".yaml"}, filepath.Ext(p)):
			files = append(files, loadFile(p, true, log)...)
		}
		return nil
	})
	if err != nil {
		unreadable(log, dir, err)
	}
	return files
}

// loadFile returns the test file at p as a list of one; the list is empty if it is none. With search, a file that does not
// look like a test file is passed over.
func loadFile(p string, search bool, log *diag.List) []*File {
	src, err := os.ReadFile(p)
	if err != nil {
		unreadable(log, p, err)
		return nil
	}
	if search && !looksLikeTestFile(p, src) {
		return nil
	}
	if f := ReadFile(p, src, log); f != nil {
		return []*File{f}
	}
	return nil
}

// looksLikeTestFile reports whether src is a test file, or was meant as one: a file that cannot be read as YAML counts if it
// has one of their keys at the start of a line, so that a slip does not hide it.
func looksLikeTestFile(p string, src []byte) bool {
	var log diag.List
	docs := yamldoc.Parse(p, src, &log)
	if log.Errors() > 0 {
		return slices.ContainsFunc([]string{"cases:", "regression_tests_info:"}, func(key string) bool {
			return bytes.HasPrefix(src, []byte(key)) || bytes.Contains(src, []byte("\n"+key))
		})
	}
	for _, d := range docs {
		if IsTestFile(d.Root) {
			return true
		}
	}
	return false
}

// separate makes the rule file names of all cases differ, also where two test files have the same suite name.
func separate(files []*File) {
	used := map[string]bool{}
	for _, f := range files {
		dir := cleanName(f.Suite)
		for n := 2; used[dir]; n++ {
			dir = fmt.Sprintf("%s_%d", cleanName(f.Suite), n)
		}
		used[dir] = true
		for _, c := range f.Cases {
			c.Documents.Name = path.Join(dir, path.Base(c.Documents.Name))
		}
	}
}
