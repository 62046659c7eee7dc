package decode

import "github.com/rsigma-go/rsigma/rtlib"

// Written fills ev as JSON does, with the object text whose members the caller knows, since it has written them: keys are not read,
// strings are not unescaped, and only nested values are walked. The text must be valid, UTF-8, and without white space between tokens;
// places are all its members in order, none with the key of another. Nesting deeper than 128 is the same *SyntaxError. Text and places
// must stay unchanged until ev is reset. Nothing is allocated once ev is warm. Cost: that of the values of the plan's fields and of what
// is nested, and of all strings if the plan wants them.
//
// Twin: JSON.
func (p *Plan) Written(ev *rtlib.Event, text []byte, places []rtlib.Place) error {
	ev.Reset(rtlib.ShapeJSON, text)
	d := decoder{line: text, ev: ev, arena: ev.Arena, texts: ev.Texts, allStrings: p.allStrings}
	if p.seenWords > len(d.few) {
		d.many = make([]uint64, p.seenWords)
	}
	d.room(len(text))
	end := 0
	for i := 0; i < len(places) && end >= 0; i++ {
		end = d.place(p.root, &places[i])
	}
	return d.finish(p, 0, end)
}

// place reads the value of a member of the event, whose node is n, and returns its end.
func (d *decoder) place(n *node, x *rtlib.Place) int {
	lo, hi := hashWords(x.Key)
	e := n.find(lo, hi, x.Key)
	if e != nil {
		d.seen()[n.seen+e.index/64] |= 1 << (e.index % 64)
	}
	switch d.line[x.Start] {
	case '"':
		d.placedString(e, x)
		return x.End
	case '{', '[':
		if e == nil {
			return d.skipNested(x.Start, 1)
		}
		return d.wantedNested(e, x.Start, 1)
	}
	if e != nil && e.leaves != nil {
		text, kind := scalarText(rtlib.View(d.line[x.Start:x.End]))
		d.put(e, kind, text, text, x.Start, x.End)
	}
	return x.End
}

func (d *decoder) placedString(e *entry, x *rtlib.Place) {
	wanted := e != nil && e.leaves != nil
	if !wanted && !d.allStrings {
		return
	}
	text := x.Text
	if text == "" {
		text = rtlib.View(d.line[x.Start+1 : x.End-1])
	}
	start := len(d.arena)
	d.arena = rtlib.AppendFold(d.arena, text)
	fold := rtlib.View(d.arena[start:])
	d.endString()
	if wanted {
		d.put(e, rtlib.String, text, fold, x.Start, x.End)
	}
}
