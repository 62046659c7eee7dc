package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// Few results and many are numbered in two ways, which must agree with a count for each of them.
func TestResultsAreNumberedByRule(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 2 * manyResults {
		results := make([]flow.Result, n)
		for i := range results {
			switch rule := fmt.Sprint(r.IntN(5)); r.IntN(3) {
			case 0:
				results[i] = flow.Result{ID: rule, Title: "not what counts"}
			case 1:
				results[i] = flow.Result{Title: rule} // without an id the title names the rule
			default:
				results[i] = flow.Result{ID: rule, Ordinal: 9}
			}
		}
		number(results)
		for i := range results {
			want := 0
			for j := range i {
				if ruleOf(&results[j]) == ruleOf(&results[i]) {
					want++
				}
			}
			if results[i].Ordinal != want {
				t.Errorf("result %d of %d is number %d of its rule, want %d", i, n, results[i].Ordinal, want)
			}
		}
	}
}
