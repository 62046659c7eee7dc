package decode

import "github.com/rsigma-go/rsigma/rtlib"

// JSON fills ev with a JSON event: the values of the plan's fields and, if the plan says so, the folded form of all strings.
// A value that is no object has no fields. White space around the value is skipped; of members with equal keys the last one
// counts. What encoding/json would reject, or nests deeper than 128, is a *SyntaxError and leaves ev empty. The line must
// stay unchanged until ev is reset. Nothing is allocated once ev is warm, odd input excepted. Cost: one pass.
//
// Source: sigma-language.md section 6.3; daemon.md section 7.
func (p *Plan) JSON(ev *rtlib.Event, line []byte) error {
	ev.Reset(rtlib.ShapeJSON, line)
	d := decoder{line: line, ev: ev, arena: ev.Arena, texts: ev.Texts, allStrings: p.allStrings}
	if p.seenWords > len(d.few) {
		d.many = make([]uint64, p.seenWords)
	}
	d.room(2 * len(line))
	start := skipSpace(line, 0)
	end := d.root(p, start)
	if end >= 0 {
		if end = skipSpace(line, end); end < len(line) {
			end = d.fail(end, "more text after the value")
		}
	}
	return d.finish(p, start, end)
}

// finish ends a pass that got to end over a value that begins at start.
func (d *decoder) finish(p *Plan, start, end int) error {
	ev := d.ev
	if end < 0 {
		ev.Reset(rtlib.ShapeJSON, d.line)
		return &SyntaxError{Offset: d.errAt, Msg: d.errMsg}
	}
	if d.repeated {
		d.rereadLast(p, start)
	}
	ev.Arena, ev.Texts = d.arena, d.texts
	ev.FoldedStrings = p.allStrings && !d.deep
	if len(p.indexed) > 0 && d.line[start] == '{' {
		d.putIndexed(p)
	}
	return nil
}

// A decoder is the state of one pass. Its methods take a position in the line and return the one they got to, negative if
// they failed.
type decoder struct {
	line       []byte
	arena      []byte // becomes ev.Arena
	texts      []byte // becomes ev.Texts
	ev         *rtlib.Event
	allStrings bool
	last       bool // of members with equal keys, use the last
	repeated   bool // some key of interest was found twice in an object
	deep       bool // nested deeper than keywords look

	errAt  int
	errMsg string

	few  [16]uint64 // sets of the keys seen in the open objects, see node
	many []uint64   // the same, if few are not enough
}

// seen returns the memory of the sets of keys seen. The set of the root comes first.
func (d *decoder) seen() []uint64 {
	if d.many != nil {
		return d.many
	}
	return d.few[:]
}

// has reports whether the root has the key of its entry i.
func (d *decoder) has(i int) bool { return d.seen()[i/64]>>(i%64)&1 != 0 }

func (d *decoder) fail(at int, msg string) int {
	d.errAt, d.errMsg = at, msg
	return -1
}

func (d *decoder) root(p *Plan, i int) int {
	if i < len(d.line) && d.line[i] == '{' {
		return d.object(p.root, i, 0)
	}
	return d.skipValue(i, 0)
}

// object reads the object at i, which lies inside depth others.
func (d *decoder) object(n *node, i, depth int) int {
	if depth >= maxDepth {
		return d.fail(i, "nested too deep")
	}
	d.deep = d.deep || depth >= maxStringDepth-1
	if d.last {
		return d.lastMembers(n, i, depth)
	}
	seen := d.seen()[n.seen : n.seen+n.seenWords]
	clear(seen)
	b := d.line
	if i = skipSpace(b, i+1); i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return d.fail(i, "key expected")
		}
		var e *entry
		if e, i = d.key(n, i+1); i < 0 {
			return i
		}
		if i+1 < len(b) && b[i] == ':' && b[i+1] > ' ' {
			i++
		} else if i = d.colon(i); i < 0 {
			return i
		}
		if e == nil {
			i = d.skipValue(i, depth+1)
		} else {
			if w, bit := e.index/64, uint64(1)<<(e.index%64); seen[w]&bit != 0 {
				d.repeated = true
			} else {
				seen[w] |= bit
			}
			i = d.wanted(e, i, depth+1)
		}
		if i < 0 {
			return i
		}
		if i < len(b) && b[i] <= ' ' {
			i = skipSpace(b, i)
		}
		switch {
		case i >= len(b):
			return d.fail(i, "unterminated object")
		case b[i] == ',':
			if i++; i < len(b) && b[i] <= ' ' {
				i = skipSpace(b, i)
			}
		case b[i] == '}':
			return i + 1
		default:
			return d.fail(i, "comma or closing brace expected")
		}
	}
}

// wanted reads the value at i, which lies inside depth arrays and objects, for entry e.
func (d *decoder) wanted(e *entry, i, depth int) int {
	if i >= len(d.line) {
		return d.fail(i, "value expected")
	}
	switch d.line[i] {
	case '"':
		return d.wantedString(e, i)
	case '{', '[':
		return d.wantedNested(e, i, depth)
	}
	end := d.scalar(i)
	if end < 0 || e.leaves == nil {
		return end
	}
	text, kind := scalarText(rtlib.View(d.line[i:end]))
	d.put(e, kind, text, text, i, end)
	return end
}

func (d *decoder) wantedString(e *entry, i int) int {
	if e.leaves == nil {
		return d.anyString(i + 1)
	}
	end, text, fold := d.text(i)
	if end >= 0 {
		d.put(e, rtlib.String, text, fold, i, end)
	}
	return end
}

// wantedNested reads the array or object at i.
func (d *decoder) wantedNested(e *entry, i, depth int) int {
	var end int
	switch {
	case e.child == nil:
		end = d.skipNested(i, depth)
	case d.line[i] == '[':
		end = d.array(e.child, i, depth)
	default:
		end = d.object(e.child, i, depth)
	}
	if end < 0 || e.leaves == nil {
		return end
	}
	if d.line[i] == '[' {
		d.putArray(e, i, end)
	} else {
		d.put(e, rtlib.Object, "", "", i, end)
	}
	return end
}

// array reads the array at i: n stands for each of its elements.
func (d *decoder) array(n *node, i, depth int) int {
	if depth >= maxDepth {
		return d.fail(i, "nested too deep")
	}
	d.deep = d.deep || depth >= maxStringDepth-1
	b := d.line
	if i = skipSpace(b, i+1); i < len(b) && b[i] == ']' {
		return i + 1
	}
	for {
		switch {
		case i < len(b) && b[i] == '{':
			i = d.object(n, i, depth+1)
		case i < len(b) && b[i] == '[':
			i = d.array(n, i, depth+1)
		default:
			i = d.skipValue(i, depth+1)
		}
		if i < 0 {
			return i
		}
		i = skipSpace(b, i)
		switch {
		case i < len(b) && b[i] == ',':
			i = skipSpace(b, i+1)
		case i < len(b) && b[i] == ']':
			return i + 1
		default:
			return d.fail(i, "comma or closing bracket expected")
		}
	}
}
