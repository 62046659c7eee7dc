package lint

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
)

// TestFindingsInTheRulesOfSigmaHQ prints how often each check speaks up about rules that have been reviewed. Few findings are false; a check
// that suddenly has very many has gone wrong.
func TestFindingsInTheRulesOfSigmaHQ(t *testing.T) {
	t.Parallel()
	sources := corpus(t)
	set, log := compiler.Process(sources, compiler.Options{})
	report := Run(sources, set, log, Config{})
	counts := map[string]int{}
	for _, f := range report.Findings {
		counts[fmt.Sprintf("%-7s %s", f.Severity, f.Code)]++
	}
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%5d %s", counts[k], k)
	}
	if warnings := report.Count(Warning); report.Documents < 3_752 || report.Count(Error) > 0 || warnings == 0 || warnings > report.Documents/10 {
		t.Errorf("%d documents, %d warnings, %d errors", report.Documents, warnings, report.Count(Error))
	}
	mended := 0
	for _, src := range sources {
		text, fixed := Fix(src, report.Findings)
		if mended += len(fixed); len(fixed) > 0 && !same(meaning(src.Name, src.Data), meaning(src.Name, text)) {
			t.Errorf("%s means something else when it is mended", src.Name)
		}
	}
	if t.Logf("%d mended", mended); mended == 0 {
		t.Error("nothing was mended")
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
