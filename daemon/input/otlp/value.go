package otlp

import (
	"bytes"
	"encoding/hex"
	"math"
	"strconv"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rsigma-go/rsigma/rtlib"
)

// entry is a member of an object that is not written yet.
type entry struct {
	key       string
	signature uint64
	kind      kind
	number    uint64
	text      string
	json      string
}

// kind says what the value of an entry is.
type kind uint8

// The kinds.
const (
	kindValue kind = iota // text is an encoded AnyValue
	kindText              // text
	kindJSON              // json is the whole member, written, with the value at number; text is that of a Place
	kindTime              // number, in nanoseconds
	kindInt               // number
	kindHex               // the bytes of text
	kindOver              // what was too long to be kept
)

// object collects the members of one JSON object at the end of the entries of f. A later member with the same key takes the place of an
// earlier one.
type object struct {
	f     *flattener
	from  int
	index map[string]int // of entries by key, once there are many
}

// fewMembers is up to where it is cheaper to look at the signatures of all keys than to hash them.
const fewMembers = 64

// signature tells most keys apart.
func signature(key string) uint64 {
	lo, hi := uint64(0), uint64(0)
	if n := len(key); n >= 8 {
		lo, hi = load(key), load(key[n-8:])
	} else {
		for i := range n {
			lo = lo<<8 | uint64(key[i])
		}
	}
	return lo*0x9e3779b97f4a7c15 ^ hi*0xc2b2ae3d27d4eb4f ^ uint64(len(key))
}

// load returns the first eight bytes of s.
func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// add adds a member.
func (o *object) add(key string, e entry) {
	e.key, e.signature = key, signature(key)
	o.put(&e)
}

// put adds a member whose signature is known.
func (o *object) put(e *entry) {
	if at := o.find(e); at >= 0 {
		o.f.entries[at] = *e
		return
	}
	o.f.entries = append(o.f.entries, *e)
	o.f.signatures = append(o.f.signatures, e.signature)
	if o.index != nil {
		o.index[e.key] = len(o.f.entries) - 1
	}
}

// find returns the entry with the key of e, -1 if there is none.
func (o *object) find(e *entry) int {
	if len(o.f.entries)-o.from > fewMembers && o.index == nil {
		o.index = make(map[string]int, 4*fewMembers)
		for i := o.from; i < len(o.f.entries); i++ {
			o.index[o.f.entries[i].key] = i
		}
	}
	if o.index != nil {
		if at, ok := o.index[e.key]; ok {
			return at
		}
		return -1
	}
	for i, s := range o.f.signatures[o.from:] {
		if s == e.signature && o.f.entries[o.from+i].key == e.key {
			return o.from + i
		}
	}
	return -1
}

// writeEvent writes the members as the event, with their places, and forgets them.
func (o *object) writeEvent() {
	f := o.f
	f.out = append(f.out, '{')
	for i, end := o.from, len(f.entries); i < end && f.room(0); i++ {
		e := f.entries[i] // inner objects may move the entries
		if i > o.from {
			f.out = append(f.out, ',')
		}
		p := rtlib.Place{Key: e.key}
		if e.kind == kindJSON {
			p.Start = len(f.out) + int(e.number)
		} else {
			f.string(e.key)
			f.out = append(f.out, ':')
			p.Start = len(f.out)
		}
		p.Text = f.entry(&e)
		p.End = len(f.out)
		f.places = append(f.places, p)
	}
	f.out = append(f.out, '}')
	o.forget()
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
	o.forget()
}

func (o *object) forget() {
	f := o.f
	clear(f.entries[o.from:])
	f.entries, f.signatures = f.entries[:o.from], f.signatures[:o.from]
}

// room reports whether n more bytes fit. If not nothing more is worth writing.
func (f *flattener) room(n int) bool {
	f.over = f.over || len(f.out)+n > f.limit
	return !f.over
}

// string writes s, and returns it if that took escapes.
func (f *flattener) string(s string) string {
	if !f.room(len(s)) {
		return ""
	}
	from := len(f.out)
	f.out = rtlib.AppendJSONString(f.out, s)
	if len(f.out)-from == len(s)+2 {
		return ""
	}
	return s
}

func (f *flattener) hex(s string) {
	if f.room(2 * len(s)) {
		f.out = append(hex.AppendEncode(append(f.out, '"'), unsafe.Slice(unsafe.StringData(s), len(s))), '"')
	}
}

// entry writes the value of e, or e itself if it is written already. It returns what a string with escapes stands for.
func (f *flattener) entry(e *entry) string {
	switch e.kind {
	case kindValue:
		return f.value(readValue(unsafe.Slice(unsafe.StringData(e.text), len(e.text))))
	case kindText:
		return f.string(e.text)
	case kindJSON:
		if f.room(len(e.json)) {
			f.out = append(f.out, e.json...)
		}
		return e.text
	case kindTime:
		f.out = appendTime(f.out, e.number)
	case kindInt:
		f.out = strconv.AppendInt(f.out, int64(e.number), 10)
	case kindHex:
		f.hex(e.text)
	case kindOver:
		f.over = true
	}
	return ""
}

// value writes v as JSON. It returns what a string with escapes stands for.
func (f *flattener) value(v anyValue) string {
	switch v.number {
	case valueString:
		return f.string(view(v.bytes))
	case valueBool:
		f.out = strconv.AppendBool(f.out, v.value != 0)
	case valueInt:
		f.out = strconv.AppendInt(f.out, int64(v.value), 10)
	case valueDouble:
		f.out = appendDouble(f.out, math.Float64frombits(v.value))
	case valueBytes:
		f.hex(view(v.bytes))
	case valueArray:
		f.array(v.bytes)
	case valueMap:
		o := object{f: f, from: len(f.entries)}
		o.pairs(v.bytes)
		o.write()
	default:
		f.out = append(f.out, "null"...)
	}
	return ""
}

// array writes an ArrayValue.
func (f *flattener) array(b []byte) {
	f.out = append(f.out, '[')
	var x field
	for first := true; len(b) > 0; {
		n := x.next(b)
		if n <= 0 || !f.room(0) {
			break
		}
		if b = b[n:]; x.number != 1 || x.kind != protowire.BytesType {
			continue
		}
		if !first {
			f.out = append(f.out, ',')
		}
		first = false
		f.value(readValue(x.bytes))
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
