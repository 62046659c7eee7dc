package lint

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/corpustest"
)

// TestFindingsInTheRulesOfSigmaHQ prints how often each check speaks up about rules that have been reviewed. Few findings are false; a check
// that suddenly has very many has gone wrong.
func TestFindingsInTheRulesOfSigmaHQ(t *testing.T) {
	t.Parallel()
	sources := corpustest.Rules(t)
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
