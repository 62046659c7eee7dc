package rtlib

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"testing"
)

// What generated code holds must compile here.
const (
	_ = EnforceFormat(FormatVersion - 1)
	_ = EnforceFormat(1 - FormatVersion)
)

func TestStaleGeneratedCodeDoesNotCompile(t *testing.T) {
	t.Parallel()
	for expr, compiles := range map[string]bool{
		"EnforceFormat(1 - 1)": true, "EnforceFormat(1 - 2)": false, "EnforceFormat(2 - 1)": true,
	} {
		src := "package p; type EnforceFormat uint; const _ = " + expr
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "p.go", src, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&types.Config{}).Check("p", fset, []*ast.File{f}, nil)
		if (err == nil) != compiles {
			t.Errorf("%s: %v", expr, err)
		}
	}
}
