package sqlite

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A sealed body is: format byte, length of the body (4 bytes, big endian), CRC-32C (4 bytes), body. The sum covers the format byte, the
// length, the body, and what the row is besides the body (its label: table, key and other columns), so that a body under a wrong key
// is noticed as well as a flipped bit.
const (
	sealFormat = 1
	sealHead   = 9
)

var (
	errShort  = errors.New("body is cut short")
	errFormat = errors.New("body has an unknown format")
	errSum    = errors.New("body does not match its check sum")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal returns the sealed body that consists of parts.
func seal(label []byte, parts ...[]byte) []byte {
	size := sealHead
	for _, p := range parts {
		size += len(p)
	}
	b := make([]byte, sealHead, size)
	b[0] = sealFormat
	binary.BigEndian.PutUint32(b[1:], uint32(size-sealHead))
	for _, p := range parts {
		b = append(b, p...)
	}
	binary.BigEndian.PutUint32(b[5:], sealSum(b, label))
	return b
}

// unseal returns the body within b, which it shares.
func unseal(label, b []byte) ([]byte, error) {
	switch {
	case len(b) < sealHead:
		return nil, errShort
	case b[0] != sealFormat:
		return nil, errFormat
	case uint64(len(b)-sealHead) != uint64(binary.BigEndian.Uint32(b[1:])):
		return nil, errShort
	case sealSum(b, label) != binary.BigEndian.Uint32(b[5:]):
		return nil, errSum
	}
	return b[sealHead:], nil
}

func sealSum(b, label []byte) uint32 {
	sum := crc32.Update(0, castagnoli, b[:5])
	sum = crc32.Update(sum, castagnoli, label)
	return crc32.Update(sum, castagnoli, b[sealHead:])
}

// label names a row by its table and key.
func label(table string, key int64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(table), 0), uint64(key))
}

// chain returns what stands in front of a body: the number of the row before, so that a row that is missing in between is noticed.
func chain(prev int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(prev)) }

func unchain(b []byte) (prev int64, body []byte, err error) {
	if len(b) < 8 {
		return 0, nil, errShort
	}
	return int64(binary.BigEndian.Uint64(b)), b[8:], nil
}
