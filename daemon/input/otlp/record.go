package otlp

import (
	"slices"
	"strings"
	"sync"

	"github.com/rsigma-go/rsigma/rtlib"
)

// record is a log record as it came in. It implements flow.Source: whoever needs the event flattens it then, not the request.
type record struct {
	wire     []byte // of a LogRecord that was checked
	resource *shared
	scope    *scope
}

// shared is what the records of a resource share: its attributes, written.
type shared struct {
	members []entry
	length  int // of the members, as text
	size    int // of the members, in memory
}

// scope is what the records of a scope share.
type scope struct{ name, version string }

// Estimates of memory, without strings: of a record with its share of what it shares, and of a member.
const (
	sizeRecord = 128
	sizeEntry  = 88
)

var flatteners = sync.Pool{New: func() any { return new(flattener) }}

// AppendJSON implements flow.Source.
func (r *record) AppendJSON(dst []byte, places []rtlib.Place) ([]byte, []rtlib.Place) {
	f := flatteners.Get().(*flattener)
	f.begin(dst, places)
	f.record(r)
	dst, places = f.out, f.places
	f.end()
	flatteners.Put(f)
	return dst, places
}

// Size implements flow.Source.
func (r *record) Size() int {
	return sizeRecord + len(r.wire) + r.resource.size + len(r.scope.name) + len(r.scope.version)
}

// length is about how long the event is as text.
func (r *record) length() int {
	return len(r.wire) + r.resource.length + len(r.scope.name) + len(r.scope.version)
}

// A byte of a record becomes at most maxGrowth bytes of text, as control characters do; the names of its fields and of its scope's add at
// most maxFixed.
const (
	maxGrowth = 6
	maxFixed  = 512
)

// fits reports whether the event is within the limit. Only if that is in doubt it is written to find out.
func (f *flattener) fits(r *record) bool {
	if maxGrowth*(len(r.wire)+len(r.scope.name)+len(r.scope.version))+r.resource.length+maxFixed <= maxEvent {
		return true
	}
	f.begin(f.scratch, nil)
	f.record(r)
	fits := !f.over
	f.keep()
	return fits
}

// resource reads a Resource. b may be nil.
func (f *flattener) resource(b []byte) *shared {
	r := &shared{}
	f.begin(f.scratch, nil)
	each(b, 1, func(pair []byte) bool {
		if key, value, ok := readPair(pair); ok {
			e := f.member("resource."+key, value)
			r.members = append(r.members, e)
			r.length += len(e.json) + 1
			r.size += sizeEntry + len(e.key) + len(e.json) + len(e.text)
			if e.kind == kindOver {
				r.length += maxEvent
			}
		}
		return true
	})
	f.keep()
	r.members = slices.Clone(r.members) // without the room that append left, since queues hold it
	return r
}

// member writes a member that is shared.
func (f *flattener) member(key string, value []byte) entry {
	f.out, f.over = f.out[:0], false
	e := entry{key: key, signature: signature(key)}
	f.string(key)
	f.out = append(f.out, ':')
	e.number = uint64(len(f.out))
	limit := f.limit
	f.limit += len(f.out) // the value alone decides, as that of an attribute does
	text := f.value(readValue(value))
	f.limit = limit
	if f.over {
		e.kind = kindOver
		return e
	}
	e.kind, e.json, e.text = kindJSON, string(f.out), strings.Clone(text)
	return e
}

// readScope reads an InstrumentationScope. b may be nil.
func readScope(b []byte) *scope { return &scope{name: string(only(b, 1)), version: string(only(b, 2))} }
