package flow

// Cursor is how far a source has been read, as far as that is to be kept. A source whose messages have positions that outlive the
// process provides one, and goes on from the stored Position at the next start. One goroutine calls it.
//
// Source: reliability.md section 2.6.
type Cursor interface {
	// Advance notes that a message is part of what is committed next: its number and its time. It is called in the order of the event
	// queue, once for each event of the message.
	Advance(number, time int64)
	// Position returns what to keep with that commit. It must not refer to memory that changes.
	Position() Position
}

// Position is how far a source is committed.
type Position struct {
	Source   string // its name
	Identity string // tells it from another source of that name
	Floor    int64  // the last message before which all are committed
	Time     int64  // of that message, in nanoseconds since the epoch; 0 if it is not known
	Extra    []byte // what the source wants to find beside them
}
