package rtlib

// nullMatcher is IsNull. With Exists it is all that sees a missing field.
//
//	Parent: null           →   &Pred{Op: IsNull, Field: "Parent"}
//	Parent|exists: false   →   &Pred{Op: Exists, Field: "Parent", Want: false}
//
// Neither looks at elements: an array that holds null is not null, and a field that is null exists.
//
// Source: sigma-language.md sections 7.2 and 8.10; vectors null-exists.yml.
type nullMatcher struct{}

func (nullMatcher) match(_ *Event, v *Value) bool { return v.Kind == Missing || v.Kind == Null }

type existsMatcher struct{ want bool }

func (m existsMatcher) match(_ *Event, v *Value) bool { return (v.Kind != Missing) == m.want }
