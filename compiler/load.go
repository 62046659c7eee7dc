package compiler

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// maxFileSize is the largest rule or pipeline file that is read (reliability.md T1). One byte more is read, so that package
// yamldoc sees that the file is too large and says so.
const maxFileSize = 4 << 20

// Load reads rule files. A path is a file, or a directory that is read recursively in lexical order: files that end in .yml or
// .yaml, regular ones or links to such inside the directory, but nothing below directories whose name begins with a dot.
//
// A path that cannot be read is an error. What cannot be read inside a directory becomes a Source without data, which Compile
// reports and counts as a failed document: it must not vanish.
func Load(paths []string) ([]Source, error) {
	var out []Source
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		if info.IsDir() {
			more, err := loadDir(p)
			if err != nil {
				return nil, fmt.Errorf("read rules: %w", err)
			}
			out = append(out, more...)
			continue
		}
		src, err := loadFile(p, info)
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		out = append(out, src)
	}
	return out, nil
}

func loadFile(p string, info fs.FileInfo) (Source, error) {
	if !info.Mode().IsRegular() {
		return Source{}, fmt.Errorf("%s is not a regular file", p)
	}
	f, err := os.Open(p)
	if err != nil {
		return Source{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	return Source{Name: filepath.ToSlash(p), Data: data}, err
}

// loadDir reads through os.Root, so that links cannot lead out of the directory.
func loadDir(dir string) ([]Source, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var out []Source
	err = fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		name := path.Join(filepath.ToSlash(dir), p)
		switch {
		case err != nil:
			out = append(out, Source{Name: name, err: err})
			return nil
		case d.IsDir() && p != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || !isYAML(p):
			return nil
		}
		data, err := readIn(root, p)
		out = append(out, Source{Name: name, Data: data, err: err})
		return nil
	})
	return out, err
}

func isYAML(p string) bool {
	ext := path.Ext(p)
	return ext == ".yml" || ext == ".yaml"
}

func readIn(root *os.Root, p string) ([]byte, error) {
	info, err := root.Stat(p)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a regular file")
	}
	f, err := root.Open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFileSize+1))
}
