package coverage_test

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/coverage"
	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

// open reads a compressed file of the corpus and skips the test if it is not there.
func open(t *testing.T, name string) io.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join("../../../shared/corpus", name))
	if err != nil {
		t.Skipf("the corpus is not beside the repository: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	zr, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	return zr
}

func sigmaHQ(t *testing.T) *ir.Program {
	t.Helper()
	var sources []compiler.Source
	for tr := tar.NewReader(open(t, "sigmahq-rules.tar.gz")); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(h.Name, ".yml") {
			data, err := io.ReadAll(tr)
			if err != nil {
				t.Fatal(err)
			}
			sources = append(sources, compiler.Source{Name: h.Name, Data: data})
		}
	}
	prog, _ := compiler.Compile(sources, compiler.Options{})
	return prog
}

// TestNoRuleThatMatchesTheCorpusIsSaidNeverTo runs the SigmaHQ rules over every fifth recorded event.
func TestNoRuleThatMatchesTheCorpusIsSaidNeverTo(t *testing.T) {
	t.Parallel()
	const step, ruleFloor, eventFloor, matchFloor, neverFloor = 5, 3_752, 3_000, 50, 500
	prog := sigmaHQ(t)
	set, err := ruleset.New(interp.Rules(prog), ruleset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	plan, ev, scratch := decode.NewPlan(set.Fields(), set.AllStrings()), rtlib.NewEvent(), set.NewScratch()
	sample := coverage.NewSample(prog)
	matched := map[*ir.Rule]bool{}
	lines := bufio.NewScanner(open(t, "windows-sample.ndjson.gz"))
	lines.Buffer(nil, 1<<20)
	for n := 0; lines.Scan(); n++ {
		if n%step != 0 {
			continue
		}
		if err := plan.JSON(ev, lines.Bytes()); err != nil {
			t.Fatal(err)
		}
		for _, hit := range set.Eval(ev, scratch) {
			matched[prog.Rules[hit]] = true
		}
		if err := sample.Add(lines.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	report := sample.Compare()
	for _, never := range report.Never {
		if matched[never.Rule] {
			t.Errorf("%s matches", never.Rule.Meta.Source)
		}
	}
	t.Logf("%d rules, %d events: %d rules match, %d never can", report.Rules, report.Events, len(matched), len(report.Never))
	if report.Rules < ruleFloor || report.Events < eventFloor || len(matched) < matchFloor || len(report.Never) < neverFloor {
		t.Error("that is below the floor")
	}
}
