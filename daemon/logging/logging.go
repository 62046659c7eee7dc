// Package logging writes the daemon's log: one JSON object per line in the fixed shape that tools which watch rsigmad read,
// with a level per target. It is an slog.Handler and a few helpers around log/slog, not a logging API of its own: everything
// else in the daemon takes an *slog.Logger and never needs this package. cmd/rsigmad builds the one root logger from it and
// gives each part a logger with its own target.
package logging

import (
	"io"
	"log/slog"
)

// DefaultTarget is the target of a logger that was not given one.
const DefaultTarget = "rsigma::daemon::server"

// TargetKey is the key of the attribute that sets a logger's target when it is given to With; its value must be a string. It
// never shows up among the fields.
const TargetKey = "rsigma.target"

// spanKey is the key under which WithSpan hands a span to the handler. The handler recognises the value's type, not the key.
const spanKey = "rsigma.span"

// New returns a logger that writes to w, which gets exactly one Write per line and never two at once. Its target is
// DefaultTarget. The daemon's log goes to stderr, since stdout belongs to the stdout sink.
//
// Source: daemon.md §22.
func New(w io.Writer, f Filter) *slog.Logger {
	return slog.New(NewHandler(w, f))
}

// For returns a logger like base whose lines carry target and obey the filter's level for it. With a base of another handler
// the target is an ordinary attribute.
func For(base *slog.Logger, target string) *slog.Logger {
	return base.With(slog.String(TargetKey, target))
}

// WithSpan returns a logger like l whose lines say that they were written inside the span name, with attrs as the span's
// fields. Spans nest: the newest is the line's "span", and "spans" lists all of them from the outside in. The attributes are
// rendered once, here.
func WithSpan(l *slog.Logger, name string, attrs ...slog.Attr) *slog.Logger {
	return l.With(slog.Any(spanKey, spanValue{name: name, attrs: attrs}))
}

// spanValue carries a span through With, so that it also passes handlers that wrap ours.
type spanValue struct {
	name  string
	attrs []slog.Attr
}

// LogValue is what a handler that knows nothing of spans prints.
func (s spanValue) LogValue() slog.Value { return slog.StringValue(s.name) }
