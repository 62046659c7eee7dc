package correlate

// This file adds entries to queues and takes them out. Whatever a kind derives from its entries is kept in step here.

// runsOf returns access to the entries of c.
func (e *Engine) runsOf(c *corr) runs {
	if c.kind == kindCount || c.kind == kindTemporal {
		return e.one
	}
	return e.two
}

// push adds equal entries. Their payload is a number's bits, or the number of a distinct value, on which they take a hold.
func (e *Engine) push(c *corr, g *group, q *queue, x run) {
	w := e.runsOf(c)
	ordered := c.rule.Type == TemporalOrdered
	if ordered && q.n > 0 && x.time < w.last(&q.ring).time && !e.sortsTimes(q) {
		e.sortTimes(q)
	}
	if c.window == Sliding {
		e.noteMaximum(c, q, x)
	}
	joined := w.push(&q.ring, x)
	q.count += x.times
	e.stats.Entries += int(x.times)
	switch {
	case c.kind == kindDistinct:
		if e.values.hold(uint32(x.payload), x.times) {
			g.ext++
		}
	case c.kind == kindSum:
		e.sums.at(g.ext).add(payloadNumber(x.payload), x.times)
	case c.kind == kindRank:
		e.tree.add(&e.extraOf(q).order, orderedBits(x.payload), x.times)
	case ordered && !joined && e.sortsTimes(q):
		e.tree.add(&e.extras.at(q.extra).order, uint64(x.time), 1)
	}
}

// sortsTimes reports whether the times of q, a queue of temporal_ordered, are kept in order as well: one of them was late.
func (e *Engine) sortsTimes(q *queue) bool {
	return q.extra != 0 && e.extras.at(q.extra).order.total > 0
}

// sortTimes begins to keep the times of q in order: one of them is about to be late.
func (e *Engine) sortTimes(q *queue) {
	x := e.extraOf(q)
	for i := range q.n {
		e.tree.add(&x.order, uint64(e.one.at(&q.ring, i).time), 1)
	}
}

func (e *Engine) extraOf(q *queue) *extra {
	if q.extra == 0 {
		q.extra = e.extras.alloc()
	}
	return e.extras.at(q.extra)
}

// dropRun takes the first run out of a queue.
func (e *Engine) dropRun(c *corr, g *group, q *queue) {
	w := e.runsOf(c)
	x := w.first(&q.ring)
	w.popRun(&q.ring)
	e.dropped(c, g, q, x, true)
}

// dropped takes the effects of entries that left the ring back. whole says that their run is gone.
func (e *Engine) dropped(c *corr, g *group, q *queue, x run, whole bool) {
	q.count -= x.times
	e.stats.Entries -= int(x.times)
	switch c.kind {
	case kindDistinct:
		if e.values.release(&e.texts, uint32(x.payload), x.times) {
			g.ext--
		}
	case kindSum:
		e.sums.at(g.ext).remove(payloadNumber(x.payload), x.times, q.count)
	case kindRank:
		e.tree.remove(&e.extras.at(q.extra).order, orderedBits(x.payload), x.times)
	case kindTemporal:
		if whole && e.sortsTimes(q) {
			e.tree.remove(&e.extras.at(q.extra).order, uint64(x.time), 1)
		}
	}
	if c.keepsMaxima() {
		e.dropMaximum(q, x)
	}
}

// The greatest time of a sliding window without a cap needs no care when entries leave it: they leave from the front while they
// are old, so the greatest one takes all after it along. It is that of the last entry unless one was late. A cap drops entries
// of any age. Then the queue keeps the times that are not less than any later one, in a ring of their own.

func (c *corr) keepsMaxima() bool { return c.maxKept > 0 && c.window == Sliding }

// noteMaximum prepares for x, which is about to be added.
func (e *Engine) noteMaximum(c *corr, q *queue, x run) {
	if c.keepsMaxima() {
		e.pushMaximum(q, x)
		return
	}
	late := q.extra != 0 && e.extras.at(q.extra).late
	switch {
	case late && (q.n == 0 || x.time >= e.extras.at(q.extra).max):
		e.extras.at(q.extra).late = false
	case !late && q.n > 0 && x.time < e.runsOf(c).last(&q.ring).time:
		to := e.extraOf(q)
		to.late, to.max = true, e.runsOf(c).last(&q.ring).time
	}
}

func (e *Engine) pushMaximum(q *queue, x run) {
	m := &e.extraOf(q).maxima
	for m.n > 0 && e.one.last(m).time < x.time {
		e.one.popLastRun(m)
	}
	e.one.push(m, run{time: x.time, times: x.times})
}

func (e *Engine) dropMaximum(q *queue, x run) {
	m := &e.extraOf(q).maxima
	for x.times > 0 && m.n > 0 && e.one.first(m).time == x.time {
		n := e.one.first(m).times
		if n > x.times {
			e.one.take(m, 0, x.times)
			return
		}
		e.one.popRun(m)
		x.times -= n
	}
}

// greatest returns the greatest time in a queue that is not empty.
func (e *Engine) greatest(c *corr, q *queue) int64 {
	if c.keepsMaxima() {
		return e.one.first(&e.extras.at(q.extra).maxima).time
	}
	if q.extra != 0 && e.extras.at(q.extra).late {
		return e.extras.at(q.extra).max
	}
	return e.runsOf(c).last(&q.ring).time
}

// dropExpired takes entries from the front while their time is not after edge.
func (e *Engine) dropExpired(c *corr, g *group, q *queue, edge int64) {
	w := e.runsOf(c)
	for q.n > 0 && w.first(&q.ring).time <= edge {
		e.dropRun(c, g, q)
	}
}

// trim applies the cap on entries: the newest stay; of a session the oldest and the newest.
func (e *Engine) trim(c *corr, g *group, q *queue) {
	if c.maxKept == 0 {
		return
	}
	w := e.runsOf(c)
	for q.count > c.maxKept {
		i := uint32(0)
		if c.window == Session {
			i = min(1, q.n-1)
			if c.maxKept == 1 {
				i = q.n - 1
			} else if w.first(&q.ring).times > 1 {
				i = 0 // the second entry equals the first
			}
		}
		x := w.at(&q.ring, i)
		whole := x.times == 1
		switch {
		case !whole:
			w.take(&q.ring, i, 1)
		case i == 0:
			w.popRun(&q.ring)
		case i == q.n-1:
			w.popLastRun(&q.ring)
		default:
			w.removeSecond(&q.ring)
		}
		x.times = 1
		e.dropped(c, g, q, x, whole)
	}
}

// clearQueue takes everything out of a queue of g.
func (e *Engine) clearQueue(c *corr, q *queue, g *group) {
	if c.kind == kindDistinct {
		for i := range q.n {
			x := e.two.at(&q.ring, i)
			e.values.release(&e.texts, uint32(x.payload), x.times)
		}
		g.ext = 0
	}
	e.runsOf(c).clear(&q.ring)
	if q.extra != 0 {
		x := e.extras.at(q.extra)
		e.one.clear(&x.maxima)
		e.tree.clear(&x.order)
		e.extras.release(q.extra)
	}
	e.stats.Entries -= int(q.count)
	*q = queue{}
}
