package engine

import (
	"cmp"
	"crypto/rand"
	"sync/atomic"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// keys give results what their ids are made from, by which sinks and those behind them recognise what they have seen before.
//
// Source: reliability.md section 3.2.
type keys struct {
	boot    string // of sources without a position
	counter atomic.Int64
}

func newKeys() *keys { return &keys{boot: "boot " + rand.Text()} }

// assign makes the ids of the results of u, which came of message m: equal events give equal ids, also after the message was delivered
// again.
func (k *keys) assign(m *flow.Message, u *flow.Unit) {
	if m.Origin != nil && m.Origin.Identity != "" {
		u.Ref = flow.MessageRef{Identity: m.Origin.Identity, Position: m.Number, Line: m.Line}
	} else {
		u.Ref = flow.MessageRef{Identity: k.boot, Position: k.counter.Add(1), Line: m.Line}
	}
	number(u.Results)
}

// manyResults is from how many results on a map finds those of a rule faster than a look at all of them: about a microsecond either way.
const manyResults = 12

// number sets which one each result is among those of its rule.
func number(results []flow.Result) {
	if len(results) > manyResults {
		seen := make(map[string]int, len(results))
		for i := range results {
			rule := ruleOf(&results[i])
			results[i].Ordinal = seen[rule]
			seen[rule]++
		}
		return
	}
	for i := range results {
		rule := ruleOf(&results[i])
		results[i].Ordinal = 0
		for j := i - 1; j >= 0; j-- {
			if ruleOf(&results[j]) == rule {
				results[i].Ordinal = results[j].Ordinal + 1
				break
			}
		}
	}
}

func ruleOf(r *flow.Result) string { return cmp.Or(r.ID, r.Title) }
