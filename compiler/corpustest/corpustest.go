// Package corpustest reads the rules of SigmaHQ for tests that run over all of them. They stand beside the repository and are no part of it;
// without them, and in the short form, such a test is skipped. Only files that end in _test.go may import it.
package corpustest

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
)

// Rules returns the rule files of the corpus, in the order of the archive. The test must belong to a package two directories below the
// root of the repository.
func Rules(t *testing.T) []compiler.Source {
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
