package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/rsigma-go/rsigma/daemon/store"
	"github.com/rsigma-go/rsigma/daemon/store/storetest"
)

// place is a directory with a state file. A crash is a copy of the files while the store is open: just what a process that is killed
// leaves.
type place struct {
	dir  string // of all copies
	n    int    // of the copy that is used
	sync bool
	open *Store
	fail error
}

func newPlace(t testing.TB, sync bool) *place {
	p := &place{dir: quickDir(t), sync: sync}
	if err := os.Mkdir(filepath.Join(p.dir, "0"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.open != nil {
			p.open.end()
		}
	})
	return p
}

// end closes a store as the end of its process does: also one whose disk has failed, which keeps its connections.
func (s *Store) end() {
	s.Close(false)
	if s.broken == nil {
		return
	}
	s.conn.close()
	if s.copier != nil {
		s.copier.close()
	}
}

func (p *place) path() string { return filepath.Join(p.dir, fmt.Sprint(p.n), "state.db") }

func (p *place) Open() (store.Store, error) {
	s, err := Open(p.path(), Options{Sync: p.sync, BallastBytes: -1})
	if err != nil {
		return nil, err
	}
	p.open = s
	s.conn.inject = func() error { return p.fail }
	return s, nil
}

// Fail implements storetest.Failing.
func (p *place) Fail(err error) { p.fail = err }

func (p *place) Crash() { p.crash(nil) }

// LosePower implements storetest.Powered: of the log, which is not synced, only a part is on the disk. The rest is missing, or is what was
// there before the log was begun anew.
func (p *place) LosePower(r *rand.Rand) {
	p.crash(func(wal []byte) []byte {
		if p.sync {
			return wal
		}
		from := r.IntN(len(wal) + 1)
		if r.IntN(2) == 0 {
			return wal[:from]
		}
		copy(wal[from:], noise(len(wal)-from))
		return wal
	})
}

// still waits until the log is not being written into the file, and keeps it so until mu is unlocked: copies of files that change meanwhile
// are nothing that a process leaves. Processes that are killed at any time are the matter of
// TestAKilledProcessLosesNothing.
func still(s *Store) {
	s.mu.Lock()
	for s.trimming {
		s.trimmed.Wait()
	}
}

// crash goes on with a copy of the files. damage may change the log of the copy.
func (p *place) crash(damage func([]byte) []byte) {
	old := p.path()
	if p.open != nil {
		still(p.open)
	}
	p.n++
	if err := os.Mkdir(filepath.Dir(p.path()), 0o700); err != nil {
		panic(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(old + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && suffix == "-wal" && damage != nil {
			data = damage(data)
		}
		if err = errors.Join(err, os.WriteFile(p.path()+suffix, data, 0o600)); err != nil {
			panic(err)
		}
	}
	if p.open != nil {
		p.open.mu.Unlock()
		p.open.end()
		p.open = nil
	}
	os.RemoveAll(filepath.Dir(old))
}

func TestTheStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	for _, sync := range []bool{false, true} {
		t.Run(map[bool]string{false: "normal", true: "sync"}[sync], func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) storetest.Place { return newPlace(t, sync) })
		})
	}
}
