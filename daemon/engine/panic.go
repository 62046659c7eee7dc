package engine

import (
	"runtime/debug"
	"sync/atomic"

	"github.com/rsigma-go/rsigma/rtlib"
)

// maxPanics is after how many panics a rule is switched off.
const maxPanics = 10

// rulePanic says that a rule panicked over an event.
type rulePanic struct{ rule *rtlib.Meta }

// evaluate returns the rules that match the decoded event. No rule is expected to panic, since predicates are total; if one does, that
// costs this event of this rule and nothing else.
//
// Source: daemon.md section 2.2.
func (j *judge) evaluate() []int {
	if hits, ok := j.fast(); ok {
		return hits
	}
	j.w.scratch = j.w.gen.Set.NewScratch() // it may have been left in any state
	j.w.ev.Keywords = nil
	var hits []int
	for i := range j.w.gen.Set.Rules() {
		if j.one(i) {
			hits = append(hits, i)
		}
	}
	return hits
}

func (j *judge) fast() (hits []int, ok bool) {
	defer func() {
		if !ok {
			recover()
		}
	}()
	return j.w.gen.Set.Eval(j.w.ev, j.w.scratch), true
}

func (j *judge) one(i int) (matched bool) {
	ok := false
	defer j.guard(i, &ok)
	matched = j.w.gen.Set.Judge(i, j.w.ev)
	ok = true
	return matched
}

// guard is deferred around what rule number i does. If it did not come to its end, the panic is noted and ended.
func (j *judge) guard(i int, ok *bool) {
	if *ok {
		return
	}
	value := recover()
	g := j.w.gen
	meta := &g.Set.Rules()[i].Meta
	off := g.panics[i].Add(1) == maxPanics
	if off {
		j.p.switchOff(g, i)
	}
	out := &j.b.outcomes[len(j.b.outcomes)-1]
	out.panics = append(out.panics, rulePanic{meta})
	j.p.opts.Hooks.Panic(meta, value, debug.Stack(), off)
}

// switchOff keeps rule number i of g from judging further events.
func (p *Pipeline) switchOff(g *Generation, i int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g.Set.Disable(i)
}

// Off reports whether rule number i is switched off because it panicked too often.
func (g *Generation) Off(i int) bool { return g.panics[i].Load() >= maxPanics }

// panicCounts count the panics of each rule.
type panicCounts []atomic.Int32
