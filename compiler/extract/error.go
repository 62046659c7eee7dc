package extract

import (
	"errors"
	"strings"

	"github.com/itchyny/gojq"
)

// ErrLimit is wrapped by errors of expressions that take too long or yield too much.
var ErrLimit = errors.New("limit exceeded")

// RunError is a fault that shows only when an expression meets a value. Its text quotes parts of the value.
type RunError struct{ err error }

func (e *RunError) Error() string { return "jq: " + e.err.Error() }

// Unwrap returns the error of the library.
func (e *RunError) Unwrap() error { return e.err }

// Redacted returns the text without anything of the value, for logs.
func (e *RunError) Redacted() string {
	var raised gojq.ValueError
	if errors.As(e.err, &raised) {
		return "jq: the expression raised an error"
	}
	text := e.err.Error()
	if i := strings.IndexAny(text, "(\"{["); i >= 0 {
		text = text[:i]
	}
	return "jq: " + strings.TrimSpace(text)
}
