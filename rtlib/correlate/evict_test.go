package correlate

import (
	"fmt"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib"
)

// TestAFloodOfGroupsOfOneCorrelationLeavesTheOthersAlone is what somebody does who can choose the value of a group-by field.
func TestAFloodOfGroupsOfOneCorrelationLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the race detector finds nothing where there is one goroutine")
	}
	const slow, flood, limit = 2000, 50_000, 10_000
	rule := func(source, detection string) *Rule {
		return &Rule{
			Meta: rtlib.Meta{Source: source, ID: source}, Type: EventCount, Timespan: 1 << 30, References: []string{detection},
			Sources: []Source{{detection, []int{0}}}, GroupBy: []Part{{Name: "User"}}, Thresholds: []Threshold{{Greater, 1e12}},
		}
	}
	e := benchEngine(t, Options{MaxStateEntries: limit}, rule("victim", "d0"), rule("flooded", "d1"), rule("idle", "d2"))
	now := int64(1_700_000_000)
	feed := func(detection, n int, name string) {
		for i, in := range benchInputs(t, e, 3*n, func(i int) string { return fmt.Sprintf(`{"User":"%s%d"}`, name, i/3) }) {
			if i%3 == detection {
				now++
				in.SetTime(now)
				e.Apply(&in, now)
			}
		}
	}
	feed(0, slow, "al")
	feed(1, flood, "x")
	held := [3]int{}
	for i := range held {
		for range e.Groups(i) {
			held[i]++
		}
	}
	stats := e.Stats()
	t.Logf("%d of %d groups of the victim are left, %d of the flooded correlation; evicted %v", held[0], slow, held[1], stats.Evicted)
	if held[0] != slow || stats.Evicted[0] != 0 || stats.Evicted[1] < flood-limit {
		t.Error("the flood has emptied the other correlation")
	}
}
