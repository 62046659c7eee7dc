package engine

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Costs are measured over the last costSlots slots of costSlot each.
const (
	costSlot  = time.Minute
	costSlots = 5
)

// RuleCost is what a rule cost on the sampled events.
type RuleCost struct {
	Rule        *rtlib.Meta
	Evaluations uint64 // events for which the index did not rule it out
	Matches     uint64
	Time        time.Duration
}

// Costs are the costs of a generation over the time that Window names.
type Costs struct {
	Window  time.Duration
	Sampled uint64 // events
	Total   time.Duration
	Rules   []RuleCost // that were evaluated, dearest first
}

// costs gathers what rules cost. It is safe for concurrent use.
type costs struct {
	mu    sync.Mutex
	began time.Time // of the first slot: the wall clock may be set
	slots [costSlots]costSlotData
}

// costSlotData is what was measured within one slot of time.
type costSlotData struct {
	number  int64 // of the slot
	sampled uint64
	rules   []RuleCost // by number
}

// sample measures the event that w holds.
func (c *costs) sample(g *Generation, w *Worker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.slot(time.Now(), len(g.Set.Rules()))
	s.sampled++
	g.Set.EachCandidate(w.ev, w.scratch, func(i int) {
		if g.Off(i) {
			return
		}
		start := time.Now()
		matched := g.Set.Judge(i, w.ev)
		r := &s.rules[i]
		r.Time += time.Since(start)
		r.Evaluations++
		if matched {
			r.Matches++
		}
	})
}

// slot returns the slot for now.
func (c *costs) slot(now time.Time, rules int) *costSlotData {
	if c.began.IsZero() {
		c.began = now
	}
	n := int64(now.Sub(c.began) / costSlot)
	s := &c.slots[n%costSlots]
	if s.number != n || s.rules == nil {
		*s = costSlotData{number: n, rules: make([]RuleCost, rules)}
	}
	return s
}

// Costs returns what the rules of g cost lately.
func (g *Generation) Costs() Costs {
	g.costs.mu.Lock()
	defer g.costs.mu.Unlock()
	out := Costs{Window: costSlot * costSlots}
	sums := make([]RuleCost, len(g.Set.Rules()))
	oldest := int64(time.Since(g.costs.began)/costSlot) - costSlots
	for _, s := range g.costs.slots {
		if s.number <= oldest {
			continue
		}
		out.Sampled += s.sampled
		for i, r := range s.rules {
			sums[i].Evaluations += r.Evaluations
			sums[i].Matches += r.Matches
			sums[i].Time += r.Time
		}
	}
	for i := range sums {
		if sums[i].Evaluations > 0 {
			sums[i].Rule = &g.Set.Rules()[i].Meta
			out.Total += sums[i].Time
			out.Rules = append(out.Rules, sums[i])
		}
	}
	slices.SortStableFunc(out.Rules, func(a, b RuleCost) int { return cmp.Compare(b.Time, a.Time) })
	return out
}
