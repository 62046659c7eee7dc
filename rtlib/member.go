package rtlib

// Members of arrays as events of their own: the event that the body of an Each is judged on. Its fields are looked up in the
// source text of the member when a predicate asks for them, and remembered until the next member.

// lookedUp is the count of a slot of a member whose field has been looked for in vain.
const lookedUp = -1

// whole returns the event that ev is a member of, or ev itself.
func (ev *Event) whole() *Event {
	if ev.root != nil {
		return ev.root
	}
	return ev
}

// child returns the scratch event for members of arrays in ev.
func (ev *Event) child() *Event {
	if ev.member == nil {
		ev.member = NewEvent()
		ev.member.root = ev.whole()
	}
	return ev.member
}

// setMember makes ev the event of member v, of which only Raw counts if it is there. Without either, every field is missing.
func (ev *Event) setMember(v Value) {
	ev.Reset(ShapeJSON, nil)
	ev.self = Value{Raw: v.Raw}
	if v.Raw == "" && v.Kind != Missing {
		ev.self = Value{Kind: v.Kind, Text: v.Text, Fold: v.Fold}
		ev.Put(selfID, ev.self)
	}
}

// memberValue is Value for a member.
func (ev *Event) memberValue(id FieldID) *Value {
	if n := NumFields(); int(id) >= len(ev.slots) {
		ev.slots = append(ev.slots, make([]Value, n-len(ev.slots))...)
	}
	slot := &ev.slots[id]
	if slot.n != 0 {
		return slot
	}
	switch {
	case ev.self.Raw == "":
	case id == selfID:
		ev.PutRaw(id, ev.self.Raw)
	default:
		LookupRaw(ev.self.Raw, id.Path(), func(raw string) { ev.PutRaw(id, raw) })
	}
	if slot.n == 0 {
		slot.n = lookedUp
		ev.touched = append(ev.touched, id)
	}
	return slot
}

// source returns the JSON text that fields of ev are looked up in, "" if there is none.
func (ev *Event) source() string {
	switch {
	case ev.root != nil:
		return ev.self.Raw
	case ev.shape == ShapeJSON:
		return View(ev.raw)
	default:
		return ""
	}
}

// eachRaw calls f with the JSON text of each value that was collected for field id, in order, until f returns true, and
// reports whether it did. There is none in key-value events.
func (ev *Event) eachRaw(id FieldID, f func(raw string) bool) bool {
	v := ev.Value(id)
	switch {
	case v.Raw != "":
		return f(v.Raw)
	case v.n <= 1 || id.Path() == nil || ev.source() == "":
		return false
	}
	stop := false
	LookupRaw(ev.source(), id.Path(), func(raw string) { stop = stop || f(raw) })
	return stop
}

// members calls f for each member of field id until f returns true, and reports whether it did. The event given to f is valid
// during the call. With one, the values of the field are the members, else the elements of an array are: of the array that
// the field holds, or that values collected from several places form.
func (ev *Event) members(id FieldID, one bool, f func(member *Event) bool) bool {
	v := ev.Value(id)
	child := ev.child()
	judge := func(raw string) bool {
		child.setMember(Value{Raw: raw})
		return f(child)
	}
	switch {
	case v.Kind == Missing, v.Kind == Null && !one:
		return false
	case v.Kind == Array && v.n == 1 && v.Raw != "" && !one:
		return eachElement(v.Raw, judge)
	case v.Kind == Array:
		return ev.eachRaw(id, judge)
	default:
		child.setMember(*v)
		return f(child)
	}
}
