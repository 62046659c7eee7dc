package engine

import (
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// batch is what travels through a Pipeline: a chunk of messages that one generation judges, or a call that is made between two such
// batches. Its memory is used again.
type batch struct {
	gen      *Generation
	messages []flow.Message
	start    time.Time     // when the first message was taken from the queue
	now      int64         // the same by the wall clock, in seconds
	done     chan struct{} // holds a token once the messages are judged

	outcomes []outcome // by message
	events   []judged  // of all messages, in order
	results  []flow.Result
	took     time.Duration

	call func(*Generation) // made by the writer; such a batch has no messages
	swap bool              // the call changes the generation
}

// outcome is what became of a message.
type outcome struct {
	err     error // the message is no event
	events  int   // events that were made of it
	results int   // of them
	panics  []rulePanic
}

// judged is an event that was judged.
type judged struct {
	results int             // detections of it
	input   correlate.Input // for correlations
}

// reset empties b and keeps its memory.
func (b *batch) reset() {
	clear(b.messages)
	clear(b.results)
	b.messages, b.results, b.outcomes = b.messages[:0], b.results[:0], b.outcomes[:0]
	b.events = b.events[:0]
	b.gen, b.call, b.swap, b.took = nil, nil, false, 0
}

// event returns room for one more event of the message that was begun last.
func (b *batch) event() *judged {
	if len(b.events) == cap(b.events) {
		b.events = append(b.events, judged{})
	} else {
		b.events = b.events[:len(b.events)+1] // keeps the memory of its input
	}
	j := &b.events[len(b.events)-1]
	j.results = 0
	b.outcomes[len(b.outcomes)-1].events++
	return j
}
