package rsigma

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTheRaceDetectorLooksWhereThereAreGoroutines wants each package that starts goroutines or has locks, or whose tests start some, in the list of "make race". The
// others are left out: building their tests for the detector takes longer than the tests.
func TestTheRaceDetectorLooksWhereThereAreGoroutines(t *testing.T) {
	t.Parallel()
	patterns := raced(t)
	concurrent := 0
	for _, p := range packages(t) {
		path, _ := ours(p.ImportPath)
		why := concurrency(t, p.Dir, slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles))
		if why == "" || strings.HasPrefix(path, "codegen/conformance") { // which judges with one engine after the other
			continue
		}
		if concurrent++; !within(path, patterns) {
			t.Errorf("%s %s, and is not in RACE of the Makefile", path, why)
		}
	}
	if concurrent < 25 {
		t.Errorf("only %d packages are concurrent", concurrent)
	}
}

// raced returns the packages of "make race".
func raced(t *testing.T) (patterns []string) {
	t.Helper()
	text, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\nRACE := ")
	line, _, _ := strings.Cut(rest, "\n")
	if !ok || !strings.Contains(string(text), "-race -short -shuffle=on $(RACE)\n") {
		t.Fatal("the Makefile has no RACE, or does not use it")
	}
	for _, p := range strings.Fields(line) {
		patterns = append(patterns, strings.TrimPrefix(p, "./"))
	}
	return patterns
}

// concurrency says why the detector may find something in a package; "" if it cannot.
func concurrency(t *testing.T, dir string, files []string) (why string) {
	t.Helper()
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if !strings.HasSuffix(name, "_test.go") && slices.Contains([]string{`"sync"`, `"sync/atomic"`, `"golang.org/x/sync/errgroup"`}, i.Path.Value) {
				return "imports " + i.Path.Value
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				why = "starts goroutines"
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Go" { // of a sync.WaitGroup
					why = "starts goroutines"
				}
			}
			return why == ""
		})
		if why != "" {
			return why
		}
	}
	return ""
}
