package evtxtest

// Part is a piece of BinXML.
type Part func(c *Chunk)

// Text is literal text.
func Text(s string) Part { return func(c *Chunk) { c.put(0x05, 0x01); c.counted(s) } }

// CDATA is a CDATA section.
func CDATA(s string) Part { return func(c *Chunk) { c.put(0x07); c.counted(s) } }

// Char is a character reference.
func Char(code int) Part { return func(c *Chunk) { c.put(0x08); c.u16(code) } }

// Entity is an entity reference.
func Entity(name string) Part { return func(c *Chunk) { c.put(0x09); c.name(name) } }

// Sub is a substitution.
func Sub(number int) Part { return func(c *Chunk) { c.put(0x0d); c.u16(number); c.put(0x01) } }

// Optional is an optional substitution.
func Optional(number int) Part { return func(c *Chunk) { c.put(0x0e); c.u16(number); c.put(0x01) } }

// Raw is bytes as they are.
func Raw(b ...byte) Part { return func(c *Chunk) { c.put(b...) } }

// Instruction is a processing instruction.
func Instruction(target, data string) Part {
	return func(c *Chunk) { c.put(0x0a); c.name(target); c.put(0x0b); c.counted(data) }
}

// Attribute is an attribute of an element.
type Attribute struct {
	name  string
	value []Part
}

// Attr returns an attribute.
func Attr(name string, value ...Part) Attribute { return Attribute{name, value} }

// Elem is an element without attributes.
func Elem(name string, content ...Part) Part { return ElemAttrs(name, nil, content...) }

// Data is a Data element with a name.
func Data(name string, content ...Part) Part {
	return ElemAttrs("Data", []Attribute{Attr("Name", Text(name))}, content...)
}

// ElemAttrs is an element with attributes.
func ElemAttrs(name string, attrs []Attribute, content ...Part) Part {
	return func(c *Chunk) {
		token := byte(0x01)
		if attrs != nil {
			token |= 0x40
		}
		c.put(token)
		if !c.Bare {
			c.u16(0xffff)
		}
		c.sized(func() {
			c.name(name)
			if attrs != nil {
				c.sized(func() { c.attributes(attrs) })
			}
			c.content(content)
		})
	}
}

func (c *Chunk) content(parts []Part) {
	if len(parts) == 0 {
		c.put(0x03)
		return
	}
	c.put(0x02)
	for _, p := range parts {
		p(c)
	}
	c.put(0x04)
}

func (c *Chunk) attributes(attrs []Attribute) {
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

// Value is a value of a template instance.
type Value struct {
	Type byte
	Data []byte
}

// NewValue returns the bytes of a value with its type.
func NewValue(typ byte, data []byte) Value { return Value{typ, data} }

// String is a text as a value.
func String(s string) Value { return Value{0x01, UTF16(s)} }

// Instance is an instance of the template called id; its definition is written on its first use in the chunk.
func Instance(id string, definition Part, values ...Value) Part {
	return func(c *Chunk) {
		c.put(0x0c, 0x01)
		c.u32(7)
		if at, ok := c.templates[id]; ok {
			c.u32(at)
		} else {
			c.define(id, definition)
		}
		c.u32(len(values))
		for _, v := range values {
			c.u16(len(v.Data))
			c.put(v.Type, 0)
		}
		for _, v := range values {
			c.put(v.Data...)
		}
	}
}

func (c *Chunk) define(id string, definition Part) {
	c.u32(len(c.Buf) + 4)
	c.templates[id] = len(c.Buf)
	c.u32(0)                   // next of the same hash
	c.put(make([]byte, 16)...) // identifier
	c.sized(func() {
		c.fragment()
		definition(c)
		c.put(0)
	})
}

// Nested returns BinXML as a value. Its names and templates must have been used in c before, as its place is not known yet.
func Nested(c *Chunk, parts ...Part) Value {
	n := *c
	n.Buf = nil
	n.fragment()
	for _, p := range parts {
		p(&n)
	}
	n.put(0)
	return Value{0x21, n.Buf}
}
