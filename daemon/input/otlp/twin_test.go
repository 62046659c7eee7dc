package otlp

import (
	"bytes"
	"encoding/hex"
	"math"
	"strconv"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resources "go.opentelemetry.io/proto/otlp/resource/v1"

	"github.com/rsigma-go/rsigma/rtlib"
)

// This file is the first implementation of the flattening: of messages that package proto has decoded, into text that is then parsed. It
// is what the present one is compared with.

// twinFlattener turns records into flat JSON events. Its memory is used again for the next record. It is not safe for concurrent use.
//
// Source: daemon.md section 19.2.
type twinFlattener struct {
	shared  []twinEntry // resource attributes, the same for many records
	entries []twinEntry // members of the objects that are being written, outermost first
	out     []byte
	over    bool // out is over the limit, and of no use
	block   []byte
}

// resource takes the attributes that the following records share.
func (f *twinFlattener) resource(r *resources.Resource) {
	clear(f.shared)
	f.shared = f.shared[:0]
	for _, kv := range r.GetAttributes() {
		if kv.GetValue() == nil {
			continue
		}
		f.start()
		f.value(kv.Value)
		if f.over {
			f.shared = append(f.shared, twinEntry{key: "resource." + kv.Key, kind: twinKindOver})
			continue
		}
		f.shared = append(f.shared, twinEntry{key: "resource." + kv.Key, kind: twinKindJSON, text: string(f.out)})
	}
}

// record returns r as one event, which belongs to the caller. It is false if that would be over the limit.
func (f *twinFlattener) record(r *logs.LogRecord, scope *common.InstrumentationScope) ([]byte, bool) {
	f.start()
	o := twinObject{f: f}
	if r.TimeUnixNano != 0 {
		o.add(twinEntry{key: "timestamp", kind: twinKindTime, number: r.TimeUnixNano})
	}
	if r.ObservedTimeUnixNano != 0 {
		o.add(twinEntry{key: "observed_timestamp", kind: twinKindTime, number: r.ObservedTimeUnixNano})
	}
	if r.SeverityNumber != 0 {
		o.add(twinEntry{key: "severity_number", kind: twinKindInt, number: uint64(int64(r.SeverityNumber))})
	}
	o.text("severity_text", r.SeverityText)
	o.body(r.Body)
	o.hex("trace_id", r.TraceId)
	o.hex("span_id", r.SpanId)
	o.pairs(r.Attributes)
	for i := range f.shared {
		o.add(f.shared[i])
	}
	o.text("scope.name", scope.GetName())
	o.text("scope.version", scope.GetVersion())
	o.write()
	if len(f.out) > maxEvent {
		f.over = true
	}
	if f.over {
		return nil, false
	}
	return f.own(), true
}

func (f *twinFlattener) start() {
	clear(f.entries)
	f.entries, f.out, f.over = f.entries[:0], f.out[:0], false
	if cap(f.out) > 2*maxEvent {
		f.out = nil
	}
}

// Events are copied into blocks that many of them share.
const (
	twinBlockSize  = 64 << 10
	twinFirstBlock = 4 << 10
)

// own returns a copy of what was written.
func (f *twinFlattener) own() []byte {
	n := len(f.out)
	if n > twinBlockSize/4 {
		return append([]byte(nil), f.out...)
	}
	if cap(f.block)-len(f.block) < n {
		f.block = make([]byte, 0, max(n, min(twinFirstBlock+cap(f.block)*16, twinBlockSize)))
	}
	from := len(f.block)
	f.block = append(f.block, f.out...)
	return f.block[from:len(f.block):len(f.block)]
}

// body adds a body: the entries of a map as they are, anything else under one key.
func (o *twinObject) body(v *common.AnyValue) {
	if v == nil {
		return
	}
	if list, ok := v.Value.(*common.AnyValue_KvlistValue); ok {
		o.pairs(list.KvlistValue.GetValues())
		return
	}
	o.add(twinEntry{key: "body", kind: twinKindValue, value: v})
}

func (o *twinObject) text(key, text string) {
	if text != "" {
		o.add(twinEntry{key: key, kind: twinKindText, text: text})
	}
}

func (o *twinObject) hex(key string, id []byte) {
	if len(id) > 0 {
		o.add(twinEntry{key: key, kind: twinKindHex, bytes: id})
	}
}

// pairs adds those that have a value.
func (o *twinObject) pairs(list []*common.KeyValue) {
	for _, kv := range list {
		if kv.GetValue() != nil {
			o.add(twinEntry{key: kv.Key, kind: twinKindValue, value: kv.Value})
		}
	}
}

// twinAppendTime appends a time in nanoseconds since 1970 with all nine digits.
func twinAppendTime(dst []byte, ns uint64) []byte {
	const second = uint64(time.Second)
	dst = append(dst, '"')
	dst = time.Unix(int64(ns/second), int64(ns%second)).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z")
	return append(dst, '"')
}

