package rulediff_test

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/codegen/prove"
	"github.com/rsigma-go/rsigma/codegen/rulediff"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// TestAChangedOperatorIsShownByAnExample changes an operator in every twentieth of the SigmaHQ rules and looks for examples.
func TestAChangedOperatorIsShownByAnExample(t *testing.T) {
	t.Parallel()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "corpus", "sigmahq-rules.tar.gz"))
	if err != nil {
		t.Skipf("the corpus is not beside the repository: %v", err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	v := &rulediff.Version{Texts: map[string][]byte{}}
	var sources []compiler.Source
	for tr, n := tar.NewReader(zr), 0; ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(h.Name, "rules/") || !strings.HasSuffix(h.Name, ".yml") {
			continue
		}
		if n++; n%20 != 0 {
			continue
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, compiler.Source{Name: h.Name, Data: data})
	}
	v.Program, _ = compiler.Compile(sources, compiler.Options{})
	after := &rulediff.Version{Program: &ir.Program{}, Texts: v.Texts}
	for _, d := range v.Program.Documents {
		if d.Rule != nil {
			if wrong := prove.Wrong(d.Rule); wrong != nil {
				wrong.Seal()
				d.Rule = wrong
			}
			after.Program.Rules = append(after.Program.Rules, d.Rule)
		}
		after.Program.Documents = append(after.Program.Documents, d)
	}
	rep, err := rulediff.Compare(v, after, rulediff.Options{Seed: 1, NoCode: true})
	if err != nil {
		t.Fatal(err)
	}
	changed, shown, tried := 0, 0, 0
	for _, c := range rep.Changes {
		changed++
		tried += c.Tried
		if c.Lost != nil || c.Gained != nil {
			shown++
		} else {
			t.Logf("no example: %s", c.New.File)
		}
		if c.Lost != nil && c.NoneLost || c.Gained != nil && c.NoneGained {
			t.Errorf("%s: an example of what is proved not to be: %s %s", c.New.File, c.Lost, c.Gained)
		}
	}
	t.Logf("%d rules unchanged, %d changed, %d with an example, %d events", rep.Unchanged, changed, shown, tried)
	if changed < 140 || shown*100 < changed*98 {
		t.Error("that is below the floor")
	}
}
