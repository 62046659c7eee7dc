package correlate

import (
	"math"

	"github.com/rsigma-go/rsigma/rtlib"
)

// load makes the values of in accessible by the number of their field.
func (e *Engine) load(in *Input) {
	for i := range in.values {
		e.scratch.slots[in.values[i].read] = int32(i) + 1
	}
}

func (e *Engine) unload(in *Input) {
	for i := range in.values {
		e.scratch.slots[in.values[i].read] = 0
	}
	e.dropBlobs()
}

// input returns what in has of field number read, nil if nothing.
func (e *Engine) input(in *Input, read int32) *value {
	if i := e.scratch.slots[read]; i > 0 {
		return &in.values[i-1]
	}
	return nil
}

// reported returns the text that a firing reports under one of the names of l.
func (l *lookup) reported(by *Firing) (text string, ok bool) {
	if by == nil {
		return "", false
	}
	for _, name := range l.names {
		for i := range by.Group {
			if by.Group[i].Name == name {
				return by.Group[i].Value, true
			}
		}
	}
	return "", false
}

// groupKey encodes the group key of a feed.
func (e *Engine) groupKey(src *source, in *Input, by *Firing) []byte {
	key := e.scratch.key[:0]
	for i := range src.parts {
		key = e.appendKeyPart(key, &src.parts[i], in, by)
	}
	e.scratch.key = key
	return key
}

func (e *Engine) appendKeyPart(key []byte, l *lookup, in *Input, by *Firing) []byte {
	if text, ok := l.reported(by); ok {
		key = appendLength(key, len(text))
		return append(key, text...)
	}
	for _, read := range l.reads {
		if v := e.input(in, read); v != nil && v.hasText {
			return appendPart(key, in.at(v.text), true)
		}
	}
	return append(key, 0)
}

// contribution returns the bits of the number that a feed adds, or puts the encoded value that it adds into the scratch. It is
// false if the event has none; then the feed is ignored.
//
// Source: sigma-language.md section 14.4.
func (e *Engine) contribution(c *corr, src *source, in *Input, by *Firing) (bits uint64, ok bool) {
	switch c.kind {
	case kindSum, kindRank:
		number, ok := e.number(&src.values[0], in, by)
		return math.Float64bits(number), ok
	case kindDistinct:
		e.scratch.value = e.scratch.value[:0]
		for i := range src.values {
			if !e.appendValue(&src.values[i], in, by) {
				return 0, false
			}
		}
	}
	return 0, true
}

func (e *Engine) number(l *lookup, in *Input, by *Firing) (float64, bool) {
	if text, ok := l.reported(by); ok {
		return numberOf(&rtlib.Value{Kind: rtlib.String, Text: text})
	}
	if v := e.input(in, l.reads[0]); v != nil {
		return v.number, v.hasNumber
	}
	return 0, false
}

// appendValue adds a part of a value_count tuple to the scratch. Null counts as a text.
func (e *Engine) appendValue(l *lookup, in *Input, by *Firing) bool {
	if text, ok := l.reported(by); ok {
		e.scratch.value = append(appendLength(e.scratch.value, len(text)), text...)
		return true
	}
	v := e.input(in, l.reads[0])
	switch {
	case v == nil:
		return false
	case v.hasText:
		e.scratch.value = appendPart(e.scratch.value, in.at(v.text), true)
	case v.null:
		e.scratch.value = appendPart(e.scratch.value, []byte("null"), true)
	}
	return v.hasText || v.null
}
