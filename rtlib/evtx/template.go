package evtx

import (
	"encoding/binary"
	"fmt"
	"math"
)

// template is a template definition of a chunk, or why it cannot be read.
type template struct {
	nodes list // in chunk.tree
	err   *Error
	size  int // of the definition
}

// definition returns the template at a place of the chunk, which is parsed on its first use.
func (c *chunk) definition(off int64) template {
	if off > math.MaxInt32 || int(off) > len(c.buf)-templateHeaderSize {
		return template{err: &Error{Offset: c.base + off, Msg: "a template lies outside of the chunk"}}
	}
	at := int(off)
	if t, ok := c.templates[at]; ok {
		return t
	}
	size := int64(binary.LittleEndian.Uint32(c.buf[at+20:]))
	var t template
	if size > int64(len(c.buf)-at-templateHeaderSize) {
		t.err = &Error{Offset: c.base + off, Msg: "a template goes beyond the chunk"}
	} else {
		t = c.parseTemplate(at+templateHeaderSize, int(size))
	}
	c.templates[at] = t
	return t
}

func (c *chunk) parseTemplate(at, size int) template {
	before := len(c.tree.nodes)
	p := parser{c: c, pos: at, end: at + size, tree: &c.tree}
	t := template{nodes: p.content(true), err: p.err, size: templateHeaderSize + size}
	if t.err != nil {
		c.tree.nodes = c.tree.nodes[:before]
	}
	return t
}

// template reads an instance of a template: which one it is, and the values for its substitutions.
func (p *parser) template(at int) list {
	if p.event == nil {
		p.failf(at, "a template inside a template")
		return list{}
	}
	p.take(5) // a byte of unknown use, the template's identifier
	off := p.u32()
	if p.err != nil {
		return list{}
	}
	t := p.c.definition(off)
	if t.err != nil {
		p.err, p.pos = t.err, p.end
		return list{}
	}
	if off == int64(p.pos) {
		p.take(t.size) // the first instance holds the definition
	}
	first := len(p.event.values)
	p.values()
	if p.err != nil {
		return list{}
	}
	l := p.event.expand(t.nodes.first, p.event.values[first:], p.depth)
	p.event.values = p.event.values[:first]
	if p.event.err != nil {
		p.err, p.pos = p.event.err, p.end
	}
	return l
}

// values reads the values of an instance to the end of event.values.
func (p *parser) values() {
	at := p.pos
	count := p.u32()
	if count > int64(p.end-p.pos)/4 {
		p.failf(at, "an event announces %d values, more than it has room for", count)
		return
	}
	p.event.step(int(count))
	descriptors := p.take(4 * int(count))
	for ; len(descriptors) > 0; descriptors = descriptors[4:] {
		n := int(binary.LittleEndian.Uint16(descriptors))
		v := value{typ: descriptors[2], off: int32(p.pos), n: int32(n)}
		if p.take(n); p.err != nil {
			return
		}
		p.event.values = append(p.event.values, v.trim(p.c.buf))
	}
}

// event builds one event from its record. Its buffers serve all records of a chunk.
type event struct {
	c      *chunk
	tree   tree
	values []value // of the instances that are being expanded, innermost last
	nested int     // fragments inside of values that are being read
	pos    int     // of the event in the chunk
	steps  int
	err    *Error
	out    writer
}

// maxSteps bounds the work for one event: a substitution can be used often, and its value can hold a template again.
const maxSteps = 1 << 15

// read returns the event whose BinXML lies between two places of the chunk as JSON.
func (e *event) read(pos, end int) ([]byte, error) {
	e.tree.reset()
	e.values, e.nested, e.steps, e.pos, e.err = e.values[:0], 0, 0, pos, nil
	p := parser{c: e.c, pos: pos, end: end, tree: &e.tree, event: e}
	l := p.content(true)
	if p.err != nil {
		return nil, p.err
	}
	json, msg := e.out.event(e.c.buf, e.tree.nodes, l.first)
	if msg != "" {
		return nil, &Error{Offset: e.c.base + int64(pos), Msg: msg}
	}
	return json, nil
}

func (e *event) failf(format string, args ...any) {
	if e.err == nil {
		e.err = &Error{Offset: e.c.base + int64(e.pos), Msg: fmt.Sprintf(format, args...)}
	}
}

// step counts work and reports whether more of it may be done.
func (e *event) step(n int) bool {
	if e.steps += n; e.steps > maxSteps {
		e.failf("an event takes more than %d steps to expand", maxSteps)
	}
	return e.err == nil
}

// expand copies nodes of a template, from first on, and puts values in the place of substitutions.
func (e *event) expand(first int32, values []value, depth int) (l list) {
	for i := first; i != 0 && e.err == nil; i = e.c.tree.nodes[i].next {
		if !e.step(1) {
			return l
		}
		n := e.c.tree.nodes[i]
		n.next = 0
		switch n.kind {
		case kindSubstitution:
			e.substitute(&l, int(n.code), values, depth)
			continue
		case kindElement:
			if depth >= maxElementDepth {
				e.failf("elements nest deeper than %d", maxElementDepth)
			}
			n.attrs = e.expand(n.attrs, values, maxElementDepth).first // no elements in attributes
			n.child = e.expand(n.child, values, depth+1).first
		case kindAttribute:
			n.child = e.expand(n.child, values, depth).first
		}
		e.add(&l, n)
	}
	return l
}

func (e *event) add(l *list, n node) {
	if e.err == nil && !e.tree.add(l, n) {
		e.failf("an event has more than %d parts", maxNodes)
	}
}

// substitute appends a value: nothing for an empty one, whether the substitution is optional or not, and elements for BinXML.
func (e *event) substitute(l *list, number int, values []value, depth int) {
	if number >= len(values) {
		e.failf("a template asks for value %d, but the event has %d", number, len(values))
		return
	}
	v := values[number]
	switch {
	case v.typ == typeNull || v.n == 0:
	case v.typ == typeBinXML:
		e.fragment(l, v, depth)
	default:
		e.add(l, node{kind: kindValue, value: v})
	}
}

// fragment appends the content of a value that is BinXML itself.
func (e *event) fragment(l *list, v value, depth int) {
	if e.nested++; e.nested > maxFragmentDepth {
		e.failf("BinXML inside of BinXML nests deeper than %d", maxFragmentDepth)
		return
	}
	p := parser{c: e.c, pos: int(v.off), end: int(v.off + v.n), tree: &e.tree, event: e, depth: depth}
	more := p.content(true)
	e.nested--
	if p.err != nil {
		e.err = p.err
		return
	}
	e.tree.join(l, more)
}
