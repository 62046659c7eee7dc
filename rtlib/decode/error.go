package decode

import "fmt"

// SyntaxError says why an input is not valid JSON, and at which byte of it, counted from 0.
type SyntaxError struct {
	Offset int
	Msg    string
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at byte %d: %s", e.Offset, e.Msg)
}
