package rtlib

import (
	"math"
	"strconv"
)

// number is the numeric value of an element: an integer, or a finite double.
type number struct {
	isInt bool
	i     int64
	f     float64 // the value as a double, for integers too
}

// numberOf returns the numeric value of v. Booleans have none, nor have numbers too large for a double.
func numberOf(v *Value) (number, bool) {
	switch v.Kind {
	case Int, String:
		return parseNumber(v.Text)
	case Float:
		n, ok := parseNumber(v.Text)
		// Whole doubles and integers beyond 63 bits are written like integers but compare as doubles.
		n.isInt = false
		return n, ok
	default:
		return number{}, false
	}
}

// parseNumber reads text as a number: [+-]? (digits [. digits*] | . digits) ([eE][+-]?digits)?. Without point and
// exponent it is an integer if it fits.
func parseNumber(s string) (number, bool) {
	whole, ok := scanNumber(s)
	if !ok {
		return number{}, false
	}
	if whole {
		if i, ok := parseInt(s); ok {
			return number{true, i, float64(i)}, true
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return number{}, false
	}
	return number{f: f}, true
}

// scanNumber checks the grammar; whole says that there is neither point nor exponent.
func scanNumber(s string) (whole, ok bool) {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	before := digits(s[i:])
	i += before
	if i == len(s) {
		return true, before > 0
	}
	after := 0
	if s[i] == '.' {
		i++
		after = digits(s[i:])
		i += after
	}
	if before+after == 0 {
		return false, false
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		n := digits(s[i:])
		if n == 0 {
			return false, false
		}
		i += n
	}
	return false, i == len(s)
}

// digits returns the number of ASCII digits at the front of s.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// parseInt reads an optional sign and digits. Unlike strconv.ParseInt it does not allocate when they do not fit.
func parseInt(s string) (int64, bool) {
	negative := s[0] == '-'
	if negative || s[0] == '+' {
		s = s[1:]
	}
	var u uint64
	for i := range len(s) {
		d := uint64(s[i] - '0')
		if u > (1<<63-d)/10 {
			return 0, false
		}
		u = u*10 + d
	}
	switch {
	case negative:
		return -int64(u), true // also right for 1<<63
	case u == 1<<63:
		return 0, false
	default:
		return int64(u), true
	}
}

// comparison is the outcome of a comparison, as a set: an operator accepts some of less, equal and greater.
type comparison uint8

const (
	less comparison = 1 << iota
	equal
	greater
)

func compareInts(a, b int64) comparison {
	switch {
	case a < b:
		return less
	case a > b:
		return greater
	default:
		return equal
	}
}

func compareFloats(a, b float64) comparison {
	switch {
	case a < b:
		return less
	case a > b:
		return greater
	case a == b:
		return equal
	default:
		return 0
	}
}

// accepts returns which outcomes make a Num… or Time… operator hold.
func (o Op) accepts() comparison {
	switch o {
	case NumEqual, TimeEqual:
		return equal
	case NumGreater, TimeGreater:
		return greater
	case NumGreaterEqual, TimeGreaterEqual:
		return greater | equal
	case NumLess, TimeLess:
		return less
	case NumLessEqual, TimeLessEqual:
		return less | equal
	default:
		return 0
	}
}

// numberTest compares a number with operands, of which any may do.
type numberTest struct {
	accept comparison
	ints   []int64
	floats []float64
}

func (t *numberTest) test(n number) bool {
	for _, i := range t.ints {
		c := compareInts(n.i, i)
		if !n.isInt {
			c = compareFloats(n.f, float64(i))
		}
		if c&t.accept != 0 {
			return true
		}
	}
	for _, f := range t.floats {
		if compareFloats(n.f, f)&t.accept != 0 {
			return true
		}
	}
	return false
}

// numberTests returns the tests of a predicate: one for all operands, or with All one for each.
func numberTests(p *Pred) []*numberTest {
	accept := p.Op.accepts()
	if !p.All {
		return []*numberTest{{accept, p.Ints, p.Floats}}
	}
	var tests []*numberTest
	for i := range p.Ints {
		tests = append(tests, &numberTest{accept: accept, ints: p.Ints[i : i+1]})
	}
	for i := range p.Floats {
		tests = append(tests, &numberTest{accept: accept, floats: p.Floats[i : i+1]})
	}
	return tests
}

// newNumber compiles the operators on numbers: NumEqual, NumGreater, NumGreaterEqual, NumLess, NumLessEqual.
//
//	EventID: 4688   →   &Pred{Op: NumEqual, Field: "EventID", Ints: []int64{4688}}
//
// Two integers compare exactly, otherwise both sides are doubles.
//
// Source: sigma-language.md section 7.3; vectors numbers-types.yml.
func newNumber(p *Pred) matcher {
	if p.Op == NumEqual && !p.All && len(p.Ints)+len(p.Floats) > fewOperands {
		return newNumberSet(p.Ints, p.Floats)
	}
	var ms []matcher
	for _, t := range numberTests(p) {
		ms = append(ms, (*numberMatcher)(t))
	}
	return combine(p.All, ms)
}

type numberMatcher numberTest

func (m *numberMatcher) match(ev *Event, v *Value) bool {
	return ev.Each(v, m.has)
}

func (m *numberMatcher) has(v *Value) bool {
	n, ok := numberOf(v)
	return ok && (*numberTest)(m).test(n)
}

// numberSet holds many operands of NumEqual.
type numberSet struct {
	ints   map[int64]struct{}
	floats map[float64]struct{} // the operands that are doubles
	all    map[float64]struct{} // all operands as doubles, for elements that are
}

func newNumberSet(ints []int64, floats []float64) *numberSet {
	s := &numberSet{map[int64]struct{}{}, map[float64]struct{}{}, map[float64]struct{}{}}
	for _, i := range ints {
		s.ints[i] = struct{}{}
		s.all[float64(i)] = struct{}{}
	}
	for _, f := range floats {
		s.floats[f] = struct{}{}
		s.all[f] = struct{}{}
	}
	return s
}

func (m *numberSet) match(ev *Event, v *Value) bool {
	return ev.Each(v, m.has)
}

func (m *numberSet) has(v *Value) bool {
	n, ok := numberOf(v)
	if !ok {
		return false
	}
	if !n.isInt {
		_, ok = m.all[n.f]
		return ok
	}
	if _, ok = m.ints[n.i]; ok {
		return true
	}
	_, ok = m.floats[n.f]
	return ok
}

// Number returns the numeric value of v as an integer or, if isInt is false, as a finite double; f is the value as a double
// in both cases. ok is false if v has no numeric value.
func Number(v *Value) (i int64, f float64, isInt, ok bool) {
	n, ok := numberOf(v)
	return n.i, n.f, n.isInt, ok
}
