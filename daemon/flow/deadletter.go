package flow

import "context"

// Errors that dead letters name (daemon.md section 13.3).
const (
	ErrorParse        = "parse error"
	ErrorTooLong      = "line exceeds maximum size"
	ErrorDelivery     = "sink delivery failure: " // and the cause
	ErrorDrainTimeout = "drain timeout"
	ErrorRulePanic    = "rule panic: " // and the rule
)

// DeadLetter is an event or a result that could not go its way.
type DeadLetter struct {
	Text   []byte // the raw input, or the JSON array of the results
	Error  string
	Sink   string // of a sink failure: the sink, as it was configured, without its query
	Origin *Origin
	Number int64
	// Ack is released once the letter is written, or is known to be lost. It may be nil.
	Ack *Ack
}

// DeadLetters takes what could not go its way.
type DeadLetters interface {
	// Offer queues a letter. It waits for room; if ctx ends first the letter is lost, and its Ack released as not committed.
	Offer(ctx context.Context, letter DeadLetter)
	// Configured reports whether letters are written anywhere. If not they are counted, and their Acks released as committed.
	Configured() bool
}
