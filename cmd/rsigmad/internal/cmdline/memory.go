package cmdline

import "github.com/KimMachineGun/automemlimit/memlimit"

// memoryRatio is the part of the container's memory that the Go heap may have (reliability.md section 6).
const memoryRatio = 0.9

// limitMemory sets the soft limit of the heap from the limit of the container. GOMEMLIMIT wins; without a limit of the container
// there is none.
func limitMemory(opts ...memlimit.Option) error {
	_, err := memlimit.Set(append(opts, memlimit.WithRatio(memoryRatio))...)
	return err
}
