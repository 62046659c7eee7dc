package rtlib

import (
	"fmt"
	"math"
	"time"
)

type timeMatcher struct {
	part Part
	numberTest
}

// newTime compiles the operators on parts of a timestamp: TimeEqual, TimeGreater, TimeGreaterEqual, TimeLess, TimeLessEqual.
//
//	Ts|hour|gte: 20   →   &Pred{Op: TimeGreaterEqual, Field: "Ts", Part: Hour, Ints: []int64{20}}
//
// Source: sigma-language.md section 8.9, daemon.md section 9; vectors modifiers.yml.
func newTime(p *Pred) (matcher, error) {
	if p.Part == PartInvalid || int(p.Part) >= len(partNames) {
		return nil, fmt.Errorf("no such part of a timestamp: %s", p.Part)
	}
	var ms []matcher
	for _, t := range numberTests(p) {
		ms = append(ms, &timeMatcher{p.Part, *t})
	}
	return combine(p.All, ms), nil
}

func (m *timeMatcher) match(ev *Event, v *Value) bool {
	return ev.Each(v, m.has)
}

func (m *timeMatcher) has(v *Value) bool {
	t, ok := Timestamp(v)
	if !ok {
		return false
	}
	i := int64(m.part.of(t))
	return m.test(number{true, i, float64(i)})
}

// of returns the part p of t.
func (p Part) of(t time.Time) int {
	switch p {
	case Minute:
		return t.Minute()
	case Hour:
		return t.Hour()
	case Day:
		return t.Day()
	case Week:
		_, week := t.ISOWeek()
		return week
	case Month:
		return int(t.Month())
	default:
		return t.Year()
	}
}

// Timestamp reads v, a scalar, as a time in UTC with whole seconds; fractions are dropped downwards. A timestamp is
//
//   - a string YYYY-MM-DD, then T, t or one space, hh:mm:ss, an optional fraction, and an optional Z, z or ±hh:mm (UTC if
//     there is none), that names a real date and time;
//   - a number, or a string of digits only: seconds since the epoch, above 10¹² milliseconds, above 10¹⁵ microseconds, above
//     10¹⁸ nanoseconds.
//
// It is false for everything else, and for numbers that no calendar reaches.
func Timestamp(v *Value) (time.Time, bool) {
	switch v.Kind {
	case Int, Float:
		n, ok := numberOf(v)
		return epochTime(n, ok)
	case String:
		if n := digits(v.Text); n > 0 && n == len(v.Text) {
			n, ok := parseNumber(v.Text)
			return epochTime(n, ok)
		}
		sec, ok := parseTimeText(v.Text)
		return time.Unix(sec, 0).UTC(), ok
	default:
		return time.Time{}, false
	}
}

// maxEpoch keeps seconds where package time computes calendars without overflow.
const maxEpoch = 1 << 60

func epochTime(n number, ok bool) (time.Time, bool) {
	if !ok {
		return time.Time{}, false
	}
	var sec int64
	if n.isInt {
		sec = floorDiv(n.i, epochUnit(n.i))
	} else {
		f := math.Floor(n.f / float64(epochUnit(n.f)))
		if !(math.Abs(f) < maxEpoch) {
			return time.Time{}, false
		}
		sec = int64(f)
	}
	return time.Unix(sec, 0).UTC(), -maxEpoch < sec && sec < maxEpoch
}

// epochUnit returns how many units of the number n make a second.
func epochUnit[N int64 | float64](n N) int64 {
	switch {
	case n > 1e18:
		return 1e9
	case n > 1e15:
		return 1e6
	case n > 1e12:
		return 1e3
	default:
		return 1
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// parseTimeText reads the text form of a timestamp and returns seconds since the epoch. Package time is too lenient here: it
// accepts one-digit hours, a comma before the fraction and offsets of 24 hours.
func parseTimeText(s string) (sec int64, ok bool) {
	const layout = "0000-00-00T00:00:00"
	if len(s) < len(layout) {
		return 0, false
	}
	for i := range len(layout) {
		if !fitsLayout(s[i], layout[i]) {
			return 0, false
		}
	}
	year, month, day := number2(s[0:])*100+number2(s[2:]), number2(s[5:]), number2(s[8:])
	hour, minute, second := number2(s[11:]), number2(s[14:]), number2(s[17:])
	if hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if t.Day() != day || int(t.Month()) != month {
		return 0, false
	}
	offset, ok := parseZone(dropFraction(s[len(layout):]))
	return t.Unix() - offset, ok
}

func fitsLayout(c, layout byte) bool {
	switch layout {
	case '0':
		return '0' <= c && c <= '9'
	case 'T':
		return c == 'T' || c == 't' || c == ' '
	default:
		return c == layout
	}
}

// number2 reads two digits that are known to be there.
func number2(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }

// dropFraction cuts a point and the digits after it, of which there must be one.
func dropFraction(s string) string {
	if s == "" || s[0] != '.' {
		return s
	}
	if n := digits(s[1:]); n > 0 {
		return s[1+n:]
	}
	return s
}

// parseZone returns the seconds by which the local time is ahead of UTC.
func parseZone(s string) (offset int64, ok bool) {
	if s == "" || s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) != len("+00:00") || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	if digits(s[1:]) != 2 || s[3] != ':' || digits(s[4:]) != 2 {
		return 0, false
	}
	hour, minute := number2(s[1:]), number2(s[4:])
	if hour > 23 || minute > 59 {
		return 0, false
	}
	offset = int64(hour*60+minute) * 60
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}
