package storetest

import (
	"math/rand/v2"
	"testing"
)

// LosePower implements Powered.
func (m *Model) LosePower(r *rand.Rand) { m.PowerLoss(r.IntN(m.Unsynced() + 1)) }

func TestTheModelKeepsTheContract(t *testing.T) {
	t.Parallel()
	for _, sync := range []bool{false, true} {
		t.Run(map[bool]string{false: "normal", true: "sync"}[sync], func(t *testing.T) {
			t.Parallel()
			Run(t, func(*testing.T) Place { return New(sync) })
		})
	}
}

func TestTheContractFindsEachBug(t *testing.T) {
	t.Parallel()
	for bug := Bug(1); bug < bugs; bug++ {
		t.Run(bug.String(), func(t *testing.T) {
			t.Parallel()
			found := 0
			for range 5 { // one is enough as a rule: 400 of 400 seeds found each bug
				seed := rand.Uint64()
				for _, c := range Cases() {
					if err := c.Test(rand.New(rand.NewPCG(seed, 1)), newModel(false, bug)); err != nil {
						found++
						t.Logf("seed %d, %s: %.200v", seed, c.Name, err)
					}
				}
				if found > 0 {
					return
				}
			}
			t.Errorf("a store that is wrong keeps the contract: %s", bug)
		})
	}
}
