package synth_test

import (
	"os"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/synth"
)

func TestTmp(t *testing.T) {
	dir := os.Getenv("HQ")
	sources, err := compiler.Load([]string{dir})
	if err != nil { t.Fatal(err) }
	prog, _ := compiler.Compile(sources, compiler.Options{})
	start := time.Now()
	var branches, taken, decided, events, never, bytes int
	shown := 0
	for _, r := range prog.Rules {
		s, err := synth.New(r, 1)
		if err != nil { t.Fatal(err) }
		n := 0
		s.Events(synth.Options{Probes: os.Getenv("PROBES")!="", Mutations: 10}, func(e synth.Event) bool { n++; bytes += len(e.JSON); return true })
		a, b := s.Made().Count()
		branches += len(s.Branches); taken += a; decided += b; events += n
		if s.Made().Matches == 0 { never++; t.Log("never", r.File) }
		for i, br := range s.Branches {
			if !s.Made().Decided[i] && shown < 150 { shown++; t.Log(r.File, s.Made().Taken[i], br) }
		}
	}
	t.Log(len(prog.Rules), branches, taken, decided, events, never, bytes, time.Since(start))
}
