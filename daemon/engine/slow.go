package engine

import (
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib"
)

// slowEvent is how long an event may take before it is told of.
//
// Source: reliability.md section 6.
const slowEvent = 250 * time.Millisecond

// blameEvery is how often a worker looks for the rule that made an event slow: that takes up to as long again.
const blameEvery = 10 * time.Second

// SlowEvent is an event that took more than 250 ms to judge.
type SlowEvent struct {
	Message *flow.Message // valid during the call
	Took    time.Duration
	// Rule is the one that took most of the time when the event was judged once more, and RuleTook that time; nil if it was not, which
	// happens once in 10 s for each worker, or if no rule was tried.
	Rule     *rtlib.Meta
	RuleTook time.Duration
}

// slow tells of message m, whose event is still decoded unless it is none.
func (j *judge) slow(m *flow.Message, took time.Duration) {
	if j.p.opts.Hooks.Slow == nil {
		return
	}
	s := SlowEvent{Message: m, Took: took}
	now := time.Now()
	if ok := j.b.outcomes[len(j.b.outcomes)-1].err == nil; ok && (j.blamed.IsZero() || now.Sub(j.blamed) >= blameEvery) {
		j.blamed = now
		s.Rule, s.RuleTook = j.blame(took)
	}
	j.p.opts.Hooks.Slow(s)
}

// blame returns the rule that takes longest over the decoded event, and how long. It stops at one that takes half of took.
func (j *judge) blame(took time.Duration) (worst *rtlib.Meta, its time.Duration) {
	g := j.w.gen
	defer func() {
		if recover() != nil { // told of when the event was judged
			j.w.scratch = g.Set.NewScratch()
		}
	}()
	g.Set.EachCandidate(j.w.ev, j.w.scratch, func(i int) {
		if its > took/2 || g.Off(i) {
			return
		}
		start := time.Now()
		g.Set.Judge(i, j.w.ev)
		if d := time.Since(start); d > its {
			worst, its = &g.Set.Rules()[i].Meta, d
		}
	})
	return worst, its
}
