package rtlib

import (
	"strings"
	"unicode/utf8"
)

type globPartKind uint8

const (
	globLiteral globPartKind = iota
	globOne                  // one code point
	globDash                 // one of the five dashes
	globRef                  // the text of an event field
)

type globPart struct {
	kind globPartKind
	text string  // globLiteral
	id   FieldID // globRef
}

// globSegment is a part of a pattern that no star divides.
type globSegment []globPart

// glob is a compiled pattern: the segments around its stars, so that there is one star less than segments.
type glob struct {
	segments []globSegment
	fold     bool // which text of a globRef counts
}

type globOptions struct{ fold, dash, refs bool }

// globTest is a glob without references, as a test.
type globTest struct{ *glob }

func (t globTest) test(s string) bool { return t.match(nil, s) }

// newGlobs compiles the operators on wildcard patterns: Glob, GlobFold, GlobDash, GlobDashFold.
//
//	Image: 'C:\tools\\*.exe'   →   &Pred{Op: GlobFold, Field: "Image", Strings: []string{`C:\\tools\\*.exe`}}
//
// A pattern is cut at its stars into segments, each of which covers a fixed number of code points. The first segment must
// lie at the front of the text and the last at its end; those between are placed leftmost, one after the other, which finds
// a placement if there is one. Time is at worst the length of the text times that of the pattern.
//
// Source: sigma-language.md sections 5.1, 8.6 and 21; vectors strings-escapes.yml.
func newGlobs(p *Pred) matcher {
	opt := globOptions{fold: p.Op.IsFold(), dash: p.Op == GlobDash || p.Op == GlobDashFold}
	globs := make([]*glob, len(p.Strings))
	for i, pattern := range p.Strings {
		globs[i] = compileGlob(pattern, opt)
	}
	if !p.All && len(globs) > fewOperands {
		return &textMatcher{opt.fold, newGlobSet(globs)}
	}
	var ms []matcher
	for _, g := range globs {
		ms = append(ms, &textMatcher{opt.fold, globTest{g}})
	}
	return combine(p.All, ms)
}

// globSet passes texts that some pattern covers. Patterns are tried only where a literal of theirs occurs.
type globSet []globSetPart

// globSetPart is a part of a set, as large as a bitmap on the stack allows.
type globSetPart struct {
	literals *substringSet // one literal of each pattern, empty if it has none
	globs    []*glob
}

const globSetWords = 16

func newGlobSet(globs []*glob) globSet {
	var set globSet
	for len(globs) > 0 {
		n := min(len(globs), globSetWords*64)
		literals := make([]string, n)
		for i, g := range globs[:n] {
			literals[i] = g.longestLiteral()
		}
		set = append(set, globSetPart{newSubstringSet(literals), globs[:n]})
		globs = globs[n:]
	}
	return set
}

func (t globSet) test(s string) bool {
	for i := range t {
		if t[i].test(s) {
			return true
		}
	}
	return false
}

func (t *globSetPart) test(s string) bool {
	// A literal may occur often, its pattern is worth one try.
	var tried [globSetWords]uint64
	return t.literals.find(s, func(id int32) bool {
		word, bit := &tried[id/64], uint64(1)<<(id%64)
		if *word&bit != 0 {
			return false
		}
		*word |= bit
		return t.globs[id].match(nil, s)
	})
}

func (g *glob) longestLiteral() string {
	best := ""
	for _, seg := range g.segments {
		for _, part := range seg {
			if part.kind == globLiteral && len(part.text) > len(best) {
				best = part.text
			}
		}
	}
	return best
}

// fields calls f for the fields that g refers to.
func (g *glob) fields(f func(FieldID)) {
	for _, seg := range g.segments {
		for _, part := range seg {
			if part.kind == globRef {
				f(part.id)
			}
		}
	}
}

// match reports whether g covers s. References are looked up in root, which may be nil if there are none.
func (g *glob) match(root *Event, s string) bool {
	first, last := g.segments[0], g.segments[len(g.segments)-1]
	at, ok := g.matchAt(first, root, s, 0)
	if !ok {
		return false
	}
	if len(g.segments) == 1 {
		return at == len(s)
	}
	end, ok := g.matchBack(last, root, s)
	if !ok || end < at {
		return false
	}
	for _, seg := range g.segments[1 : len(g.segments)-1] {
		if at, ok = g.find(seg, root, s[:end], at); !ok {
			return false
		}
	}
	return true
}

