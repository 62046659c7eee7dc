// Package store says what the daemon keeps over restarts, and how: the state of correlations as a base and a log of what has changed
// since, results that are not delivered yet, how far sources are read, and a few small things beside them. It holds the types and the
// contract; package store/sqlite keeps all of it in one SQLite file. What the bodies mean is the business of those who write them.
//
// Source: reliability.md section 2; daemon.md section 16.
package store

import (
	"context"
	"errors"
	"time"
)

// Errors that callers branch on. Whatever else a Store returns is a fault of the disk that must not be retried: after a failed fsync
// nobody knows what is on it.
var (
	// ErrFull says that there is no room. Nothing was changed; the call may be repeated.
	ErrFull = errors.New("the disk is full")
	// ErrBusy says that another program holds the file for longer than a moment. Nothing was changed; the call may be repeated.
	ErrBusy = errors.New("the state file is in use by another program")
	// ErrInUse says at Open that another daemon runs on the file.
	ErrInUse = errors.New("another daemon runs on this state file")
	// ErrForeign says at Open that the file is no state file.
	ErrForeign = errors.New("not a state file")
)

// Store keeps state. All methods are safe for concurrent use; they run one after the other.
type Store interface {
	// Load returns everything that is kept, once, before the first Commit. Damaged parts are set aside and said so in Saved; an error
	// says that nothing could be read.
	Load(ctx context.Context) (*Saved, error)
	// Commit makes one group durable, all of it or nothing. Its Seq is one more than that of the last one.
	Commit(ctx context.Context, g *Group) error
	// SaveBase replaces the base and drops the log up to Base.Upto. It may take several transactions; commits go on between them, and
	// until the last one the old base counts. A crash leaves the one or the other.
	SaveBase(ctx context.Context, b *Base) error
	// Reply returns the reply that is kept under an idempotency key; false if there is none.
	Reply(ctx context.Context, key string) ([]byte, bool, error)
	// ForgetReplies drops replies whose time lies before from or after to, and all but the keep that were written last. Their times may be
	// of wall clocks that were set back meanwhile: the latest time is not always that of the last one.
	ForgetReplies(ctx context.Context, from, to time.Time, keep int) error
	// KeepBadSnapshot copies the JSON row to a table of its own, because it cannot be read and the next base overwrites it.
	KeepBadSnapshot(ctx context.Context) error
	// Clear forgets the state of correlations and all positions but those of the sources that keep wants; nil wants none. Results that
	// are not delivered stay.
	Clear(ctx context.Context, keep func(source string) bool) error
	// Values keeps the values of dynamic sources.
	Values() Values
	// Close releases the file. clean says that the base is up to date and the outbox told: the next Load need not check the file.
	Close(clean bool) error
}

// Values keeps small texts by id: the last good values of dynamic sources.
type Values interface {
	// Load returns what is kept under id; false if there is nothing.
	Load(id string) (Value, bool, error)
	// Save replaces what is kept under id.
	Save(id string, v Value) error
	// Delete forgets id. One that is not known is no error.
	Delete(id string) error
}

// Value is a text, when it was read, and what it was declared by.
type Value struct {
	Text        []byte
	Declaration string
	At          time.Time
}

// Group is what is committed at once.
type Group struct {
	Seq       int64      // of the commit, from 1
	Delta     []byte     // what changes the state of correlations; nil if nothing does
	Outbox    []byte     // results; nil without any
	Positions []Position // of sources and sinks, as of now
	// Delivered says that all results of commits up to this number have reached every sink: they are dropped. 0 is none.
	Delivered int64
	Replies   []Reply
}

// Position is how far a source is read, or a sink written.
type Position struct {
	Source   string // the name of the source, or of the sink
	Identity string // tells the source from another one of the same name
	Floor    int64
	Time     int64  // of the message at the floor, nanoseconds since the epoch; 0 if it has none
	Extra    []byte // nil, or what the source needs beside them
}

// Reply is what a request with an idempotency key was answered.
type Reply struct {
	Key  string
	Body []byte
	At   time.Time
}

// Base is the state of correlations after a commit.
type Base struct {
	Upto int64 // the last commit that is in it
	// Body is the state in the daemon's own form; nil leaves the one that is there, and the log. If no change of the state was committed
	// after a snapshot that was saved without a body, the next Load returns the snapshot only.
	Body []byte
	// Snapshot is the state as JSON for the table rsigma_correlation_state; nil leaves the row that is there.
	Snapshot []byte
	At       time.Time
	// SourceSequence and SourceTime, in seconds since the epoch, go with Snapshot: the position of a NATS source. nil leaves what is there.
	SourceSequence, SourceTime *int64
	// Forget, if not nil, says which positions the state has gone beyond without a commit: they are dropped with the base, and nil as
	// SourceSequence or SourceTime drops what is there.
	Forget func(source string) bool
}

// Row is the body of one commit.
type Row struct {
	Seq  int64
	Body []byte
}

// Saved is what Load has found.
type Saved struct {
	// Snapshot is the JSON row; nil if there is none.
	Snapshot                   []byte
	SnapshotAt                 time.Time
	SourceSequence, SourceTime *int64
	// Base is the state in the daemon's own form, nil if there is none or another program has written the JSON row since. Then the
	// snapshot counts, and Base and Deltas were set aside.
	Base   *Base
	Deltas []Row // after the base, ascending, without a gap; commits that changed nothing have none
	Last   int64 // the number of the last commit
	Outbox []Row // not delivered, ascending

	Positions []Position
	Clean     bool     // the last Close was clean
	Faults    []string // what was damaged or foreign, one sentence each, with where it was put
}
