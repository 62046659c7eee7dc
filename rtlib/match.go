package rtlib

import (
	"fmt"
	"sync"
)

// matcher is the compiled form of a predicate. It is called with the value of the predicate's field and must neither
// allocate nor keep state: one matcher serves all goroutines.
type matcher interface {
	match(ev *Event, v *Value) bool
}

// never is the matcher of a predicate that could not be compiled.
type never struct{}

func (never) match(*Event, *Value) bool { return false }

// prepareMu guards the compilation of all predicates: two rule sets may share linked rules and may be made at once.
var prepareMu sync.Mutex

// prepare compiles p, once. It fails if a pattern or network does not compile or if p has no operator.
func (p *Pred) prepare() error {
	prepareMu.Lock()
	defer prepareMu.Unlock()
	if p.matcher != nil {
		return nil
	}
	m, err := newMatcher(p)
	if err != nil {
		return fmt.Errorf("%s on field %s: %w", p.Op, p.Field.Name(), err)
	}
	p.id = p.Field.ID()
	p.matcher = m
	return nil
}

// prepareLate serves a predicate that is used before Rule.Prepare. One that does not compile never holds.
func (p *Pred) prepareLate() {
	if p.prepare() == nil {
		return
	}
	prepareMu.Lock()
	defer prepareMu.Unlock()
	p.id = p.Field.ID()
	p.matcher = never{}
}

// Match reports whether p holds for ev. It is safe for concurrent use and allocates nothing once p has been prepared, which
// Rule.Prepare does. Before that, Match prepares p, is not safe for concurrent use, and holds for nothing if p does not
// compile.
//
// Source: sigma-language.md section 7.2.
func (p *Pred) Match(ev *Event) bool {
	if p.matcher == nil {
		p.prepareLate()
	}
	if ev.root == nil && p.id != anyStringID && int(p.id) < len(ev.slots) {
		return p.matcher.match(ev, &ev.slots[p.id]) // ev.Value for what is most common, without the call
	}
	if p.id == anyStringID {
		return p.matchStrings(ev)
	}
	return p.matcher.match(ev, ev.Value(p.id))
}

// Eval implements Expr; it is Match.
func (p *Pred) Eval(ev *Event) bool { return p.Match(ev) }

// ID returns the interned field of p.
func (p *Pred) ID() FieldID {
	if p.id == 0 {
		return p.Field.ID()
	}
	return p.id
}

// FieldIDs calls f for every field that p reads: its own first, then those that its operands name. In an array block the
// former is looked up in the member and the others in the whole event.
func (p *Pred) FieldIDs(f func(FieldID)) {
	f(p.ID())
	p.refIDs(f)
}

// refIDs calls f for the fields that the operands of p name.
func (p *Pred) refIDs(f func(FieldID)) {
	switch p.Op {
	case RefEqual, RefEqualFold, RefContains, RefContainsFold, RefPrefix, RefPrefixFold, RefSuffix, RefSuffixFold:
		for _, name := range p.Strings {
			f(Field(name).ID())
		}
	case Expand, ExpandFold:
		for _, pattern := range p.Strings {
			compileGlob(pattern, globOptions{refs: true}).fields(f)
		}
	}
}

func newMatcher(p *Pred) (matcher, error) {
	switch p.Op {
	case Equal, EqualFold, Prefix, PrefixFold, Suffix, SuffixFold, Contains, ContainsFold:
		return newText(p), nil
	case Glob, GlobFold, GlobDash, GlobDashFold:
		return newGlobs(p), nil
	case Expand, ExpandFold:
		return newExpand(p), nil
	case Regex:
		return newRegex(p)
	case CIDR:
		return newCIDR(p)
	case NumEqual, NumGreater, NumGreaterEqual, NumLess, NumLessEqual:
		return newNumber(p), nil
	case BoolEqual:
		return boolMatcher{want: p.Want}, nil
	case IsNull:
		return nullMatcher{}, nil
	case Exists:
		return existsMatcher{want: p.Want}, nil
	case RefEqual, RefEqualFold, RefContains, RefContainsFold, RefPrefix, RefPrefixFold, RefSuffix, RefSuffixFold:
		return newRef(p), nil
	case TimeEqual, TimeGreater, TimeGreaterEqual, TimeLess, TimeLessEqual:
		return newTime(p)
	default:
		return nil, fmt.Errorf("unknown operator %s", p.Op)
	}
}

// anyMatcher holds if one of its matchers does.
type anyMatcher []matcher

func (a anyMatcher) match(ev *Event, v *Value) bool {
	for _, m := range a {
		if m.match(ev, v) {
			return true
		}
	}
	return false
}

// allMatcher holds if each of its matchers does, and there is one: a predicate without operands never holds.
type allMatcher []matcher

func (a allMatcher) match(ev *Event, v *Value) bool {
	for _, m := range a {
		if !m.match(ev, v) {
			return false
		}
	}
	return len(a) > 0
}

// combine is the matcher of a predicate whose operands are compiled one by one.
func combine(all bool, ms []matcher) matcher {
	switch {
	case len(ms) == 1:
		return ms[0]
	case all:
		return allMatcher(ms)
	default:
		return anyMatcher(ms)
	}
}