// matchAt matches seg at position at of s and returns where it ends.
func (g *glob) matchAt(seg globSegment, root *Event, s string, at int) (end int, ok bool) {
	for i := range seg {
		part := &seg[i]
		switch part.kind {
		case globLiteral, globRef:
			text := g.text(part, root)
			if !strings.HasPrefix(s[at:], text) {
				return 0, false
			}
			at += len(text)
		default:
			r, size := utf8.DecodeRuneInString(s[at:])
			if size == 0 || part.kind == globDash && !isDash(r) {
				return 0, false
			}
			at += size
		}
	}
	return at, true
}

// matchBack matches seg at the end of s and returns where it begins.
func (g *glob) matchBack(seg globSegment, root *Event, s string) (start int, ok bool) {
	for i := len(seg) - 1; i >= 0; i-- {
		part := &seg[i]
		switch part.kind {
		case globLiteral, globRef:
			text := g.text(part, root)
			if !strings.HasSuffix(s, text) {
				return 0, false
			}
			s = s[:len(s)-len(text)]
		default:
			r, size := utf8.DecodeLastRuneInString(s)
			if size == 0 || part.kind == globDash && !isDash(r) {
				return 0, false
			}
			s = s[:len(s)-size]
		}
	}
	return len(s), true
}

// find matches seg at the leftmost position of s from at on and returns where it ends.
func (g *glob) find(seg globSegment, root *Event, s string, at int) (end int, ok bool) {
	lead := ""
	if seg[0].kind == globLiteral || seg[0].kind == globRef {
		lead = g.text(&seg[0], root)
	}
	for {
		i := strings.Index(s[at:], lead)
		if i < 0 {
			return 0, false
		}
		at += i
		if end, ok := g.matchAt(seg, root, s, at); ok {
			return end, true
		}
		_, size := utf8.DecodeRuneInString(s[at:])
		if size == 0 {
			return 0, false
		}
		at += size
	}
}

// text returns the text that a literal or a reference stands for. A field without text stands for nothing.
func (g *glob) text(part *globPart, root *Event) string {
	if part.kind == globLiteral {
		return part.text
	}
	v := root.Value(part.id)
	if !v.Kind.HasText() {
		return ""
	}
	return textOf(v, g.fold)
}

// isDash reports whether r is one of the characters that windash makes interchangeable.
func isDash(r rune) bool {
	switch r {
	case '-', '/', '–', '—', '―':
		return true
	}
	return false
}

// compileGlob reads a pattern: * ? and a backslash that makes the next character literal; with refs also %name%. A backslash
// at the end is literal.
func compileGlob(pattern string, opt globOptions) *glob {
	c := globCompiler{opt: opt}
	for s := pattern; s != ""; {
		r, size := utf8.DecodeRuneInString(s)
		name, isRef := "", false
		if opt.refs && r == '%' {
			name, isRef = placeholder(s)
		}
		switch {
		case isRef:
			c.part(globPart{kind: globRef, id: Field(name).ID()})
			size = len(name) + 2
		case r == '*':
			c.star()
		case r == '?':
			c.part(globPart{kind: globOne})
		case r == '\\' && len(s) > 1:
			_, next := utf8.DecodeRuneInString(s[1:])
			c.literal(s[1 : 1+next])
			size = 1 + next
		default:
			c.literal(s[:size])
		}
		s = s[size:]
	}
	return c.done()
}

// placeholder reads %name% at the front of s. A name is not empty and holds no percent sign; an escaped one ends nothing.
func placeholder(s string) (name string, ok bool) {
	n := strings.IndexByte(s[1:], '%')
	if n < 1 {
		return "", false
	}
	name = s[1 : 1+n]
	slashes := len(name) - len(strings.TrimRight(name, `\`))
	return name, slashes%2 == 0
}

type globCompiler struct {
	opt      globOptions
	segments []globSegment
	current  globSegment
	run      strings.Builder
}

func (c *globCompiler) literal(char string) {
	if r, _ := utf8.DecodeRuneInString(char); c.opt.dash && isDash(r) {
		c.part(globPart{kind: globDash})
		return
	}
	c.run.WriteString(char)
}

func (c *globCompiler) part(part globPart) {
	c.flush()
	c.current = append(c.current, part)
}

func (c *globCompiler) flush() {
	if c.run.Len() == 0 {
		return
	}
	text := c.run.String()
	if c.opt.fold {
		text = Fold(text)
	}
	c.current = append(c.current, globPart{kind: globLiteral, text: text})
	c.run = strings.Builder{}
}

// star ends a segment. Adjacent stars are one: only the first segment of a pattern with stars may be empty, and the last.
func (c *globCompiler) star() {
	c.flush()
	if len(c.current) > 0 || len(c.segments) == 0 {
		c.segments = append(c.segments, c.current)
		c.current = nil
	}
}

func (c *globCompiler) done() *glob {
	c.flush()
	return &glob{segments: append(c.segments, c.current), fold: c.opt.fold}
}
