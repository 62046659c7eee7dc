package rtlib

import "strings"

type refMatcher struct {
	ref   FieldID
	fold  bool
	nulls bool
	fits  func(a, b string) bool
}

// newRef compiles the references to other fields: RefEqual, RefContains, RefPrefix, RefSuffix and their …Fold forms.
//
//	A|fieldref|startswith: B   →   &Pred{Op: RefPrefixFold, Field: "A", Strings: []string{"B"}}
//
// Some element of the field must fit some element of the reference, which is looked up in the whole event. Texts are
// compared, so that 5 equals "5"; null equals null in the plain form. Objects, and fields that are missing, never match.
//
// Source: sigma-language.md section 8.8; vectors modifiers.yml.
func newRef(p *Pred) matcher {
	var ms []matcher
	p.refs = p.refs[:0]
	for _, name := range p.Strings {
		m := &refMatcher{ref: Field(name).ID(), fold: p.Op.IsFold()}
		switch p.Op {
		case RefEqual, RefEqualFold:
			m.nulls = true
			m.fits = func(a, b string) bool { return a == b }
		case RefContains, RefContainsFold:
			m.fits = strings.Contains
		case RefPrefix, RefPrefixFold:
			m.fits = strings.HasPrefix
		default:
			m.fits = strings.HasSuffix
		}
		p.refs = append(p.refs, m.ref)
		ms = append(ms, m)
	}
	return combine(p.All, ms)
}

func (m *refMatcher) match(ev *Event, v *Value) bool {
	root := ev.whole()
	ref := root.Value(m.ref)
	if v.Kind != Array {
		return m.some(v, root, ref)
	}
	for a := ev.First(v); a != nil; a = ev.Next(a) {
		if m.some(a, root, ref) {
			return true
		}
	}
	return false
}

// some reports whether the element a fits some element of ref, a value of root.
func (m *refMatcher) some(a *Value, root *Event, ref *Value) bool {
	if ref.Kind != Array {
		return m.pair(a, ref)
	}
	for b := root.First(ref); b != nil; b = root.Next(b) {
		if m.pair(a, b) {
			return true
		}
	}
	return false
}

func (m *refMatcher) pair(a, b *Value) bool {
	if a.Kind == Null && b.Kind == Null {
		return m.nulls
	}
	return a.Kind.HasText() && b.Kind.HasText() && m.fits(textOf(a, m.fold), textOf(b, m.fold))
}
