package sqlite

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// Commits go on while a base of the size of a million groups is saved. How long they wait is printed, and compared with nothing: the
// machine has other things to do.
func TestCommitsDoNotWaitForABase(t *testing.T) {
	t.Parallel()
	size := 47_000_000
	if testing.Short() {
		size = 5_000_000
	}
	for _, sync := range []bool{false, true} {
		s := fresh(t, t.TempDir(), Options{Sync: sync})
		body, delta := noise(size), noise(30_000)
		if err := s.SaveBase(bg, &store.Base{Body: body}); err != nil {
			t.Fatal(err)
		}
		waits := commitsDuring(t, s, delta, func(upto int64) error {
			return s.SaveBase(bg, &store.Base{Upto: upto, Body: body})
		})
		alone := commitsDuring(t, s, delta, func(int64) error { time.Sleep(200 * time.Millisecond); return nil })
		t.Logf("sync %v, base of %d MB: %d commits of 30 KB meanwhile, median %v, 99 of 100 %v, longest %v; without a base: median %v, 99 of 100 %v, longest %v",
			sync, size/1_000_000, len(waits), quantile(waits, 50), quantile(waits, 99), quantile(waits, 100),
			quantile(alone, 50), quantile(alone, 99), quantile(alone, 100))
		if len(waits) < 10 {
			t.Errorf("only %d commits went in between", len(waits))
		}
	}
}

// commitsDuring commits while f runs, and returns how long each commit took, sorted.
func commitsDuring(t *testing.T, s *Store, delta []byte, f func(upto int64) error) (waits []time.Duration) {
	t.Helper()
	var wg sync.WaitGroup
	var errF error
	done := make(chan struct{})
	upto := s.head.Seq
	wg.Go(func() {
		defer close(done)
		errF = f(upto)
	})
	for seq := upto + 1; ; seq++ {
		select {
		case <-done:
			if errF != nil {
				t.Fatal(errF)
			}
			slices.Sort(waits)
			return waits
		default:
		}
		start := time.Now()
		if err := s.Commit(bg, &store.Group{Seq: seq, Delta: delta}); err != nil {
			t.Fatal(err)
		}
		waits = append(waits, time.Since(start))
	}
}

func quantile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*percent/100].Round(10 * time.Microsecond)
}

// The file does not grow beyond three bases and twice the room that may be unused (128 MiB; here it is less), and gets smaller again
// after an outage of a sink.
func TestTheFileStaysSmall(t *testing.T) {
	t.Parallel()
	s := fresh(t, quickDir(t), Options{})
	s.spare = 4 << 20
	const base = 1 << 20
	const bound = 3*base + 2*(4<<20) + logMost<<12
	body, delta := noise(base), noise(50_000)
	row := []byte(fmt.Sprintf("%x", noise(base/2)))
	seq, largest := int64(0), int64(0)
	look := func() int64 {
		info, err := os.Stat(s.path)
		if err != nil {
			t.Fatal(err)
		}
		wal, err := os.Stat(s.path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size() + wal.Size()
	}
	commit := func(outbox []byte, delivered int64) {
		seq++
		if err := s.Commit(bg, &store.Group{Seq: seq, Delta: delta, Outbox: outbox, Delivered: delivered}); err != nil {
			t.Fatal(err)
		}
		if seq%100 == 0 {
			if err := s.SaveBase(bg, &store.Base{Upto: seq, Body: body, Snapshot: row}); err != nil {
				t.Fatal(err)
			}
		}
		if seq%10 == 0 {
			largest = max(largest, look())
		}
	}
	for range 400 {
		commit([]byte("x"), seq-1)
	}
	t.Logf("base 1 MiB, log up to %d MiB: the file and SQLite's log had %d MiB at most", 100*len(delta)>>20, largest>>20)
	if largest > bound+int64(100*len(delta)) {
		t.Errorf("the file was %d MiB", largest>>20)
	}
	for range 300 { // a sink stands still
		commit(delta, 0)
	}
	stuck := look()
	for range 100 {
		commit(nil, seq-1)
	}
	still(s)
	err := s.conn.checkpoint() // the file is cut then
	s.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	after := look()
	t.Logf("with %d MiB of results that are not delivered it was %d MiB, after delivery %d MiB", 300*len(delta)>>20, stuck>>20, after>>20)
	if after > bound {
		t.Errorf("the file is still %d MiB", after>>20)
	}
	if said, err := s.conn.texts(`PRAGMA integrity_check`); err != nil || said[0] != "ok" {
		t.Errorf("%v, %v", said, err)
	}
}

// A base that fails half way leaves the one before, and its pieces are dropped at the next start.
func TestAHalfWrittenBaseIsDropped(t *testing.T) {
	t.Parallel()
	p := newPlace(t, false)
	s, _ := mustLoad(t, p)
	for seq := int64(1); seq <= 30; seq++ {
		if err := s.Commit(bg, workGroup(seq)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SaveBase(bg, &store.Base{Upto: 25, Body: baseOf(25)}); err != nil {
		t.Fatal(err)
	}
	for calls := range 12 { // in the first pieces, then at the turn, then in what is dropped
		n := 0
		s.conn.inject = func() error {
			if n++; n > calls {
				return store.ErrFull
			}
			return nil
		}
		err := s.SaveBase(bg, &store.Base{Upto: 30, Body: baseOf(30)})
		if err != nil && !errors.Is(err, store.ErrFull) {
			t.Fatal(err)
		}
		s.conn.inject = nil
		p.Crash()
		var saved *store.Saved
		s, saved = mustLoad(t, p)
		want := int64(25)
		if err == nil {
			want = 30
		}
		if werr := checkWork(saved); werr != nil || saved.Base.Upto != want || len(saved.Faults) > 0 {
			t.Fatalf("after %d transactions: %v, base %d, want %d, faults %v", calls, werr, saved.Base.Upto, want, saved.Faults)
		}
		left, err := s.conn.texts(`SELECT count(*) FROM rsigmad_shard`)
		if err != nil || left[0] != fmt.Sprint(s.base.Pieces) {
			t.Fatalf("after %d transactions there are %s pieces, want %d", calls, left[0], s.base.Pieces)
		}
		if want == 30 {
			return
		}
	}
	t.Error("the base was never saved")
}
