package sqlite

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
)

// logPages is the length of SQLite's log at which it is written into the file.
const (
	logPages = 1000
	logBytes = 32 + logPages*(4096+24)
)

// usable says why nothing can be done any more. mu is held.
func (s *Store) usable(ctx context.Context) error {
	switch {
	case s.closed:
		return errClosed
	case s.broken != nil:
		return s.broken
	}
	return ctx.Err()
}

// write runs f in one transaction. f must not change fields of s; done does, after the commit. mu is held.
func (s *Store) write(ctx context.Context, f func() error, done func()) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	err := s.conn.transact(func() error {
		if s.marked {
			if _, err := s.conn.run(`DELETE FROM rsigmad_meta WHERE key = 'clean'`); err != nil {
				return err
			}
		}
		return f()
	})
	if err != nil {
		return s.failed(err)
	}
	s.marked = false
	if done != nil {
		done()
	}
	now := time.Now()
	if err := s.trim(); err != nil {
		return s.failed(err)
	}
	s.ballast.restore(now)
	return nil
}

// failed sorts an error of a transaction, makes room if there is none, and remembers what must not be tried again. mu is held.
func (s *Store) failed(err error) error {
	err = classify(err)
	var wrong refused
	switch {
	case errors.As(err, &wrong), errors.Is(err, store.ErrBusy), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
	case damaged(err) && !s.loaded:
		// Load sets the file aside.
	case errors.Is(err, store.ErrFull):
		s.ballast.free(time.Now())
		if cerr := classify(s.conn.checkpoint()); cerr != nil && !transient(cerr) {
			s.broken = cerr
			return cerr
		}
	default:
		s.broken = err
	}
	return err
}

func transient(err error) bool { return errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrBusy) }

// trim writes SQLite's log into the file once it is long. It is then cut to nothing, and not just begun anew: a log whose pages are
// in the file already must not be read again, should it get damaged.
func (s *Store) trim() error {
	info, err := os.Stat(s.path + "-wal")
	if err != nil || info.Size() < max(s.retry, logBytes) {
		return nil // whoever removes the log while SQLite uses it has other worries
	}
	err = classify(s.conn.checkpoint())
	switch {
	case err == nil:
		s.retry = 0
		return nil
	case transient(err):
		if errors.Is(err, store.ErrFull) {
			s.ballast.free(time.Now())
		}
		s.retry = info.Size() + logBytes // the log grows meanwhile
		return nil
	}
	return err
}

// checkpoint writes SQLite's log into the file and empties it. It does not wait for readers.
func (c *conn) checkpoint() error {
	if _, err := c.run(`PRAGMA busy_timeout = 0`); err != nil {
		return err
	}
	var busy, pages, written int64
	_, err := c.one(`PRAGMA wal_checkpoint(TRUNCATE)`, nil, &busy, &pages, &written)
	_, err2 := c.run(`PRAGMA busy_timeout = 5000`)
	if err = errors.Join(err, err2); err == nil && busy != 0 {
		err = store.ErrBusy
	}
	return err
}
