package sqlite

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// damages are what happens to SQLite's log.
var damages = map[string]func(*rand.Rand, []byte) []byte{
	"cut": func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b)+1)] },
	"flip": func(r *rand.Rand, b []byte) []byte {
		if len(b) > 0 {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
		return b
	},
	"zero": func(r *rand.Rand, b []byte) []byte {
		if pages := len(b) / 4120; pages > 0 {
			at := 32 + r.IntN(pages)*4120
			clear(b[at:min(at+4120, len(b))])
		}
		return b
	},
	"garbage": func(r *rand.Rand, b []byte) []byte {
		tail := make([]byte, r.IntN(20_000))
		for i := range tail {
			tail[i] = byte(r.Uint32())
		}
		return append(b[:len(b)-r.IntN(len(b)/2+1)], tail...)
	},
}

// image is what a crash leaves.
type image struct {
	db, wal []byte
	seq     int64
}

// images takes copies of the files in the middle of the workload. commit is how a group is written.
func images(t *testing.T, r *rand.Rand, n int, commit func(*Store, *store.Group) error) []image {
	p := newPlace(t, false)
	s, _ := mustLoad(t, p)
	var all []image
	for seq := int64(1); len(all) < n; seq++ {
		if err := commit(s, workGroup(seq)); err != nil {
			t.Fatal(err)
		}
		if seq%40 == 0 {
			upto := seq - r.Int64N(5)
			if err := s.SaveBase(bg, &store.Base{Upto: upto, Body: baseOf(upto)}); err != nil {
				t.Fatal(err)
			}
		}
		if r.IntN(5) == 0 {
			still(s)
			db, err := os.ReadFile(p.path())
			if err != nil {
				t.Fatal(err)
			}
			wal, err := os.ReadFile(p.path() + "-wal")
			if err != nil {
				t.Fatal(err)
			}
			s.mu.Unlock()
			all = append(all, image{db, wal, seq})
		}
	}
	return all
}

// damageAll damages the log of images n times, opens them, and counts what is found.
func damageAll(t *testing.T, r *rand.Rand, all []image, n int) (counts map[string]int, wrong []error) {
	counts = make(map[string]int)
	dir := quickDir(t)
	for i := range n {
		im := all[r.IntN(len(all))]
		kind := []string{"cut", "flip", "zero", "garbage"}[i%4]
		at := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(at, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(at, "state.db")
		wal := damages[kind](r, append([]byte(nil), im.wal...))
		if err := os.WriteFile(path, im.db, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+"-wal", wal, 0o600); err != nil {
			t.Fatal(err)
		}
		what, err := tryImage(path, im.seq)
		counts[what]++
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s in the log of commit %d: %w", kind, im.seq, err))
		}
		os.RemoveAll(at)
	}
	return counts, wrong
}

func tryImage(path string, seq int64) (what string, err error) {
	s, err := Open(path, Options{BallastBytes: -1})
	if err != nil {
		return "not opened", err
	}
	defer s.Close(false)
	saved, err := s.Load(bg)
	if err != nil {
		return "not loaded", err
	}
	if isEmpty(saved) && len(saved.Faults) == 1 {
		return "set aside", nil
	}
	if len(saved.Faults) > 0 {
		return "noticed", nil
	}
	if err := checkWork(saved); err != nil {
		return "inconsistent", err
	}
	what = "some commits lost"
	switch {
	case saved.Last > seq:
		return "inconsistent", fmt.Errorf("commit %d was never made", saved.Last)
	case saved.Last == seq:
		what = "nothing lost"
	}
	// And it goes on from there.
	if err := work(s, rand.New(rand.NewPCG(1, 1)), saved.Last+1, saved.Last+3); err != nil {
		return "does not go on", err
	}
	return what, nil
}

func TestADamagedLogLeavesABeginning(t *testing.T) {
	t.Parallel()
	n := 300
	switch {
	case soak():
		n = 10_000
	case testing.Short():
		n = 60
	}
	r := seeded(t)
	all := images(t, r, 40, func(s *Store, g *store.Group) error { return s.Commit(bg, g) })
	counts, wrong := damageAll(t, r, all, n)
	t.Logf("%d damages: %v", n, counts)
	for _, err := range wrong {
		t.Error(err)
	}
	if counts["some commits lost"] < n/4 {
		t.Errorf("the damages do not do what they are for: %v", counts)
	}
	if counts["set aside"]+counts["noticed"] > 0 {
		t.Errorf("SQLite has mixed pages of different ages: %v", counts)
	}
}

// Another program may write a part of the log into the file and leave the log as it is. If that part is damaged then, pages of
// different ages meet, which SQLite cannot know. Nothing of such a file may be used without a word.
func TestPagesOfDifferentAgesAreNoticed(t *testing.T) {
	t.Parallel()
	rounds := 1
	if soak() {
		rounds = 40
	}
	r := seeded(t)
	set := 0
	for i := 0; i < rounds || set == 0 && i < 20; i++ {
		all := images(t, r, 20, func(s *Store, g *store.Group) error {
			if err := s.Commit(bg, g); err != nil || r.IntN(2) == 0 {
				return err
			}
			_, err := s.conn.one(`PRAGMA wal_checkpoint(PASSIVE)`, nil, new(int), new(int), new(int))
			return err
		})
		counts, wrong := damageAll(t, r, all, 100)
		t.Logf("100 damages: %v", counts)
		for _, err := range wrong {
			t.Error(err)
		}
		set += counts["set aside"]
	}
	if set == 0 {
		t.Error("no damage has done what it is for")
	}
}

// A store that writes positions in a transaction of their own must not get through.
func TestTheDamageTestFindsPositionsOutsideTheTransaction(t *testing.T) {
	t.Parallel()
	r := seeded(t)
	all := images(t, r, 20, func(s *Store, g *store.Group) error {
		first := &store.Group{Seq: g.Seq, Positions: g.Positions}
		s.mu.Lock()
		h := s.head
		err := s.write(bg, func() error {
			sums := make(map[string]uint32)
			if err := s.putGroup(first, &h, sums); err != nil {
				return err
			}
			for k, v := range sums {
				s.sums[k] = v
			}
			h.Seq--
			return putMeta(s.conn, keyHead, &h)
		}, func() { s.head = h })
		s.mu.Unlock()
		if err != nil {
			return err
		}
		rest := *g
		rest.Positions = nil
		return s.Commit(bg, &rest)
	})
	counts, wrong := damageAll(t, r, all, 40)
	t.Logf("%v", counts)
	if len(wrong) == 0 {
		t.Errorf("nothing was found: %v", counts)
	}
}
