package correlate

// maxLevels is how many levels firings feed other correlations above the first (section 14.3).
const maxLevels = 10

// Apply feeds the correlations with an event and returns what fires, in order. It is a pure transition of the state: in and
// now decide it. now is the wall clock in seconds since the epoch; it stands in for the time of events without one, and tells
// how far the time of an event may be trusted (daemon.md section 9). The result is valid until the next call.
//
// Cost: proportional to the feeds, however much a window holds and however many groups there are. It allocates nothing once
// the memory of the state has grown to its size, unless it evicts some of very many groups.
//
// Source: sigma-language.md sections 14.3 to 14.9.
func (e *Engine) Apply(in *Input, now int64) []Firing {
	e.scratch.reset()
	t, ok := e.timeAt(in, now)
	if !ok {
		return nil
	}
	e.arrive(t, now)
	if len(in.hits) == 0 {
		return nil
	}
	e.load(in)
	for _, hit := range in.hits {
		for _, f := range e.feeds[hit] {
			e.feed(f, in, t, nil)
		}
	}
	from := 0
	for level := 0; level < maxLevels && from < len(e.scratch.firings); level++ {
		to := len(e.scratch.firings)
		for i := from; i < to; i++ {
			firing := e.scratch.firings[i]
			for _, f := range e.corrs[firing.Index].outer {
				e.feed(f, in, t, &firing)
			}
		}
		from = to
	}
	e.unload(in)
	return e.scratch.firings
}

// timeAt returns the time that counts for in. It is false if in is to be left alone.
func (e *Engine) timeAt(in *Input, now int64) (t int64, ok bool) {
	if in.time == noTime {
		return min(max(now, 0), maxTime), !e.opts.SkipUntimed
	}
	return in.time, true
}

// trusted reports whether an event with time t may move the clock for others.
func trusted(t, now int64) bool { return t <= now+farFuture }

// arrive notes that an event with time t has come, and makes room if too many groups are held.
func (e *Engine) arrive(t, now int64) {
	if trusted(t, now) {
		e.newest = max(e.newest, t)
	} else {
		e.stats.FarFuture++
	}
	if !e.full() {
		return
	}
	if !trusted(t, now) {
		t = e.clock(now)
	}
	e.age(t)
	if e.full() {
		e.evict(now)
	}
}

// full reports whether the next event has to make room.
func (e *Engine) full() bool { return e.stats.Groups >= e.maxGroups }

// sweepGroups is about how many groups one Sweep looks at, some milliseconds.
const sweepGroups = 4096

// Sweep removes groups whose windows are empty by the newest event time seen, as section 14.9 allows at any time, but by now at
// the latest, the wall clock in seconds. Only late events can notice. It goes through time from where the first group ends, and
// stops when it has looked at enough groups; more says that it did, and should be called again after some events. Groups that end in
// the same second go at once. Like Apply it changes the state: a log that is replayed must hold it.
func (e *Engine) Sweep(now int64) (more bool) {
	t := e.clock(now)
	if t == noTime {
		return false
	}
	for looked := 0; looked < e.sweepGroups; looked++ {
		if len(e.due.list) == 0 || e.due.at(0).due >= t {
			e.age(t)
			return false
		}
		g := e.due.at(0)
		if due := e.emptyAt(e.corrs[g.corr], g); due > g.due {
			g.due = due // it was only known not to end before
			e.due.down(0)
			continue
		}
		looked += e.age(g.due)
	}
	return true
}

// clock returns the time by which idle groups may go, noTime if none is known: the newest event time seen, but not a time to come.
// A wall clock that is fast empties no window of slower events. Nor does what it left behind, once it is set back, and it keeps no
// later sweep from its work.
func (e *Engine) clock(now int64) int64 { return min(e.newest, max(now, 0)) }

// feed is one feed: it updates the state, judges, and fires if the condition holds. by is the firing that caused it, nil if
// it was a detection.
func (e *Engine) feed(f feed, in *Input, t int64, by *Firing) {
	c := e.corrs[f.corr]
	src := &c.sources[f.source]
	number, ok := e.contribution(c, src, in, by)
	if !ok {
		return
	}
	id := e.open(c, e.groupKey(src, in, by))
	g := e.groups.at(id)
	e.settle(c, g)
	if !e.maintain(c, g, t) {
		e.stats.Late++
		return
	}
	e.seq++
	g.fed = e.seq
	e.insert(c, src, id, t, number)
	if by == nil {
		e.buffer(c, g, in, t)
	}
	if due := e.emptyAt(c, g); due < g.due {
		g.due = due
		e.due.fix(id)
	}
	e.touched(id, g)
	if e.judge(c, g) {
		e.fire(c, id, t, by == nil)
	}
}

// maintain does what section 14.5 asks for before an entry at t is inserted. It is false if the feed is to be discarded.
func (e *Engine) maintain(c *corr, g *group, t int64) bool {
	if c.window == Sliding {
		e.slide(c, g, t-c.span)
		return true
	}
	newest := e.newestOf(c, g)
	if newest == noTime {
		return true
	}
	switch c.window {
	case Tumbling:
		old, now := newest/c.span, t/c.span
		if now < old {
			return false
		}
		if now > old {
			e.clear(c, g)
		}
	default:
		if t-newest > c.gap || t-e.oldestOf(c, g) > c.span {
			e.clear(c, g)
		}
	}
	return true
}

// insert adds the entry of a feed.
func (e *Engine) insert(c *corr, src *source, id uint32, t int64, number uint64) {
	g := e.groups.at(id)
	switch c.kind {
	case kindTemporal:
		for _, i := range src.queues {
			q := c.sets.at(g.ext, i)
			e.push(c, g, q, run{t, 1, 0})
			e.trim(c, g, q)
		}
		return
	case kindDistinct:
		number = uint64(e.value(id, e.scratch.value))
	}
	e.push(c, g, &g.queue, run{t, 1, number})
	e.trim(c, g, &g.queue)
}
