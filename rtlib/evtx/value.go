package evtx

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"time"
)

// The types of values. With typeArray set, the value is a row of that type.
const (
	typeNull     = 0x00
	typeString   = 0x01
	typeANSI     = 0x02
	typeInt8     = 0x03
	typeUint8    = 0x04
	typeInt16    = 0x05
	typeUint16   = 0x06
	typeInt32    = 0x07
	typeUint32   = 0x08
	typeInt64    = 0x09
	typeUint64   = 0x0a
	typeFloat    = 0x0b
	typeDouble   = 0x0c
	typeBool     = 0x0d
	typeBinary   = 0x0e
	typeGUID     = 0x0f
	typeSize     = 0x10
	typeFileTime = 0x11
	typeSysTime  = 0x12
	typeSID      = 0x13
	typeHex32    = 0x14
	typeHex64    = 0x15
	typeHandle   = 0x20
	typeBinXML   = 0x21
	typeXML      = 0x23
	typeArray    = 0x80
)

// widths are the sizes in bytes of the types that have one, by type.
var widths = [256]int{
	typeInt8: 1, typeUint8: 1, typeInt16: 2, typeUint16: 2, typeInt32: 4, typeUint32: 4, typeInt64: 8, typeUint64: 8,
	typeFloat: 4, typeDouble: 8, typeBool: 4, typeGUID: 16, typeFileTime: 8, typeSysTime: 16, typeHex32: 4, typeHex64: 8,
}

// value is a typed piece of a chunk.
type value struct {
	typ    uint8
	off, n int32
}

func (v value) bytes(chunk []byte) []byte { return chunk[v.off : v.off+v.n] }

// trim cuts text where it ends, which may be before its bytes do. White space at its end does not count:
// published events lack it.
func (v value) trim(chunk []byte) value {
	b := v.bytes(chunk)
	switch v.typ {
	case typeString, typeXML:
		v.n = int32(trimUTF16(b[:endUTF16(b)]))
	case typeANSI:
		v.n = int32(len(bytes.TrimRight(b[:endANSI(b)], " \t\r\n\v\f")))
	}
	return v
}

// items splits an array into its first item and the rest. Text ends with a null character, a SID says how long it is. The
// width of a pointer-sized item cannot be seen; 64-bit systems write eight bytes.
func (v value) items(chunk []byte) (first, rest value, ok bool) {
	b := v.bytes(chunk)
	item, skip := len(b), len(b)
	switch typ := v.typ &^ typeArray; typ {
	case typeString, typeXML:
		item = endUTF16(b)
		skip = min(item+2, len(b))
	case typeANSI:
		item = endANSI(b)
		skip = min(item+1, len(b))
	case typeSID:
		if len(b) > 1 {
			item = 8 + 4*int(b[1])
		}
		skip = item
	case typeSize:
		item, skip = 8, 8
		if len(b)%8 != 0 {
			item, skip = 4, 4
		}
	default:
		if w := widths[typ]; w > 0 {
			item, skip = w, w
		}
	}
	if item > len(b) {
		return value{}, value{}, false
	}
	first = value{typ: v.typ &^ typeArray, off: v.off, n: int32(item)}
	rest = value{typ: v.typ, off: v.off + int32(skip), n: v.n - int32(skip)}
	return first, rest, true
}

// bare reports whether a value of the type is no string in JSON.
func bare(typ uint8) bool {
	return typ >= typeInt8 && typ <= typeBool
}

// appendScalar appends the value b of a type as text that needs no escape, and for types that are bare in JSON, as JSON. It
// returns false if b is too short for its type.
func appendScalar(dst []byte, typ uint8, b []byte) ([]byte, bool) {
	if typ == typeBool && len(b) > 0 && len(b) < 4 {
		return strconv.AppendBool(dst, b[0] != 0), true
	}
	if len(b) < widths[typ] {
		return dst, false
	}
	le := binary.LittleEndian
	switch typ {
	case typeInt8:
		dst = strconv.AppendInt(dst, int64(int8(b[0])), 10)
	case typeUint8:
		dst = strconv.AppendUint(dst, uint64(b[0]), 10)
	case typeInt16:
		dst = strconv.AppendInt(dst, int64(int16(le.Uint16(b))), 10)
	case typeUint16:
		dst = strconv.AppendUint(dst, uint64(le.Uint16(b)), 10)
	case typeInt32:
		dst = strconv.AppendInt(dst, int64(int32(le.Uint32(b))), 10)
	case typeUint32:
		dst = strconv.AppendUint(dst, uint64(le.Uint32(b)), 10)
	case typeInt64:
		dst = strconv.AppendInt(dst, int64(le.Uint64(b)), 10)
	case typeUint64:
		dst = strconv.AppendUint(dst, le.Uint64(b), 10)
	case typeFloat:
		dst = appendFloat(dst, float64(math.Float32frombits(le.Uint32(b))), 32)
	case typeDouble:
		dst = appendFloat(dst, math.Float64frombits(le.Uint64(b)), 64)
	case typeBool:
		dst = strconv.AppendBool(dst, le.Uint32(b) != 0)
	case typeGUID:
		dst = appendGUID(dst, b)
	case typeFileTime:
		dst = appendTime(dst, filetime(le.Uint64(b)))
	case typeSysTime:
		dst = appendSysTime(dst, b)
	case typeSID:
		return appendSID(dst, b)
	case typeHex32:
		dst = appendHex(dst, uint64(le.Uint32(b)))
	case typeHex64:
		dst = appendHex(dst, le.Uint64(b))
	case typeSize, typeHandle:
		return appendPointer(dst, b)
	default:
		dst = appendDigits(dst, b)
	}
	return dst, true
}

