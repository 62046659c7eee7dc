package correlate

import "github.com/rsigma-go/rsigma/rtlib"

// A blob is what event buffers keep of an event: its JSON text, or its identifier. The buffers that an event went to share it.
type blob struct {
	data []byte
	uses int
	none bool // the event has no identifier
}

// maxIdleBlob bounds the memory that a blob keeps while it is not used, in bytes.
const maxIdleBlob = 4096

// buffer adds the event of a feed at time t to the buffer of g, if its rule reports events.
//
// Source: sigma-language.md section 14.8.
func (e *Engine) buffer(c *corr, g *group, in *Input, t int64) {
	var id *uint32
	switch c.mode {
	case EventsFull:
		if id = &e.scratch.full; *id == 0 && in.hasEvent {
			*id = e.newBlob(in.at(in.event), false)
		}
	case EventsRefs:
		if id = &e.scratch.ref; *id == 0 {
			*id = e.newBlob(in.at(in.id), !in.hasID)
		}
	}
	if id != nil && *id != 0 {
		e.blobs.at(*id).uses++
		e.pushBuffer(c, g, t, *id)
	}
}

// newBlob makes a blob with one use.
func (e *Engine) newBlob(data []byte, none bool) uint32 {
	id := e.blobs.alloc()
	b := e.blobs.at(id)
	b.data = append(b.data[:0], data...)
	b.uses, b.none = 1, none
	return id
}

func (e *Engine) dropBlob(id uint32) {
	b := e.blobs.at(id)
	if b.uses--; b.uses > 0 {
		return
	}
	data := b.data[:0]
	if cap(data) > maxIdleBlob {
		data = nil
	}
	e.blobs.release(id)
	e.blobs.at(id).data = data
}

// dropBlobs ends the use that Apply made of the event.
func (e *Engine) dropBlobs() {
	for _, id := range []uint32{e.scratch.full, e.scratch.ref} {
		if id != 0 {
			e.dropBlob(id)
		}
	}
	e.scratch.full, e.scratch.ref = 0, 0
}

// bufferOf returns the event buffer of g, nil if it has none.
func (e *Engine) bufferOf(g *group) *ring {
	if g.extra == 0 {
		return nil
	}
	if buf := e.extras.at(g.extra).buf; buf != 0 {
		return e.buffers.at(buf)
	}
	return nil
}

func (e *Engine) pushBuffer(c *corr, g *group, t int64, blob uint32) {
	x := e.extraOf(&g.queue)
	if x.buf == 0 {
		x.buf = e.buffers.alloc()
	}
	r := e.buffers.at(x.buf)
	e.two.pushRun(r, run{t, 1, uint64(blob)})
	for r.n > c.maxEvents {
		e.popBuffer(r)
	}
}

func (e *Engine) popBuffer(r *ring) {
	e.dropBlob(uint32(e.two.first(r).payload))
	e.two.popRun(r)
}

// slideBuffer drops events from the front while their time is not after edge.
func (e *Engine) slideBuffer(g *group, edge int64) {
	r := e.bufferOf(g)
	for r != nil && r.n > 0 && e.two.first(r).time <= edge {
		e.popBuffer(r)
	}
}

func (e *Engine) clearBuffer(g *group) {
	r := e.bufferOf(g)
	if r == nil {
		return
	}
	for r.n > 0 {
		e.popBuffer(r)
	}
	x := e.extras.at(g.extra)
	e.buffers.release(x.buf)
	x.buf = 0
}

// reportEvents puts the buffered events of g into a firing.
func (e *Engine) reportEvents(c *corr, g *group, f *Firing) {
	s, r := &e.scratch, e.bufferOf(g)
	if r == nil {
		return
	}
	switch c.mode {
	case EventsFull:
		from := len(s.events)
		for i := range r.n {
			s.events = append(s.events, s.keep(e.blobs.at(uint32(e.two.at(r, i).payload)).data))
		}
		f.Events = s.events[from:len(s.events):len(s.events)]
	case EventsRefs:
		from := len(s.refs)
		for i := range r.n {
			x := e.two.at(r, i)
			b := e.blobs.at(uint32(x.payload))
			s.refs = append(s.refs, Ref{x.time, rtlib.View(s.keep(b.data)), !b.none})
		}
		f.Refs = s.refs[from:len(s.refs):len(s.refs)]
	}
}
