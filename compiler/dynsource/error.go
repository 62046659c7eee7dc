package dynsource

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// ErrorKind is what went wrong, as metrics and the API spell it.
type ErrorKind string

// The kinds.
const (
	KindFetch    ErrorKind = "Fetch"
	KindParse    ErrorKind = "Parse"
	KindExtract  ErrorKind = "Extract"
	KindTimeout  ErrorKind = "Timeout"
	KindResource ErrorKind = "ResourceLimit"
)

// Error says why a source has no new value. Its text holds no credentials and nothing of a value.
type Error struct {
	Kind ErrorKind
	Text string
	At   time.Time
}

func (e *Error) Error() string { return e.Text }

func failf(kind ErrorKind, format string, args ...any) *Error {
	return &Error{Kind: kind, Text: cut(fmt.Sprintf(format, args...)), At: time.Now()}
}

// maxText bounds error texts (reliability.md T18).
const maxText = 512

func cut(s string) string {
	if len(s) > maxText {
		return s[:maxText] + "…"
	}
	return s
}

// fetchError turns an error of a fetch into an *Error.
func fetchError(err error) *Error {
	var ours *Error
	var byURL *url.Error
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.Is(err, context.DeadlineExceeded):
		return failf(KindTimeout, "no answer in time")
	case errors.As(err, &byURL): // its text holds the URL
		return failf(KindFetch, "%v", byURL.Err)
	}
	return failf(KindFetch, "%v", err)
}

func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}
