package rulefmt_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/rulefmt"
)

// digests compiles one file alone.
func digests(src compiler.Source) []string {
	prog, _ := compiler.Compile([]compiler.Source{src}, compiler.Options{PlaceholderFallback: true})
	var out []string
	for _, r := range prog.Rules {
		out = append(out, r.Meta.Digest)
	}
	for _, c := range prog.Correlations {
		out = append(out, c.Rule.Meta.Digest)
	}
	return out
}

// check formats every source, compares the digests and formats again. It returns how many changed.
func check(t *testing.T, sources []compiler.Source) (changed int) {
	t.Helper()
	for _, src := range sources {
		text, err := rulefmt.Format(src.Name, src.Data)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if string(text) != string(src.Data) {
			changed++
		}
		if want, got := digests(src), digests(compiler.Source{Name: src.Name, Data: text}); !slices.Equal(want, got) {
			t.Errorf("%s: digests %v became %v", src.Name, want, got)
		}
		again, err := rulefmt.Format(src.Name, text)
		if err != nil || string(again) != string(text) {
			t.Errorf("%s: formatted again it differs (%v):\n%s", src.Name, err, again)
		}
	}
	return changed
}

func TestTheRulesOfTheRepositoryStayAsTheyAre(t *testing.T) {
	t.Parallel()
	sources, err := compiler.Load([]string{"../../rules"})
	if err != nil {
		t.Fatal(err)
	}
	changed := check(t, sources)
	if t.Logf("%d of %d files changed", changed, len(sources)); len(sources) < 57 {
		t.Errorf("only %d files", len(sources))
	}
}

func TestFormattedRulesOfSigmaHQHaveTheSameDigests(t *testing.T) {
	t.Parallel()
	sources := corpus(t)
	changed := check(t, sources)
	if t.Logf("%d of %d files changed", changed, len(sources)); len(sources) < 3_752 {
		t.Errorf("only %d files", len(sources))
	}
	// With other line ends they come out the same.
	for _, src := range sources {
		want, err := rulefmt.Format(src.Name, src.Data)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rulefmt.Format(src.Name, []byte(strings.ReplaceAll(string(want), "\n", "\r\n"))); err != nil || string(got) != string(want) {
			t.Errorf("%s: with other line ends it differs: %v", src.Name, err)
		}
	}
}

// corpus returns the SigmaHQ rules and skips the test if they are not there.
func corpus(t *testing.T) []compiler.Source {
	t.Helper()
	if testing.Short() {
		t.Skip("the whole corpus is for the long form")
	}
	f, err := os.Open(filepath.FromSlash("../../../shared/corpus/sigmahq-rules.tar.gz"))
	if err != nil {
		t.Skipf("the corpus is not beside the repository: %v", err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []compiler.Source
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".yml") {
			continue
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, compiler.Source{Name: h.Name, Data: data})
	}
}
