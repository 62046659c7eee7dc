package correlate

import (
	"encoding/binary"
	"fmt"
)

// A compactReader reads the compact form. After a fault bad is set and everything reads as zero.
type compactReader struct {
	data []byte
	bad  bool

	rules        []compactRule
	newest, aged int64
	fed          uint64
	full         bool
}

// A compactRule is a rule as the state knows it; corr is nil if no rule of the engine fits it.
type compactRule struct {
	corr   *corr
	kind   kind
	queues uint64
}

func (r *compactReader) fail() {
	r.bad = true
	r.data = nil
}

func (r *compactReader) byte() byte {
	if len(r.data) == 0 {
		r.fail()
		return 0
	}
	b := r.data[0]
	r.data = r.data[1:]
	return b
}

func (r *compactReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *compactReader) varint() int64 {
	v, n := binary.Varint(r.data)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *compactReader) bytes() []byte { return r.take(r.uvarint()) }

func (r *compactReader) take(n uint64) []byte {
	if n > uint64(len(r.data)) {
		r.fail()
		return nil
	}
	b := r.data[:n:n]
	r.data = r.data[n:]
	return b
}

func (r *compactReader) time() int64 {
	v := r.uvarint()
	switch {
	case v == 0:
		return noTime
	case v > maxTime+1:
		r.fail()
		return noTime
	default:
		return int64(v - 1)
	}
}

// applyCompact takes over the records. A state whose checksum is right but whose records are not was written by something
// else; what could be read of it stays.
func (e *Engine) applyCompact(r *compactReader) (Restored, error) {
	e.newest = max(e.newest, r.newest)
	e.seq = max(e.seq, r.fed)
	if r.aged != noTime {
		e.agings.add(r.aged)
	}
	var sum Restored
	var s savedGroup
	for !r.bad {
		mark := r.byte()
		if mark == markEnd {
			break
		}
		i := r.uvarint()
		if r.bad || mark > markResting || i >= uint64(len(r.rules)) {
			r.fail()
			break
		}
		rule := &r.rules[i]
		if mark == markGone {
			e.drop(rule.corr, r.bytes())
			continue
		}
		r.group(rule, mark == markResting, &s)
		if r.bad {
			break
		}
		switch {
		case rule.corr == nil || !e.restore(rule.corr, &s):
			sum.Skipped++
		case !s.resting:
			sum.Groups++
		}
	}
	e.boundResting()
	if r.bad || len(r.data) > 0 {
		return sum, fmt.Errorf("%w: records", ErrCorrupt)
	}
	return sum, nil
}

// drop forgets a group, if there is one with this key.
func (e *Engine) drop(c *corr, key []byte) {
	if c == nil {
		return
	}
	id := e.find(c.index, e.hash(c.index, key), key)
	switch {
	case id == 0:
	case e.groups.at(id).life == live:
		e.remove(c, id, noTime, true)
	default:
		e.endRest(id)
	}
}

// group reads a group record behind its rule number.
func (r *compactReader) group(rule *compactRule, resting bool, s *savedGroup) {
	s.resting, s.key, s.alert, s.fed = resting, r.bytes(), r.time(), r.uvarint()
	lists := s.queues[:cap(s.queues)] // their memory
	s.queues = s.queues[:0]
	if !resting {
		for n := rule.queues; n > 0 && !r.bad; n-- {
			var list []savedRun
			if i := len(s.queues); i < len(lists) {
				list = lists[i][:0]
			}
			s.queues = append(s.queues, r.runs(rule.kind, list))
		}
	}
	s.buffer = s.buffer[:0]
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		x := savedEvent{time: int64(r.uvarint() & maxTime)}
		if x.none = r.byte() == 0; !x.none {
			x.data = r.bytes()
		}
		s.buffer = append(s.buffer, x)
	}
}

func (r *compactReader) runs(k kind, list []savedRun) []savedRun {
	last := int64(0)
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		last += r.varint()
		x := savedRun{run: run{time: last, times: r.uvarint()}}
		switch k {
		case kindDistinct:
			x.text = r.bytes()
		case kindSum, kindRank:
			if b := r.take(8); !r.bad {
				x.payload = binary.LittleEndian.Uint64(b)
			}
		}
		list = append(list, x)
	}
	return list
}
