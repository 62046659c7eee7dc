package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/rsigma-go/rsigma/daemon/store"
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
	s.trim()
	s.ballast.restore(time.Now())
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
