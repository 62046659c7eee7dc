package nats

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"
)

func TestACursorKnowsWhatIsCommitted(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	steps := 0
	for range 300 {
		c := &cursor{source: "s", identity: "i"}
		done, floor := map[uint64]bool{}, uint64(0)
		for range 200 {
			steps++
			switch n := 1 + r.Uint64N(150); r.IntN(12) {
			case 0: // everything up to the first gap may be acknowledged
				for done[floor+1] {
					floor++
				}
				c.prune(floor)
			case 1:
				again := &cursor{source: "s", identity: "i"}
				if err := again.restore(c.Position()); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				c = again
			default:
				c.Advance(int64(n), 0)
				done[n] = true
			}
			for n := uint64(1); n <= 152; n++ {
				if c.has(n) != done[n] {
					t.Fatalf("seed %d: message %d is committed %v, the cursor says %v: %+v", seed, n, done[n], c.has(n), c.ranges)
				}
			}
		}
		for i := 1; i < len(c.ranges); i++ {
			if c.ranges[i-1].to+1 >= c.ranges[i].from {
				t.Fatalf("seed %d: ranges that touch: %v of %v", seed, c.ranges, maps.Keys(done))
			}
		}
	}
	if steps < 50_000 {
		t.Errorf("only %d steps", steps)
	}
}

func TestACursorInOrderIsOneNumber(t *testing.T) {
	t.Parallel()
	c := &cursor{source: "s", identity: "i", ordered: true}
	for _, n := range []int64{3, 7, 7, 5} {
		c.Advance(n, 10*n)
	}
	if p := c.Position(); p.Floor != 7 || p.Time != 70 || p.Extra != nil || !c.has(6) || c.has(8) {
		t.Errorf("position %+v", p)
	}
}

func FuzzCursor(f *testing.F) {
	c := &cursor{}
	for _, n := range []int64{2, 3, 9, 12} {
		c.Advance(n, 0)
	}
	f.Add(c.Position().Extra)
	f.Add([]byte{1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, extra []byte) {
		c := &cursor{}
		p := c.Position()
		p.Extra = extra
		if c.restore(p) != nil {
			return
		}
		again := &cursor{}
		if err := again.restore(c.Position()); err != nil || len(again.ranges) != len(c.ranges) {
			t.Errorf("%v became %v, %v", c.ranges, again.ranges, err)
		}
	})
}
