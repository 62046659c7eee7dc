package dynsource

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
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

	quiet  bool // the source has nothing new to say: no failure if something is in force, or can be instead
	absent bool // this program cannot read such sources: the default will do
}

func (e *Error) Error() string { return e.Text }

func failf(kind ErrorKind, format string, args ...any) *Error {
	return &Error{Kind: kind, Text: cut(fmt.Sprintf(format, args...)), At: time.Now()}
}

// maxText bounds error texts (reliability.md T18).
const maxText = 512

func cut(s string) string {
	more := ""
	if len(s) > maxText {
		s, more = s[:maxText], "…"
	}
	return strings.ToValidUTF8(s, "") + more
}

// quotedURL finds what the standard library quotes in errors of requests, such as the target of a redirect that cannot be parsed.
var quotedURL = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// withoutURLs drops what may be quoted URLs, which may hold credentials.
func withoutURLs(text string) string { return quotedURL.ReplaceAllString(text, "(not shown)") }

// fetchError turns an error of a fetch into an *Error.
func fetchError(err error) *Error {
	var ours *Error
	var byURL *url.Error
	var denied *deniedError
	var network net.Error
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &denied): // without what dialers put before it, so that it can be recognised
		return failf(KindFetch, "%v", denied)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return failf(KindTimeout, "no answer in time")
	case errors.As(err, &byURL): // its text holds the URL
		return failf(KindFetch, "%s", withoutURLs(byURL.Err.Error()))
	}
	return failf(KindFetch, "%v", err)
}

func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}
