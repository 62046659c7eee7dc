package printer_test

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/corpustest"
	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/pipeline"
	"github.com/rsigma-go/rsigma/compiler/printer"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

// irText compiles one rule and returns the canonical text of its IR, "" if it did not compile.
func irText(text string) string {
	prog, _ := compiler.Compile([]compiler.Source{{Name: "r.yml", Data: []byte(text)}}, compiler.Options{NoOptimize: true, PlaceholderFallback: true})
	if len(prog.Rules) != 1 {
		return ""
	}
	return prog.Rules[0].Text()
}

// roundTrip prints every rule of sources in both spellings, reads it back and compares the IR. It returns how many there were.
func roundTrip(t *testing.T, sources []compiler.Source) int {
	t.Helper()
	n := 0
	for _, src := range sources {
		want := irText(string(src.Data))
		set, _ := compiler.Process([]compiler.Source{src}, compiler.Options{})
		if want == "" || len(set.Before) != 1 || set.Before[0].Rule == nil {
			continue
		}
		n++
		for how, print := range map[string]func(*sigma.Rule) printer.Document{"as written": printer.Rule, "respelled": printer.Respelled} {
			doc := print(set.Before[0].Rule)
			for _, note := range doc.Notes {
				t.Errorf("%s, %s: %s", src.Name, how, note)
			}
			if diff := cmp.Diff(want, irText(doc.Text)); diff != "" {
				t.Errorf("%s, %s:\n%s\n%s", src.Name, how, diff, doc.Text)
			}
		}
	}
	return n
}

func TestTheRulesOfTheRepositoryAreReadBackAsTheyWere(t *testing.T) {
	t.Parallel()
	sources, err := compiler.Load([]string{"../../rules"})
	if err != nil {
		t.Fatal(err)
	}
	n := roundTrip(t, sources)
	if t.Logf("%d rules", n); n < 57 {
		t.Errorf("only %d rules", n)
	}
}

func TestTheRulesOfSigmaHQAreReadBackAsTheyWere(t *testing.T) {
	t.Parallel()
	n := roundTrip(t, corpustest.Rules(t))
	if t.Logf("%d rules", n); n < 3_752 {
		t.Errorf("only %d rules", n)
	}
}

// unsayable names the one rule that a pipeline makes too long for a list of mappings: four fields with six names each.
var unsayable = map[string]string{"windows_evtx_json": "rules/windows/builtin/wmi/win_wmi_persistence.yml"}

// TestRulesMeanTheSameAfterABuiltinPipeline prints what the built-in pipelines make of the SigmaHQ rules, reads it back, and runs
// both over recorded events.
func TestRulesMeanTheSameAfterABuiltinPipeline(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles thousands of rules six times")
	}
	sources := corpustest.Rules(t)
	events := sample(t, 200)
	for _, name := range pipeline.BuiltinNames() {
		pipelines, err := compiler.LoadPipelines([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		opts := compiler.Options{Pipelines: pipelines}
		want, _ := compiler.Compile(sources, opts)
		want.Rules = slices.DeleteFunc(want.Rules, func(r *ir.Rule) bool { return r.File == unsayable[name] })
		set, _ := compiler.Process(sources, opts)
		var printed []compiler.Source
		for _, d := range set.After {
			if d.Rule == nil {
				continue
			}
			doc := printer.Rule(d.Rule)
			if unsayable[name] == d.File != (len(doc.Notes) > 0) {
				t.Errorf("%s: %s: notes %q", name, d.File, doc.Notes)
			}
			if len(doc.Notes) > 0 {
				continue
			}
			printed = append(printed, compiler.Source{Name: d.File, Data: []byte(doc.Text)})
		}
		got, _ := compiler.Compile(printed, compiler.Options{})
		if len(want.Rules) < 3_751 || len(got.Rules) != len(want.Rules) {
			t.Errorf("%s: %d rules, %d printed ones", name, len(want.Rules), len(got.Rules))
		}
		wantHits, gotHits := evaluate(t, want, events), evaluate(t, got, events)
		t.Logf("%s: %d rules, %d events, %d matches", name, len(want.Rules), len(events), len(wantHits))
		if diff := cmp.Diff(wantHits, gotHits); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// sample returns every step-th event of the recorded Windows events and of the lanes that a mapping fits.
func sample(t *testing.T, step int) []string {
	t.Helper()
	var out []string
	for _, name := range []string{"windows-sample.ndjson.gz", "lanes/structured_windows.ndjson.gz", "lanes/mixed_schema.ndjson.gz"} {
		f, err := os.Open(filepath.Join("../../../shared/corpus", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		zr, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(zr)
		lines.Buffer(nil, 1<<20)
		for n := 0; lines.Scan(); n++ {
			if n%step == 0 {
				out = append(out, lines.Text())
			}
		}
	}
	return out
}

// evaluate returns "event number rule" for each match.
func evaluate(t *testing.T, prog *ir.Program, events []string) []string {
	t.Helper()
	set, err := ruleset.New(interp.Rules(prog), ruleset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	plan := decode.NewPlan(set.Fields(), set.AllStrings())
	ev, scratch := rtlib.NewEvent(), set.NewScratch()
	var out []string
	for i, line := range events {
		if err := plan.JSON(ev, []byte(line)); err != nil {
			t.Fatal(err)
		}
		for _, hit := range set.Eval(ev, scratch) {
			out = append(out, fmt.Sprint(i, " ", set.Rules()[hit].Meta.Title))
		}
	}
	return out
}
