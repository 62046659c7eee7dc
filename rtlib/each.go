package rtlib

// ID returns the interned field of e.
func (e *Each) ID() FieldID {
	if e.id == 0 {
		return e.Field.ID()
	}
	return e.id
}

// Match reports whether as many members as Quant says satisfy the body. It is safe for concurrent use on different events.
// Cost: each field that the body reads is searched in the source text of each member.
//
// A field that is collected from several places is the array of what was collected. Under EachOne, which has an Indexed
// field, it is enough that one of the collected elements satisfies the body.
//
// Source: sigma-language.md section 11; vectors nested-fields-arrays.yml.
func (e *Each) Match(ev *Event) bool {
	// All and AllOrEmpty look for a member that does not satisfy the body, the others for one that does.
	want := e.Quant != EachAll && e.Quant != EachAllOrEmpty
	empty := true
	found := ev.members(e.ID(), e.Quant == EachOne, func(member *Event) bool {
		empty = false
		return e.Body.Eval(member) == want
	})
	switch e.Quant {
	case EachAny:
		return found
	case EachAll:
		return !found && !empty
	case EachAllOrEmpty, EachNone:
		return !found
	case EachOne:
		if empty {
			return e.matchMissing(ev)
		}
		return found
	default:
		return false
	}
}

// matchMissing judges the body with every field missing.
func (e *Each) matchMissing(ev *Event) bool {
	child := ev.child()
	child.setMember(Value{})
	return e.Body.Eval(child)
}

// Eval implements Expr; it is Match.
func (e *Each) Eval(ev *Event) bool { return e.Match(ev) }
