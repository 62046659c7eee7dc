package commitlog

import (
	"encoding/binary"
	"errors"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// A row holds the results of a commit, unit by unit: type and stream of the origin, number of the message, what it is referred to by
// (identity, position, line), number of results; then for each result JSON, title, id, level, its ordinal, and 1 if a correlation fired.
// The ids of results are made from that. Strings have their length in front; numbers are varints. As the type is short, so is the first byte.

var errRow = errors.New("results are damaged")

// appendRow appends the results of units and numbers them as those of commit row.
func appendRow(dst []byte, row int64, units []*flow.Unit) (out []byte, results int) {
	for _, u := range units {
		u.Row, u.First = row, results
		results += len(u.Results)
		o := u.Origin
		if o == nil {
			o = &flow.Origin{}
		}
		dst = appendString(appendString(dst, o.Type), o.Stream)
		dst = binary.AppendVarint(dst, u.Number)
		dst = binary.AppendVarint(appendString(dst, u.Ref.Identity), u.Ref.Position)
		dst = binary.AppendUvarint(dst, uint64(u.Ref.Line))
		dst = binary.AppendUvarint(dst, uint64(len(u.Results)))
		for i := range u.Results {
			dst = appendResult(dst, &u.Results[i])
		}
	}
	return dst, results
}

func appendResult(dst []byte, r *flow.Result) []byte {
	dst = append(binary.AppendUvarint(dst, uint64(len(r.JSON))), r.JSON...)
	dst = appendString(appendString(appendString(dst, r.Title), r.ID), r.Level)
	dst = binary.AppendUvarint(dst, uint64(r.Ordinal))
	if r.Correlation {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// readRow reads a row. The units refer to data.
func readRow(row int64, data []byte) (units []*flow.Unit, err error) {
	r := rowReader{data: data}
	first := 0
	for len(r.data) > 0 {
		u := &flow.Unit{Origin: &flow.Origin{Type: r.string(), Stream: r.string()}, Number: r.varint(), Row: row, First: first}
		u.Ref = flow.MessageRef{Identity: r.string(), Position: r.varint(), Line: int(r.uvarint())}
		n := r.uvarint()
		if r.bad || n > uint64(len(r.data)) {
			return nil, errRow
		}
		for range n {
			u.Results = append(u.Results, r.result())
		}
		if r.bad {
			return nil, errRow
		}
		first += len(u.Results)
		units = append(units, u)
	}
	return units, nil
}

// rowReader reads the parts of a row. After a fault everything is zero.
type rowReader struct {
	data []byte
	bad  bool
}

func (r *rowReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	r.skip(n)
	return v
}

func (r *rowReader) varint() int64 {
	v, n := binary.Varint(r.data)
	r.skip(n)
	return v
}

func (r *rowReader) skip(n int) {
	if n <= 0 {
		r.bad, r.data = true, nil
		return
	}
	r.data = r.data[n:]
}

func (r *rowReader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.data)) {
		r.skip(0)
		return nil
	}
	b := r.data[:n:n]
	r.data = r.data[n:]
	return b
}

func (r *rowReader) string() string { return string(r.bytes()) }

func (r *rowReader) result() flow.Result {
	x := flow.Result{JSON: r.bytes(), Title: r.string(), ID: r.string(), Level: r.string(), Ordinal: int(r.uvarint())}
	if len(r.data) == 0 || r.data[0] > 1 {
		r.skip(0)
		return x
	}
	x.Correlation = r.data[0] == 1
	r.data = r.data[1:]
	return x
}
