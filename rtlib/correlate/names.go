package correlate

import "strconv"

var typeNames = [...]string{"", "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg",
	"value_percentile", "value_median"}

// String returns the name of t in rules and results: "event_count".
func (t Type) String() string {
	if int(t) >= len(typeNames) {
		return "Type(" + strconv.Itoa(int(t)) + ")"
	}
	return typeNames[t]
}

var windowNames = [...]string{"sliding", "tumbling", "session"}

// String returns the name of w in rules: "sliding".
func (w Window) String() string {
	if int(w) >= len(windowNames) {
		return "Window(" + strconv.Itoa(int(w)) + ")"
	}
	return windowNames[w]
}

var compareNames = [...]string{"", "gt", "gte", "lt", "lte", "eq", "neq"}

// String returns the name of c in rules: "gte".
func (c Compare) String() string {
	if int(c) >= len(compareNames) {
		return "Compare(" + strconv.Itoa(int(c)) + ")"
	}
	return compareNames[c]
}

var actionNames = [...]string{"", "alert", "reset"}

// String returns the name of a in rules and flags, "" for ActionDefault.
func (a Action) String() string {
	if int(a) >= len(actionNames) {
		return "Action(" + strconv.Itoa(int(a)) + ")"
	}
	return actionNames[a]
}

var eventModeNames = [...]string{"", "none", "full", "refs"}

// String returns the name of m in rules and flags, "" for EventsDefault.
func (m EventMode) String() string {
	if int(m) >= len(eventModeNames) {
		return "EventMode(" + strconv.Itoa(int(m)) + ")"
	}
	return eventModeNames[m]
}

// ParseEventMode reads the name of an event mode, or one of the other spellings of section 16. It is false for anything else.
func ParseEventMode(name string) (EventMode, bool) {
	switch name {
	case "none", "off", "false":
		return EventsNone, true
	case "full", "true":
		return EventsFull, true
	case "refs", "references":
		return EventsRefs, true
	default:
		return EventsDefault, false
	}
}
