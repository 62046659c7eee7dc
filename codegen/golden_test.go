package codegen

import (
	"flag"
	"go/format"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldenPath is the import path of the golden code of a case.
func goldenPath(name string) string {
	return "github.com/rsigma-go/rsigma/codegen/testdata/" + name + "/want"
}

// madeByHand are the golden cases that no YAML stands behind. The others are directories with rules.
var madeByHand = map[string]func() *ir.Program{
	"hostile": hostileProgram,
	"shapes":  shapesProgram,
}

// goldenCases returns the generated files of every case.
func goldenCases(t *testing.T) map[string][]File {
	t.Helper()
	cases := map[string][]File{}
	for name, program := range madeByHand {
		cases[name] = generated(t, program(), Options{Roots: []string{"rules"}, ImportPath: goldenPath(name)})
	}
	dirs, err := filepath.Glob("testdata/*/rules")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		name := filepath.Base(filepath.Dir(dir))
		cases[name] = generated(t, compiledDir(t, dir), Options{Roots: []string{dir}, ImportPath: goldenPath(name)})
	}
	return cases
}

func generated(t *testing.T, p *ir.Program, opts Options) []File {
	t.Helper()
	files, err := Generate(p, opts)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func compiledDir(t *testing.T, dir string) *ir.Program {
	t.Helper()
	sources, err := compiler.Load([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	prog, _ := compiler.Compile(sources, compiler.Options{})
	return prog
}

// ruleSet compiles one rule file.
func ruleSet(t *testing.T, file, yaml string) *ir.Program {
	t.Helper()
	prog, log := compiler.Compile([]compiler.Source{{Name: file, Data: []byte(yaml)}}, compiler.Options{})
	if log.Errors() > 0 {
		t.Fatal(log.Sorted()[0])
	}
	return prog
}

func TestGolden(t *testing.T) {
	for name, files := range goldenCases(t) {
		t.Run(name, func(t *testing.T) {
			want := filepath.Join("testdata", name, "want")
			if *update {
				if _, err := Write(want, files); err != nil {
					t.Fatal(err)
				}
			}
			stale, err := Check(want, files)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range stale {
				t.Errorf("%s is missing, differs or is not generated any more; -update rewrites it", p)
			}
			if n := len(filesBelow(t, want)); n != len(files) {
				t.Errorf("%s holds %d files, want %d", want, n, len(files))
			}
		})
	}
}

func filesBelow(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEveryGoldenBelongsToACase(t *testing.T) {
	dirs, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) < 6 {
		t.Errorf("%d cases", len(dirs))
	}
	for _, d := range dirs {
		rules, err := os.Stat(filepath.Join("testdata", d.Name(), "rules"))
		if madeByHand[d.Name()] == nil && (err != nil || !rules.IsDir()) {
			t.Errorf("testdata/%s has no rules", d.Name())
		}
	}
}

func TestGoldenCodeIsFormatted(t *testing.T) {
	for name, files := range goldenCases(t) {
		for _, f := range files {
			if !strings.HasSuffix(f.Path, ".go") {
				continue
			}
			again, err := format.Source(f.Content)
			if err != nil || string(again) != string(f.Content) {
				t.Errorf("%s: gofmt changes %s (error %v)", name, f.Path, err)
			}
		}
	}
}

// The goldens are Go: they compile, and vet has nothing to say about them.
func TestGoldenCodeCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go command")
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	args := []string{"vet"}
	for name := range goldenCases(t) {
		args = append(args, "./testdata/"+name+"/want/...")
	}
	slices.Sort(args[1:])
	if out, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
