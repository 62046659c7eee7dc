package decode

import "github.com/rsigma-go/rsigma/rtlib"

// kv fills an event with key-value pairs. Keys are whole names, all values are strings, and of equal keys the first counts for
// fields (daemon.md section 7).
type kv struct {
	plan *Plan
	ev   *rtlib.Event
}

// startKV makes ev an empty key-value event over line.
func (p *Plan) startKV(ev *rtlib.Event, line []byte) kv {
	ev.Reset(rtlib.ShapeKV, line)
	ev.FoldedStrings = p.allStrings
	return kv{p, ev}
}

// pair adds one pair. The strings must stay valid until the event is reset.
func (k kv) pair(key, value string) {
	k.ev.PutPair(key, value)
	fold := ""
	if k.plan.allStrings {
		fold = k.fold(value)
	}
	lo, hi := hashWords(key)
	e := k.plan.root.find(lo, hi, key)
	if e == nil {
		return
	}
	if !k.plan.allStrings {
		fold = k.fold(value)
	}
	for i := range e.leaves {
		if l := &e.leaves[i]; l.role != nested {
			k.put(l.id, value, fold)
		}
	}
	for _, f := range k.plan.indexed {
		if f.name == e.index {
			k.put(f.id, value, fold)
		}
	}
}

func (k kv) put(id rtlib.FieldID, value, fold string) {
	if k.ev.Value(id).Kind == rtlib.Missing {
		k.ev.PutScalar(id, rtlib.String, value, fold, "")
	}
}

// fold returns the folded form of value, which it appends to the arena.
func (k kv) fold(value string) string {
	start := len(k.ev.Arena)
	k.ev.Arena = rtlib.AppendFold(k.ev.Arena, value)
	fold := rtlib.View(k.ev.Arena[start:])
	k.ev.Arena = append(k.ev.Arena, rtlib.StringEnd)
	return fold
}

// text returns what add appends to the memory for unescaped values.
func (k kv) text(add func(dst []byte) []byte) string {
	start := len(k.ev.Texts)
	k.ev.Texts = add(k.ev.Texts)
	return rtlib.View(k.ev.Texts[start:len(k.ev.Texts):len(k.ev.Texts)])
}
