package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/pipeline/builtin"
)

// Builtin returns the built-in pipeline called name. It may be called at any time and always gives the same result.
func Builtin(name string) (*Pipeline, bool) {
	src, ok := builtin.Source(name)
	if !ok {
		return nil, false
	}
	var log diag.List
	p := Parse(name, src, &log)
	if p == nil {
		panic("pipeline: built-in " + name + ": " + log.All()[0].String())
	}
	return p, true
}

// BuiltinNames returns the names of the built-in pipelines, sorted.
func BuiltinNames() []string { return builtin.Names() }

// BuiltinSource returns the YAML text of the built-in pipeline called name, and what events it is for.
func BuiltinSource(name string) (src []byte, summary string, ok bool) {
	src, ok = builtin.Source(name)
	return src, builtin.Summary(name), ok
}

// File is the text of a pipeline document. Name is what diagnostics call it: a path or the name of a built-in pipeline.
type File struct {
	Name string
	Src  []byte
}

// Find returns the pipeline documents that names stand for, in the order of names: a built-in pipeline, else all pipeline
// files in a directory and below, sorted by path, else a file (section 3.3). Paths are those of fsys, or of the operating
// system if fsys is nil. What cannot be found or read is reported to log and missing in the result.
func Find(fsys fs.FS, names []string, log *diag.List) []File {
	f := &finder{files: fileSystem(fsys), log: log}
	for _, name := range names {
		f.name(name)
	}
	return f.out
}

// Resolve finds pipelines as Find does and parses them. Those with errors are missing in the result. Merge puts it together.
func Resolve(fsys fs.FS, names []string, log *diag.List) []*Pipeline {
	var out []*Pipeline
	for _, f := range Find(fsys, names, log) {
		if p := Parse(f.Name, f.Src, log); p != nil {
			out = append(out, p)
		}
	}
	return out
}

// finder is one call of Find.
type finder struct {
	files fileReader
	log   *diag.List
	out   []File
}

func (f *finder) name(name string) {
	if src, ok := builtin.Source(name); ok {
		f.out = append(f.out, File{Name: name, Src: src})
		return
	}
	place := strings.TrimSuffix(strings.TrimSuffix(name, "*"), "/")
	if place == "" {
		place = name
	}
	info, err := f.files.stat(place)
	if err != nil {
		d := f.log.Errorf(diag.Pos{File: name}, CodeNotFound, "pipeline '%s' not found", name)
		d.Hint = diag.Suggest(name, BuiltinNames())
		if !errors.Is(err, fs.ErrNotExist) {
			d.Notes = append(d.Notes, err.Error())
		}
		return
	}
	if info.IsDir() {
		f.directory(place)
		return
	}
	f.file(name)
}

// directory reads all pipeline files below dir.
func (f *finder) directory(dir string) {
	var found []string
	err := f.files.walk(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ext := path.Ext(name); !d.IsDir() && (ext == ".yml" || ext == ".yaml") {
			found = append(found, name)
		}
		return nil
	})
	if err != nil {
		f.log.Errorf(diag.Pos{File: dir}, diag.CodeUnreadableFile, "read pipelines: %v", err)
	}
	slices.Sort(found)
	for _, name := range found {
		f.file(name)
	}
}

func (f *finder) file(name string) {
	src, err := f.files.read(name)
	if err != nil {
		f.log.Errorf(diag.Pos{File: name}, diag.CodeUnreadableFile, "read pipeline: %v", err)
		return
	}
	f.out = append(f.out, File{Name: name, Src: src})
}

// fileReader is what Find needs of a file system.
type fileReader struct {
	stat func(name string) (fs.FileInfo, error)
	read func(name string) ([]byte, error)
	walk func(root string, f fs.WalkDirFunc) error
}

// fileSystem returns the reader of fsys, or of the operating system if fsys is nil.
func fileSystem(fsys fs.FS) fileReader {
	if fsys == nil {
		return fileReader{stat: os.Stat, read: readFile, walk: walkDir}
	}
	return fileReader{
		stat: func(name string) (fs.FileInfo, error) { return fs.Stat(fsys, path.Clean(name)) },
		read: func(name string) ([]byte, error) { return fs.ReadFile(fsys, path.Clean(name)) },
		walk: func(root string, f fs.WalkDirFunc) error { return fs.WalkDir(fsys, path.Clean(root), f) },
	}
}

// walkDir is filepath.WalkDir, but follows root if it is a link: a directory of pipelines may be one.
func walkDir(root string, f fs.WalkDirFunc) error {
	return filepath.WalkDir(filepath.Clean(root)+string(filepath.Separator), f)
}

// readFile is os.ReadFile of a regular file: a pipe would hold up the reader for as long as nobody writes.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	return os.ReadFile(name)
}
