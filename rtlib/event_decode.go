package rtlib

// PutScalar is Put for a value without elements. It is what decoders call most, and cheaper than copying a Value.
func (ev *Event) PutScalar(id FieldID, kind Kind, text, fold, raw string) {
	slot := &ev.slots[id]
	if slot.n != 0 {
		ev.Put(id, Value{Kind: kind, Text: text, Fold: fold, Raw: raw})
		return
	}
	slot.Kind, slot.n = kind, 1
	slot.Text, slot.Fold, slot.Raw = text, fold, raw
	ev.touched = append(ev.touched, id)
}

// Unput forgets the values of field id. Cost: proportional to the fields that were put.
func (ev *Event) Unput(id FieldID) {
	slot := &ev.slots[id]
	if slot.n == 0 {
		return
	}
	*slot = Value{}
	for i, t := range ev.touched {
		if t == id {
			ev.touched = append(ev.touched[:i], ev.touched[i+1:]...)
			return
		}
	}
}

// ResetValues forgets the values of all fields, but neither the source text nor the Arena.
func (ev *Event) ResetValues() {
	for _, id := range ev.touched {
		ev.slots[id] = Value{}
	}
	ev.touched = ev.touched[:0]
	ev.elems = ev.elems[:1]
}
