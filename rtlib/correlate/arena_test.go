package correlate

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestSizeClassesAreTight(t *testing.T) {
	t.Parallel()
	for class := uint8(1); class < 100; class++ {
		if sizeOf(class) <= sizeOf(class-1) {
			t.Fatalf("class %d: %d units, the one before %d", class, sizeOf(class), sizeOf(class-1))
		}
	}
	for n := uint32(1); n < 100_000; n++ {
		class := classOf(n)
		if sizeOf(class) < n || class > 0 && sizeOf(class-1) >= n {
			t.Fatalf("%d units: class %d of %d", n, class, sizeOf(class))
		}
	}
}

func TestBlocksOfAnArenaDoNotOverlap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := newTexts()
		held := map[uint32][]byte{}
		var order []uint32
		for i := range rapid.IntRange(1, 400).Draw(t, "steps") {
			if len(order) > 0 && rapid.IntRange(0, 2).Draw(t, "drop") == 0 {
				k := rapid.IntRange(0, len(order)-1).Draw(t, "which")
				a.drop(order[k])
				delete(held, order[k])
				order = append(order[:k], order[k+1:]...)
				continue
			}
			size := rapid.SampledFrom([]int{0, 1, 7, 8, 50, 127, 128, 129, 5000, 40_000, 70_000}).Draw(t, "size")
			b := bytes.Repeat([]byte{byte(i)}, size)
			ref := a.put(b)
			if ref == 0 || held[ref] != nil {
				t.Fatalf("address %d given out twice", ref)
			}
			held[ref] = b
			order = append(order, ref)
		}
		for ref, b := range held {
			if !bytes.Equal(a.at(ref), b) {
				t.Fatalf("block %d of %d bytes has changed", ref, len(b))
			}
		}
		for _, ref := range order {
			a.drop(ref)
		}
		pages := 0
		for _, p := range a.pages {
			if p.data != nil {
				pages++
			}
		}
		if pages > classes {
			t.Fatalf("%d pages left of an empty arena", pages)
		}
	})
}
