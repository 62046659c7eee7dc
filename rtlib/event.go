package rtlib

import "unsafe"

// Event is one decoded event: the values of the fields that somebody asked for, and what is needed to search all of its
// strings. A decoder fills it (Reset, then Put for each value found), predicates read it. An Event is reused from one input
// to the next and must not be shared between goroutines.
type Event struct {
	// LogSource is the log source of the event, for routing. Whoever owns the event sets it after Reset; the zero value
	// reaches every rule.
	LogSource LogSource

	// Arena holds the folded form of values, Texts their text where it had to be unescaped. Decoders append to them.
	Arena, Texts []byte
	// FoldedStrings says that Arena holds the folded form of every string value of the event, each followed by StringEnd, and
	// nothing else. Then one pass over Arena searches all strings at once. Decoders set it if the rule set has keyword rules.
	FoldedStrings bool

	// Keywords, if set, answers for keyword predicates from one search of all strings of the event. Package ruleset sets it when
	// it evaluates; Reset forgets it.
	Keywords KeywordSearch

	shape   Shape
	raw     []byte
	slots   []Value // by FieldID
	touched []FieldID
	elems   []Value // array elements; index 0 is unused

	strings      []Value // every string value, for AnyString; filled on first use
	stringsReady bool
	pairs        []Pair // ShapeKV

	member *Event // scratch for Each bodies one level down
	root   *Event // of a member: the event it belongs to
	self   Value  // of a member: the member itself
}

// StringEnd follows every string in the Arena of an event with FoldedStrings. No UTF-8 text holds this byte, so nothing that
// is searched for can reach across it.
const StringEnd = 0xFF

// Shape is the kind of event (daemon.md section 7).
type Shape uint8

// The shapes: a JSON document, flat key-value pairs, one line of text.
const (
	ShapeJSON Shape = iota
	ShapeKV
	ShapePlain
)

// Pair is one entry of a key-value event.
type Pair struct{ Key, Value string }

// NewEvent returns an empty event.
func NewEvent() *Event { return &Event{elems: make([]Value, 1, 16)} }

// Reset makes ev an empty event of the given shape over the source text raw, which must stay unchanged until the next Reset.
// It keeps the memory. Cost: proportional to the values that were put.
func (ev *Event) Reset(shape Shape, raw []byte) {
	for _, id := range ev.touched {
		ev.slots[id] = Value{}
	}
	ev.shape = shape
	ev.raw = raw
	ev.touched = ev.touched[:0]
	ev.elems = ev.elems[:1]
	ev.Arena, ev.Texts = ev.Arena[:0], ev.Texts[:0]
	ev.FoldedStrings = false
	ev.Keywords = nil
	ev.strings = ev.strings[:0]
	ev.stringsReady = false
	ev.pairs = ev.pairs[:0]
	ev.LogSource = LogSource{}
	if n := NumFields(); len(ev.slots) < n {
		ev.slots = append(ev.slots, make([]Value, n-len(ev.slots))...)
	}
}

// Raw returns the source text of the event.
func (ev *Event) Raw() []byte { return ev.raw }

// Shape returns the shape of the event.
func (ev *Event) Shape() Shape { return ev.shape }

// Touched returns the fields that hold a value, in the order in which they were found. The slice is valid until Reset.
func (ev *Event) Touched() []FieldID { return ev.touched }

// Put records that field id was found to hold v. A field that is found several times, by a path through an array, becomes an
// array of the values. Elements of an Array are added by PutElement right after.
func (ev *Event) Put(id FieldID, v Value) {
	slot := &ev.slots[id]
	if slot.n == 0 {
		v.n = 1
		*slot = v
		ev.touched = append(ev.touched, id)
		return
	}
	if slot.n == 1 && slot.Kind != Array {
		only := *slot
		*slot = Value{Kind: Array, n: 1}
		ev.PutElement(id, only)
	}
	slot.n++
	slot.Raw = ""
	if v.Kind != Array {
		ev.PutElement(id, v)
	}
}

// PutElement adds v, a scalar, null or object, to the flattened elements of the array that field id holds.
func (ev *Event) PutElement(id FieldID, v Value) {
	slot := &ev.slots[id]
	v.next = 0
	ev.elems = append(ev.elems, v)
	at := int32(len(ev.elems) - 1)
	if slot.first == 0 {
		slot.first = at
	} else {
		ev.elems[slot.last].next = at
	}
	slot.last = at
}

// PutPair records one pair of a key-value event, for keyword search and rendering.
func (ev *Event) PutPair(key, value string) { ev.pairs = append(ev.pairs, Pair{key, value}) }

// Pairs returns the pairs of a key-value event in source order.
func (ev *Event) Pairs() []Pair { return ev.pairs }

// Value returns what field id holds; Kind is Missing if the event lacks it. In a member of an array block the field is looked
// up in the member. The result is valid until Reset and must not be changed.
func (ev *Event) Value(id FieldID) *Value {
	switch {
	case id == anyStringID:
		return ev.anyString()
	case ev.root != nil:
		return ev.memberValue(id)
	case int(id) < len(ev.slots):
		return &ev.slots[id]
	default:
		return &missing
	}
}

var missing Value

// Each calls f for v if it has text, or for each element of the array v that has text, until f returns true; it reports
// whether f did. It is the "some element, arrays flattened" of sigma-language.md section 7.2.
func (ev *Event) Each(v *Value, f func(*Value) bool) bool {
	if v.Kind != Array {
		return v.Kind.HasText() && f(v)
	}
	for i := v.first; i != 0; i = ev.elems[i].next {
		if e := &ev.elems[i]; e.Kind.HasText() && f(e) {
			return true
		}
	}
	return false
}

// First returns the first flattened element of the array v, or nil. With Next it walks an array without a closure:
//
//	for e := ev.First(v); e != nil; e = ev.Next(e) { … }
func (ev *Event) First(v *Value) *Value {
	if v.first == 0 {
		return nil
	}
	return &ev.elems[v.first]
}

// Next returns the element after e, or nil.
func (ev *Event) Next(e *Value) *Value {
	if e.next == 0 {
		return nil
	}
	return &ev.elems[e.next]
}

// View returns b as a string without copying. The string is valid as long as b is not written to.
func View(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
