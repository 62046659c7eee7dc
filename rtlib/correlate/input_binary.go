package correlate

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The binary form of an Input, for a log of inputs: time plus one (0: none), the hits, the values, the event and its
// identifier. Numbers are varints; strings have their length in front. It names detections and fields by number, so only an
// engine of the same rules and options can read it.

// The flags of a value.
const (
	flagText = 1 << iota
	flagNull
	flagNumber
)

// AppendBinary appends a binary form of in, which ReadInput reads.
func (in *Input) AppendBinary(dst []byte) []byte {
	dst = appendTime(dst, in.time)
	dst = binary.AppendUvarint(dst, uint64(len(in.hits)))
	for _, hit := range in.hits {
		dst = binary.AppendUvarint(dst, uint64(hit))
	}
	dst = binary.AppendUvarint(dst, uint64(len(in.values)))
	for i := range in.values {
		dst = in.appendValue(dst, &in.values[i])
	}
	dst = in.appendOptional(dst, in.event, in.hasEvent)
	return in.appendOptional(dst, in.id, in.hasID)
}

func (in *Input) appendValue(dst []byte, v *value) []byte {
	flags := byte(0)
	if v.hasText {
		flags |= flagText
	}
	if v.null {
		flags |= flagNull
	}
	if v.hasNumber {
		flags |= flagNumber
	}
	dst = append(binary.AppendUvarint(dst, uint64(v.read)), flags)
	if v.hasText {
		dst = appendBytes(dst, in.at(v.text))
	}
	if v.hasNumber {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.number))
	}
	return dst
}

func (in *Input) appendOptional(dst []byte, s span, there bool) []byte {
	if !there {
		return append(dst, 0)
	}
	return appendBytes(append(dst, 1), in.at(s))
}

// ReadInput fills in from data, the binary form of an Input of this engine or one of the same rules and options. What cannot be
// that is an error that wraps ErrCorrupt. It keeps nothing of data.
func (e *Engine) ReadInput(in *Input, data []byte) error {
	r := compactReader{data: data}
	r.input(e, in)
	if r.bad || len(r.data) > 0 {
		return fmt.Errorf("%w: input", ErrCorrupt)
	}
	return nil
}

// input reads an input of e.
func (r *compactReader) input(e *Engine, in *Input) {
	*in = Input{time: r.time(), hits: in.hits[:0], values: in.values[:0], text: in.text[:0], seen: in.seen, round: in.round}
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		hit := r.uvarint()
		if hit >= uint64(len(e.feeds)) {
			r.fail()
			break
		}
		in.hits = append(in.hits, int32(hit))
	}
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		v := value{}
		read, flags := r.uvarint(), r.byte()
		if read >= uint64(len(e.reads)) || flags > flagText|flagNull|flagNumber {
			r.fail()
			break
		}
		v.read, v.hasText, v.null, v.hasNumber = int32(read), flags&flagText != 0, flags&flagNull != 0, flags&flagNumber != 0
		if v.hasText {
			v.text = in.keep(r.bytes())
		}
		if v.hasNumber {
			v.number = r.float()
		}
		in.values = append(in.values, v)
	}
	if in.hasEvent = r.byte() == 1; in.hasEvent {
		in.event = in.keep(r.bytes())
	}
	if in.hasID = r.byte() == 1; in.hasID {
		in.id = in.keep(r.bytes())
	}
}

func (in *Input) keep(b []byte) span {
	from := len(in.text)
	in.text = append(in.text, b...)
	return in.since(from)
}

// float reads a finite double.
func (r *compactReader) float() float64 {
	b := r.take(8)
	if r.bad {
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(b))
	if math.IsNaN(v) || math.IsInf(v, 0) {
		r.fail()
		return 0
	}
	return v
}
