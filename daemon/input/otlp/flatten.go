package otlp

import (
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rsigma-go/rsigma/rtlib"
)

// flattener writes records as flat JSON events. Its memory is used again for the next record. It is not safe for concurrent use.
//
// Source: daemon.md section 19.2. Twin: the one in the tests, which flattens what package proto has decoded.
type flattener struct {
	entries    []entry  // members of the objects that are being written, outermost first
	signatures []uint64 // of their keys
	attributes [][]byte // of the record
	out        []byte
	places     []rtlib.Place
	limit      int  // of the length of out
	over       bool // out is over the limit, and of no use
	scratch    []byte
}

// maxKept is for how many entries memory is kept.
const maxKept = 4 << 10

// begin makes f write behind dst, and behind places.
func (f *flattener) begin(dst []byte, places []rtlib.Place) {
	f.out, f.places, f.over = dst, places, false
	f.limit = len(dst) + maxEvent
}

// end makes f forget everything.
func (f *flattener) end() {
	f.out, f.places = nil, nil
	if cap(f.entries) > maxKept || cap(f.attributes) > maxKept {
		*f = flattener{scratch: f.scratch}
	}
	clear(f.entries)
	clear(f.attributes)
	f.entries, f.signatures, f.attributes = f.entries[:0], f.signatures[:0], f.attributes[:0]
}

// keep is end if out is of no more use, and its memory may be.
func (f *flattener) keep() {
	if cap(f.out) <= blockSize {
		f.scratch = f.out[:0]
	}
	f.end()
}

// Fields of a LogRecord.
const (
	recordTime           protowire.Number = 1
	recordSeverityNumber protowire.Number = 2
	recordSeverityText   protowire.Number = 3
	recordBody           protowire.Number = 5
	recordAttributes     protowire.Number = 6
	recordTraceID        protowire.Number = 9
	recordSpanID         protowire.Number = 10
	recordObservedTime   protowire.Number = 11
)

// recordFields are the fields of a LogRecord that have one value.
type recordFields struct {
	time, observed uint64
	severity       int32
	text           string
	body           []byte // nil if there is none
	trace, span    []byte
}

// read reads a LogRecord; its attributes are collected in f.
func (f *flattener) read(b []byte) (r recordFields) {
	var x field
	for len(b) > 0 {
		n := x.next(b)
		if n <= 0 {
			break
		}
		b = b[n:]
		switch x.kind {
		case protowire.BytesType:
			switch x.number {
			case recordAttributes:
				f.attributes = append(f.attributes, x.bytes)
			case recordBody:
				r.body = x.bytes
			case recordSeverityText:
				r.text = view(x.bytes)
			case recordTraceID:
				r.trace = x.bytes
			case recordSpanID:
				r.span = x.bytes
			}
		case protowire.Fixed64Type:
			switch x.number {
			case recordTime:
				r.time = x.value
			case recordObservedTime:
				r.observed = x.value
			}
		case protowire.VarintType:
			if x.number == recordSeverityNumber {
				r.severity = int32(x.value)
			}
		}
	}
	return r
}

// record writes r. It is over the limit if f.over says so.
func (f *flattener) record(r *record) {
	x := f.read(r.wire)
	o := object{f: f}
	if x.time != 0 {
		o.add("timestamp", entry{kind: kindTime, number: x.time})
	}
	if x.observed != 0 {
		o.add("observed_timestamp", entry{kind: kindTime, number: x.observed})
	}
	if x.severity != 0 {
		o.add("severity_number", entry{kind: kindInt, number: uint64(int64(x.severity))})
	}
	o.text("severity_text", x.text)
	if x.body != nil {
		o.body(x.body)
	}
	o.hex("trace_id", x.trace)
	o.hex("span_id", x.span)
	for _, pair := range f.attributes {
		o.pair(pair)
	}
	for i := range r.resource.members {
		o.put(&r.resource.members[i])
	}
	o.text("scope.name", r.scope.name)
	o.text("scope.version", r.scope.version)
	o.writeEvent()
	f.over = f.over || len(f.out) > f.limit
}

// body adds a body: the entries of a map as they are, anything else under one key.
func (o *object) body(b []byte) {
	if v := readValue(b); v.number == valueMap {
		o.pairs(v.bytes)
		return
	}
	o.add("body", entry{kind: kindValue, text: view(b)})
}

func (o *object) text(key, text string) {
	if text != "" {
		o.add(key, entry{kind: kindText, text: text})
	}
}

func (o *object) hex(key string, id []byte) {
	if len(id) > 0 {
		o.add(key, entry{kind: kindHex, text: view(id)})
	}
}

// pairs adds those of a KeyValueList that have a value.
func (o *object) pairs(b []byte) {
	var x field
	for len(b) > 0 {
		n := x.next(b)
		if n <= 0 {
			return
		}
		if b = b[n:]; x.number == 1 && x.kind == protowire.BytesType {
			o.pair(x.bytes)
		}
	}
}

// pair adds a KeyValue if it has a value.
func (o *object) pair(b []byte) {
	if key, value, ok := readPair(b); ok {
		o.add(key, entry{kind: kindValue, text: view(value)})
	}
}

// appendTime appends a time in nanoseconds since 1970 with all nine digits.
func appendTime(dst []byte, ns uint64) []byte {
	const second = uint64(time.Second)
	dst = time.Unix(int64(ns/second), 0).UTC().AppendFormat(append(dst, '"'), time.RFC3339) // much faster than a layout of one's own
	dst[len(dst)-1] = '.'                                                                   // it was the Z
	from := len(dst)
	dst = append(dst, "000000000Z\""...)
	for i, rest := from+8, ns%second; rest > 0; i, rest = i-1, rest/10 {
		dst[i] += byte(rest % 10)
	}
	return dst
}

func view(b []byte) string { return rtlib.View(b) }
