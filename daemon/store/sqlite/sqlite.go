// Package sqlite keeps what package store describes in one SQLite file. It is the only importer of the SQLite library, which takes more
// than a minute to compile: nothing but the daemon's main package imports this one.
//
// Beside the reference's table rsigma_correlation_state, which programs of both read and write, there are the tables rsigmad_*:
//
//	rsigmad_meta    format; head: numbers of the last commit and of its rows; base: which base counts; clean, if the last stop was
//	rsigmad_delta   one row per commit that changed the state of correlations, each with the number of the one before
//	rsigmad_outbox  one row per commit with results that are not delivered, each with the number of the one before
//	rsigmad_pos     how far sources are read
//	rsigmad_shard   the base in pieces: number of the base * 65536 + piece
//	rsigmad_seen    replies by idempotency key
//	rsigmad_source_cache  values of dynamic sources
//
// Source: reliability.md section 2; daemon.md section 16.
package sqlite

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// Options say how to open a state file.
type Options struct {
	// Sync makes commits survive a power failure and not only the end of the process; each then waits for the disk.
	Sync bool
	// BallastBytes is the size of the file that is given away when the disk is full. 0 is DefaultBallast, negative none.
	BallastBytes int64
	// Warn is told what somebody should look at and what stops nothing; nil is nobody.
	Warn func(string)
}

// Store is a state file. Its methods may be called at the same time.
type Store struct {
	path  string // absolute, without links
	opt   Options
	lock  *os.File
	spare int64 // bytes of the file that may be unused

	saving sync.Mutex // held over all transactions of SaveBase and of Clear; taken before mu

	mu      sync.Mutex // held over one transaction
	conn    *conn
	ballast ballast
	closed  bool
	broken  error // after a failure of the disk nothing is tried again
	loaded  bool
	marked  bool // the file has the mark of a clean stop
	head    head
	base    baseRecord
	sums    map[string]uint32 // check sums of the positions by source; head.Positions is their sum
	faults  []string          // of Open, for Load
	dropped int64             // delivered results up to this commit are dropped

	retry    int64 // length of the log, in pages, at which copying it is tried next
	trimming bool  // copyLog runs
	trimmed  sync.Cond
	copier   *conn // of copyLog; nil before the first
}

var _ store.Store = (*Store)(nil)

// Open opens the state file, and makes it if it is not there; its directory must be. The error is store.ErrInUse if another daemon
// runs on it, store.ErrBusy if another program holds it, store.ErrForeign if it is something else, and otherwise the system's.
// A file that is damaged beyond reading is set aside, which Load reports.
func Open(path string, opt Options) (*Store, error) {
	s := &Store{opt: opt, spare: defaultSpare}
	s.trimmed.L = &s.mu
	if s.opt.Warn == nil {
		s.opt.Warn = func(string) {}
	}
	if err := s.open(path); err != nil {
		if s.lock != nil {
			unlock(s.lock)
		}
		return nil, fmt.Errorf("open state file %s: %w", path, err)
	}
	return s, nil
}

func (s *Store) open(path string) (err error) {
	if s.path, err = resolve(path); err != nil {
		return err
	}
	if s.lock, err = lock(s.path + ".lock"); err != nil {
		return err
	}
	if err := s.checkFile(); err != nil {
		return err
	}
	err = s.connect()
	if damaged(err) {
		var where string
		if where, err = s.moveAway(); err != nil {
			return err
		}
		s.faults = append(s.faults, fmt.Sprintf("the state file is damaged beyond reading; it is now %s, and the state starts empty", where))
		err = s.connect()
	}
	s.ballast = ballast{path: s.path + ".ballast", size: s.opt.BallastBytes}
	if s.ballast.size == 0 {
		s.ballast.size = DefaultBallast
	}
	if err = classify(err); errors.Is(err, store.ErrFull) {
		s.ballast.free(time.Now())
		err = classify(s.connect())
	}
	if err != nil {
		return explain(err)
	}
	if s.ballast.gone {
		return nil
	}
	if err := s.ballast.make(time.Now()); err != nil {
		s.opt.Warn(fmt.Sprintf("no room is kept for a full disk: %v", err))
	}
	return nil
}

func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real, nil
	}
	return abs, nil // is not there yet
}

// checkFile makes the file if it is missing, closes it to others, and looks at its first bytes. SQLite must not have it open: its locks
// would be lost with the handle that is closed here.
func (s *Store) checkFile() error {
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("%w; it must be a file that may be written, in a directory that may be written", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: it is no regular file", store.ErrForeign)
	}
	if info.Mode().Perm()&0o077 != 0 {
		s.opt.Warn(fmt.Sprintf("the state file was open to others (%s); it is now to its owner only", info.Mode().Perm()))
		for _, name := range []string{s.path, s.path + "-wal", s.path + "-shm"} {
			if err := os.Chmod(name, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
				s.opt.Warn(err.Error())
			}
		}
	}
	magic := make([]byte, 16)
	n, err := io.ReadFull(f, magic)
	if err == io.EOF {
		return nil // a new file
	}
	if string(magic[:n]) != "SQLite format 3\x00" {
		return fmt.Errorf("%w: it is no SQLite database; name another file", store.ErrForeign)
	}
	return nil
}

func (s *Store) connect() error {
	c, err := connect(s.path, s.opt.Sync)
	if err != nil {
		return err
	}
	if err := c.prepare(); err != nil {
		c.close()
		return err
	}
	s.conn = c
	return nil
}

// explain says what to do about errors at Open.
func explain(err error) error {
	switch {
	case errors.Is(err, store.ErrForeign) || errors.Is(err, store.ErrFull):
		return err
	case errors.Is(err, store.ErrBusy):
		return fmt.Errorf("%w; end the program that uses it", err)
	}
	return fmt.Errorf("%w; the file and its directory must be writable", err)
}

// Close implements store.Store.
func (s *Store) Close(clean bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	for s.trimming {
		s.trimmed.Wait()
	}
	defer unlock(s.lock)
	if s.broken != nil {
		// Closing the connection would make SQLite write its log into the file once more, after a write that has failed for reasons
		// nobody knows. The process is about to end, and the next start recovers.
		return s.broken
	}
	err := s.finish(clean)
	if errors.Is(err, store.ErrFull) {
		s.ballast.free(time.Now())
		err = s.finish(clean)
	}
	if s.copier != nil {
		err = errors.Join(err, classify(s.copier.close()))
	}
	return errors.Join(err, classify(s.conn.close()))
}

// finish marks a clean stop and writes SQLite's log into the file. mu is held.
func (s *Store) finish(clean bool) error {
	if clean && s.loaded && !s.marked {
		err := s.conn.transact(func() error {
			_, err := s.conn.run(`INSERT OR REPLACE INTO rsigmad_meta (key, value) VALUES ('clean', '1')`)
			return err
		})
		if err != nil {
			return classify(err)
		}
	}
	if err := classify(s.conn.checkpoint()); !errors.Is(err, store.ErrBusy) {
		return err
	}
	return nil // somebody reads: the log stays, as after a crash
}