// twinEntry is a member of an object that is not written yet.
type twinEntry struct {
	key    string
	kind   twinKind
	number uint64
	text   string
	bytes  []byte
	value  *common.AnyValue
}

// twinKind says which field of an entry holds its value.
type twinKind uint8

// The kinds.
const (
	twinKindValue twinKind = iota
	twinKindText           // text
	twinKindJSON           // text, written already
	twinKindTime           // number, in nanoseconds
	twinKindInt            // number
	twinKindHex            // bytes
	twinKindOver           // what was too long to be kept
)

// twinObject collects the members of one JSON object at the end of the entries of f. A later member with the same key takes the place of an
// earlier one.
type twinObject struct {
	f     *twinFlattener
	from  int
	index map[string]int // of entries by key, once there are many
}

// twinFewMembers is up to where it is cheaper to look at all keys than to hash them.
const twinFewMembers = 32

func (o *twinObject) add(e twinEntry) {
	if at := o.find(e.key); at >= 0 {
		o.f.entries[at] = e
		return
	}
	o.f.entries = append(o.f.entries, e)
	if o.index != nil {
		o.index[e.key] = len(o.f.entries) - 1
	}
}

// find returns the entry with this key, -1 if there is none.
func (o *twinObject) find(key string) int {
	members := o.f.entries[o.from:]
	if len(members) > twinFewMembers && o.index == nil {
		o.index = make(map[string]int, 2*len(members))
		for i := range members {
			o.index[members[i].key] = o.from + i
		}
	}
	if o.index != nil {
		if at, ok := o.index[key]; ok {
			return at
		}
		return -1
	}
	for i := range members {
		if members[i].key == key {
			return o.from + i
		}
	}
	return -1
}

// write writes the members and forgets them.
func (o *twinObject) write() {
	f := o.f
	f.out = append(f.out, '{')
	for i, end := o.from, len(f.entries); i < end && f.room(0); i++ {
		e := f.entries[i] // inner objects may move the entries
		if i > o.from {
			f.out = append(f.out, ',')
		}
		f.string(e.key)
		f.out = append(f.out, ':')
		f.entry(&e)
	}
	f.out = append(f.out, '}')
	clear(f.entries[o.from:])
	f.entries = f.entries[:o.from]
}

// room reports whether n more bytes fit. If not nothing more is worth writing.
func (f *twinFlattener) room(n int) bool {
	f.over = f.over || len(f.out)+n > maxEvent
	return !f.over
}

func (f *twinFlattener) string(s string) {
	if f.room(len(s)) {
		f.out = rtlib.AppendJSONString(f.out, s)
	}
}

func (f *twinFlattener) hex(b []byte) {
	if f.room(2 * len(b)) {
		f.out = append(hex.AppendEncode(append(f.out, '"'), b), '"')
	}
}

func (f *twinFlattener) entry(e *twinEntry) {
	switch e.kind {
	case twinKindValue:
		f.value(e.value)
	case twinKindText:
		f.string(e.text)
	case twinKindJSON:
		if f.room(len(e.text)) {
			f.out = append(f.out, e.text...)
		}
	case twinKindTime:
		f.out = twinAppendTime(f.out, e.number)
	case twinKindInt:
		f.out = strconv.AppendInt(f.out, int64(e.number), 10)
	case twinKindHex:
		f.hex(e.bytes)
	case twinKindOver:
		f.over = true
	}
}

// value writes v as JSON.
func (f *twinFlattener) value(v *common.AnyValue) {
	switch x := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		f.string(x.StringValue)
	case *common.AnyValue_BoolValue:
		f.out = strconv.AppendBool(f.out, x.BoolValue)
	case *common.AnyValue_IntValue:
		f.out = strconv.AppendInt(f.out, x.IntValue, 10)
	case *common.AnyValue_DoubleValue:
		f.out = twinAppendDouble(f.out, x.DoubleValue)
	case *common.AnyValue_BytesValue:
		f.hex(x.BytesValue)
	case *common.AnyValue_ArrayValue:
		f.array(x.ArrayValue.GetValues())
	case *common.AnyValue_KvlistValue:
		o := twinObject{f: f, from: len(f.entries)}
		o.pairs(x.KvlistValue.GetValues())
		o.write()
	default:
		f.out = append(f.out, "null"...)
	}
}

func (f *twinFlattener) array(list []*common.AnyValue) {
	f.out = append(f.out, '[')
	for i, v := range list {
		if !f.room(0) {
			break
		}
		if i > 0 {
			f.out = append(f.out, ',')
		}
		f.value(v)
	}
	f.out = append(f.out, ']')
}

// twinAppendDouble appends x so that it stays a number with a fraction or an exponent; what JSON has no number for is null.
func twinAppendDouble(dst []byte, x float64) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(dst, "null"...)
	}
	form := byte('f')
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e21) {
		form = 'e'
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, x, form, -1, 64)
	if !bytes.ContainsAny(dst[from:], ".e") {
		dst = append(dst, ".0"...)
	}
	return dst
}
