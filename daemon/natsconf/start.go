package natsconf

import (
	"fmt"
	"time"
)

// StartMode says where reading begins.
type StartMode int

// The modes.
const (
	StartResume   StartMode = iota // where the durable consumer stands; a new one begins with the oldest message
	StartSequence                  // at a sequence number of the stream
	StartTime                      // at a time
	StartLatest                    // at the newest message
)

// Start is where reading begins.
//
// Source: daemon.md section 18.5.
type Start struct {
	Mode     StartMode
	Sequence uint64    // of StartSequence
	Time     time.Time // of StartTime
}

// String describes s for the log.
func (s Start) String() string {
	switch s.Mode {
	case StartSequence:
		return fmt.Sprintf("sequence %d", s.Sequence)
	case StartTime:
		return s.Time.UTC().Format(time.RFC3339Nano)
	case StartLatest:
		return "the latest message"
	}
	return "where it stands"
}
