package correlate

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A savedGroup is the state of a group on its way out of an engine or into one.
type savedGroup struct {
	key     []byte // encoded
	resting bool
	alert   int64 // noTime if there is none
	fed     uint64
	queues  [][]savedRun
	buffer  []savedEvent
}

// A savedRun is a run of equal entries; text is the encoded tuple of value_count.
type savedRun struct {
	run
	text []byte
}

// joins reports whether a and b, which follow each other, can be one run.
func (a *savedRun) joins(b *savedRun) bool {
	return a.time == b.time && a.payload == b.payload && a.times+b.times <= maxTimes
}

type savedEvent struct {
	time int64
	data []byte
	none bool
}

// Restored says what an import has taken over.
type Restored struct {
	Groups  int // live groups
	Skipped int // groups of correlations that are unknown or of another type, or whose keys or entries do not fit
}

// stableIDs returns the names under which states know the rules: id, else name, else title (daemon.md section 15.5). A second
// rule with the same one has #2 appended, and so on.
func (e *Engine) stableIDs() []string {
	ids := make([]string, len(e.corrs))
	seen := map[string]int{}
	for i, c := range e.corrs {
		id := c.rule.Meta.Title
		switch {
		case c.rule.Meta.ID != "":
			id = c.rule.Meta.ID
		case c.rule.Name != "":
			id = c.rule.Name
		}
		if seen[id]++; seen[id] > 1 {
			id = fmt.Sprintf("%s#%d", id, seen[id])
		}
		ids[i] = id
	}
	return ids
}

// corrsByID returns the correlations by their stable ids.
func (e *Engine) corrsByID() map[string]*corr {
	byID := map[string]*corr{}
	for i, id := range e.stableIDs() {
		byID[id] = e.corrs[i]
	}
	return byID
}

// save copies the state of a group. The bytes belong to the engine.
func (e *Engine) save(c *corr, g *group, to *savedGroup) {
	*to = savedGroup{key: e.texts.at(g.key), alert: g.alert, fed: g.fed, resting: g.life == resting, buffer: to.buffer[:0],
		queues: to.queues}
	n := 0
	if !to.resting {
		e.settle(c, g)
		n = c.queueCount()
	}
	to.queues = slices.Grow(to.queues[:0], n)[:n]
	for i := range n {
		q := e.queueAt(c, g, i)
		list := to.queues[i][:0]
		for k := range q.n {
			x := savedRun{run: e.runsOf(c).at(&q.ring, k)}
			if c.kind == kindDistinct {
				x.text = e.texts.at(e.values.records.at(uint32(x.payload)).text)
			}
			if n := len(list); n > 0 && list[n-1].joins(&x) { // neighbours since what stood between them left
				list[n-1].times += x.times
				continue
			}
			list = append(list, x)
		}
		to.queues[i] = list
	}
	r := e.bufferOf(g)
	for i := uint32(0); r != nil && i < r.n; i++ {
		x := e.two.at(r, i)
		b := e.blobs.at(uint32(x.payload))
		to.buffer = append(to.buffer, savedEvent{x.time, b.data, b.none})
	}
}

// restore makes the group that from describes, or overwrites it. It is false if from does not fit c, and then changes nothing.
func (e *Engine) restore(c *corr, from *savedGroup) bool {
	if !c.fits(from) {
		return false
	}
	id := e.open(c, from.key)
	g := e.groups.at(id)
	e.clear(c, g)
	g.alert, g.fed = from.alert, from.fed
	g.aged = e.agings.seq
	e.seq = max(e.seq, from.fed)
	for i, list := range from.queues {
		for _, x := range list {
			if c.kind == kindDistinct {
				x.payload = uint64(e.value(id, x.text))
			}
			e.push(c, g, e.queueAt(c, g, i), x.run)
		}
	}
	if c.mode == EventsFull || c.mode == EventsRefs {
		for _, x := range from.buffer {
			e.pushBuffer(c, g, x.time, e.newBlob(x.data, x.none))
		}
	}
	g.due = e.emptyAt(c, g)
	e.due.fix(id)
	e.touched(id, g)
	if from.resting {
		e.remove(c, id, noTime, false)
	}
	return true
}

// fits reports whether from can be a group of c.
func (c *corr) fits(from *savedGroup) bool {
	key := from.key
	for range c.rule.GroupBy {
		var ok bool
		if key, ok = skipPart(key); !ok {
			return false
		}
	}
	if len(key) > 0 || !from.resting && len(from.queues) != c.queueCount() || from.resting && from.alert == noTime {
		return false
	}
	for _, list := range from.queues {
		for _, x := range list {
			if x.time < 0 || x.time > maxTime || x.times == 0 || x.times > maxTimes || !c.fitsText(x.text) {
				return false
			}
			if v := payloadNumber(x.payload); math.IsNaN(v) || math.IsInf(v, 0) {
				return false // numbers are finite, and the other payloads small integers
			}
		}
	}
	return true
}

// fitsText reports whether text is a tuple that entries of c can hold.
func (c *corr) fitsText(text []byte) bool {
	if c.kind != kindDistinct {
		return true
	}
	for range c.rule.Fields {
		var ok bool
		if text, ok = skipPart(text); !ok {
			return false
		}
	}
	return len(text) == 0
}

// Reset forgets all groups, as if the engine were new.
func (e *Engine) Reset() {
	for len(e.due.list) > 0 {
		id := e.due.list[len(e.due.list)-1]
		e.remove(e.corrs[e.groups.at(id).corr], id, noTime, true)
	}
	for len(e.resting.list) > 0 {
		e.endRest(e.resting.list[len(e.resting.list)-1])
	}
	e.agings = agings{}
	e.newest, e.seq = noTime, 0
	e.changes.forget()
}

// sameID compares ids: those that look like UUIDs without letter case (section 14.2).
func sameID(a, b string) bool {
	return a == b || len(a) == 36 && strings.Count(a, "-") == 4 && strings.EqualFold(a, b)
}
