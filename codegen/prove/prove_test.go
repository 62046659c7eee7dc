package prove_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/codegen/prove"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

const rules = `title: tool
id: 0a1b2c3d-0000-4000-8000-00000000000a
logsource: {product: windows}
detection:
  sel: {Image|endswith: ['\net.exe', '\net1.exe'], CommandLine|contains|all: [user, add]}
  f: {ParentImage|startswith: 'C:\Program Files\'}
  condition: sel and not f
---
title: narrower
logsource: {product: windows}
detection:
  sel: {Image|endswith: '\net.exe', CommandLine|contains|all: [user, add, force]}
  f: {ParentImage|startswith: 'C:\Program'}
  condition: sel and not f
---
title: never
logsource: {product: windows}
detection: {s: {EventID: 4, Level|gte: 3}, t: {EventID: 4}, condition: s and not t}
---
title: words
logsource: {product: windows}
detection: {s: [mimikatz, 'sekurlsa::'], n: {Port|gt: 1024, Address|cidr: 10.0.0.0/8}, condition: s or n}
`

// TestMain plays a program with linked rules for TestALinkedProgramIsCompared.
func TestMain(m *testing.M) {
	if mode := os.Getenv("RSIGMA_TEST_LINKED"); mode != "" && len(os.Args) > 1 && os.Args[1] == "eval" {
		playLinked(mode)
		return
	}
	os.Exit(m.Run())
}

// playLinked reads events and prints detections as rsigmad eval does. In the mode "wrong" it misses those of the first rule.
func playLinked(mode string) {
	prog, _ := compiler.Compile([]compiler.Source{{Name: "r.yml", Data: []byte(rules)}}, compiler.Options{})
	set, err := ruleset.New(interp.Rules(prog), ruleset.Options{})
	if err != nil {
		panic(err)
	}
	plan, ev := decode.NewPlan(set.Fields(), set.AllStrings()), rtlib.NewEvent()
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		if err := plan.JSON(ev, in.Bytes()); err != nil {
			continue
		}
		for _, i := range set.FullScan(ev) {
			if mode == "wrong" && i == 0 {
				continue
			}
			fmt.Printf(`{"event":%s,"provenance":{"digest":%q,"engine":"compiled"}}`+"\n", in.Bytes(), prog.Rules[i].Meta.Digest)
		}
	}
}

func TestALinkedProgramIsCompared(t *testing.T) {
	a, b := programs(t, rules)
	for mode, wrong := range map[string]bool{"right": false, "wrong": true} {
		t.Setenv("RSIGMA_TEST_LINKED", mode)
		rep, err := prove.Run(context.Background(), a, b, prove.Options{Seed: 1, Mutations: 5, Linked: &prove.LinkedProgram{Path: os.Args[0]}})
		if err != nil {
			t.Fatal(err)
		}
		if (rep.Rules[0].Misjudged > 0) != wrong || rep.Different != rep.Rules[0].Different || rep.LinkedInterpreted != 0 || rep.LinkedCompiled < 2 {
			t.Errorf("%s: %d differences, %+v", mode, rep.Different, rep.Differences)
		}
		if wrong && !slices.Equal(rep.Differences[0].NoMatch, []string{prove.Linked}) {
			t.Errorf("%+v", rep.Differences[0])
		}
	}
	t.Setenv("RSIGMA_TEST_LINKED", "")
	if _, err := prove.Run(context.Background(), a, b, prove.Options{Linked: &prove.LinkedProgram{Path: "no/such/program"}}); err == nil {
		t.Error("a program that is not there is no error")
	}
}

func programs(t *testing.T, text string) (a, b *ir.Program) {
	t.Helper()
	sources := []compiler.Source{{Name: "r.yml", Data: []byte(text)}}
	a, log := compiler.Compile(sources, compiler.Options{})
	if log.Errors() > 0 {
		t.Fatal(log.All())
	}
	b, _ = compiler.Compile(sources, compiler.Options{NoOptimize: true})
	return a, b
}

func needsGo(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil || testing.Short() {
		t.Skip("builds generated code")
	}
}

func TestTheEnginesAgreeAndTheReportSaysWhatWasTried(t *testing.T) {
	t.Parallel()
	needsGo(t)
	a, b := programs(t, rules)
	opts := prove.Options{Seed: 1, Mutations: 20, Compiled: true, Cache: t.TempDir(), Events: func(f func([]byte) error) error {
		for _, e := range []string{`{"Image":"x"}`, `{"Image":`, "{\n\"a\": \"sekurlsa::\"}"} {
			if err := f([]byte(e)); err != nil {
				return err
			}
		}
		return nil
	}}
	rep, err := prove.Run(context.Background(), a, b, opts)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Different != 0 || rep.Given != 3 || rep.BadEvents != 1 || rep.Made < 200 || rep.Cached || len(rep.Engines) != 6 {
		t.Errorf("%+v", rep)
	}
	for _, r := range rep.Rules {
		never := r.Rule.Meta.Title == "never"
		if r.Never != never || r.Impossible != never {
			t.Errorf("%s: never %t, impossible %t", r.Rule.Meta.Title, r.Never, r.Impossible)
		}
		if decided, of := r.Decided(); !never && decided != of {
			t.Errorf("%s: %d of %d branches are decided", r.Rule.Meta.Title, decided, of)
		}
	}
	if len(rep.Subsumed) != 1 || rep.Subsumed[0].Rule.Meta.Title != "narrower" || !rep.Subsumed[0].Proved || rep.Subsumed[0].Same {
		t.Errorf("subsumed: %+v", rep.Subsumed)
	}
	if again, err := prove.Run(context.Background(), a, b, opts); err != nil || !again.Cached || again.Made != rep.Made {
		t.Errorf("the second run: %v, %+v", err, again)
	}
}

// TestAWrongOperatorIsFound is the negative control.
func TestAWrongOperatorIsFound(t *testing.T) {
	t.Parallel()
	needsGo(t)
	a, b := programs(t, rules)
	found := map[string]bool{}
	for seed := range uint64(2) {
		rep, err := prove.Run(context.Background(), a, b, prove.Options{Seed: seed, Mutations: 5, Compiled: true, Control: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rep.Rules {
			if (r.Misjudged > 0) != (r.Rule == rep.Control) || r.Different > 0 && r.Rule != rep.Control {
				t.Errorf("seed %d: %s is misjudged %d times", seed, r.Rule.Meta.Title, r.Misjudged)
			}
		}
		found[rep.Control.Meta.Title] = true
		if d := rep.Differences[0]; d.Rule != rep.Control || !strings.HasPrefix(d.Event, "{") {
			t.Errorf("difference %+v", d)
		}
	}
	if len(found) != 2 {
		t.Errorf("other seeds plant the fault elsewhere: %v", found)
	}
}

// TestAnOptimisationThatGoesWrongIsFound loses a filter on the way from the conditions as written to what is evaluated.
func TestAnOptimisationThatGoesWrongIsFound(t *testing.T) {
	t.Parallel()
	a, b := programs(t, rules)
	a.Rules[0].Match = rtlib.Sel("sel")
	rep, err := prove.Run(context.Background(), a, b, prove.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Rules[0].Misjudged == 0 || rep.Different != rep.Rules[0].Different {
		t.Errorf("%d differences, %d in the rule", rep.Different, rep.Rules[0].Misjudged)
	}
	if d := rep.Differences[0]; !slices.Contains(d.NoMatch, prove.Unoptimised) || !slices.Contains(d.Match, prove.Interpreted) {
		t.Errorf("%+v", d)
	}
}
