package rtlib

// boolMatcher is the operator on booleans: BoolEqual.
//
//	Signed: true   →   &Pred{Op: BoolEqual, Field: "Signed", Want: true}
//
// An element is true if it is the boolean or a string that reads true, 1 or yes in any case; false, 0 and no likewise.
// Numbers are never booleans.
//
// Source: sigma-language.md section 7.2; vectors numbers-types.yml.
type boolMatcher struct{ want bool }

func (m boolMatcher) match(ev *Event, v *Value) bool {
	return ev.Each(v, m.has)
}

func (m boolMatcher) has(v *Value) bool {
	if v.Kind != Bool && v.Kind != String {
		return false
	}
	switch v.Fold {
	case "true", "1", "yes":
		return m.want
	case "false", "0", "no":
		return !m.want
	default:
		return false
	}
}
