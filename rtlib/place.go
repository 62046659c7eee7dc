package rtlib

// Place is where a member of an event that is an object lies in the JSON text of the event. Who writes an event as text knows the
// places, and hands them to decode.Plan.Written, so that nobody has to find them in the text again.
type Place struct {
	Key        string // without escapes
	Start, End int    // of the value
	// Text is what the value stands for if it is a string with escapes. Any other value is read where it lies.
	Text string
}
