package logging

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// timeFormat is UTC with microseconds. The zone is a literal Z, so that the length never varies.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// keptBuffer is the largest line buffer that goes back to the pool, in bytes.
const keptBuffer = 64 << 10

// Handler is the slog.Handler of the daemon's log. It is immutable: With and WithGroup make another one that shares the
// writer. The level of its target is looked up when it is made, so Enabled is one comparison. Safe for concurrent use.
//
// Source: daemon.md §22.
type Handler struct {
	out    *output
	filter Filter

	target string
	min    slog.Level
	spans  []byte   // `"span":{…},"spans":[…]`, or empty
	opened [][]byte // the spans, from the outside in

	fields []byte // attributes of With, rendered, each with a comma before it
	prefix string // names of the open groups, each with a dot after it
}

// output is the writer that all handlers of one log share.
type output struct {
	mu sync.Mutex
	w  io.Writer
}

// NewHandler returns a handler that writes to w the lines that f lets through.
func NewHandler(w io.Writer, f Filter) *Handler {
	return &Handler{out: &output{w: w}, filter: f, target: DefaultTarget, min: f.level(DefaultTarget)}
}

// Enabled reports whether a line at level l would be written for the handler's target.
func (h *Handler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.min }

// Handle writes r as one line with one Write. The error is the writer's.
func (h *Handler) Handle(_ context.Context, r slog.Record) error {
	buf := buffers.Get().(*[]byte)
	line := h.appendRecord((*buf)[:0], &r)
	h.out.mu.Lock()
	_, err := h.out.w.Write(line)
	h.out.mu.Unlock()
	if cap(line) <= keptBuffer {
		*buf = line
		buffers.Put(buf)
	}
	return err
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// appendRecord appends the whole line.
func (h *Handler) appendRecord(b []byte, r *slog.Record) []byte {
	at := r.Time
	if at.IsZero() {
		at = time.Now()
	}
	b = append(b, `{"timestamp":"`...)
	b = at.UTC().AppendFormat(b, timeFormat)
	b = append(b, `","level":"`...)
	b = append(b, levelName(r.Level)...)
	b = append(b, `","fields":{"message":`...)
	b = appendString(b, r.Message)
	b = append(b, h.fields...)
	r.Attrs(func(a slog.Attr) bool {
		b = appendAttr(b, h.prefix, a)
		return true
	})
	b = append(b, `},"target":`...)
	b = appendString(b, h.target)
	if len(h.spans) > 0 {
		b = append(b, ',')
		b = append(b, h.spans...)
	}
	return append(b, '}', '\n')
}

// WithAttrs returns a handler whose lines carry attrs too. The attribute TargetKey and spans change the handler instead.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	next.fields = slices.Clip(h.fields)
	for _, a := range attrs {
		if !next.adopt(a) {
			next.fields = appendAttr(next.fields, h.prefix, a)
		}
	}
	return &next
}

// adopt takes a target or a span over into h and reports whether a was one.
func (h *Handler) adopt(a slog.Attr) bool {
	if a.Key == TargetKey && a.Value.Kind() == slog.KindString {
		h.target = a.Value.String()
		h.min = h.filter.level(h.target)
		return true
	}
	if a.Key != spanKey || a.Value.Kind() != slog.KindLogValuer {
		return false
	}
	span, ok := a.Value.Any().(spanValue)
	if ok {
		h.enter(span)
	}
	return ok
}

// enter adds a span inside those that h is in.
func (h *Handler) enter(s spanValue) {
	var members []byte
	for _, a := range append(slices.Clip(s.attrs), slog.String("name", s.name)) {
		members = appendAttr(members, "", a)
	}
	one := append([]byte{'{'}, members[1:]...) // without the first comma
	one = append(one, '}')
	h.opened = append(slices.Clip(h.opened), one)

	all := append([]byte(`"span":`), one...)
	all = append(all, `,"spans":[`...)
	for i, span := range h.opened {
		if i > 0 {
			all = append(all, ',')
		}
		all = append(all, span...)
	}
	h.spans = append(all, ']')
}

// WithGroup returns a handler that puts name and a dot before the names of later attributes.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	next := *h
	next.prefix += name + "."
	return &next
}
