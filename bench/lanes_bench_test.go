package bench

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/daemon/alert"
	"github.com/rsigma-go/rsigma/gen"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

// Where rules and events come from: the environment, else what the repository has.
func rulesDir() string { return fromEnv("RSIGMA_BENCH_RULES", "../rules") }

func eventPaths() []string { return filepath.SplitList(fromEnv("RSIGMA_BENCH_EVENTS", "../examples")) }

func fromEnv(key, otherwise string) string {
	if v := os.Getenv(key); v != "" {
		return v
	}
	return otherwise
}

const laneLines = 50000

func interpretedRules(tb testing.TB) []*rtlib.Rule {
	tb.Helper()
	sources, err := compiler.Load([]string{rulesDir()})
	if err != nil {
		tb.Fatal(err)
	}
	prog, _ := compiler.Compile(sources, compiler.Options{})
	return interp.Rules(prog)
}

// subject is a rule set with what is needed to run it.
type subject struct {
	set  *ruleset.Set
	plan *decode.Plan
	ev   *rtlib.Event
	sc   *ruleset.Scratch
}

func newSubject(tb testing.TB, rules []*rtlib.Rule) *subject {
	tb.Helper()
	set, err := ruleset.New(rules, ruleset.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return &subject{set, decode.NewPlan(set.Fields(), set.AllStrings()), rtlib.NewEvent(), set.NewScratch()}
}

// BenchmarkLanes reports ns/op for one event: floor is the scan for the fields that the rules name, scan adds the strings that
// keyword rules search, generated and interpreted are whole evaluations.
func BenchmarkLanes(b *testing.B) {
	lanes, err := LoadLanes(eventPaths(), laneLines)
	if err != nil {
		b.Fatal(err)
	}
	interpreted := newSubject(b, interpretedRules(b))
	generated := newSubject(b, gen.Rules())
	floor := &subject{plan: decode.NewPlan(interpreted.set.Fields(), false), ev: rtlib.NewEvent()}
	for _, lane := range lanes {
		b.Run(lane.Name+"/floor", func(b *testing.B) { floor.scan(b, lane) })
		b.Run(lane.Name+"/scan", func(b *testing.B) { interpreted.scan(b, lane) })
		b.Run(lane.Name+"/generated", func(b *testing.B) { generated.eval(b, lane) })
		b.Run(lane.Name+"/interpreted", func(b *testing.B) { interpreted.eval(b, lane) })
	}
}

func (s *subject) scan(b *testing.B, lane *Lane) {
	b.ReportAllocs()
	b.SetBytes(lane.Bytes / int64(len(lane.Lines)))
	for i := 0; b.Loop(); i++ {
		s.plan.JSON(s.ev, lane.Lines[i%len(lane.Lines)])
	}
}

func (s *subject) eval(b *testing.B, lane *Lane) {
	b.ReportAllocs()
	b.SetBytes(lane.Bytes / int64(len(lane.Lines)))
	hits, candidates := 0, 0
	for _, line := range lane.Lines {
		if s.plan.JSON(s.ev, line) == nil {
			hits += len(s.set.Eval(s.ev, s.sc))
			candidates += s.set.Candidates(s.ev, s.sc)
		}
	}
	for i := 0; b.Loop(); i++ {
		if s.plan.JSON(s.ev, lane.Lines[i%len(lane.Lines)]) == nil {
			s.set.Eval(s.ev, s.sc)
		}
	}
	b.ReportMetric(float64(hits)/float64(len(lane.Lines)), "hits/event")
	b.ReportMetric(float64(candidates)/float64(len(lane.Lines)), "candidates/event")
}

// BenchmarkDetections is a whole evaluation with generated rules and the rendering of what it finds, without provenance.
func BenchmarkDetections(b *testing.B) {
	lanes, err := LoadLanes(eventPaths(), laneLines)
	if err != nil {
		b.Fatal(err)
	}
	s := newSubject(b, gen.Rules())
	for _, lane := range lanes {
		b.Run(lane.Name, func(b *testing.B) { s.render(b, lane) })
	}
}

func (s *subject) render(b *testing.B, lane *Lane) {
	b.ReportAllocs()
	b.SetBytes(lane.Bytes / int64(len(lane.Lines)))
	format := alert.Format{Detail: alert.DetailOff}
	var why rtlib.Explanation
	var out []byte
	for i := 0; b.Loop(); i++ {
		if s.plan.JSON(s.ev, lane.Lines[i%len(lane.Lines)]) != nil {
			continue
		}
		for _, hit := range s.set.Eval(s.ev, s.sc) {
			out = format.AppendDetection(out[:0], s.set.Rules()[hit], "compiled", s.ev, &why)
		}
	}
}
