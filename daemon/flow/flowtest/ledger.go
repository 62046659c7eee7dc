package flowtest

import (
	"fmt"
	"strings"
	"sync"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// Ledger makes units and knows what must become of them: every unit is acknowledged once, and in each Account every result appears
// once, in order. It is safe for concurrent use.
type Ledger struct {
	mu    sync.Mutex
	lines []string
	acks  []int // by unit
	fails int
}

// Unit returns a new unit with n results, each a different line. pad makes lines longer.
func (l *Ledger) Unit(n, pad int) *flow.Unit {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := len(l.acks)
	l.acks = append(l.acks, 0)
	u := &flow.Unit{Number: int64(id), Ack: flow.NewAck(func(committed bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.acks[id]++
		if !committed {
			l.fails++
		}
	})}
	for i := range n {
		line := fmt.Sprintf(`{"unit":%d,"result":%d,"pad":"%s"}`, id, i, strings.Repeat("x", pad))
		l.lines = append(l.lines, line)
		u.Results = append(u.Results, flow.Result{JSON: []byte(line)})
	}
	return u
}

// Failed returns how many units were acknowledged as not committed.
func (l *Ledger) Failed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fails
}

// Settled returns an error unless every unit is acknowledged exactly once.
func (l *Ledger) Settled() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, n := range l.acks {
		if n != 1 {
			return fmt.Errorf("unit %d was acknowledged %d times", id, n)
		}
	}
	return nil
}

// Account is what one sink answers for. It is safe for concurrent use.
type Account struct {
	ledger *Ledger

	mu     sync.Mutex
	passed []string
}

// Account returns an empty account.
func (l *Ledger) Account() *Account { return &Account{ledger: l} }

// PassOn takes the results of u from number from on, which are not going to be delivered, and gives up a part of its acknowledgement.
func (a *Account) PassOn(u *flow.Unit, from int, committed bool) {
	a.mu.Lock()
	for _, r := range u.Results[from:] {
		a.passed = append(a.passed, string(r.JSON))
	}
	a.mu.Unlock()
	u.Ack.Done(committed)
}

// Passed returns how many results were passed on.
func (a *Account) Passed() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.passed)
}

// Verify returns an error unless every result of the ledger was either delivered or passed on, once, and what was delivered is in order.
func (a *Account) Verify(delivered []string) error {
	a.ledger.mu.Lock()
	order := make(map[string]int, len(a.ledger.lines))
	for i, line := range a.ledger.lines {
		order[line] = i
	}
	a.ledger.mu.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	seen := make([]int, len(order))
	last := -1
	for _, line := range delivered {
		at, ok := order[line]
		switch {
		case !ok:
			return fmt.Errorf("nobody sent %.80q", line)
		case at < last:
			return fmt.Errorf("%.80q is out of order, or repeated", line)
		}
		last = at
		seen[at]++
	}
	for _, line := range a.passed {
		seen[order[line]]++
	}
	for line, at := range order {
		if seen[at] != 1 {
			return fmt.Errorf("%.80q was delivered or passed on %d times", line, seen[at])
		}
	}
	return nil
}
