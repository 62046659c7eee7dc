package conformance

import (
	"testing"

	"github.com/rsigma-go/rsigma/codegen/conformance/driver"
	"github.com/rsigma-go/rsigma/compiler/ir"
)

// FuzzGeneratedAgainstInterpreted gives any bytes as an event to the rules of all vectors, and demands the same matches and the same
// explanations of generated code, of the interpreter with and without the search index, and of rules that were not optimised.
func FuzzGeneratedAgainstInterpreted(f *testing.F) {
	files, log := LoadFiles([]string{vectorsDir})
	if log.Errors() > 0 {
		f.Fatal(log.Sorted()[0])
	}
	var sessions []Session
	for _, e := range []Engine{NewInterpreted(), NewLinked(linkedVectors()), NewFullScan(), NewUnoptimised()} {
		var programs []*ir.Program
		for _, file := range files {
			for _, c := range file.Cases {
				u := &unit{CaseResult: &CaseResult{Case: c, Status: Passed}}
				u.compile(e.NoOptimize())
				if u.judged() {
					programs = append(programs, u.prog)
				}
			}
		}
		s, err := e.Open(f.Context(), programs)
		if err != nil {
			f.Fatal(err)
		}
		sessions = append(sessions, s)
	}
	events := 0
	for _, file := range files {
		for _, c := range file.Cases {
			for _, ev := range c.Events {
				f.Add(string(ev.JSON))
				events++
			}
			for _, step := range c.Timeline {
				f.Add(string(step.JSON))
				events++
			}
		}
	}
	if events < 1500 {
		f.Fatalf("only %d seeds", events)
	}
	f.Fuzz(func(t *testing.T, event string) {
		agree(t, sessions, &driver.Job{Event: event})
	})
}
