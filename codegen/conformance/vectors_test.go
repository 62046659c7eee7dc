package conformance

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rsigma-go/rsigma/codegen"
	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/codegen/conformance/vectorsgen"
)

var update = flag.Bool("update", false, "rewrite the generated code of the vectors")

// floors are the least numbers of cases and of evaluated events per suite and engine. A suite that runs fewer of them has
// lost something; a suite that is not named here fails.
var floors = map[string]struct{ passed, events int }{
	"conditions":           {41, 87},
	"documents":            {15, 26},
	"errors":               {146, 1},
	"filters":              {21, 44},
	"keywords":             {26, 65},
	"logsource":            {8, 16},
	"modifiers":            {119, 299},
	"nested-fields-arrays": {46, 108},
	"null-exists":          {17, 58},
	"numbers-types":        {31, 99},
	"pipelines":            {159, 254},
	"strings-escapes":      {45, 123},
	"correlation-count":    {56, 192},
	"correlation-stats":    {22, 68},
	"correlation-temporal": {27, 83},
	"correlation-windows":  {33, 110},
}

// linkedVectors returns the committed generated code of the vectors.
func linkedVectors() driver.Rules {
	return driver.Rules{Detections: vectorsgen.Rules(), Correlations: vectorsgen.Correlations()}
}

func loadVectors(t *testing.T) []*File {
	t.Helper()
	files, log := LoadFiles([]string{vectorsDir})
	for _, d := range log.All() {
		t.Error(d)
	}
	return files
}

func TestVectors(t *testing.T) {
	t.Parallel()
	files := loadVectors(t)
	if len(files) != len(floors) {
		t.Errorf("%d suites, want %d", len(files), len(floors))
	}
	rep, err := RunEngines(t.Context(), files,
		NewInterpreted(), NewUnoptimised(), NewFullScan(), NewLinked(linkedVectors()))
	if err != nil {
		t.Fatalf("%v (stale code: run go run ./codegen/conformance/regenerate)", err)
	}
	exceptions := readExceptions(t)
	for _, s := range rep.Suites {
		checkSuite(t, s, exceptions)
	}
	for _, e := range exceptions {
		if !e.used {
			t.Errorf("%s: the exception is not needed any more", e.pos)
		}
	}
	t.Logf("total: %s", rep.Counts())
}

func checkSuite(t *testing.T, s *Suite, exceptions []*exception) {
	n := s.Counts()
	t.Logf("%s (%s): %s", s.Name, s.Engine, n)
	for _, c := range s.Cases {
		if c.Status == Passed || excused(exceptions, s, c) {
			continue
		}
		t.Errorf("%s: %s (%s): %s", c.Case.Pos, c.Case.Name, s.Engine, c.Status)
		for _, f := range c.Failures {
			t.Errorf("    %s", f)
		}
	}
	floor, ok := floors[s.Name]
	if !ok {
		t.Errorf("suite %s has no floor", s.Name)
	}
	if n.Passed < floor.passed || n.Events < floor.events {
		t.Errorf("%s (%s): %d cases passed and %d events ran; the floor is %d and %d",
			s.Name, s.Engine, n.Passed, n.Events, floor.passed, floor.events)
	}
}

// TestVectorsGenerated fails if the committed code of the vectors is not what the generator makes of them now; with -update
// it writes it.
func TestVectorsGenerated(t *testing.T) {
	if *update {
		if err := Regenerate("."); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := generateVectors(".")
	if err != nil {
		t.Fatal(err)
	}
	stale, err := codegen.Check(generatedDir, want)
	if err != nil {
		t.Fatal(err)
	}
	if len(stale) > 0 {
		t.Errorf("%d files of %s are stale: %q; run go run ./codegen/conformance/regenerate", len(stale), generatedDir, stale)
	}
	if len(want) < 500 {
		t.Errorf("only %d files", len(want))
	}
}

// TestVectorsAreTheSharedOnes compares the committed copy with its source, where that is at hand.
func TestVectorsAreTheSharedOnes(t *testing.T) {
	t.Parallel()
	shared := filepath.Join("..", "..", "..", "shared", "vectors")
	theirs, err := filepath.Glob(filepath.Join(shared, "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(theirs) == 0 {
		t.Skipf("%s is not there; the committed vectors are not compared", shared)
	}
	ours, err := filepath.Glob(filepath.Join(vectorsDir, "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := baseNames(ours), baseNames(theirs); !slices.Equal(a, b) {
		t.Errorf("files %v, want %v", a, b)
	}
	for _, p := range theirs {
		want, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(vectorsDir, filepath.Base(p)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from the shared file (%v)", filepath.Base(p), err)
		}
	}
	t.Logf("compared %d files", len(theirs))
}

func baseNames(paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = filepath.Base(p)
	}
	return out
}
