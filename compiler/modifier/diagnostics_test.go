package modifier_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// expectations are comments of the form ### "regexp" "regexp" that stand on the line of the diagnostics they describe.
var expectation = regexp.MustCompile(`### (.*)$`)

func TestDiagnosticsStandOnTheLineTheyAreAbout(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		log := &diag.List{}
		modifier.Apply(sigma.Parse(yamldoc.Parse(filepath.Base(file), src, log), log), log)
		compare(t, file, string(src), log.All())
	}
}

// compare checks that every diagnostic is expected on its line, and every expectation met by one of its own.
func compare(t *testing.T, file, src string, got []diag.Diagnostic) {
	t.Helper()
	want := map[int][]string{}
	for i, line := range strings.Split(src, "\n") {
		if m := expectation.FindStringSubmatch(line); m != nil {
			for _, quoted := range regexp.MustCompile(`"[^"]*"`).FindAllString(m[1], -1) {
				want[i+1] = append(want[i+1], strings.Trim(quoted, `"`))
			}
		}
	}
	for _, d := range got {
		line := d.Pos.Line
		i := slices.IndexFunc(want[line], func(re string) bool { return regexp.MustCompile(re).MatchString(d.Msg + " " + d.Hint) })
		if i < 0 {
			t.Errorf("unexpected %s", d)
			continue
		}
		want[line] = slices.Delete(want[line], i, i+1)
	}
	for line, missing := range want {
		for _, re := range missing {
			t.Errorf("%s:%d: nothing says %q", file, line, re)
		}
	}
}
