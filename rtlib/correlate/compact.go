package correlate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// The compact form of a state, and of changes to one:
//
//	"rsigma-c" version            9 bytes
//	rules    count, then each its stable id, type and number of queues
//	newest   newest event time plus one, 0 for none
//	aged     greatest time of an aging that the groups not listed have missed, plus one; 0 for none
//	full     1 if everything before is void
//	records  each a mark and a rule number, then
//	  gone     the key
//	  group    the rest of a savedGroup
//	end      a mark, then the CRC-32C of all before it, little-endian
//
// Numbers are varints. Strings have their length in front. Times within a queue are differences.

const compactMagic = "rsigma-c\x01"

// The marks of records.
const (
	markEnd = iota
	markGone
	markGroup
	markResting
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrCorrupt says that a compact state is damaged or of another version.
var ErrCorrupt = errors.New("correlation state is damaged or of another version")

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// appendHead begins a compact form.
func (e *Engine) appendHead(dst []byte, aged int64, full bool) []byte {
	dst = append(dst, compactMagic...)
	dst = binary.AppendUvarint(dst, uint64(len(e.corrs)))
	for i, id := range e.stableIDs() {
		dst = appendBytes(dst, []byte(id))
		dst = append(dst, byte(e.corrs[i].rule.Type))
		dst = binary.AppendUvarint(dst, uint64(e.corrs[i].queueCount()))
	}
	dst = appendTime(dst, e.newest)
	dst = appendTime(dst, aged)
	if full {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// appendTime appends a time that may be missing.
func appendTime(dst []byte, t int64) []byte {
	if t == noTime {
		return append(dst, 0)
	}
	return binary.AppendUvarint(dst, uint64(t)+1)
}

func appendEnd(dst []byte, from int) []byte {
	dst = append(dst, markEnd)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
}

// AppendState appends the whole state in compact form: everything that later results depend on. It is meant to be fast enough
// for a moment in which events wait; a second engine of the same rules can load it and export it in other forms. Cost:
// proportional to the state.
func (e *Engine) AppendState(dst []byte) []byte {
	from := len(dst)
	dst = e.appendHead(dst, noTime, true)
	for _, list := range [][]uint32{e.due.list, e.resting.list} {
		for _, id := range list {
			dst = e.appendGroup(dst, id)
		}
	}
	return appendEnd(dst, from)
}

func (e *Engine) appendGroup(dst []byte, id uint32) []byte {
	g := e.groups.at(id)
	c := e.corrs[g.corr]
	s := &e.changes.saved
	e.save(c, g, s)
	mark := byte(markGroup)
	if s.resting {
		mark = markResting
	}
	dst = append(dst, mark)
	dst = binary.AppendUvarint(dst, uint64(g.corr))
	dst = appendBytes(dst, s.key)
	dst = appendTime(dst, s.alert)
	dst = binary.AppendUvarint(dst, s.fed)
	for _, list := range s.queues {
		dst = appendRuns(dst, c, list)
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.buffer)))
	for _, x := range s.buffer {
		dst = binary.AppendUvarint(dst, uint64(x.time))
		if x.none {
			dst = append(dst, 0)
			continue
		}
		dst = append(dst, 1)
		dst = appendBytes(dst, x.data)
	}
	return dst
}

func appendRuns(dst []byte, c *corr, list []savedRun) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	last := int64(0)
	for _, x := range list {
		dst = binary.AppendVarint(dst, x.time-last)
		dst = binary.AppendUvarint(dst, x.times)
		last = x.time
		switch c.kind {
		case kindDistinct:
			dst = appendBytes(dst, x.text)
		case kindSum, kindRank:
			dst = binary.LittleEndian.AppendUint64(dst, x.payload)
		}
	}
	return dst
}

// LoadState replaces the state by one that AppendState or Changes(0) made, also with other rules: groups go to the rule with
// the same stable id and type. On an error, which wraps ErrCorrupt, the state is as it was.
func (e *Engine) LoadState(data []byte) (Restored, error) {
	r, err := e.openCompact(data)
	if err == nil && !r.full {
		err = fmt.Errorf("%w: these are changes, not a state", ErrCorrupt)
	}
	if err != nil {
		return Restored{}, err
	}
	e.Reset()
	return e.applyCompact(r)
}

// openCompact checks the checksum and reads the head.
func (e *Engine) openCompact(data []byte) (*compactReader, error) {
	body := len(data) - crc32.Size
	if body < len(compactMagic) || string(data[:len(compactMagic)]) != compactMagic {
		return nil, fmt.Errorf("%w: no compact state", ErrCorrupt)
	}
	if crc32.Checksum(data[:body], castagnoli) != binary.LittleEndian.Uint32(data[body:]) {
		return nil, fmt.Errorf("%w: checksum", ErrCorrupt)
	}
	r := &compactReader{data: data[len(compactMagic):body]}
	byID := e.corrsByID()
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		x := compactRule{corr: byID[string(r.bytes())], kind: kinds[Type(r.byte())]}
		if x.queues = r.uvarint(); x.queues > uint64(len(data)) {
			r.bad = true
		}
		if x.corr != nil && (x.corr.kind != x.kind || x.corr.queueCount() != int(x.queues)) {
			x.corr = nil
		}
		r.rules = append(r.rules, x)
	}
	r.newest, r.aged, r.full = r.time(), r.time(), r.byte() == 1
	if r.bad {
		return nil, fmt.Errorf("%w: head", ErrCorrupt)
	}
	return r, nil
}
