package correlate

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

// A group is the state of one correlation for one key. There may be millions: it holds no pointers, and what few groups need
// lies elsewhere.
type group struct {
	queue        // of all types but the temporal ones, whose queues lie in corr.sets
	fed   uint64 // number of the last feed, for ties among stale groups
	due   int64  // live: not later than the time at which it is empty. resting: end of suppression
	alert int64  // time of the last report, or noTime
	key   uint32 // in Engine.texts
	place uint32 // in Engine.due or Engine.resting
	aged  uint32 // number of the last aging that was applied
	stamp uint32 // when it last changed, for Engine.Changes
	ext   uint32 // what the kind keeps beside the queue: distinct values, a sum, or the number of a set of queues
	corr  uint16
	life  life
}

// life says what a group record stands for.
type life uint8

const (
	unused  life = iota
	live         // counts, with or without entries
	resting      // was removed; waits for its suppression to end
)

// A queue is the retained entries of a group or, in temporal types, of a reference.
type queue struct {
	count uint64 // entries
	ring
	extra uint32 // what is not always needed, 0 for none
}

// extra is what only some queues need.
type extra struct {
	maxima ring   // with a cap on entries: times that are not less than any later one
	order  sorted // numbers in order; or times in order, since one was late
	max    int64  // without a cap: the greatest time, if late
	late   bool   // the last entry does not have the greatest time
	buf    uint32 // of a group's own queue: its event buffer, 0 for none
}

// appendPart encodes a part of a group key, or of a tuple: its length plus one and the text, or 0 if it is absent.
func appendPart(key, text []byte, present bool) []byte {
	if !present {
		return append(key, 0)
	}
	return append(appendLength(key, len(text)), text...)
}

func appendLength(key []byte, n int) []byte { return binary.AppendUvarint(key, uint64(n)+1) }

// nextPart takes the first part off an encoded key.
func nextPart(key []byte) (text []byte, present bool, rest []byte) {
	n, w := binary.Uvarint(key)
	key = key[w:]
	if n == 0 {
		return nil, false, key
	}
	return key[:n-1], true, key[n-1:]
}

// skipPart checks that an encoded key begins with a part, and takes it off.
func skipPart(key []byte) (rest []byte, ok bool) {
	n, w := binary.Uvarint(key)
	if w <= 0 || n > uint64(len(key)-w)+1 {
		return nil, false
	}
	return key[w+int(max(n, 1)-1):], true
}

func (e *Engine) hash(corr uint16, key []byte) uint32 {
	h := maphash.Bytes(e.seed, key) + uint64(corr)*0x9e3779b97f4a7c15
	return uint32(h ^ h>>32)
}

// find returns the group record of a key, or 0.
func (e *Engine) find(corr uint16, hash uint32, key []byte) uint32 {
	if e.table.n == 0 {
		return 0
	}
	for i := e.table.first(hash); e.table.slots[i] != 0; i = e.table.next(i) {
		slot := e.table.slots[i]
		if uint32(slot>>32) != hash {
			continue
		}
		if g := e.groups.at(uint32(slot)); g.corr == corr && bytes.Equal(e.texts.at(g.key), key) {
			return uint32(slot)
		}
	}
	return 0
}

// open returns the live group of a key. If need be it makes one, or wakes a resting one.
func (e *Engine) open(c *corr, key []byte) uint32 {
	hash := e.hash(c.index, key)
	id := e.find(c.index, hash, key)
	if id != 0 && e.groups.at(id).life == live {
		return id
	}
	if id != 0 {
		e.resting.remove(id)
	} else {
		id = e.groups.alloc()
		*e.groups.at(id) = group{corr: c.index, key: e.texts.put(key), alert: noTime}
		e.table.insert(hash, id)
	}
	e.enliven(c, id)
	return id
}

// enliven makes a record a live group without entries.
func (e *Engine) enliven(c *corr, id uint32) {
	g := e.groups.at(id)
	g.life = live
	g.aged = e.agings.seq
	g.due = noTime
	switch c.kind {
	case kindSum:
		g.ext = e.sums.alloc()
	case kindTemporal:
		g.ext = c.sets.alloc()
	}
	e.due.add(id)
	e.stats.Groups++
}

// clear drops the entries and the event buffer of a group.
func (e *Engine) clear(c *corr, g *group) {
	e.clearBuffer(g)
	for i := range c.queueCount() {
		e.clearQueue(c, e.queueAt(c, g, i), g)
	}
	if g.extra != 0 { // of a temporal group, for the buffer
		e.extras.release(g.extra)
		g.extra = 0
	}
	if c.kind == kindSum {
		*e.sums.at(g.ext) = sumState{}
	}
}

// remove ends a live group. Its suppression time stays until it is over at time t; pass forget to drop it too.
func (e *Engine) remove(c *corr, id uint32, t int64, forget bool) {
	g := e.groups.at(id)
	e.clear(c, g)
	switch c.kind {
	case kindSum:
		e.sums.release(g.ext)
	case kindTemporal:
		c.sets.release(g.ext)
	}
	g.ext = 0
	e.due.remove(id)
	e.stats.Groups--
	over := t != noTime && t-g.alert >= c.suppress
	if forget || over || g.alert == noTime || c.suppress == 0 {
		e.free(id)
		return
	}
	g.life = resting
	g.due = g.alert + c.suppress
	e.resting.add(id)
	e.touched(id, g)
}

// boundResting keeps the suppression times of removed groups as few as groups may be: those that end first go first.
func (e *Engine) boundResting() {
	for len(e.resting.list) > e.maxGroups {
		e.endRest(e.resting.list[0])
	}
}

// endRest frees a resting group.
func (e *Engine) endRest(id uint32) {
	e.resting.remove(id)
	e.free(id)
}

// free gives the record of a group back, which is in neither heap any more.
func (e *Engine) free(id uint32) {
	g := e.groups.at(id)
	e.noteGone(g)
	e.table.remove(e.hash(g.corr, e.texts.at(g.key)), id)
	e.texts.drop(g.key)
	e.groups.release(id)
}

func (c *corr) queueCount() int {
	if c.kind == kindTemporal {
		return c.queues
	}
	return 1
}

func (e *Engine) queueAt(c *corr, g *group, i int) *queue {
	if c.kind == kindTemporal {
		return c.sets.at(g.ext, i)
	}
	return &g.queue
}

// queueSets hands out sets of queues, one for each group of a temporal correlation. Set 0 is none.
type queueSets struct {
	size   int // queues in a set
	queues []queue
	free   []uint32
}

func (s *queueSets) at(set uint32, i int) *queue { return &s.queues[int(set)*s.size+i] }

// alloc returns a set of empty queues. Pointers to queues of other sets are void afterwards.
func (s *queueSets) alloc() uint32 {
	if n := len(s.free); n > 0 {
		set := s.free[n-1]
		s.free = s.free[:n-1]
		return set
	}
	if s.queues == nil {
		s.queues = make([]queue, s.size)
	}
	for range s.size {
		s.queues = append(s.queues, queue{})
	}
	return uint32(len(s.queues)/s.size - 1)
}

// release takes a set, whose queues are empty, back.
func (s *queueSets) release(set uint32) { s.free = append(s.free, set) }
