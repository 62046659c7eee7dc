package correlate

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestASortedSetAgreesWithASortedSlice(t *testing.T) {
	t.Parallel()
	tallest, checked := uint8(0), 0
	for _, spread := range []uint64{3, 100, 20_000, 1 << 62} {
		const steps = 24_000
		words := &arena[uint64]{unit: 1}
		tr := tree{words}
		var s sorted
		var list []uint64
		x := spread
		for i := range steps {
			x = x*6364136223846793005 + 1442695040888963407
			grow := i < steps/2
			if len(list) > 0 && (x>>33)%3 == 0 == grow {
				k := int(x>>34) % len(list)
				tr.remove(&s, list[k], 1)
				list = slices.Delete(list, k, k+1)
			} else {
				v := (x >> 1) % spread
				tr.add(&s, v, 1)
				k, _ := slices.BinarySearch(list, v)
				list = slices.Insert(list, k, v)
			}
			tallest = max(tallest, s.height)
			checked++
			if s.total != uint64(len(list)) {
				t.Fatalf("total %d, want %d", s.total, len(list))
			}
			if len(list) == 0 {
				continue
			}
			k := int(x>>20) % len(list)
			key, next := tr.pick(&s, uint64(k))
			if key != list[k] || next != list[min(k+1, len(list)-1)] {
				t.Fatalf("position %d of %d: %d and %d, want %d", k, len(list), key, next, list[k])
			}
			probe := (x >> 3) % spread
			k, _ = slices.BinarySearch(list, probe)
			found, ok := tr.atLeast(&s, probe)
			if ok != (k < len(list)) || ok && found != list[k] {
				t.Fatalf("at least %d: %d %v", probe, found, ok)
			}
		}
		tr.clear(&s)
		for i := range words.pages {
			if p := &words.pages[i]; p.freeBlocks != p.blocks {
				t.Fatalf("a block of %d words is left", sizeOf(p.class))
			}
		}
	}
	t.Logf("%d steps, trees up to %d high", checked, tallest)
	if tallest < 2 || checked < 90_000 {
		t.Error("too little was tried")
	}
}

func TestKeysOfNumbersAreInTheirOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64().Draw(t, "a"), rapid.Float64().Draw(t, "b")
		ka, kb := orderedBits(math.Float64bits(a)), orderedBits(math.Float64bits(b))
		if a < b && ka >= kb || orderedNumber(ka) != a {
			t.Fatalf("%v %x, %v %x", a, ka, b, kb)
		}
	})
}
