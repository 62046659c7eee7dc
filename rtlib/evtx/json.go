package evtx

import (
	"fmt"
	"unicode/utf8"
)

// maxOutput bounds the JSON of an event in bytes. An event of 64 KiB can repeat a value often.
const maxOutput = 1 << 20

// writer renders the tree of an event as JSON.
type writer struct {
	chunk []byte
	nodes []node
	out   []byte
	spans []span // keys of the objects that are being written, innermost last
	err   string
}

// event returns the elements from first on as a JSON object, or what is wrong. The bytes are valid until the next call.
func (w *writer) event(chunk []byte, nodes []node, first int32) (json []byte, err string) {
	w.chunk, w.nodes, w.out, w.spans, w.err = chunk, nodes, w.out[:0], w.spans[:0], ""
	if s := w.survey(first); !s.elements {
		return nil, "the event has no element"
	}
	k := w.open()
	w.members(first, false, &k)
	w.close(&k)
	if w.err == "" && len(w.out) > maxOutput {
		w.err = fmt.Sprintf("the event takes more than %d bytes as JSON", maxOutput)
	}
	return w.out, w.err
}

// full reports whether nothing more shall be written.
func (w *writer) full() bool { return w.err != "" || len(w.out) > maxOutput }

// survey says what a list of nodes holds.
type survey struct {
	elements bool
	texts    int   // pieces that are not empty
	only     int32 // the last of them
}

func (w *writer) survey(first int32) (s survey) {
	for i := first; i != 0; i = w.nodes[i].next {
		switch n := &w.nodes[i]; n.kind {
		case kindElement:
			s.elements = true
		case kindValue:
			if n.value.n > 0 {
				s.texts, s.only = s.texts+1, i
			}
		default:
			s.texts, s.only = s.texts+1, i
		}
	}
	return s
}

// element writes the value of an element: null, its text, or an object.
func (w *writer) element(n *node) {
	s := w.survey(n.child)
	attributes := w.hasAttributes(n)
	switch {
	case s.elements || attributes:
		w.object(n, s)
	case s.texts == 0:
		w.out = append(w.out, "null"...)
	default:
		w.content(n.child, s)
	}
}

// hasAttributes reports whether n has an attribute that is not empty.
func (w *writer) hasAttributes(n *node) bool {
	for i := n.attrs; i != 0; i = w.nodes[i].next {
		if w.survey(w.nodes[i].child).texts > 0 {
			return true
		}
	}
	return false
}

// object writes an element with attributes or elements.
func (w *writer) object(n *node, s survey) {
	k := w.open()
	if w.hasAttributes(n) {
		w.key(&k, "#attributes")
		attrs := w.open()
		for i := n.attrs; i != 0 && !w.full(); i = w.nodes[i].next {
			a := &w.nodes[i]
			if s := w.survey(a.child); s.texts > 0 {
				w.key(&attrs, a.name)
				w.content(a.child, s)
			}
		}
		w.close(&attrs)
	}
	if s.texts > 0 {
		w.key(&k, "#text")
		w.content(n.child, s)
	}
	w.members(n.child, n.name == "EventData" || n.name == "UserData", &k)
	w.close(&k)
}

// members writes the elements from first on as members of an object. In a container of data, elements called Data are named by
// their attribute Name, and those without one are gathered.
func (w *writer) members(first int32, container bool, k *keys) {
	gathered := false
	for i := first; i != 0 && !w.full(); i = w.nodes[i].next {
		n := &w.nodes[i]
		switch {
		case n.kind != kindElement:
		case !container || n.name != "Data":
			w.key(k, n.name)
			w.element(n)
		default:
			if name, s := w.dataName(n); s.texts > 0 {
				w.begin(k)
				w.pieces(name)
				w.end(k)
				w.data(n)
			} else if !gathered {
				gathered = true
				w.key(k, "Data")
				w.out = append(w.out, `{"#text":`...)
				w.unnamed(i)
				w.out = append(w.out, '}')
			}
		}
	}
}

// dataName returns the content of the attribute Name.
func (w *writer) dataName(n *node) (first int32, s survey) {
	for i := n.attrs; i != 0; i = w.nodes[i].next {
		if a := &w.nodes[i]; a.name == "Name" {
			return a.child, w.survey(a.child)
		}
	}
	return 0, survey{}
}

// data writes the value of a Data element, which is an empty text where it has none.
func (w *writer) data(n *node) {
	switch s := w.survey(n.child); {
	case s.elements:
		w.object(&node{name: n.name, child: n.child}, s)
	case s.texts == 0:
		w.out = append(w.out, `""`...)
	default:
		w.content(n.child, s)
	}
}

