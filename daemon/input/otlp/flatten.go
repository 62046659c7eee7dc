package otlp

import (
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resources "go.opentelemetry.io/proto/otlp/resource/v1"
)

// flattener turns records into flat JSON events. Its memory is used again for the next record. It is not safe for concurrent use.
//
// Source: daemon.md section 19.2.
type flattener struct {
	shared  []entry // resource attributes, the same for many records
	entries []entry // members of the objects that are being written, outermost first
	out     []byte
	over    bool // out is over the limit, and of no use
	block   []byte
}

// resource takes the attributes that the following records share.
func (f *flattener) resource(r *resources.Resource) {
	clear(f.shared)
	f.shared = f.shared[:0]
	for _, kv := range r.GetAttributes() {
		if kv.GetValue() == nil {
			continue
		}
		f.start()
		f.value(kv.Value)
		if f.over {
			f.shared = append(f.shared, entry{key: "resource." + kv.Key, kind: kindOver})
			continue
		}
		f.shared = append(f.shared, entry{key: "resource." + kv.Key, kind: kindJSON, text: string(f.out)})
	}
}

// record returns r as one event, which belongs to the caller. It is false if that would be over the limit.
func (f *flattener) record(r *logs.LogRecord, scope *common.InstrumentationScope) ([]byte, bool) {
	f.start()
	o := object{f: f}
	if r.TimeUnixNano != 0 {
		o.add(entry{key: "timestamp", kind: kindTime, number: r.TimeUnixNano})
	}
	if r.ObservedTimeUnixNano != 0 {
		o.add(entry{key: "observed_timestamp", kind: kindTime, number: r.ObservedTimeUnixNano})
	}
	if r.SeverityNumber != 0 {
		o.add(entry{key: "severity_number", kind: kindInt, number: uint64(int64(r.SeverityNumber))})
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

func (f *flattener) start() {
	clear(f.entries)
	f.entries, f.out, f.over = f.entries[:0], f.out[:0], false
	if cap(f.out) > 2*maxEvent {
		f.out = nil
	}
}

// Events are copied into blocks that many of them share.
const (
	blockSize  = 64 << 10
	firstBlock = 4 << 10
)

// own returns a copy of what was written.
func (f *flattener) own() []byte {
	n := len(f.out)
	if n > blockSize/4 {
		return append([]byte(nil), f.out...)
	}
	if cap(f.block)-len(f.block) < n {
		f.block = make([]byte, 0, max(n, min(firstBlock+cap(f.block)*16, blockSize)))
	}
	from := len(f.block)
	f.block = append(f.block, f.out...)
	return f.block[from:len(f.block):len(f.block)]
}

// body adds a body: the entries of a map as they are, anything else under one key.
func (o *object) body(v *common.AnyValue) {
	if v == nil {
		return
	}
	if list, ok := v.Value.(*common.AnyValue_KvlistValue); ok {
		o.pairs(list.KvlistValue.GetValues())
		return
	}
	o.add(entry{key: "body", kind: kindValue, value: v})
}

func (o *object) text(key, text string) {
	if text != "" {
		o.add(entry{key: key, kind: kindText, text: text})
	}
}

func (o *object) hex(key string, id []byte) {
	if len(id) > 0 {
		o.add(entry{key: key, kind: kindHex, bytes: id})
	}
}

// pairs adds those that have a value.
func (o *object) pairs(list []*common.KeyValue) {
	for _, kv := range list {
		if kv.GetValue() != nil {
			o.add(entry{key: kv.Key, kind: kindValue, value: kv.Value})
		}
	}
}

// appendTime appends a time in nanoseconds since 1970 with all nine digits.
func appendTime(dst []byte, ns uint64) []byte {
	const second = uint64(time.Second)
	dst = append(dst, '"')
	dst = time.Unix(int64(ns/second), int64(ns%second)).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z")
	return append(dst, '"')
}
