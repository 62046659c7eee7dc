package sqlite

import (
	"errors"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

const pageSize = 4096

// logPages is the length of SQLite's log, in pages, at which it is written into the file. It is a quarter of what SQLite takes by itself: on
// a disk that is nearly full the log must not take the room that the file needs. At logMost commits wait for it.
const (
	logPages = 250
	logMost  = 16 * logPages
)

// The log is written into the file in rounds, each for what came during the one before, until no more than copyLeft pages are left for the
// last one, for which commits have to wait.
const (
	copyRounds = 4
	copyLeft   = 50
)

// trim has SQLite's log written into the file once it is long. Most of that happens beside the commits, which only wait for what they have
// added meanwhile. mu is held, but not all the time.
func (s *Store) trim() {
	long := max(s.retry, logPages)
	if s.conn.length+s.conn.added < long {
		return
	}
	pages, err := s.conn.logLength()
	if err != nil || pages < long {
		return // what is wrong with a file that is not read shows when it is
	}
	if !s.trimming {
		s.trimming = true
		go s.copyLog()
	}
	for pages >= logMost && s.trimming {
		s.trimmed.Wait()
	}
}

// copyLog writes the log into the file over a connection of its own, and then, under mu, what is left of it.
func (s *Store) copyLog() {
	err := classify(s.copyMost())
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.trimmed.Broadcast()
	s.trimming = false
	if err == nil && !s.closed && s.broken == nil {
		err = classify(s.conn.restart())
	}
	switch {
	case err == nil:
		s.retry = 0
		s.conn.length, s.conn.added = 0, 0
	case transient(err):
		more := int64(logPages) // the log may grow by that much before this is tried again
		if errors.Is(err, store.ErrFull) {
			s.ballast.free(time.Now())
			more = 0
		}
		if pages, err := s.conn.logLength(); err == nil {
			s.retry = pages + more
		}
	case s.broken == nil: // also if Close waits for this: it must not write the log into the file after that
		s.broken = err
	}
}

// copyMost writes as much of the log into the file as can be written while others read and write, until little is left or somebody reads
// what must stay.
func (s *Store) copyMost() error {
	if s.copier == nil {
		c, err := connect(s.path, s.opt.Sync)
		if err != nil {
			return err
		}
		s.copier = c
	}
	for range copyRounds {
		_, pages, written, err := s.copier.log("PASSIVE")
		if err != nil || written < pages {
			return err
		}
		if pages, err := s.copier.logLength(); err != nil || pages < written+copyLeft {
			return err
		}
	}
	return nil
}

// yield waits while the log is written into the file: what is in no hurry adds nothing to it then, so that commits, which are, have
// little to wait for.
func (s *Store) yield() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.trimming && !s.closed {
		s.trimmed.Wait()
	}
}

// checkpoint writes SQLite's log into the file and cuts it to nothing. It does not wait for readers.
func (c *conn) checkpoint() error { return c.copyAll("TRUNCATE") }

// restart writes SQLite's log into the file and begins it anew. The file of the log stays as long as it is: to cut it takes a file system
// many milliseconds, for which commits would wait (16 on ext4). Something is written at once, since pages that are in the file already must
// not be read from the log again, should it get damaged: with its new beginning all that was in it is void. It is a count, because SQLite
// writes no page that stays as it is.
func (c *conn) restart() error {
	if err := c.copyAll("RESTART"); err != nil {
		return err
	}
	return c.transact(func() error {
		_, err := c.run(`INSERT INTO rsigmad_meta (key, value) VALUES ('logs', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1`)
		return err
	})
}

// copyAll writes all of the log into the file and, as mode says, does something with the log. It does not wait for readers.
func (c *conn) copyAll(mode string) error {
	if _, err := c.run(`PRAGMA busy_timeout = 0`); err != nil {
		return err
	}
	busy, _, _, err := c.log(mode)
	_, err2 := c.run(`PRAGMA busy_timeout = 5000`)
	if err = errors.Join(err, err2); err == nil && busy {
		err = store.ErrBusy
	}
	return err
}

// logLength returns how many pages the log has.
func (c *conn) logLength() (int64, error) {
	_, pages, _, err := c.log("NOOP")
	c.length, c.added = pages, 0
	return pages, err
}

// log does with the log what mode says, and returns whether somebody kept it from that, how many pages the log has, and how many of them
// are in the file.
func (c *conn) log(mode string) (busy bool, pages, written int64, err error) {
	_, err = c.one(`PRAGMA wal_checkpoint(`+mode+`)`, nil, &busy, &pages, &written)
	return busy, pages, written, err
}
