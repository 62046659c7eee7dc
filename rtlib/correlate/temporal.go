package correlate

// present returns how many positions have an entry, and notes which queues do in the scratch.
func (e *Engine) present(c *corr, g *group) int {
	s := e.scratch.present[:0]
	for i := range c.queues {
		s = append(s, c.sets.at(g.ext, i).n > 0)
	}
	e.scratch.present = s
	n := 0
	for _, i := range c.queueOf {
		if s[i] {
			n++
		}
	}
	return n
}

// inOrder reports whether one time can be chosen from each queue that has entries, in the order of positions, so that none is
// less than the one before. The least possible choice at each position decides: if it fails, every other does.
func (e *Engine) inOrder(c *corr, g *group) bool {
	t := int64(0)
	for _, i := range c.queueOf {
		q := c.sets.at(g.ext, i)
		if q.n == 0 {
			continue
		}
		var ok bool
		if t, ok = e.atLeast(q, t); !ok {
			return false
		}
	}
	return true
}

// atLeast returns the least time in q that is not before t.
func (e *Engine) atLeast(q *queue, t int64) (int64, bool) {
	if q.extra != 0 {
		if order := &e.extras.at(q.extra).order; order.total > 0 {
			found, ok := e.tree.atLeast(order, uint64(t))
			return int64(found), ok
		}
	}
	for _, part := range e.one.parts(&q.ring) {
		// Times are in the upper bits, so that words are in their order too.
		if i := search(part, uint64(t)<<timesBits); i < len(part) {
			return int64(part[i] >> timesBits), true
		}
	}
	return 0, false
}
