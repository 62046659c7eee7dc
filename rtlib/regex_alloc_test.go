//go:build !race

package rtlib

import "testing"

// Package regexp keeps its machines in a pool, from which the race detector drops some at random; hence the build tag.
func TestASearchAllocatesNothing(t *testing.T) {
	p := pred(Regex, "a+c|zzz$")
	for _, raw := range []string{`{"f":"abcabdabc"}`, `{"f":["2024",12.5,"zzz"]}`, `{"f":1}`, `{}`} {
		ev := eventFor(t, raw, p)
		p.Match(ev)
		if n := testing.AllocsPerRun(100, func() { p.Match(ev) }); n != 0 {
			t.Errorf("for %s: %v allocations", raw, n)
		}
	}
}
