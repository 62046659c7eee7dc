package correlate

import "sort"

// agings are the times at which all groups were aged (step 1 of section 14.9). A group catches up with them when it is looked
// at next, so that an aging costs nothing for groups that stay. Only the greatest time since then matters to it; so the list
// keeps those times that are greater than all later ones.
type agings struct {
	seq  uint32 // number of the last aging
	list []aging
}

type aging struct {
	seq  uint32
	time int64
}

func (a *agings) add(t int64) {
	a.seq++
	for len(a.list) > 0 && a.list[len(a.list)-1].time <= t {
		a.list = a.list[:len(a.list)-1]
	}
	a.list = append(a.list, aging{a.seq, t})
}

// since returns the greatest time of the agings after number seq. There must have been one.
func (a *agings) since(seq uint32) int64 {
	i := sort.Search(len(a.list), func(i int) bool { return a.list[i].seq > seq })
	return a.list[i].time
}

// settle applies to g the agings that it has missed. None of them empties it: then it would have been removed.
func (e *Engine) settle(c *corr, g *group) {
	if g.aged == e.agings.seq {
		return
	}
	t := e.agings.since(g.aged)
	g.aged = e.agings.seq
	if c.window != Sliding {
		return
	}
	e.slide(c, g, t-c.span)
}

// slide drops entries and buffered events from the front while their time is not after edge.
func (e *Engine) slide(c *corr, g *group, edge int64) {
	for i := range c.queueCount() {
		e.dropExpired(c, g, e.queueAt(c, g, i), edge)
	}
	e.slideBuffer(g, edge)
}

// age is step 1 of section 14.9 at time t: groups that are empty at t are removed, and suppression that is over ends. With
// noTime it removes the groups that are empty already. It returns how many groups it has looked at.
func (e *Engine) age(t int64) (looked int) {
	if t != noTime {
		e.agings.add(t)
		e.changes.noteAging(t)
	}
	for ; len(e.due.list) > 0; looked++ {
		id := e.due.list[0]
		g := e.groups.at(id)
		if g.due > t {
			break
		}
		c := e.corrs[g.corr]
		if due := e.emptyAt(c, g); due > t {
			g.due = due
			e.due.down(0)
			continue
		}
		e.stats.Expired++
		e.remove(c, id, t, false)
	}
	for ; len(e.resting.list) > 0 && e.resting.at(0).due <= t; looked++ {
		e.endRest(e.resting.list[0])
	}
	e.boundResting()
	if len(e.agings.list) > 64+e.stats.Groups || e.agings.seq > 1<<31 {
		e.settleAll()
	}
	return looked
}

// settleAll settles every group. Then the past agings are of no interest.
func (e *Engine) settleAll() {
	for _, id := range e.due.list {
		g := e.groups.at(id)
		e.settle(e.corrs[g.corr], g)
		g.aged = 0
	}
	e.agings = agings{list: e.agings.list[:0]}
}

// emptyAt returns the least time at which aging leaves g without entries, noTime if it has none now.
func (e *Engine) emptyAt(c *corr, g *group) int64 {
	if c.window == Sliding {
		at := int64(noTime)
		for i := range c.queueCount() {
			if q := e.queueAt(c, g, i); q.n > 0 {
				at = max(at, e.greatest(c, q)+c.span)
			}
		}
		return at
	}
	newest := e.newestOf(c, g)
	switch {
	case newest == noTime:
		return noTime
	case c.window == Tumbling:
		return newest + c.span + 1
	default:
		return newest + c.gap + 1
	}
}

// newestOf returns the time of the last entry by arrival, in temporal types the greatest of all queues; noTime without entries.
func (e *Engine) newestOf(c *corr, g *group) int64 {
	newest := int64(noTime)
	for i := range c.queueCount() {
		if q := e.queueAt(c, g, i); q.n > 0 {
			newest = max(newest, e.runsOf(c).last(&q.ring).time)
		}
	}
	return newest
}

// oldestOf returns the time of the first entry by arrival, in temporal types the least of all queues. There must be one.
func (e *Engine) oldestOf(c *corr, g *group) int64 {
	oldest := int64(maxTime)
	for i := range c.queueCount() {
		if q := e.queueAt(c, g, i); q.n > 0 {
			oldest = min(oldest, e.runsOf(c).first(&q.ring).time)
		}
	}
	return oldest
}
