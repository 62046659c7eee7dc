package compiler

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/ir"
)

// maxFileSize is the largest rule or pipeline file that is read (reliability.md T1). One byte more is read, so that package
// yamldoc sees that the file is too large and says so.
const maxFileSize = 4 << 20

// maxRuleText is how many bytes of rule text one set may have, over all its files (reliability.md section 6).
const maxRuleText = 64 << 20

// MaxRules is how many documents one set may have (reliability.md section 6).
const MaxRules = 50_000

// CheckCount says whether p has more documents than one set may have.
func CheckCount(p *ir.Program) error {
	if n := len(p.Documents); n > MaxRules {
		return fmt.Errorf("too many rules: %d documents, at most %d are allowed", n, MaxRules)
	}
	return nil
}

// Load reads rule files. A path is a file, or a directory that is read recursively in lexical order: files that end in .yml or
// .yaml, regular ones or links to such inside the directory, but nothing below directories whose name begins with a dot.
//
// A path that cannot be read is an error. What cannot be read inside a directory becomes a Source without data, which Compile
// reports and counts as a failed document: it must not vanish. More text than one set may have is an error.
func Load(paths []string) ([]Source, error) {
	l := loader{left: maxRuleText}
	var out []Source
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		if info.IsDir() {
			more, err := l.dir(p)
			if err != nil {
				return nil, fmt.Errorf("read rules: %w", err)
			}
			out = append(out, more...)
			continue
		}
		src, err := l.file(p, info)
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		out = append(out, src)
	}
	return out, nil
}

// loader counts the text that it reads, so that the limit holds before everything is in memory.
type loader struct{ left int }

// take counts data, the text of the file with that name.
func (l *loader) take(name string, data []byte) error {
	if l.left -= len(data); l.left < 0 {
		return fmt.Errorf("too much rule text: %d bytes up to %s, at most %d are allowed", maxRuleText-l.left, name, maxRuleText)
	}
	return nil
}

func (l *loader) file(p string, info fs.FileInfo) (Source, error) {
	if !info.Mode().IsRegular() {
		return Source{}, fmt.Errorf("%s is not a regular file", p)
	}
	f, err := os.Open(p)
	if err != nil {
		return Source{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err == nil {
		err = l.take(p, data)
	}
	return Source{Name: filepath.ToSlash(p), Data: data}, err
}

// dir reads through os.Root, so that links cannot lead out of the directory.
func (l *loader) dir(dir string) ([]Source, error) {
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
		return l.take(name, data)
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
