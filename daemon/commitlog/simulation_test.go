package commitlog

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/rsigma-go/rsigma/daemon/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	firstSeed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "first seed of the simulation")
	seeds     = flag.Int("seeds", worlds(), "worlds that the simulation runs")
)

// worlds is how many worlds are simulated: more in a soak (make soak).
func worlds() int {
	if os.Getenv("RSIGMA_SOAK") != "" {
		return 10_000
	}
	return 300
}

// simulate runs a world of lives with the given seed and says what is wrong with what it has come to.
func simulate(t *testing.T, seed uint64, fault string) (w *world, err error) {
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(seed, 0))
		w = newWorld(r, 20+r.IntN(100))
		if w.fault = fault; fault == "power without sync" {
			w.power, w.disk = true, storetest.New(false)
		}
		for range 1 + r.IntN(6) {
			if err = w.live(false); err != nil {
				return
			}
		}
		if err = w.live(true); err == nil && w.final.dead.Load() { // a sink was killed in its last moment
			for w.final.dead.Load() && err == nil {
				err = w.live(true)
			}
		}
		if err == nil {
			err = w.check()
		}
	})
	return w, err
}

// check compares with a process that was never interrupted.
func (w *world) check() error {
	want := newWorld(rand.New(rand.NewPCG(0, 0)), 0)
	want.source = w.source
	want.calm = true
	if err := want.live(true); err != nil {
		return fmt.Errorf("the calm world: %w", err)
	}
	if err := equal("file", lines(want.file.text), lines(w.file.text)); err != nil {
		return err
	}
	if !slices.Equal(want.broker.order, w.broker.order) {
		return fmt.Errorf("the broker has %d messages, want %d, or in another order", len(w.broker.order), len(want.broker.order))
	}
	for key, text := range want.broker.seen {
		if w.broker.seen[key] != text {
			return fmt.Errorf("result %s is %s, want %s", key, w.broker.seen[key], text)
		}
	}
	if !bytes.Equal(want.final.state.AppendState(nil), w.final.state.AppendState(nil)) {
		return fmt.Errorf("the state differs: %s, want %s", w.final.state.AppendJSON(nil), want.final.state.AppendJSON(nil))
	}
	return nil
}

func lines(text []byte) []string { return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") }

func equal(what string, want, got []string) error {
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			return fmt.Errorf("%s: %d lines, want %d; the first that is wrong is number %d", what, len(got), len(want), i)
		}
	}
	return nil
}

func TestKillsAndFaultsOfTheDiskChangeNothing(t *testing.T) {
	t.Parallel()
	var lives, commits, reloads, messages, results, doubled int
	n := *seeds
	if testing.Short() {
		n = min(n, 60)
	}
	for i := range n {
		seed := *firstSeed + uint64(i)
		w, err := simulate(t, seed, "")
		if err != nil {
			t.Fatalf("seed %d, after %d lives: %v", seed, w.lives, err)
		}
		lives += w.lives
		commits += w.commits
		reloads += w.reloads
		messages += len(w.source)
		results += len(w.broker.order)
		doubled += w.doubled
	}
	t.Logf("seeds from %d: %d worlds, %d processes, %d messages, %d results, %d commits, %d reloads; the broker dropped %d repetitions",
		*firstSeed, n, lives, messages, results, commits, reloads, doubled)
	if lives < 2*n || results < n || doubled == 0 {
		t.Error("too little has happened for this to prove anything")
	}
}

// TestTheSimulationFindsEachFault plants one fault in each process. The simulation must find it, or it proves nothing.
func TestTheSimulationFindsEachFault(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"positions first", "no outbox", "results before commit", "power without sync"} {
		found := 0
		var err error
		for i := range 60 {
			if _, e := simulate(t, uint64(i), fault); e != nil {
				found++
				err = e
			}
		}
		t.Logf("%s: found in %d of 60 worlds, for instance: %.100s", fault, found, fmt.Sprint(err))
		if found == 0 {
			t.Errorf("%s was not noticed", fault)
		}
	}
}
