package correlate

import (
	"encoding/binary"
	"slices"
)

// changes tracks which groups have changed, in epochs that end with each call of Changes. It is off until the first call.
type changes struct {
	on    bool
	base  uint64 // marks are base plus an epoch
	acked uint32 // epochs up to this one are safe
	epoch uint32 // the current one
	dirty []dirtyGroup
	gone  []goneGroup
	keys  []byte // of the groups in gone
	aged  []epochAging

	saved savedGroup // memory of appendGroup
}

type dirtyGroup struct{ id, epoch uint32 }

type goneGroup struct {
	corr  uint16
	epoch uint32
	key   span
}

// epochAging is the greatest time of the agings in an epoch.
type epochAging struct {
	epoch uint32
	time  int64
}

// Bounds of what is kept for a consumer that stays away. Beyond them the next call gives the whole state.
const (
	maxDirty    = 1 << 23
	maxGoneKeys = 1 << 26
)

// touched notes that a group has changed.
func (e *Engine) touched(id uint32, g *group) {
	ch := &e.changes
	if !ch.on || g.stamp == ch.epoch {
		return
	}
	g.stamp = ch.epoch
	if ch.dirty = append(ch.dirty, dirtyGroup{id, ch.epoch}); len(ch.dirty) > maxDirty {
		ch.forget()
	}
}

// noteGone notes that a group is about to be freed.
func (e *Engine) noteGone(g *group) {
	ch := &e.changes
	if !ch.on {
		return
	}
	from := len(ch.keys)
	ch.keys = append(ch.keys, e.texts.at(g.key)...)
	ch.gone = append(ch.gone, goneGroup{g.corr, ch.epoch, span{uint32(from), uint32(len(ch.keys))}})
	if len(ch.keys) > maxGoneKeys || len(ch.gone) > maxDirty {
		ch.forget()
	}
}

// noteAging notes that all groups were aged at time t.
func (ch *changes) noteAging(t int64) {
	if !ch.on {
		return
	}
	if n := len(ch.aged); n > 0 && ch.aged[n-1].epoch == ch.epoch {
		ch.aged[n-1].time = max(ch.aged[n-1].time, t)
		return
	}
	ch.aged = append(ch.aged, epochAging{ch.epoch, t})
}

// forget makes the next call of Changes give the whole state.
func (ch *changes) forget() { *ch = changes{base: ch.base + uint64(ch.epoch), saved: ch.saved} }

// acknowledge drops what epochs up to the given one have gathered.
func (ch *changes) acknowledge(epoch uint32) {
	ch.acked = epoch
	ch.dirty = slices.DeleteFunc(ch.dirty, func(x dirtyGroup) bool { return x.epoch <= epoch })
	ch.aged = slices.DeleteFunc(ch.aged, func(x epochAging) bool { return x.epoch <= epoch })
	ch.gone = slices.DeleteFunc(ch.gone, func(x goneGroup) bool { return x.epoch <= epoch })
	first := uint32(len(ch.keys))
	if len(ch.gone) > 0 {
		first = ch.gone[0].key.from
	}
	ch.keys = slices.Delete(ch.keys, 0, int(first))
	for i := range ch.gone {
		ch.gone[i].key.from -= first
		ch.gone[i].key.to -= first
	}
}

// Changes appends what has changed since an earlier call to dst, for ApplyChanges, and returns the mark to pass next time.
// Passing a mark says that all it covers is safe: it is forgotten here. The same mark may be passed again, if the changes after
// it were lost. With 0, or a mark that is too old or not known, the whole state is returned; LoadState takes that too. Groups
// that changed are written whole. Cost: proportional to them.
func (e *Engine) Changes(dst []byte, since uint64) (delta []byte, next uint64) {
	ch := &e.changes
	epoch := uint32(since - ch.base)
	if !ch.on || since <= ch.base || since-ch.base >= uint64(ch.epoch) || epoch < ch.acked || ch.epoch == 1<<32-1 {
		return e.startChanges(dst)
	}
	ch.acknowledge(epoch)
	aged := int64(noTime)
	for _, x := range ch.aged {
		aged = max(aged, x.time)
	}
	from := len(dst)
	dst = e.appendHead(dst, aged, false)
	for _, x := range ch.gone {
		dst = append(dst, markGone)
		dst = binary.AppendUvarint(dst, uint64(x.corr))
		dst = appendBytes(dst, ch.keys[x.key.from:x.key.to])
	}
	for _, x := range ch.dirty {
		if g := e.groups.at(x.id); g.life != unused && g.stamp == x.epoch {
			dst = e.appendGroup(dst, x.id)
		}
	}
	ch.epoch++
	return appendEnd(dst, from), ch.base + uint64(ch.epoch) - 1
}

// startChanges returns the whole state and tracks changes from here on.
func (e *Engine) startChanges(dst []byte) (state []byte, next uint64) {
	ch := &e.changes
	ch.forget()
	for _, list := range [][]uint32{e.due.list, e.resting.list} {
		for _, id := range list {
			e.groups.at(id).stamp = 0
		}
	}
	ch.on, ch.acked, ch.epoch = true, 1, 2
	return e.AppendState(dst), ch.base + 1
}

// ApplyChanges brings the state, which must be the one that the changes were made since, up to date. It also takes a whole
// state. An error wraps ErrCorrupt; if the checksum or the head is wrong the state is as it was.
func (e *Engine) ApplyChanges(delta []byte) (Restored, error) {
	r, err := e.openCompact(delta)
	if err != nil {
		return Restored{}, err
	}
	if r.full {
		e.Reset()
	}
	return e.applyCompact(r)
}
