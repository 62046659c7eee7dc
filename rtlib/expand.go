package rtlib

type expandMatcher struct{ *glob }

// newExpand compiles the operators whose placeholders are filled from the event: Expand, ExpandFold.
//
//	Path|expand: 'C:\Users\\%User%\Downloads'   →
//	&Pred{Op: ExpandFold, Field: "Path", Strings: []string{`C:\\Users\\%User%\\Downloads`}}
//
// A placeholder stands for the text of the named field of the whole event, taken literally: nothing in it is a wildcard. A
// field without text (missing, null, an array, an object) stands for nothing.
//
// Source: sigma-language.md section 8.11; vectors modifiers.yml.
func newExpand(p *Pred) matcher {
	var ms []matcher
	for _, pattern := range p.Strings {
		ms = append(ms, expandMatcher{compileGlob(pattern, globOptions{fold: p.Op.IsFold(), refs: true})})
	}
	return combine(p.All, ms)
}

func (m expandMatcher) match(ev *Event, v *Value) bool {
	root := ev.whole()
	return ev.Each(v, func(e *Value) bool { return m.glob.match(root, textOf(e, m.fold)) })
}
