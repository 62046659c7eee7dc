package metrics

import (
	"bytes"
	"math"
	"strconv"
)

// appendPlain appends a page in text format whose large numbers are written out: the library writes 1234567 as 1.234567e+06, which
// shells and people cannot read as the count that it is. From 1e21 on the exponent stays. Label values, bounds of buckets and small
// fractions are left alone.
//
// Source: metrics.md section 2, "integers without fraction".
func appendPlain(dst, page []byte) []byte {
	for line := range bytes.Lines(page) {
		dst = appendLine(dst, line)
	}
	return dst
}

// appendLine appends a line of a page. A sample's value stands after the last space: the page has no time stamps.
func appendLine(dst, line []byte) []byte {
	value := line[bytes.LastIndexByte(line, ' ')+1:]
	if line[0] == '#' || !bytes.Contains(value, []byte("e+")) {
		return append(dst, line...)
	}
	v, err := strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
	if err != nil || math.Abs(v) >= 1e21 {
		return append(dst, line...)
	}
	dst = append(dst, line[:len(line)-len(value)]...)
	dst = strconv.AppendFloat(dst, v, 'f', -1, 64)
	return append(dst, '\n')
}
