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
			seed := rand.Uint64()
			for _, c := range Cases() {
				if err := c.Test(rand.New(rand.NewPCG(seed, 1)), newModel(false, bug)); err != nil {
					found++
					t.Logf("%s: %.200v", c.Name, err)
				}
			}
			if found == 0 {
				t.Errorf("seed %d: a store that is wrong keeps the contract: %s", seed, bug)
			}
		})
	}
}
