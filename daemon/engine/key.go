package engine

import (
	"cmp"
	"crypto/rand"
	"sync/atomic"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// keys make the ids of results, by which sinks and those behind them recognise what they have seen before.
//
// Source: reliability.md section 3.2.
type keys struct {
	boot    string // of sources without a position
	counter atomic.Int64
}

func newKeys() *keys { return &keys{boot: "boot " + rand.Text()} }

// assign gives each result of message m its id: equal events give equal ids, also after the message was delivered again.
func (k *keys) assign(m *flow.Message, results []flow.Result) {
	identity, position := k.boot, int64(0)
	if m.Origin != nil && m.Origin.Identity != "" {
		identity, position = m.Origin.Identity, m.Number
	} else {
		position = k.counter.Add(1)
	}
	ordinals := map[string]int{}
	for i := range results {
		r := &results[i]
		rule := cmp.Or(r.ID, r.Title)
		r.Key = flow.ResultID(identity, position, m.Line, rule, ordinals[rule])
		ordinals[rule]++
	}
}
