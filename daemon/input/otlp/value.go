package otlp

import (
	"bytes"
	"encoding/hex"
	"math"
	"strconv"

	common "go.opentelemetry.io/proto/otlp/common/v1"

	"github.com/rsigma-go/rsigma/rtlib"
)

// entry is a member of an object that is not written yet.
type entry struct {
	key    string
	kind   kind
	number uint64
	text   string
	bytes  []byte
	value  *common.AnyValue
}

// kind says which field of an entry holds its value.
type kind uint8

// The kinds.
const (
	kindValue kind = iota
	kindText       // text
	kindJSON       // text, written already
	kindTime       // number, in nanoseconds
	kindInt        // number
	kindHex        // bytes
	kindOver       // what was too long to be kept
)

// object collects the members of one JSON object at the end of the entries of f. A later member with the same key takes the place of an
// earlier one.
type object struct {
	f     *flattener
	from  int
	index map[string]int // of entries by key, once there are many
}

// fewMembers is up to where it is cheaper to look at all keys than to hash them.
const fewMembers = 32

func (o *object) add(e entry) {
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
func (o *object) find(key string) int {
	members := o.f.entries[o.from:]
	if len(members) > fewMembers && o.index == nil {
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
func (o *object) write() {
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
func (f *flattener) room(n int) bool {
	f.over = f.over || len(f.out)+n > maxEvent
	return !f.over
}

func (f *flattener) string(s string) {
	if f.room(len(s)) {
		f.out = rtlib.AppendJSONString(f.out, s)
	}
}

func (f *flattener) hex(b []byte) {
	if f.room(2 * len(b)) {
		f.out = append(hex.AppendEncode(append(f.out, '"'), b), '"')
	}
}

func (f *flattener) entry(e *entry) {
	switch e.kind {
	case kindValue:
		f.value(e.value)
	case kindText:
		f.string(e.text)
	case kindJSON:
		if f.room(len(e.text)) {
			f.out = append(f.out, e.text...)
		}
	case kindTime:
		f.out = appendTime(f.out, e.number)
	case kindInt:
		f.out = strconv.AppendInt(f.out, int64(e.number), 10)
	case kindHex:
		f.hex(e.bytes)
	case kindOver:
		f.over = true
	}
}

// value writes v as JSON.
func (f *flattener) value(v *common.AnyValue) {
	switch x := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		f.string(x.StringValue)
	case *common.AnyValue_BoolValue:
		f.out = strconv.AppendBool(f.out, x.BoolValue)
	case *common.AnyValue_IntValue:
		f.out = strconv.AppendInt(f.out, x.IntValue, 10)
	case *common.AnyValue_DoubleValue:
		f.out = appendDouble(f.out, x.DoubleValue)
	case *common.AnyValue_BytesValue:
		f.hex(x.BytesValue)
	case *common.AnyValue_ArrayValue:
		f.array(x.ArrayValue.GetValues())
	case *common.AnyValue_KvlistValue:
		o := object{f: f, from: len(f.entries)}
		o.pairs(x.KvlistValue.GetValues())
		o.write()
	default:
		f.out = append(f.out, "null"...)
	}
}

func (f *flattener) array(list []*common.AnyValue) {
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

// appendDouble appends x so that it stays a number with a fraction or an exponent; what JSON has no number for is null.
func appendDouble(dst []byte, x float64) []byte {
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