// appendFloat appends what JSON has no number for as a string.
func appendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(strconv.AppendFloat(append(dst, '"'), f, 'g', -1, bits), '"')
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits)
}

func appendHex(dst []byte, x uint64) []byte {
	return strconv.AppendUint(append(dst, "0x"...), x, 16)
}

// appendPointer appends a size or handle, which has the width of the system that wrote it.
func appendPointer(dst, b []byte) ([]byte, bool) {
	switch {
	case len(b) >= 8:
		return appendHex(dst, binary.LittleEndian.Uint64(b)), true
	case len(b) >= 4:
		return appendHex(dst, uint64(binary.LittleEndian.Uint32(b))), true
	}
	return dst, false
}

const upperDigits = "0123456789ABCDEF"

// appendDigits appends bytes as hexadecimal digits in capitals, as event viewers show them.
func appendDigits(dst, b []byte) []byte {
	for _, x := range b {
		dst = append(dst, upperDigits[x>>4], upperDigits[x&15])
	}
	return dst
}

// appendGUID appends a GUID without braces. Its first three groups are little-endian numbers.
func appendGUID(dst, b []byte) []byte {
	for i, from := range [16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, upperDigits[b[from]>>4], upperDigits[b[from]&15])
	}
	return dst
}

// appendSID appends a security identifier, such as S-1-5-18. An authority above 32 bits is written in hexadecimal.
//
// Source: [MS-DTYP] 2.4.2.1.
func appendSID(dst, b []byte) ([]byte, bool) {
	if len(b) < 8 || len(b) < 8+4*int(b[1]) {
		return dst, false
	}
	dst = strconv.AppendUint(append(dst, "S-"...), uint64(b[0]), 10)
	dst = append(dst, '-')
	if authority := binary.BigEndian.Uint64(b) & (1<<48 - 1); authority >= 1<<32 {
		dst = appendDigits(append(dst, "0x"...), b[2:8])
	} else {
		dst = strconv.AppendUint(dst, authority, 10)
	}
	for i := range int(b[1]) {
		dst = strconv.AppendUint(append(dst, '-'), uint64(binary.LittleEndian.Uint32(b[8+4*i:])), 10)
	}
	return dst, true
}

// appendTime appends a time in UTC with microseconds; the 100 ns digit of the file is cut off, as published events have it.
func appendTime(dst []byte, t time.Time) []byte {
	return t.AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
}

// appendSysTime appends a calendar time as it stands. Its fields are year, month, day of the week, day, hour, minute, second
// and millisecond.
func appendSysTime(dst, b []byte) []byte {
	field := func(i int) uint64 { return uint64(binary.LittleEndian.Uint16(b[2*i:])) }
	dst = appendPadded(dst, field(0), 4)
	dst = appendPadded(append(dst, '-'), field(1), 2)
	dst = appendPadded(append(dst, '-'), field(3), 2)
	dst = appendPadded(append(dst, 'T'), field(4), 2)
	dst = appendPadded(append(dst, ':'), field(5), 2)
	dst = appendPadded(append(dst, ':'), field(6), 2)
	dst = appendPadded(append(dst, '.'), field(7)*1000, 6)
	return append(dst, 'Z')
}

func appendPadded(dst []byte, x uint64, width int) []byte {
	var digits [20]byte
	s := strconv.AppendUint(digits[:0], x, 10)
	for range width - len(s) {
		dst = append(dst, '0')
	}
	return append(dst, s...)
}
