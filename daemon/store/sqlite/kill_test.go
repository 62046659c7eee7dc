package sqlite

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// commitForEver goes on with the workload, says each commit, and saves bases meanwhile, until it is killed.
func commitForEver(path string) {
	if err := commitOn(path); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func commitOn(path string) error {
	s, err := Open(path, Options{BallastBytes: 1 << 16})
	if err != nil {
		return err
	}
	saved, err := s.Load(bg)
	if err != nil {
		return err
	}
	if err := checkWork(saved); err != nil || len(saved.Faults) > 0 {
		return fmt.Errorf("commit %d: %w, faults %v", saved.Last, err, saved.Faults)
	}
	var mu sync.Mutex
	last := saved.Last
	go func() {
		for {
			mu.Lock()
			upto := last
			mu.Unlock()
			if err := s.SaveBase(bg, &store.Base{Upto: upto, Body: baseOf(upto), Snapshot: []byte("{}")}); err != nil {
				fmt.Println("failed:", err)
				os.Exit(1)
			}
		}
	}()
	for seq := last + 1; ; seq++ {
		if err := s.Commit(bg, workGroup(seq)); err != nil {
			return err
		}
		mu.Lock()
		last = seq
		mu.Unlock()
		fmt.Println("committed", seq)
	}
}

// Whatever a process has said to have committed is there after it was killed, whenever that was.
func TestAKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	kills := 25
	switch {
	case soak():
		kills = 1000
	case testing.Short():
		kills = 8
	}
	p := newPlace(t, false)
	r := seeded(t)
	said, commits, bases := int64(0), int64(0), map[int64]bool{}
	for i := range kills {
		c := child(t, "commit", p.path())
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		wait := time.Duration(r.IntN(250)) * time.Millisecond // after the first commit
		lines := bufio.NewScanner(out)
		for first := true; lines.Scan(); first = false {
			if first {
				time.AfterFunc(wait, func() { _ = c.Process.Kill() })
			}
			if n, ok := strings.CutPrefix(lines.Text(), "committed "); ok {
				if n, err := strconv.ParseInt(n, 10, 64); err == nil { // the last line may be torn
					said = max(said, n)
				}
			} else if strings.Contains(lines.Text(), "failed") {
				t.Fatalf("kill %d: %s", i, lines.Text())
			}
		}
		_ = c.Wait()
		s, saved := mustLoad(t, p)
		if err := checkWork(saved); err != nil || saved.Last < said || saved.Last > said+1 || len(saved.Faults) > 0 {
			t.Fatalf("kill %d: commit %d is there, %d was said: %v, faults %v", i, saved.Last, said, err, saved.Faults)
		}
		if saved.Base != nil {
			bases[saved.Base.Upto] = true
		}
		// A third of the time the next process finds the file as it was left, without this look at it.
		if i%3 == 0 {
			s.Close(rand.IntN(2) == 0)
		} else {
			p.Crash()
		}
		commits = saved.Last
	}
	t.Logf("%d kills, %d commits, %d different bases", kills, commits, len(bases))
	if commits < int64(kills) || len(bases) < 3 {
		t.Errorf("%d commits and %d bases prove nothing", commits, len(bases))
	}
}
