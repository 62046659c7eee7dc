package correlate

import (
	"bytes"
	"hash/maphash"
)

// A valueTable holds the distinct values of all groups of value_count correlations, one record for each group and value. A
// record lives as long as entries hold it.
type valueTable struct {
	table   table
	records slab[valueRecord]
}

type valueRecord struct {
	group uint32
	hash  uint32
	text  uint32 // in Engine.texts: the encoded tuple
	holds uint64 // entries with this value
}

// value returns the number of the record of a group's value; a new one is not held yet.
func (e *Engine) value(group uint32, text []byte) uint32 {
	h := maphash.Bytes(e.seed, text) + uint64(group)*0x9e3779b97f4a7c15
	hash := uint32(h ^ h>>32)
	t := &e.values.table
	if t.n > 0 {
		for i := t.first(hash); t.slots[i] != 0; i = t.next(i) {
			slot := t.slots[i]
			if uint32(slot>>32) != hash {
				continue
			}
			if r := e.values.records.at(uint32(slot)); r.group == group && bytes.Equal(e.texts.at(r.text), text) {
				return uint32(slot)
			}
		}
	}
	id := e.values.records.alloc()
	*e.values.records.at(id) = valueRecord{group: group, hash: hash, text: e.texts.put(text)}
	t.insert(hash, id)
	return id
}

// hold says that n more entries have value id. It reports whether they are the first.
func (v *valueTable) hold(id uint32, n uint64) (first bool) {
	r := v.records.at(id)
	r.holds += n
	return r.holds == n
}

// release says that n entries with value id are gone. It reports whether they were the last; then the record is gone too.
func (v *valueTable) release(texts *texts, id uint32, n uint64) (last bool) {
	r := v.records.at(id)
	if r.holds -= n; r.holds > 0 {
		return false
	}
	v.table.remove(r.hash, id)
	texts.drop(r.text)
	v.records.release(id)
	return true
}
