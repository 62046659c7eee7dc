package rtlib

// anyString returns the value of AnyString, the field of keyword items. It is built once per event, when first asked for.
//
//	keywords: [mimikatz]   →   &Pred{Op: ContainsFold, Field: AnyString, Strings: []string{"mimikatz"}}
//
// AnyString is an array of all string values of the event, without keys, numbers and booleans. In a member of an array block
// it holds the strings of the member.
//
// Source: sigma-language.md section 9; vectors keywords.yml.
func (ev *Event) anyString() *Value {
	if !ev.stringsReady {
		ev.stringsReady = true
		ev.strings = append(ev.strings[:0], Value{Kind: Array, n: 1})
		ev.collectStrings()
	}
	return &ev.strings[0]
}

func (ev *Event) collectStrings() {
	switch {
	case ev.root != nil:
		if ev.self.Raw != "" {
			ev.addStrings(ev.self.Raw)
		} else if ev.self.Kind == String {
			ev.addString(ev.self.Text)
		}
	case ev.shape == ShapeKV:
		for i := range ev.pairs {
			ev.addString(ev.pairs[i].Value)
		}
	case ev.shape == ShapePlain:
		ev.addString(View(ev.raw))
	case len(ev.raw) > 0:
		ev.addStrings(View(ev.raw))
	}
}

func (ev *Event) addStrings(raw string) {
	eachString(raw, func(text string) bool {
		ev.addString(text)
		return false
	})
}

// KeywordSearch is a search of all strings of an event for many literals at once. Holds reports whether p, a predicate on
// AnyString, holds, and whether the search covered it.
type KeywordSearch interface {
	Holds(p *Pred) (holds, known bool)
}

// matchStrings is Match for a predicate on AnyString. Other than in array blocks, the strings need not be taken apart for the
// most common operator.
func (p *Pred) matchStrings(ev *Event) bool {
	if ev.root == nil && ev.Keywords != nil {
		if holds, known := ev.Keywords.Holds(p); known {
			return holds
		}
	}
	if p.Op == ContainsFold && ev.FoldedStrings && ev.root == nil {
		return inArena(p.matcher, View(ev.Arena))
	}
	return p.matcher.match(ev, ev.anyString())
}

// inArena judges a ContainsFold on all strings of an event by its arena, without taking the strings apart. An arena with any
// string in it is not empty.
func inArena(m matcher, arena string) bool {
	switch m := m.(type) {
	case *textMatcher:
		return arena != "" && m.test(arena)
	case allMatcher:
		for _, one := range m {
			if !inArena(one, arena) {
				return false
			}
		}
		return len(m) > 0
	default:
		return false // a predicate without operands
	}
}

// addString appends an element to AnyString. Its folded form goes to the Arena, which may move: strings that point into the
// old memory stay good.
func (ev *Event) addString(text string) {
	fold := text
	if foldedPrefix(text) < len(text) {
		start := len(ev.Arena)
		ev.Arena = AppendFold(ev.Arena, text)
		fold = View(ev.Arena[start:])
		ev.Arena = append(ev.Arena, StringEnd)
	}
	ev.elems = append(ev.elems, Value{Kind: String, Text: text, Fold: fold})
	at := int32(len(ev.elems) - 1)
	all := &ev.strings[0]
	if all.first == 0 {
		all.first = at
	} else {
		ev.elems[all.last].next = at
	}
	all.last = at
}
