package correlate

import (
	"iter"
	"slices"
)

// GroupInfo shows one group: what a person needs to see why its rule has fired or has not.
type GroupInfo struct {
	Rule  *Rule
	Index int // of the rule
	// Key are the parts of the group key in group-by order, absent ones included.
	Key []KeyPart

	Entries uint64 // in the window; for temporal types of all references
	// Oldest and Newest are the times of the first and the last entry by arrival, seconds since the epoch; meaningless without
	// entries.
	Oldest, Newest int64
	// Value is the aggregated value and Holds whether the condition holds; both are only known with entries.
	Value float64
	Holds bool
	// References, of temporal types, say what each position of "rules" has in the window.
	References []ReferenceInfo
	// EmptyAt is the event time at which nothing of the window is left if no more events come.
	EmptyAt int64
	// LastAlert is the time of the last report, 0 unless HasAlert. While an event is less than Suppress seconds after it, nothing is
	// reported.
	LastAlert int64
	HasAlert  bool
	Suppress  int64
	Buffered  int // events or references kept for the report

	id uint32
}

// KeyPart is a part of a group key.
type KeyPart struct {
	Name, Value string
	Present     bool
}

// ReferenceInfo is a position of "rules".
type ReferenceInfo struct {
	Reference      string
	Entries        uint64
	Oldest, Newest int64 // by arrival; meaningless without entries
}

// Groups yields the live groups of rule number rule, least recently fed first. What it yields does not refer to the engine,
// which must not be changed meanwhile. Cost: proportional to the groups of all rules; of sums, medians and percentiles what the
// value costs.
func (e *Engine) Groups(rule int) iter.Seq[GroupInfo] {
	return func(yield func(GroupInfo) bool) {
		for _, id := range e.inOrderOfFeeds(func(g *group) bool { return int(g.corr) == rule && g.life == live }) {
			if !yield(e.inspect(id)) {
				return
			}
		}
	}
}

// inOrderOfFeeds returns the groups that want picks, by their last feed.
func (e *Engine) inOrderOfFeeds(want func(*group) bool) []uint32 {
	var ids []uint32
	for _, list := range [][]uint32{e.due.list, e.resting.list} {
		for _, id := range list {
			if want(e.groups.at(id)) {
				ids = append(ids, id)
			}
		}
	}
	slices.SortFunc(ids, func(a, b uint32) int {
		if e.groups.at(a).fed < e.groups.at(b).fed {
			return -1
		}
		return 1
	})
	return ids
}

func (e *Engine) inspect(id uint32) GroupInfo {
	g := e.groups.at(id)
	c := e.corrs[g.corr]
	e.settle(c, g)
	info := GroupInfo{
		id: id, Rule: c.rule, Index: int(c.index), Key: e.keyParts(c, g), EmptyAt: e.emptyAt(c, g), Suppress: c.suppress,
		HasAlert: g.alert != noTime,
	}
	if info.HasAlert {
		info.LastAlert = g.alert
	}
	if r := e.bufferOf(g); r != nil {
		info.Buffered = int(r.n)
	}
	for i := range c.queueCount() {
		info.Entries += e.queueAt(c, g, i).count
	}
	for at, i := range c.queueOf {
		q := c.sets.at(g.ext, i)
		ref := ReferenceInfo{Reference: c.rule.References[at], Entries: q.count}
		if q.n > 0 {
			ref.Oldest, ref.Newest = e.one.first(&q.ring).time, e.one.last(&q.ring).time
		}
		info.References = append(info.References, ref)
	}
	if info.Entries == 0 {
		info.EmptyAt = 0
		return info
	}
	info.Oldest, info.Newest = e.oldestOf(c, g), e.newestOf(c, g)
	info.Value, info.Holds = e.aggregate(c, g), e.judge(c, g)
	return info
}

// AppendWindow appends the window of g, which Groups has yielded, in the form of a JSON snapshot. The engine must not have
// changed since.
func (e *Engine) AppendWindow(dst []byte, g *GroupInfo) []byte {
	c := e.corrs[g.Index]
	w := snapshotWriter{e: e, dst: dst}
	e.save(c, e.groups.at(g.id), &w.saved)
	w.window(c, &w.saved)
	return w.dst
}

func (e *Engine) keyParts(c *corr, g *group) []KeyPart {
	var parts []KeyPart
	key := e.texts.at(g.key)
	for i := range c.rule.GroupBy {
		var text []byte
		p := KeyPart{Name: c.rule.GroupBy[i].Name}
		text, p.Present, key = nextPart(key)
		p.Value = string(text)
		parts = append(parts, p)
	}
	return parts
}
