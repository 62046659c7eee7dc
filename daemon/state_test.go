package daemon

import (
	"strings"
	"testing"
	"time"

	natsin "github.com/rsigma-go/rsigma/daemon/input/nats"
)

// TestAReplayClearsTheStateUnlessItBeginsBehindIt is the table of daemon.md section 17.
func TestAReplayClearsTheStateUnlessItBeginsBehindIt(t *testing.T) {
	t.Parallel()
	hundred := int64(100)
	sequence := func(n uint64) natsin.Start { return natsin.Start{Mode: natsin.StartSequence, Sequence: n} }
	at := func(seconds int64, more time.Duration) natsin.Start {
		return natsin.Start{Mode: natsin.StartTime, Time: time.Unix(seconds, int64(more))}
	}
	latest := natsin.Start{Mode: natsin.StartLatest}
	for _, c := range []struct {
		name        string
		start       natsin.Start
		stored      *int64 // sequence and time
		keep, clear bool
		want        bool
	}{
		{"resume", natsin.Start{}, &hundred, false, false, true},
		{"resume without a position", natsin.Start{}, nil, false, false, true},
		{"resume, cleared", natsin.Start{}, &hundred, false, true, false},
		{"sequence behind", sequence(101), &hundred, false, false, true},
		{"sequence at it", sequence(100), &hundred, false, false, false},
		{"sequence before", sequence(1), &hundred, false, false, false},
		{"sequence without a position", sequence(101), nil, false, false, false},
		{"sequence before, kept", sequence(1), &hundred, true, false, true},
		{"sequence behind, cleared", sequence(101), &hundred, false, true, false},
		{"time behind", at(101, 0), &hundred, false, false, true},
		{"time within the same second", at(100, 999*time.Millisecond), &hundred, false, false, false},
		{"time before", at(99, 0), &hundred, false, false, false},
		{"time without a position", at(101, 0), nil, false, false, false},
		{"time before, kept", at(99, 0), &hundred, true, false, true},
		{"latest", latest, &hundred, false, false, false},
		{"latest, kept", latest, nil, true, false, true},
	} {
		d := &daemon{cfg: Config{NATS: NATS{Start: c.start}, State: State{Keep: c.keep, Clear: c.clear}}}
		got, why := d.restores(c.stored, c.stored)
		if got != c.want {
			t.Errorf("%s: restored %v, want %v", c.name, got, c.want)
		}
		said := strings.Contains(why, "replay")
		if flag := c.keep || c.clear; flag != strings.HasPrefix(why, "--") || said == (flag || c.start.Mode == natsin.StartResume) {
			t.Errorf("%s: the log says %q", c.name, why)
		}
	}
}
