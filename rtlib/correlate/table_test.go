package correlate

import (
	"testing"

	"pgregory.net/rapid"
)

func TestATableFindsWhatIsInIt(t *testing.T) {
	t.Parallel()
	most := 0
	rapid.Check(t, func(t *rapid.T) {
		var tab table
		hashes := map[uint32]uint32{} // by number
		spread := rapid.SampledFrom([]uint32{1, 5, 60, 1 << 20}).Draw(t, "spread")
		x := rapid.Uint32().Draw(t, "seed")
		for i := range rapid.IntRange(1, 3000).Draw(t, "steps") {
			x = x*1664525 + 1013904223
			number := x>>8%300 + 1
			if hash, ok := hashes[number]; ok && i%3 > 0 {
				tab.remove(hash, number)
				delete(hashes, number)
			} else if !ok {
				hashes[number] = x * 2654435761 % spread
				tab.insert(hashes[number], number)
			}
			most = max(most, tab.n)
		}
		if tab.n != len(hashes) {
			t.Fatalf("%d in the table, want %d", tab.n, len(hashes))
		}
		for number, hash := range hashes {
			found := false
			for i := tab.first(hash); tab.slots[i] != 0; i = tab.next(i) {
				found = found || tab.slots[i] == uint64(hash)<<32|uint64(number)
			}
			if !found {
				t.Fatalf("number %d, hash %d is lost", number, hash)
			}
		}
	})
	if most < 50 {
		t.Errorf("only %d in a table", most)
	}
}
