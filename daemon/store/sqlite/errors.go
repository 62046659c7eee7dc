package sqlite

import (
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/rsigma-go/rsigma/daemon/store"
)

var errClosed = errors.New("the state file is closed")

// classify adds the sentinel of package store to an error of SQLite that has one.
func classify(err error) error {
	if err == nil || errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrBusy) {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	switch code := code(err); code & 0xff {
	case lib.SQLITE_FULL:
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_PROTOCOL:
		return fmt.Errorf("%w: %w", store.ErrBusy, err)
	case lib.SQLITE_IOERR:
		// The index of the log grows by a write that SQLite does not tell apart from other failures.
		if code == lib.SQLITE_IOERR_SHMSIZE {
			return fmt.Errorf("%w: %w", store.ErrFull, err)
		}
	}
	return err
}

// damaged reports whether err says that the contents of the file make no sense.
func damaged(err error) bool {
	c := code(err) & 0xff
	return c == lib.SQLITE_CORRUPT || c == lib.SQLITE_NOTADB || c == lib.SQLITE_FORMAT
}

// code returns SQLite's extended code; 0 if err is not SQLite's.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// refused is an answer that changed nothing and says nothing about the disk: a wrong call. The store goes on.
type refused struct{ error }

func refuse(format string, args ...any) error { return refused{fmt.Errorf(format, args...)} }
