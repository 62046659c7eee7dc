package project

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"golang.org/x/mod/module"
)

//go:embed all:template
var templates embed.FS

// templateSuffix is on every file of the template, so that none is taken for one of ours.
const templateSuffix = ".tmpl"

// Create makes a rules repository in dir, without the generated code, and returns the files that it wrote. dir need not exist; if it does it
// holds nothing but version control. module is the path of the Go module.
func Create(dir, modulePath string, r *Runtime) ([]string, error) {
	if err := module.CheckImportPath(modulePath); err != nil {
		return nil, fmt.Errorf("--module: %w", err)
	}
	if modulePath == ModulePath || strings.HasPrefix(modulePath, ModulePath+"/") {
		return nil, fmt.Errorf("--module %s: this is the path of rsigma itself", modulePath)
	}
	if err := empty(dir); err != nil {
		return nil, err
	}
	goMod, goSum, err := r.module(modulePath, r.Dir, true)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"go.mod": goMod, "go.sum": goSum}
	data := struct{ Module, Go string }{modulePath, r.goMod.Go.Version}
	err = fs.WalkDir(templates, "template", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := templates.ReadFile(p)
		if err != nil {
			return err
		}
		// The workflows have braces of their own.
		t, err := template.New(p).Delims("[[", "]]").Parse(string(text))
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, data); err != nil {
			return err
		}
		files[strings.TrimSuffix(strings.TrimPrefix(p, "template/"), templateSuffix)] = b.Bytes()
		return nil
	})
	if err != nil {
		return nil, err
	}
	var names []string
	for name, content := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return names, err
		}
		if err := os.WriteFile(p, content, 0o644); err != nil {
			return names, err
		}
		names = append(names, name)
	}
	return names, nil
}

// empty returns an error if there is anything in dir that Create could overwrite or get mixed up with.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, e := range entries {
		if n := e.Name(); n != ".git" && n != ".hg" && n != ".jj" {
			return fmt.Errorf("%s is not empty: it holds %s", dir, n)
		}
	}
	return nil
}
