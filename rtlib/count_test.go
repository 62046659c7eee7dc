package rtlib

import "testing"

func TestCountTrue(t *testing.T) {
	t.Parallel()
	for want, bs := range [][]bool{{false, false}, {false, true, false}, {true, true}} {
		if got := CountTrue(bs...); got != want {
			t.Errorf("CountTrue(%v) = %d, want %d", bs, got, want)
		}
	}
	if got := CountTrue(); got != 0 {
		t.Errorf("CountTrue() = %d", got)
	}
}

func TestCountTrueAllocatesNothing(t *testing.T) {
	yes := true
	if n := testing.AllocsPerRun(100, func() { yes = CountTrue(yes, true, false) >= 2 }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
