package codegen

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// render returns the source of f, formatted, if it is what was planned. An error prints the numbered source: it is a defect of
// the generator, which no rule text should be able to cause and which must not reach a compiler.
//
// Source: reliability.md section 7, T15.
func (f *goFile) render() (File, error) {
	var src bytes.Buffer
	err := f.code.Render(&src)
	if err == nil {
		var out []byte
		if out, err = f.plan.apply(src.Bytes()); err == nil {
			return File{Path: f.path, Content: out}, nil
		}
	}
	return File{}, fmt.Errorf("generated code of %s: %w\n%s", f.path, err, numbered(src.Bytes()))
}

// apply checks src against the plan and formats it.
func (p plan) apply(src []byte) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(p.checkDecls(file), p.checkImports(file), checkComments(file)); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := format.Node(&out, fset, file); err != nil {
		return nil, err
	}
	return out.Bytes(), checkText(out.Bytes())
}

func (p plan) checkDecls(file *ast.File) error {
	if file.Name.Name != p.pkg {
		return fmt.Errorf("package %s, planned %s", file.Name.Name, p.pkg)
	}
	if got := declarations(file); !slices.Equal(got, p.decls) {
		return fmt.Errorf("declarations %q, planned %q", got, p.decls)
	}
	return nil
}

func (p plan) checkImports(file *ast.File) error {
	if len(file.Imports) != len(p.imports) {
		return fmt.Errorf("%d imports, planned %d", len(file.Imports), len(p.imports))
	}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		name := ""
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if want, ok := p.imports[path]; err != nil || !ok || want != name {
			return fmt.Errorf("unplanned import %s %s", name, spec.Path.Value)
		}
	}
	return nil
}

// declarations lists what file declares, imports apart.
func declarations(file *ast.File) []string {
	var out []string
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			out = append(out, "func "+d.Name.Name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						out = append(out, d.Tok.String()+" "+name.Name)
					}
				case *ast.TypeSpec:
					out = append(out, "type "+spec.Name.Name)
				}
			}
		}
	}
	return out
}

// directive matches comments that mean something to the tool chain: //go:build, //line, //export, // +build and their like.
var directive = regexp.MustCompile(`^(//[a-z0-9]+:|//(line|export|extern)\b|/\*|//\s*\+build)`)

func checkComments(file *ast.File) error {
	for _, group := range file.Comments {
		for _, c := range group.List {
			if directive.MatchString(c.Text) {
				return fmt.Errorf("comment %q is a directive", c.Text)
			}
		}
	}
	return nil
}

// checkText makes sure that what a reviewer sees is what there is.
func checkText(src []byte) error {
	for i, c := range src {
		if c > '~' || c < ' ' && c != '\n' && c != '\t' {
			return fmt.Errorf("byte %#x in line %d", c, 1+bytes.Count(src[:i], []byte{'\n'}))
		}
	}
	return nil
}

// numbered returns src with line numbers.
func numbered(src []byte) string {
	var b strings.Builder
	n := 0
	for line := range strings.Lines(string(src)) {
		n++
		fmt.Fprintf(&b, "%5d  %s", n, line)
	}
	return b.String()
}
