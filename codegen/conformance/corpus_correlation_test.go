package conformance

import (
	"bufio"
	"os"
	"path/filepath"
	"testing"

	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

const (
	laneRules    = "testdata/lane_correlations.yml"
	lanePerTick  = 20     // events a second
	laneFirings  = 10_000 // in all; fewer and something was lost
	laneEvents   = 10_000
	laneFirstSec = 1_700_000_000
)

// TestEnginesAgreeOnTheCorrelationLane runs correlations of every type and window mode over the correlation lane of the corpus. Its
// events carry no time, so that twenty of them make a second here.
func TestEnginesAgreeOnTheCorrelationLane(t *testing.T) {
	t.Parallel()
	dir := corpusDir(t)
	text, err := os.ReadFile(laneRules)
	if err != nil {
		t.Fatal(err)
	}
	var sessions []Session
	engines := []Engine{NewInterpreted(), NewUnoptimised(), NewFullScan()}
	if !testing.Short() {
		engines = append(engines, NewCompiled())
	}
	for _, e := range engines {
		prog, log := compiler.Compile([]compiler.Source{{Name: laneRules, Data: text}}, compiler.Options{NoOptimize: e.NoOptimize()})
		if log.Len() > 0 {
			t.Fatal(log.All())
		}
		s, err := e.Open(t.Context(), []*ir.Program{prog})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		sessions = append(sessions, s)
	}
	fired := map[string]int{}
	events, total := 0, 0
	for lines := bufio.NewScanner(openGzip(t, filepath.Join(dir, "lanes", "correlation.ndjson.gz"))); lines.Scan(); events++ {
		at := float64(laneFirstSec + events/lanePerTick)
		job := &driver.Job{Case: laneRules, Event: lines.Text(), Step: &driver.Step{Time: &at}}
		for _, f := range agreeOn(t, sessions, job).Firings {
			fired[f.Rule]++
			total++
		}
	}
	t.Logf("%d events, %d engines, %d firings: %v", events, len(sessions), total, fired)
	if events < laneEvents || total < laneFirings || len(fired) != 12 {
		t.Errorf("%d events, %d firings of %d correlations; the floor is %d, %d and 12", events, total, len(fired), laneEvents, laneFirings)
	}
}