// unnamed writes the Data elements without a name from node first on: the value, or a list of several.
func (w *writer) unnamed(first int32) {
	start, count := len(w.out), 0
	w.out = append(w.out, '[')
	for i := first; i != 0 && !w.full(); i = w.nodes[i].next {
		n := &w.nodes[i]
		if n.kind != kindElement || n.name != "Data" {
			continue
		}
		if _, s := w.dataName(n); s.texts > 0 {
			continue
		}
		if count++; count > 1 {
			w.out = append(w.out, ',')
		}
		w.data(n)
	}
	if count == 1 {
		w.out = append(w.out[:start], w.out[start+1:]...)
		return
	}
	w.out = append(w.out, ']')
}

// content writes text: a single value with its type, several pieces as one string.
func (w *writer) content(first int32, s survey) {
	if n := &w.nodes[s.only]; s.texts == 1 && n.kind == kindValue {
		w.value(n.value)
		return
	}
	w.out = append(w.out, '"')
	w.pieces(first)
	w.out = append(w.out, '"')
}

// value writes a value alone; an array of several items is a list.
func (w *writer) value(v value) {
	if v.typ&typeArray == 0 {
		w.scalar(v)
		return
	}
	start, count := len(w.out), 0
	w.out = append(w.out, '[')
	for v.n > 0 && !w.full() {
		first, rest, ok := v.items(w.chunk)
		if !ok {
			w.short(v)
			return
		}
		if count++; count > 1 {
			w.out = append(w.out, ',')
		}
		w.scalar(first)
		v = rest
	}
	if count == 1 {
		w.out = append(w.out[:start], w.out[start+1:]...)
		return
	}
	w.out = append(w.out, ']')
}

func (w *writer) scalar(v value) {
	if bare(v.typ) {
		w.text(v)
		return
	}
	w.out = append(w.out, '"')
	w.text(v)
	w.out = append(w.out, '"')
}

// pieces writes the text of nodes without quotes. The items of an array are parted by commas.
func (w *writer) pieces(first int32) {
	for i := first; i != 0 && !w.full(); i = w.nodes[i].next {
		switch n := &w.nodes[i]; n.kind {
		case kindValue:
			for v, more := n.value, false; v.n > 0 && !w.full(); more = true {
				item, rest := v, value{}
				if v.typ&typeArray != 0 {
					var ok bool
					if item, rest, ok = v.items(w.chunk); !ok {
						w.short(v)
						return
					}
				}
				if more {
					w.out = append(w.out, ',')
				}
				w.unquoted(item)
				v = rest
			}
		case kindCharacter:
			w.out = appendRune(w.out, rune(n.code))
		case kindEntity:
			w.out = appendEntity(w.out, n.name)
		}
	}
}

// unquoted writes a value inside of a string. Numbers that JSON does not have stand in quotes otherwise.
func (w *writer) unquoted(v value) {
	start := len(w.out)
	w.text(v)
	if end := len(w.out) - 1; (v.typ == typeFloat || v.typ == typeDouble) && end > start && w.out[start] == '"' {
		w.out = append(w.out[:start], w.out[start+1:end]...)
	}
}

// text writes the text of a value that is no array.
func (w *writer) text(v value) {
	b := v.bytes(w.chunk)
	switch v.typ {
	case typeString, typeXML:
		w.out = appendUTF16(w.out, b)
	case typeANSI:
		w.out = appendANSI(w.out, b)
	default:
		out, ok := appendScalar(w.out, v.typ, b)
		if w.out = out; !ok {
			w.short(v)
		}
	}
}

func (w *writer) short(v value) {
	if w.err == "" {
		w.err = fmt.Sprintf("a value of type 0x%02x has only %d bytes", v.typ, v.n)
	}
}

func appendRune(dst []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		return appendASCII(dst, byte(r))
	}
	return utf8.AppendRune(dst, r)
}

// appendEntity appends what an entity of XML stands for; others have no definition and stay as they are.
func appendEntity(dst []byte, name string) []byte {
	switch name {
	case "amp":
		return append(dst, '&')
	case "lt":
		return append(dst, '<')
	case "gt":
		return append(dst, '>')
	case "quot":
		return append(dst, '\\', '"')
	case "apos":
		return append(dst, '\'')
	}
	return append(appendString(append(dst, '&'), name), ';')
}
