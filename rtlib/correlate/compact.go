package correlate

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

// The compact form of a state, and of changes to one:
//
//	"rsigma-c" version            9 bytes
//	rules    count, then each its stable id, type and number of queues
//	newest   newest event time plus one, 0 for none
//	fed      feeds so far
//	aged     greatest time of an aging that the groups not listed have missed, plus one; 0 for none
//	full     1 if everything before is void
//	records  each a mark and a rule number, then
//	  gone     the key
//	  group    the rest of a savedGroup
//	end      a mark, then the CRC-32C of all before it, little-endian
//
// Numbers are varints. Strings have their length in front. Times within a queue are differences.

const compactMagic = "rsigma-c\x02"

// The marks of records.
const (
	markEnd = iota
	markGone
	markGroup
	markResting
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrCorrupt says that a compact state, a definition, a log or an input is damaged, of another version, or of other rules.
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
	dst = binary.AppendUvarint(dst, e.seq)
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
	return appendSum(append(dst, markEnd), from)
}

// AppendState appends the whole state in compact form: everything that later results depend on, which Stats of what was done
// are not part of. It is meant to be fast enough for a moment in which events wait; a second engine of the same rules can load it
// and export it in other forms. Engines of the same rules and options that have been through the same append the same bytes,
// also if one of them was loaded on the way. Cost: proportional to the state, and a sort of the groups by their last feeds.
func (e *Engine) AppendState(dst []byte) []byte {
	from := len(dst)
	dst = e.appendHead(dst, noTime, true)
	for _, list := range [][]uint32{e.due.list, e.resting.list} {
		for _, x := range e.byFeed(list) {
			dst = e.appendGroup(dst, x.id)
		}
	}
	return appendEnd(dst, from)
}

// A fedGroup is a group and the number of its last feed.
type fedGroup struct {
	fed uint64
	id  uint32
}

// byFeed returns groups in the order of their last feeds.
func (e *Engine) byFeed(ids []uint32) []fedGroup {
	list := make([]fedGroup, len(ids))
	for i, id := range ids {
		list[i] = fedGroup{e.groups.at(id).fed, id}
	}
	slices.SortFunc(list, func(a, b fedGroup) int { return cmp.Compare(a.fed, b.fed) })
	return list
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
	body, err := checkSum(data, compactMagic)
	if err != nil {
		return nil, err
	}
	r := &compactReader{data: body}
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
	r.newest, r.fed, r.aged, r.full = r.time(), r.uvarint(), r.time(), r.byte() == 1
	if r.bad {
		return nil, fmt.Errorf("%w: head", ErrCorrupt)
	}
	return r, nil
}
