// Package sink reads what the command line says about sinks. The sinks themselves are in the packages below it, one for each
// transport; whoever builds the daemon says which of them there are.
//
// Source: daemon.md sections 4.3 and 12.
package sink

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Spec is what --output or --dlq names.
type Spec struct {
	Scheme string // stdout, file, unix, nats, otlp, otlps, otlphttp, otlphttps
	Target string // what follows the scheme
	Text   string // as it was given, without the query
	Query  string // what follows the first question mark; OTLP sinks read more of it
	// DropWhenFull discards results that find the queue full, instead of holding up the sources.
	DropWhenFull bool
	// Warning says what in the query is not understood and ignored; empty if nothing is.
	Warning string
}

// shapes are what follows the schemes.
var shapes = map[string]string{
	"file": "PATH", "unix": "/PATH", "nats": "HOST:PORT/SUBJECT",
	"otlp": "HOST:PORT", "otlps": "HOST:PORT", "otlphttp": "HOST:PORT[/PATH]", "otlphttps": "HOST:PORT[/PATH]",
}

const known = "want stdout, file://PATH, unix:///PATH, nats://HOST:PORT/SUBJECT, otlp(s)://HOST:PORT or otlphttp(s)://HOST:PORT[/PATH]"

// Parse reads a sink. Everything behind the first question mark is its query.
func Parse(text string) (Spec, error) {
	base, query, _ := strings.Cut(text, "?")
	s := Spec{Text: base, Query: query}
	scheme, target, found := strings.Cut(base, "://")
	s.Scheme, s.Target = scheme, target
	if err := s.query(query); err != nil {
		return s, fmt.Errorf("%q: %w", text, err)
	}
	shape, there := shapes[scheme]
	switch {
	case base == "stdout" || base == "stdout://":
		return s, nil
	case !found || !there:
		return s, fmt.Errorf("%q: %s", text, known)
	case target == "":
		return s, fmt.Errorf("%q: want %s://%s", text, scheme, shape)
	}
	return s, nil
}

// OTLP says whether results go out as OpenTelemetry log records.
func (s *Spec) OTLP() bool { return strings.HasPrefix(s.Scheme, "otlp") }

// query reads the parameters of a sink.
func (s *Spec) query(text string) error {
	values, err := url.ParseQuery(text)
	if err != nil {
		return err
	}
	for key, list := range values {
		if len(list) > 1 {
			return fmt.Errorf("%s is given twice", key)
		}
		switch v := list[0]; {
		case key == "on_full" && v == "drop":
			s.DropWhenFull = true
		case key == "on_full" && v == "block", key == "format" && v == "ndjson" && !s.OTLP():
		case key == "on_full":
			s.Warning = fmt.Sprintf("on_full=%s is neither block nor drop: block it is", v)
		case key == "format" && s.OTLP():
			return errors.New("format: an OTLP sink has its own")
		case key == "format":
			return fmt.Errorf("format=%s: this version writes ndjson only", v)
		case !s.OTLP(): // those have parameters of their own
			return fmt.Errorf("unknown parameter %s: there are on_full and format", key)
		}
	}
	return nil
}

// ParseDeadLetters reads --dlq, which takes no parameters.
func ParseDeadLetters(text string) (Spec, error) {
	s, err := Parse(text)
	if err == nil && strings.Contains(text, "?") {
		err = errors.New("--dlq takes no parameters")
	}
	return s, err
}

// Labels names sinks in metrics: by their scheme, and by their number among those of the scheme from the second on.
func Labels(specs []Spec) []string {
	seen := map[string]int{}
	out := make([]string, len(specs))
	for i, s := range specs {
		seen[s.Scheme]++
		out[i] = s.Scheme
		if n := seen[s.Scheme]; n > 1 {
			out[i] = fmt.Sprintf("%s#%d", s.Scheme, n)
		}
	}
	return out
}
