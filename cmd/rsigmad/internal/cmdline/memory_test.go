package cmdline

import (
	"errors"
	"os"
	"runtime/debug"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// TestTheHeapIsLimitedToNineTenthsOfTheContainer is not parallel: the limit is one of the process.
func TestTheHeapIsLimitedToNineTenthsOfTheContainer(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	const container, want = 8000 << 20, 7200 << 20

	t.Setenv("GOMEMLIMIT", "5GiB")
	if err := limitMemory(memlimit.WithProvider(memlimit.Limit(container))); err != nil || debug.SetMemoryLimit(-1) != before {
		t.Errorf("with GOMEMLIMIT: %v, %d bytes", err, debug.SetMemoryLimit(-1))
	}
	if err := os.Unsetenv("GOMEMLIMIT"); err != nil {
		t.Fatal(err)
	}
	none := func() (uint64, error) { return 0, memlimit.ErrNoLimit }
	if err := limitMemory(memlimit.WithProvider(none)); err != nil && !errors.Is(err, memlimit.ErrNoLimit) || debug.SetMemoryLimit(-1) != before {
		t.Errorf("without a limit: %v, %d bytes", err, debug.SetMemoryLimit(-1))
	}
	if err := limitMemory(memlimit.WithProvider(memlimit.Limit(container))); err != nil || debug.SetMemoryLimit(-1) != want {
		t.Errorf("in a container: %v, %d bytes, want %d", err, debug.SetMemoryLimit(-1), want)
	}
}
