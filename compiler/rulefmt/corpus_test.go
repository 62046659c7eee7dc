package rulefmt_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/corpustest"
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
	sources := corpustest.Rules(t)
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
