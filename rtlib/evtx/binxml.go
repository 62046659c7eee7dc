package evtx

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The tokens of BinXML. The bit hasMore says of an element that attributes follow, of others that more of their kind does.
const (
	tokenEnd           = 0x00
	tokenOpenElement   = 0x01
	tokenCloseStart    = 0x02
	tokenCloseEmpty    = 0x03
	tokenCloseElement  = 0x04
	tokenValue         = 0x05
	tokenAttribute     = 0x06
	tokenCDATA         = 0x07
	tokenCharacter     = 0x08
	tokenEntity        = 0x09
	tokenPITarget      = 0x0a
	tokenPIData        = 0x0b
	tokenTemplate      = 0x0c
	tokenSubstitution  = 0x0d
	tokenOptional      = 0x0e
	tokenFragment      = 0x0f
	hasMore            = 0x40
	maxElementDepth    = 96 // so that the JSON stays below the depth that its decoder takes
	maxFragmentDepth   = 16
	templateHeaderSize = 24
)

// parser reads BinXML between two places of a chunk. After the first error it stands still.
type parser struct {
	c        *chunk
	pos, end int
	tree     *tree
	event    *event // nil inside a template, which may have substitutions but no templates
	depth    int    // of elements
	err      *Error
}

func (p *parser) failf(at int, format string, args ...any) {
	if p.err == nil {
		p.err = &Error{Offset: p.c.base + int64(at), Msg: fmt.Sprintf(format, args...)}
	}
	p.pos = p.end
}

// take returns the next n bytes, or nil.
func (p *parser) take(n int) []byte {
	if p.err != nil || n > p.end-p.pos {
		p.failf(p.pos, "BinXML ends early")
		return nil
	}
	b := p.c.buf[p.pos : p.pos+n]
	p.pos += n
	return b
}

