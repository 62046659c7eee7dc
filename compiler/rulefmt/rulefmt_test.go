package rulefmt_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/rulefmt"
)

var update = flag.Bool("update", false, "rewrite the expected files")

func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		check(t, []compiler.Source{{Name: file, Data: data}})
		got, err := rulefmt.Format(file, data)
		if err != nil {
			t.Error(err)
		}
		if *update {
			if err := os.WriteFile(file+".want", got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file + ".want")
		if diff := cmp.Diff(string(want), string(got)); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", file, err, diff)
		}
	}
}

func TestWhatCannotBeLaidOutIsLeftAlone(t *testing.T) {
	t.Parallel()
	const rule = "detection: {s: {A: x}, condition: s}\ntitle: t\n"
	for text, layout := range map[string]bool{
		"detection: &a {s: {A: x}, condition: s}\nx: *a\ntitle: t\n":       false, // the alias stays behind
		"level: &a low\ntitle: *a\ndetection: {s: {A: x}, condition: s}\n": true,  // it would come first
		"title: t\rdetection: {}\n":                                        true,
		rule + "level: [\n":                                                false,
	} {
		got, err := rulefmt.Format("r.yml", []byte(text))
		if err != nil && string(got) != text {
			t.Errorf("%q became %q in spite of %v", text, got, err)
		}
		if layout != errors.Is(err, rulefmt.ErrLayout) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"", "\n\n", "# nothing\n", "cases:\n  - name: x\n\n\n", "{title: t, detection: {s: {A: x}, condition: s}}\n"} {
		if got, err := rulefmt.Format("r.yml", []byte(text)); err != nil || string(got) != text {
			t.Errorf("%q became %q, %v", text, got, err)
		}
	}
}

// FuzzFormat checks that whatever comes out can be read, means the same and stays as it is.
func FuzzFormat(f *testing.F) {
	for _, file := range []string{"testdata/messy.yml", "testdata/comments.yml", "testdata/scalars.yml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := rulefmt.Format("r.yml", []byte(text))
		if err != nil {
			return
		}
		if want, got := digests(compiler.Source{Name: "r.yml", Data: []byte(text)}), digests(compiler.Source{Name: "r.yml", Data: got}); !slices.Equal(want, got) {
			t.Errorf("digests %v became %v", want, got)
		}
		again, err := rulefmt.Format("r.yml", got)
		if err != nil || string(again) != string(got) {
			t.Errorf("%q, then %q, %v", got, again, err)
		}
		if strings.Count(string(got), "#") != strings.Count(text, "#") {
			t.Errorf("comments were lost: %q", got)
		}
	})
}
