package otlp

import "google.golang.org/protobuf/encoding/protowire"

// field is one field of an encoded message.
type field struct {
	number protowire.Number
	kind   protowire.Type
	value  uint64 // of a varint, or of fixed 64 bits
	bytes  []byte // of anything that has a length
}

// next reads the field that b begins with and returns how many bytes it has. A negative number is an error, as in package protowire;
// there is none in a message that was checked.
func (f *field) next(b []byte) int {
	n := 1
	if len(b) > 1 && b[0] < 0x80 && b[0] >= 8 {
		f.number, f.kind = protowire.Number(b[0]>>3), protowire.Type(b[0]&7)
	} else if f.number, f.kind, n = protowire.ConsumeTag(b); n < 0 {
		return n
	}
	m := 0
	switch f.kind {
	case protowire.BytesType:
		if n < len(b) && b[n] < 0x80 && n+1+int(b[n]) <= len(b) {
			end := n + 1 + int(b[n])
			f.bytes = b[n+1 : end]
			return end
		}
		f.bytes, m = protowire.ConsumeBytes(b[n:])
	case protowire.VarintType:
		f.value, m = protowire.ConsumeVarint(b[n:])
	case protowire.Fixed64Type:
		f.value, m = protowire.ConsumeFixed64(b[n:])
	default:
		m = protowire.ConsumeFieldValue(f.number, f.kind, b[n:])
	}
	if m < 0 {
		return m
	}
	return n + m
}

// each calls f for the fields of b, a checked message, that have this number and a length, until f returns false.
func each(b []byte, number protowire.Number, f func([]byte) bool) {
	var x field
	for len(b) > 0 {
		n := x.next(b)
		if n <= 0 {
			return
		}
		if b = b[n:]; x.number == number && x.kind == protowire.BytesType && !f(x.bytes) {
			return
		}
	}
}

// only returns the field of b, a checked message, that has this number and a length, nil if there is none.
func only(b []byte, number protowire.Number) (found []byte) {
	each(b, number, func(x []byte) bool {
		found = x
		return true
	})
	return found
}

// anyValue is an AnyValue. Its number says which of its fields is set, 0 for none.
type anyValue struct {
	number protowire.Number
	value  uint64
	bytes  []byte
}

// Fields of an AnyValue.
const (
	valueString protowire.Number = 1 + iota
	valueBool
	valueInt
	valueDouble
	valueArray
	valueMap
	valueBytes
	valueIndex // of a string in a table that log records do not have
)

// kindOfValue are the wire types of its fields. A field of another type is none of them.
var kindOfValue = [...]protowire.Type{
	valueString: protowire.BytesType, valueBool: protowire.VarintType, valueInt: protowire.VarintType, valueDouble: protowire.Fixed64Type,
	valueArray: protowire.BytesType, valueMap: protowire.BytesType, valueBytes: protowire.BytesType, valueIndex: protowire.VarintType,
}

// readValue reads an AnyValue that was checked.
func readValue(b []byte) (v anyValue) {
	var x field
	for len(b) > 0 {
		n := x.next(b)
		if n <= 0 {
			break
		}
		b = b[n:]
		if x.number >= 1 && int(x.number) < len(kindOfValue) && x.kind == kindOfValue[x.number] {
			v = anyValue{x.number, x.value, x.bytes}
		}
	}
	return v
}

// readPair reads a KeyValue that was checked. It is false if there is no value.
func readPair(b []byte) (key string, value []byte, ok bool) {
	var x field
	for len(b) > 0 {
		n := x.next(b)
		if n <= 0 {
			break
		}
		b = b[n:]
		switch {
		case x.kind != protowire.BytesType:
		case x.number == 1:
			key = view(x.bytes)
		case x.number == 2:
			value, ok = x.bytes, true
		}
	}
	return key, value, ok
}
