// Package storetest holds what every implementation of package store must do, as tests, and a store in memory that can be told to fail,
// for the tests of those who use a store.
package storetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// Place is where a store is kept: a file, or a Model. At most one store is open on it.
type Place interface {
	// Open opens the store that is there, or makes it.
	Open() (store.Store, error)
	// Crash ends the process that has the store open; nothing is closed.
	Crash()
}

// Powered is a Place that can lose what is not synced.
type Powered interface {
	Place
	// LosePower is Crash that may take the last transactions, as many as r decides.
	LosePower(r *rand.Rand)
}

// Failing is a Place whose disk can fail.
type Failing interface {
	Place
	// Fail makes all that writes fail with err until it is called with nil.
	Fail(err error)
}

// Case is a part of the contract. Test returns what is wrong; it may be given a Place of any kind.
type Case struct {
	Name string
	Test func(r *rand.Rand, p Place) error
}

// Run runs the contract. place makes an empty place.
func Run(t *testing.T, place func(t *testing.T) Place) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, c := range Cases() {
		t.Run(strings.ReplaceAll(c.Name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if err := c.Test(rand.New(rand.NewPCG(seed, 1)), place(t)); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		})
	}
}

// Cases returns the contract.
func Cases() []Case {
	return []Case{
		{"an empty store is empty", testEmpty},
		{"a crash leaves what is committed", testCrash},
		{"commits are numbered one after the other", testNumbers},
		{"a base replaces the log up to its commit", testBase},
		{"commits go on while a base is saved", testConcurrentBase},
		{"delivered results do not come back", testDelivered},
		{"the JSON row counts if it was written last", testRowAlone},
		{"a row without a position keeps the position", testSequence},
		{"a clean stop is known until something is written", testClean},
		{"a base may go beyond positions", testForget},
		{"clear leaves results, numbers and some positions", testClear},
		{"replies are kept and forgotten", testReplies},
		{"replies are forgotten after a clock was set back", testRepliesOfOtherClocks},
		{"values are kept", testValues},
		{"memory of the caller stays his own", testMemory},
		{"a store is opened once", testOnce},
		{"a call that is cancelled changes nothing", testCancelled},
		{"any history can be loaded", testWalk},
		{"a loss of power leaves a beginning", testPower},
		{"a full disk changes nothing and passes", testFull},
		{"any other failure is for ever", testBroken},
	}
}

var bg = context.Background()

// opened opens a place and loads.
func opened(p Place) (store.Store, *store.Saved, error) {
	s, err := p.Open()
	if err != nil {
		return nil, nil, err
	}
	saved, err := s.Load(bg)
	return s, saved, err
}

// do applies an operation to the store and adds it to the history.
func do(s store.Store, h *history, op any) error {
	var err error
	switch op := op.(type) {
	case *store.Group:
		err = s.Commit(bg, op)
	case *store.Base:
		err = s.SaveBase(bg, op)
	case cleared:
		err = s.Clear(bg, isKept)
	}
	if err == nil {
		*h = append(*h, op)
	}
	return err
}

// isKept says which positions stay when a store is cleared.
func isKept(source string) bool { return source == "source 1" }

// reload crashes the store, opens it again and checks what it holds.
func reload(p Place, h history) (store.Store, error) {
	p.Crash()
	s, saved, err := opened(p)
	if err == nil {
		err = h.check(saved)
	}
	return s, err
}

func body(r *rand.Rand, max int) []byte {
	n := r.IntN(max + 1)
	b := make([]byte, 0, n+8)
	for len(b) < n {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return b[:n:n]
}

// group returns a random commit with a number.
func group(r *rand.Rand, seq int64) *store.Group {
	g := &store.Group{Seq: seq}
	if r.IntN(4) > 0 {
		g.Delta = body(r, 5000)
	}
	if r.IntN(2) > 0 {
		g.Outbox = body(r, 5000)
	}
	for i := range r.IntN(4) {
		g.Positions = append(g.Positions, store.Position{
			Source: fmt.Sprint("source ", i), Identity: fmt.Sprint("stream ", r.IntN(2)), Floor: seq, Time: int64(r.Uint64()), Extra: body(r, 20),
		})
	}
	if r.IntN(3) == 0 {
		g.Delivered = r.Int64N(seq + 1)
	}
	return g
}

// groups commits n groups.
func groups(r *rand.Rand, s store.Store, h *history, n int) error {
	for range n {
		if err := do(s, h, group(r, h.last()+1)); err != nil {
			return err
		}
	}
	return nil
}

func base(r *rand.Rand, upto int64) *store.Base {
	b := &store.Base{Upto: upto, At: time.Unix(r.Int64N(1<<32), r.Int64N(1e9))}
	kind := r.IntN(4)
	if kind > 0 {
		size := 1000
		if r.IntN(3) == 0 {
			size = 600_000
		}
		b.Body = body(r, size)
	}
	if kind < 2 {
		b.Snapshot = []byte(fmt.Sprintf(`{"version":1,"n":%d}`, r.Uint64()))
		if r.IntN(2) == 0 {
			b.SourceSequence, b.SourceTime = new(upto), new(b.At.Unix())
		}
	}
	return b
}

func numbered(g *store.Group, seq int64) *store.Group {
	g.Seq = seq
	return g
}
