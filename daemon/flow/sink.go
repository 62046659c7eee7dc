package flow

import (
	"context"
	"errors"
)

// Sink writes results somewhere. Its constructor opens, so that what is wrong at the start is an error there. One goroutine calls
// Deliver; Reopen may come from another.
type Sink interface {
	// Deliver writes lines in order, each one JSON object without a line break. It returns how many of them are written for good,
	// counted from the front; the error, if fewer than all are, is Permanent if trying again is useless. It should return soon
	// after ctx is cancelled; one that cannot be interrupted is left behind at shutdown.
	Deliver(ctx context.Context, lines [][]byte) (written int, err error)
	// Close flushes and releases what the constructor took.
	Close() error
}

// KeyedSink is a Sink that passes the id of each result on, so that the other side can drop repetitions.
//
// Source: reliability.md section 3.2.
type KeyedSink interface {
	Sink
	// DeliverKeyed is called instead of Deliver. It gets the ids of lines as well, as many; one that is empty is not known.
	DeliverKeyed(ctx context.Context, lines [][]byte, keys []string) (written int, err error)
}

// Reopener is a Sink that can close and open what it writes to, after a log rotation.
type Reopener interface{ Reopen() error }

// permanent marks errors for which a retry is useless.
type permanent struct {
	err   error
	lines int // so many from the first one that is not written; at least that one
}

func (p permanent) Error() string { return p.err.Error() }
func (p permanent) Unwrap() error { return p.err }

// Permanent marks err as one for which a retry is useless. It returns nil for nil.
func Permanent(err error) error {
	return PermanentFor(1, err)
}

// PermanentFor is Permanent for an error that is known to concern the first lines that are not written, not only the first one of them:
// they need not be tried one by one.
func PermanentFor(lines int, err error) error {
	if err == nil {
		return nil
	}
	return permanent{err, lines}
}

// permanentLines returns how many lines err concerns, 0 if it is not permanent.
func permanentLines(err error) int {
	if p := (permanent{}); errors.As(err, &p) {
		return max(p.lines, 1)
	}
	return 0
}

// IsPermanent reports whether err, or an error it wraps, was marked by Permanent.
func IsPermanent(err error) bool { return permanentLines(err) > 0 }
