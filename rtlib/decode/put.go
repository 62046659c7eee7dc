package decode

import "github.com/rsigma-go/rsigma/rtlib"

// text reads the string literal at i and returns its end, its text and its folded text. The latter goes to the arena; the text,
// where it is not the source itself, to a place of its own, so that a search of the arena does not meet strings twice.
func (d *decoder) text(i int) (end int, text, fold string) {
	start := len(d.texts)
	d.arena, d.texts = d.texts, d.arena
	end, traits := d.copyString(i+1, asIs)
	d.arena, d.texts = d.texts, d.arena
	if end < 0 {
		return end, "", ""
	}
	text = rtlib.View(d.texts[start:])
	if traits&(escaped|invalid) == 0 {
		text = rtlib.View(d.line[i+1 : end-1])
		d.texts = d.texts[:start]
	}
	switch start = len(d.arena); {
	case traits&foldable != 0:
		d.arena = rtlib.AppendFold(d.arena, text)
		fold = rtlib.View(d.arena[start:])
		d.endString()
		return end, text, fold
	case d.allStrings:
		d.arena = append(d.arena, text...)
		d.endString()
	}
	return end, text, text
}

// endString marks the end of a string in the arena. There is room: copyString leaves slack.
func (d *decoder) endString() { d.arena = append(d.arena, rtlib.StringEnd) }

// put hands the value at line[start:end], which has no elements, to the leaves of e. The whole name of a field wins over its
// steps, whichever comes first in the event.
func (d *decoder) put(e *entry, kind rtlib.Kind, text, fold string, start, end int) {
	raw := rtlib.View(d.line[start:end])
	for i := range e.leaves {
		if l := &e.leaves[i]; l.role == plain || d.claim(l) {
			d.ev.PutScalar(l.id, kind, text, fold, raw)
		}
	}
}

// claim reports whether a value found for l counts.
func (d *decoder) claim(l *leaf) bool {
	switch l.role {
	case flat:
		d.ev.Unput(l.id)
	case nested:
		return !d.has(l.flat)
	}
	return true
}

// putArray puts the array at line[start:end], which is known to be valid, with its flattened elements.
func (d *decoder) putArray(e *entry, start, end int) {
	all := d.allStrings
	d.allStrings = false // they are folded already
	for i := range e.leaves {
		if l := &e.leaves[i]; d.claim(l) {
			d.ev.Put(l.id, rtlib.Value{Kind: rtlib.Array, Raw: rtlib.View(d.line[start:end])})
			d.putElements(l.id, start, end)
		}
	}
	d.allStrings = all
}

// putElements puts the elements of line[i:end]. Since only arrays are flattened, their brackets need not be matched.
func (d *decoder) putElements(id rtlib.FieldID, i, end int) {
	for i < end {
		start := i
		v := rtlib.Value{}
		switch d.line[i] {
		case '[', ']', ',', ' ', '\t', '\r', '\n':
			i++
			continue
		case '{':
			v.Kind = rtlib.Object
			i = d.skipNested(i, 0)
		case '"':
			v.Kind = rtlib.String
			i, v.Text, v.Fold = d.text(i)
		default:
			i = d.scalar(i)
			v.Text, v.Kind = scalarText(rtlib.View(d.line[start:i]))
			v.Fold = v.Text
		}
		v.Raw = rtlib.View(d.line[start:i])
		d.ev.PutElement(id, v)
	}
}

// scalarText returns the text and kind of a number or literal.
func scalarText(raw string) (string, rtlib.Kind) {
	switch raw[0] {
	case 't', 'f':
		return raw, rtlib.Bool
	case 'n':
		return "", rtlib.Null
	default:
		return rtlib.NumberText(raw)
	}
}

// putIndexed looks up the fields with array indexes, if the root has the keys that they begin with.
func (d *decoder) putIndexed(p *Plan) {
	for _, f := range p.indexed {
		if d.has(f.name) || d.has(f.first) {
			rtlib.LookupRaw(rtlib.View(d.line), f.path, func(raw string) { d.ev.PutRaw(f.id, raw) })
		}
	}
}
