package evtx_test

import (
	"encoding/binary"
	"hash/crc32"
	"unicode/utf16"
)

// The encoder below writes small logs, as Windows lays them out, so that the tests need no files.

var le = binary.LittleEndian

func utf16le(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, u)
	}
	return b
}

// chunkWriter is a chunk in the making. Offsets in BinXML are those of buf.
type chunkWriter struct {
	buf       []byte
	names     map[string]int
	templates map[string]int
	bare      bool // elements have no dependency identifier
}

func newChunk() *chunkWriter {
	return &chunkWriter{buf: make([]byte, 512), names: map[string]int{}, templates: map[string]int{}}
}

func (c *chunkWriter) put(b ...byte) { c.buf = append(c.buf, b...) }
func (c *chunkWriter) u16(x int)     { c.buf = le.AppendUint16(c.buf, uint16(x)) }
func (c *chunkWriter) u32(x int)     { c.buf = le.AppendUint32(c.buf, uint32(x)) }

// sized writes a size, then what write does, and puts the size of it in.
func (c *chunkWriter) sized(write func()) {
	at := len(c.buf)
	c.u32(0)
	write()
	le.PutUint32(c.buf[at:], uint32(len(c.buf)-at-4))
}

func (c *chunkWriter) name(s string) {
	if at, ok := c.names[s]; ok {
		c.u32(at)
		return
	}
	c.u32(len(c.buf) + 4)
	c.names[s] = len(c.buf)
	c.u32(0) // next of the same hash
	c.u16(0) // hash
	c.counted(s)
	c.u16(0)
}

func (c *chunkWriter) counted(s string) {
	text := utf16le(s)
	c.u16(len(text) / 2)
	c.put(text...)
}

// part is a piece of BinXML.
type part func(c *chunkWriter)

func text(s string) part      { return func(c *chunkWriter) { c.put(0x05, 0x01); c.counted(s) } }
func cdata(s string) part     { return func(c *chunkWriter) { c.put(0x07); c.counted(s) } }
func char(code int) part      { return func(c *chunkWriter) { c.put(0x08); c.u16(code) } }
func entity(s string) part    { return func(c *chunkWriter) { c.put(0x09); c.name(s) } }
func sub(number int) part     { return func(c *chunkWriter) { c.put(0x0d); c.u16(number); c.put(0x01) } }
func optional(n int) part     { return func(c *chunkWriter) { c.put(0x0e); c.u16(n); c.put(0x01) } }
func raw(b ...byte) part      { return func(c *chunkWriter) { c.put(b...) } }
func fragment(c *chunkWriter) { c.put(0x0f, 1, 1, 0) }

func instruction(target, data string) part {
	return func(c *chunkWriter) { c.put(0x0a); c.name(target); c.put(0x0b); c.counted(data) }
}

type attribute struct {
	name  string
	value []part
}

func attr(name string, value ...part) attribute { return attribute{name, value} }

// elem is an element without attributes.
func elem(name string, content ...part) part { return elemAttrs(name, nil, content...) }

// data is a Data element with a name.
func data(name string, content ...part) part {
	return elemAttrs("Data", []attribute{attr("Name", text(name))}, content...)
}

func elemAttrs(name string, attrs []attribute, content ...part) part {
	return func(c *chunkWriter) {
		token := byte(0x01)
		if attrs != nil {
			token |= 0x40
		}
		c.put(token)
		if !c.bare {
			c.u16(0xffff)
		}
		c.sized(func() {
			c.name(name)
			if attrs != nil {
				c.sized(func() { c.attributes(attrs) })
			}
			if len(content) == 0 {
				c.put(0x03)
				return
			}
			c.put(0x02)
			for _, p := range content {
				p(c)
			}
			c.put(0x04)
		})
	}
}

func (c *chunkWriter) attributes(attrs []attribute) {
	for i, a := range attrs {
		token := byte(0x46)
		if i == len(attrs)-1 {
			token = 0x06
		}
		c.put(token)
		c.name(a.name)
		for _, p := range a.value {
			p(c)
		}
	}
}

// val is a value of a template instance.
type val struct {
	typ  byte
	data []byte
}

func str(s string) val { return val{0x01, utf16le(s)} }

// instance writes an instance of the template id, with its definition on first use.
func instance(id string, definition part, values ...val) part {
	return func(c *chunkWriter) {
		c.put(0x0c, 0x01)
		c.u32(7)
		if at, ok := c.templates[id]; ok {
			c.u32(at)
		} else {
			c.u32(len(c.buf) + 4)
			c.templates[id] = len(c.buf)
			c.u32(0)
			c.put(make([]byte, 16)...)
			c.sized(func() {
				fragment(c)
				definition(c)
				c.put(0x00)
			})
		}
		c.u32(len(values))
		for _, v := range values {
			c.u16(len(v.data))
			c.put(v.typ, 0)
		}
		for _, v := range values {
			c.put(v.data...)
		}
	}
}

// nested returns BinXML as a value. It has no names, templates or definitions of its own unless c knows them already, as its
// place is not known yet.
func nested(c *chunkWriter, parts ...part) val {
	n := *c
	n.buf = nil
	fragment(&n)
	for _, p := range parts {
		p(&n)
	}
	n.put(0x00)
	return val{0x21, n.buf}
}

// record writes a record.
func (c *chunkWriter) record(id, written uint64, body part) {
	at := len(c.buf)
	c.put(0x2a, 0x2a, 0, 0)
	c.u32(0)
	c.buf = le.AppendUint64(c.buf, id)
	c.buf = le.AppendUint64(c.buf, written)
	fragment(c)
	body(c)
	c.put(0x00)
	for len(c.buf)%8 != 4 {
		c.put(0)
	}
	c.u32(len(c.buf) + 4 - at)
	le.PutUint32(c.buf[at+4:], uint32(len(c.buf)-at))
}

// bytes returns the chunk with its header.
func (c *chunkWriter) bytes() []byte {
	b := make([]byte, 64<<10)
	copy(b, c.buf)
	copy(b, "ElfChnk\x00")
	le.PutUint32(b[40:], 128)
	le.PutUint32(b[48:], uint32(len(c.buf)))
	sealChunk(b)
	return b
}

func sealChunk(b []byte) {
	le.PutUint32(b[52:], crc32.ChecksumIEEE(b[512:le.Uint32(b[48:])]))
	sealHeaderOf(b)
}

// sealHeaderOf renews the checksum of a chunk's header.
func sealHeaderOf(b []byte) {
	le.PutUint32(b[124:], crc32.Update(crc32.ChecksumIEEE(b[:120]), crc32.IEEETable, b[128:512]))
}

// logOf returns a log of chunks.
func logOf(chunks ...[]byte) []byte {
	h := make([]byte, 4096)
	copy(h, "ElfFile\x00")
	le.PutUint32(h[32:], 128)
	le.PutUint16(h[40:], 4096)
	le.PutUint16(h[42:], uint16(len(chunks)))
	sealHeader(h)
	for _, c := range chunks {
		h = append(h, c...)
	}
	return h
}

func sealHeader(h []byte) { le.PutUint32(h[124:], crc32.ChecksumIEEE(h[:120])) }
