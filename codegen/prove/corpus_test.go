package prove_test

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/codegen/prove"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/synth"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// sigmaHQ returns the core rules of SigmaHQ, with and without optimisation, and skips the test if they are not there.
func sigmaHQ(t *testing.T) (a, b *ir.Program) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "corpus", "sigmahq-rules.tar.gz"))
	if err != nil {
		t.Skipf("the corpus is not beside the repository: %v", err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	var sources []compiler.Source
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(h.Name, "rules/") && strings.HasSuffix(h.Name, ".yml") {
			data, err := io.ReadAll(tr)
			if err != nil {
				t.Fatal(err)
			}
			sources = append(sources, compiler.Source{Name: h.Name, Data: data})
		}
	}
	a, _ = compiler.Compile(sources, compiler.Options{})
	b, _ = compiler.Compile(sources, compiler.Options{NoOptimize: true})
	return a, b
}

// every keeps each step-th rule, unless RSIGMA_CORPUS is "full" as in make soak.
func every(step int, programs ...*ir.Program) int {
	if os.Getenv("RSIGMA_CORPUS") == "full" {
		return 1
	}
	for _, p := range programs {
		var kept []*ir.Rule
		for i, r := range p.Rules {
			if i%step == 0 {
				kept = append(kept, r)
			}
		}
		p.Rules = kept
	}
	return step
}

func TestTheEnginesAgreeOnTheCorpusRules(t *testing.T) {
	t.Parallel()
	needsGo(t)
	a, b := sigmaHQ(t)
	step := every(20, a, b)
	const ruleFloor, branchFloor, eventFloor = 3_139, 69_000, 200_000
	rep, err := prove.Run(context.Background(), a, b, prove.Options{Seed: 1, Mutations: 5, Compiled: true})
	if err != nil {
		t.Fatal(err)
	}
	branches, decided, of, never := 0, 0, 0, 0
	for i := range rep.Rules {
		r := &rep.Rules[i]
		d, o := r.Decided()
		branches, decided, of = branches+len(r.Branch), decided+d, of+o
		if r.Never {
			never++
			t.Errorf("no event was found for %s", r.Rule.Meta.Source)
		}
	}
	t.Logf("%d rules, %d branches, %d of %d decided, %d events, %d verdicts, %d differences, %d rules subsumed",
		len(rep.Rules), branches, decided, of, rep.Made, rep.Verdicts, rep.Different, len(rep.Subsumed))
	if rep.Different > 0 {
		t.Errorf("%+v", rep.Differences)
	}
	slack := 2 // a sample is not as large as its share everywhere
	if step == 1 {
		slack = 1
	}
	if len(rep.Rules) < ruleFloor/step || branches < branchFloor/step/slack || rep.Made < eventFloor/step/slack || decided*100 < of*98 {
		t.Error("that is below the floor")
	}
}

// TestWrongOperatorsShow plants a wrong operator in many rules and counts how many of them the events tell from the right one.
func TestWrongOperatorsShow(t *testing.T) {
	t.Parallel()
	a, _ := sigmaHQ(t)
	step := every(7, a)
	planted, found := 0, 0
	for _, r := range a.Rules {
		wrong := prove.Wrong(r)
		if wrong == nil {
			continue
		}
		planted++
		if tells(t, r, wrong) {
			found++
		} else {
			t.Logf("not found: %s", r.Meta.Source)
		}
	}
	t.Logf("%d of %d wrong operators are found", found, planted)
	if planted < 2_800/step || found*100 < planted*98 {
		t.Error("that is below the floor")
	}
}

// tells reports whether some event made for r is one on which wrong comes out otherwise.
func tells(t *testing.T, r, wrong *ir.Rule) bool {
	t.Helper()
	other := interp.Rule(wrong)
	if err := other.Prepare(); err != nil {
		t.Fatal(err)
	}
	var fields []rtlib.FieldID
	other.FieldIDs(func(id rtlib.FieldID) { fields = append(fields, id) })
	plan, ev := decode.NewPlan(fields, false), rtlib.NewEvent()
	s, err := synth.New(r, 1)
	if err != nil {
		t.Fatal(err)
	}
	told := false
	s.Events(synth.Options{Probes: true, Mutations: 20}, func(e synth.Event) bool {
		if err := plan.JSON(ev, e.JSON); err != nil {
			t.Fatal(err)
		}
		told = other.Match(ev) != e.Matches
		return !told
	})
	return told
}

// TestWhatIsProvedHolds asks of many pairs of rules whether one implies the other, and tries the events of the one on the other.
func TestWhatIsProvedHolds(t *testing.T) {
	t.Parallel()
	a, _ := sigmaHQ(t)
	var rules []*ir.Rule
	for _, r := range a.Rules {
		if strings.Contains(r.File, "windows/process_creation/proc_creation_win_") {
			rules = append(rules, r)
		}
	}
	step := 4
	if os.Getenv("RSIGMA_CORPUS") == "full" {
		step = 1
	}
	pairs, proved, events := 0, 0, 0
	for i := 0; i < len(rules); i += step {
		for _, by := range rules {
			if by == rules[i] {
				continue
			}
			pairs++
			if !synth.Implies(rules[i], by) {
				continue
			}
			proved++
			other, err := synth.New(by, 1)
			if err != nil {
				t.Fatal(err)
			}
			tally := other.NewTally()
			s, err := synth.New(rules[i], 1)
			if err != nil {
				t.Fatal(err)
			}
			s.Events(synth.Options{Probes: true, Mutations: 50}, func(e synth.Event) bool {
				if !e.Matches {
					return true
				}
				events++
				if matches, err := other.Observe(e.JSON, tally); err != nil || !matches {
					t.Errorf("%s does not imply %s: %s", rules[i].File, by.File, e.JSON)
					return false
				}
				return true
			})
		}
	}
	t.Logf("%d pairs, %d proved, %d events", pairs, proved, events)
	if pairs < 300_000/step || proved < 20/step || events < 500/step {
		t.Error("that is below the floor")
	}
}
