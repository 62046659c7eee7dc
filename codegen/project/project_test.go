package project

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// checkout is this module.
func checkout(t *testing.T) *Runtime {
	t.Helper()
	r, err := FindRuntime(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOnlyAPublishedVersionIsTheProgramsOwn(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]debug.Module{
		"v1.2.3":                             {Path: ModulePath, Version: "v1.2.3"},
		"v0.0.0-20260102030405-0123456789ab": {Path: ModulePath, Version: "v0.0.0-20260102030405-0123456789ab"},
	} {
		if got := ownVersion(&debug.BuildInfo{Main: m}, true); got != want {
			t.Errorf("%+v: %q", m, got)
		}
	}
	for _, m := range []debug.Module{
		{Path: ModulePath, Version: "(devel)"},
		{Path: ModulePath, Version: ""},
		{Path: ModulePath, Version: "v1.2.4-0.20260102030405-0123456789ab+dirty"},
		{Path: ModulePath, Version: "v0.0.0", Replace: &debug.Module{Path: "/checkout"}},
		{Path: "example.com/other", Version: "v1.2.3"},
	} {
		if got := ownVersion(&debug.BuildInfo{Main: m}, true); got != "" {
			t.Errorf("%+v: %q", m, got)
		}
	}
	if got := ownVersion(nil, false); got != "" {
		t.Errorf("without build information: %q", got)
	}
}

func TestTheRuntimeIsTheCheckoutAroundOrTheOneThatIsNamed(t *testing.T) {
	around, err := FindRuntime(t.Context(), "") // the test runs inside of it
	if err != nil || around.Dir != checkout(t).Dir {
		t.Errorf("%+v, %v", around, err)
	}
	if _, err := FindRuntime(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "it has no go.mod") {
		t.Error(err)
	}
	t.Chdir(t.TempDir())
	if _, err := FindRuntime(t.Context(), ""); !errors.Is(err, ErrNoRuntime) {
		t.Error(err)
	}
	t.Setenv("PATH", "")
	if _, err := FindRuntime(t.Context(), ""); !errors.Is(err, ErrNoGo) {
		t.Error(err)
	}
}

// TestAPublishedVersionIsDownloaded has a proxy of files that serves a version of a very small module of our name.
func TestAPublishedVersionIsDownloaded(t *testing.T) {
	const version = "v1.2.3"
	source, proxy := t.TempDir(), t.TempDir()
	goMod := "module " + ModulePath + "\n\ngo 1.26.0\n\nrequire gopkg.in/yaml.v3 v3.0.1\n"
	at := filepath.Join(proxy, filepath.FromSlash(ModulePath), "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		filepath.Join(source, "go.mod"): goMod, filepath.Join(source, "go.sum"): "gopkg.in/yaml.v3 v3.0.1 h1:x\n", filepath.Join(source, "doc.go"): "package rsigma\n",
		filepath.Join(at, version+".mod"): goMod, filepath.Join(at, version+".info"): `{"Version":"v1.2.3"}`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := modzip.CreateFromDir(f, module.Version{Path: ModulePath, Version: version}, source); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOPROXY", "file://"+filepath.ToSlash(proxy))
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", "-modcacherw")
	t.Setenv("GOSUMDB", "off")
	r, err := download(t.Context(), version)
	if err != nil {
		t.Fatal(err)
	}
	text, sum, err := r.module("example.com/rules", "", false)
	if err != nil || !bytes.Contains(text, []byte("require "+ModulePath+" v1.2.3\n")) || bytes.Contains(text, []byte("replace")) {
		t.Errorf("%v\n%s", err, text)
	}
	for _, want := range []string{"gopkg.in/yaml.v3 v3.0.1 h1:", ModulePath + " v1.2.3 h1:", ModulePath + " v1.2.3/go.mod h1:"} {
		if !bytes.Contains(sum, []byte(want)) {
			t.Errorf("go.sum lacks %s:\n%s", want, sum)
		}
	}
	if _, err := download(t.Context(), "v9.9.9"); err == nil || !strings.Contains(err.Error(), "--module-dir DIR takes a checkout instead") {
		t.Errorf("a version that is not there: %v", err)
	}
}

func TestGoModHoldsTheVersionsThatWereTested(t *testing.T) {
	t.Parallel()
	r := checkout(t)
	published := *r
	published.Dir, published.Version = "", "v1.2.3"
	for name, x := range map[string]struct {
		r       *Runtime
		replace string
		tool    bool
	}{"a checkout": {r, "../checkout", true}, "a published version": {&published, "", false}} {
		text, sum, err := x.r.module("example.com/rules", x.replace, x.tool)
		if err != nil {
			t.Fatal(err)
		}
		f, err := modfile.Parse("go.mod", text, nil)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if f.Module.Mod.Path != "example.com/rules" || f.Go.Version != r.goMod.Go.Version || (len(f.Tool) == 1) != x.tool || (len(f.Replace) == 1) != (x.replace != "") {
			t.Errorf("%s:\n%s", name, text)
		}
		if first := f.Require[0]; first.Mod.Path != ModulePath || first.Mod.Version != x.r.Version || first.Indirect {
			t.Errorf("%s: %+v", name, first)
		}
		if len(f.Require) != len(r.goMod.Require)+1 || !slices.ContainsFunc(f.Require, func(q *modfile.Require) bool { return q.Mod.Path == "gopkg.in/yaml.v3" && q.Indirect }) {
			t.Errorf("%s: %d requirements", name, len(f.Require))
		}
		if !bytes.Contains(sum, []byte("\ngopkg.in/yaml.v3 ")) {
			t.Errorf("%s: go.sum lacks a module", name)
		}
	}
}

func TestArchivesDependOnNamesAndContentsOnly(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{}
	for _, n := range []string{"rules/b.yml", "rules/a.yml", "/abs.yml", "x y.yml"} {
		files[n] = []byte("title: " + n)
	}
	first, err := archive(files)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if again, err := archive(files); err != nil || !bytes.Equal(first, again) {
			t.Fatalf("another archive (%v)", err)
		}
	}
	r, err := zip.NewReader(bytes.NewReader(first), int64(len(first)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range r.File {
		names = append(names, f.Name)
	}
	if want := []string{"abs.yml", "rules/a.yml", "rules/b.yml", "x y.yml"}; !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	f, err := r.Open("rules/a.yml")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(f); err != nil || string(text) != "title: rules/a.yml" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestARepositoryIsMadeWhereNothingIs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := checkout(t)
	files, err := Create(dir, "example.com/rules", r)
	if err != nil || len(files) != 13 {
		t.Fatalf("%q, %v", files, err)
	}
	parsed := 0
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || len(text) == 0 || strings.Contains(name, templateSuffix) || bytes.Contains(text, []byte("[[")) && name != "Makefile" {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		if ext := filepath.Ext(name); ext == ".yml" || ext == ".yaml" {
			var log diag.List
			if docs := yamldoc.Parse(name, text, &log); len(docs) != 1 || log.Errors() > 0 {
				t.Errorf("%s: %+v", name, log)
			}
			parsed++
		}
	}
	if parsed != 5 {
		t.Errorf("%d YAML files", parsed)
	}
	if _, err := Create(dir, "example.com/rules", r); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("a second time: %v", err)
	}
	for _, bad := range []string{"", "a b", "../x", ModulePath, ModulePath + "/x"} {
		if _, err := Create(filepath.Join(dir, "more"), bad, r); err == nil {
			t.Errorf("module path %q", bad)
		}
	}
}
