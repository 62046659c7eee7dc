package reload

import (
	"fmt"
	"time"

	"github.com/rsigma-go/rsigma/daemon/engine"
)

// maxCompile is how long a reload may compile (reliability.md section 6).
const maxCompile = 60 * time.Second

// Deadline bounds the time that reloads compile, so that hostile rules cannot keep a daemon from ever reloading. The zero value is
// not usable; see NewDeadline.
type Deadline struct{ slot chan struct{} }

// NewDeadline returns a Deadline for the reloads of one daemon.
func NewDeadline() *Deadline { return &Deadline{slot: make(chan struct{}, 1)} }

// Load is Load with an error if it takes too long. What a late compilation makes is dropped. It cannot be stopped, so the next
// one waits for its end: two at a time would take the memory of two.
func (d *Deadline) Load(opts Options) (*engine.Generation, *Report, error) {
	return d.load(func() (*engine.Generation, *Report, error) { return Load(opts) })
}

func (d *Deadline) load(load func() (*engine.Generation, *Report, error)) (*engine.Generation, *Report, error) {
	type result struct {
		gen    *engine.Generation
		report *Report
		err    error
	}
	timeout := time.NewTimer(maxCompile)
	defer timeout.Stop()
	select {
	case d.slot <- struct{}{}:
	case <-timeout.C:
		return nil, nil, fmt.Errorf("an earlier compilation of the rules is still running after another %v", maxCompile)
	}
	done := make(chan result, 1) // room for a result that nobody waits for
	go func() {
		defer func() { <-d.slot }()
		gen, report, err := load()
		done <- result{gen, report, err}
	}()
	select {
	case r := <-done:
		return r.gen, r.report, r.err
	case <-timeout.C:
		return nil, nil, fmt.Errorf("compiling the rules took longer than %v, the most that a reload may take", maxCompile)
	}
}