func (p *parser) u8() uint8 {
	if b := p.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (p *parser) u16() uint16 {
	if b := p.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// u32 returns a size or offset. It fits an int on every platform after the caller has compared it with a limit.
func (p *parser) u32() int64 {
	if b := p.take(4); b != nil {
		return int64(binary.LittleEndian.Uint32(b))
	}
	return 0
}

func (p *parser) add(l *list, n node) {
	if p.err == nil && !p.tree.add(l, n) {
		p.failf(p.pos, "the event has more than %d parts", maxNodes)
	}
}

// content reads what an element holds, or at the top of a fragment all of it.
func (p *parser) content(top bool) (l list) {
	for p.err == nil && p.pos < p.end {
		at := p.pos
		if p.event != nil && !p.event.step(1) {
			p.err = p.event.err
			break
		}
		token := p.u8()
		switch token &^ hasMore {
		case tokenEnd:
			if !top {
				p.failf(at, "BinXML ends inside an element")
			}
			return l
		case tokenCloseElement:
			if top {
				p.failf(at, "an element is closed that was not opened")
			}
			return l
		case tokenOpenElement:
			p.element(&l, token)
		case tokenFragment:
			p.take(3) // version and flags
		case tokenTemplate:
			p.tree.join(&l, p.template(at))
		case tokenPITarget:
			p.name() // processing instructions are no data
		case tokenPIData:
			p.text()
		default:
			p.characters(&l, at, token)
		}
	}
	if !top {
		p.failf(p.pos, "BinXML ends inside an element")
	}
	return l
}

// characters reads a piece of text.
func (p *parser) characters(l *list, at int, token uint8) {
	switch token &^ hasMore {
	case tokenValue:
		if t := p.u8(); t != typeString && p.err == nil {
			p.failf(at, "a literal value has the type 0x%02x, which is not text", t)
		}
		p.add(l, node{kind: kindValue, value: p.text()})
	case tokenCDATA:
		p.add(l, node{kind: kindValue, value: p.text()})
	case tokenCharacter:
		p.add(l, node{kind: kindCharacter, code: p.u16()})
	case tokenEntity:
		p.add(l, node{kind: kindEntity, name: p.name()})
	case tokenSubstitution, tokenOptional:
		if p.event != nil {
			p.failf(at, "a substitution outside of a template")
		}
		number := p.u16()
		p.u8() // the type that the template expects; the value has its own
		p.add(l, node{kind: kindSubstitution, code: number})
	default:
		p.failf(at, "unknown BinXML token 0x%02x", token)
	}
}

// text reads a counted text.
func (p *parser) text() value {
	n := 2 * int(p.u16())
	at := p.pos
	if p.take(n) == nil {
		return value{}
	}
	return value{typ: typeString, off: int32(at), n: int32(n)}.trim(p.c.buf)
}

func (p *parser) element(l *list, token uint8) {
	at := p.pos - 1
	if p.depth++; p.depth > maxElementDepth {
		p.failf(at, "elements nest deeper than %d", maxElementDepth)
	}
	p.dependency()
	p.u32() // size
	n := node{kind: kindElement, name: p.name()}
	if token&hasMore != 0 {
		p.u32() // size of the attributes
		n.attrs = p.attributes().first
	}
	closing := p.pos
	switch p.u8() {
	case tokenCloseStart:
		n.child = p.content(false).first
	case tokenCloseEmpty:
	default:
		p.failf(closing, "a start tag does not end")
	}
	p.depth--
	p.add(l, n)
}

// dependency skips the dependency identifier of an element. Elements of templates have one; elsewhere it depends on who wrote
// the file, so what follows decides: the right reading has a size and a name inside the chunk.
func (p *parser) dependency() {
	if p.event == nil || p.plausible(p.pos+2) || !p.plausible(p.pos) {
		p.take(2)
	}
}

func (p *parser) plausible(at int) bool {
	if p.end-at < 8 {
		return false
	}
	size := int64(binary.LittleEndian.Uint32(p.c.buf[at:]))
	name := int64(binary.LittleEndian.Uint32(p.c.buf[at+4:]))
	return size > 4 && size <= int64(p.end-at-4) && name >= chunkHeaderSize && name < int64(len(p.c.buf))
}

func (p *parser) attributes() (l list) {
	for p.err == nil && p.pos < p.end && p.c.buf[p.pos]&^hasMore == tokenAttribute {
		p.pos++
		n := node{kind: kindAttribute, name: p.name()}
		var value list
		for p.err == nil && p.pos < p.end && inAttribute(p.c.buf[p.pos]) {
			p.characters(&value, p.pos, p.u8())
		}
		n.child = value.first
		p.add(&l, n)
	}
	return l
}

func inAttribute(token uint8) bool {
	switch token &^ hasMore {
	case tokenValue, tokenCharacter, tokenEntity, tokenSubstitution, tokenOptional:
		return true
	}
	return false
}

// name is a name of the chunk's string table, or why it cannot be read.
type name struct {
	text string
	err  string
	size int
}

// name reads a reference to a name. The name itself stands right behind it when it is used for the first time.
func (p *parser) name() string {
	at := p.pos
	off := p.u32()
	if p.err != nil {
		return ""
	}
	n := p.c.name(off)
	if n.err != "" {
		p.failf(at, "%s", n.err)
	}
	if off == int64(p.pos) {
		p.take(n.size)
	}
	return n.text
}

// maxNames bounds the names of a chunk in bytes. They have to fit into 64 KiB, unless they overlap.
const maxNames = 256 << 10

func (c *chunk) name(off int64) name {
	const header = 8 // next of the same hash, hash, length
	if off > math.MaxInt32 || int(off) > len(c.buf)-header {
		return name{err: "a name lies outside of the chunk"}
	}
	n, ok := c.names[int(off)]
	if ok {
		return n
	}
	units := int(binary.LittleEndian.Uint16(c.buf[off+6:]))
	text := int(off) + header
	switch {
	case 2*units+2 > len(c.buf)-text:
		n = name{err: "a name goes beyond the chunk"}
	default:
		n = name{text: decodeUTF16(c.buf[text : text+2*units]), size: header + 2*units + 2}
		if c.nameBytes += len(n.text); c.nameBytes > maxNames {
			n = name{err: "the names of the chunk overlap"}
		}
	}
	c.names[int(off)] = n
	return n
}
