package sqlite

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// fresh opens a new state file and loads it.
func fresh(t testing.TB, dir string, opt Options) *Store {
	t.Helper()
	if opt.BallastBytes == 0 {
		opt.BallastBytes = -1
	}
	s, err := Open(filepath.Join(dir, "state.db"), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(false) })
	if _, err := s.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

// noise returns n bytes that no layer below makes smaller.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// BenchmarkCommit commits 512 events at once: about 30 KB of log, some results, and a position. The log is dropped by a base when it
// has reached 64 MiB.
func BenchmarkCommit(b *testing.B) {
	for _, sync := range []bool{false, true} {
		b.Run(map[bool]string{false: "normal", true: "sync"}[sync], func(b *testing.B) {
			s := fresh(b, b.TempDir(), Options{Sync: sync})
			delta, outbox, base := noise(30_000), noise(2_000), noise(1_000_000)
			seq := int64(0)
			b.SetBytes(32_000)
			b.ReportAllocs()
			for b.Loop() {
				seq++
				g := &store.Group{Seq: seq, Delta: delta, Outbox: outbox, Delivered: seq - 2, Positions: []store.Position{{Source: "s", Identity: "i", Floor: seq}}}
				if err := s.Commit(context.Background(), g); err != nil {
					b.Fatal(err)
				}
				if seq%2000 == 0 {
					if err := s.SaveBase(context.Background(), &store.Base{Upto: seq, Body: base, At: time.Now()}); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N)*512/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkLoad reads a base of 18 MB and 64 MiB of log.
func BenchmarkLoad(b *testing.B) {
	p := newPlace(b, false)
	s, err := p.Open()
	if err == nil {
		_, err = s.Load(context.Background())
	}
	if err == nil {
		err = s.SaveBase(context.Background(), &store.Base{Body: noise(18 << 20)})
	}
	delta := noise(30_000)
	for i := int64(1); i <= 2200 && err == nil; i++ {
		err = s.Commit(context.Background(), &store.Group{Seq: i, Delta: delta})
	}
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(18<<20 + 2200*30_000)
	for b.Loop() {
		b.StopTimer()
		p.Crash()
		b.StartTimer()
		s, err := p.Open()
		if err == nil {
			_, err = s.Load(context.Background())
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
