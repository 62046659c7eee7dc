package correlate

import (
	"math"
	"math/bits"
)

// A sumState makes sums of a window cheap although the sum that counts is defined by the order of additions: the retained values
// in arrival order, as doubles. It knows that sum without walking over the values in two cases: if no rounding can happen,
// which holds for integers and short binary fractions of moderate size; and as long as values were only added. Otherwise it
// knows an interval that the sum lies in, which decides nearly every comparison.
type sumState struct {
	// Values that are multiples of 1/1024 and not above maxUnits, in units of 1/1024: their sum (two's complement) and the sum
	// of their magnitudes, 128 bits each, and how many of them are no integers.
	hi, lo       uint64
	absHi, absLo uint64
	fractions    uint64
	// The other values: how many, roughly their sum, roughly the sum of their magnitudes, and a bound of the error of both.
	rough                uint64
	about, weight, drift float64

	total float64 // the sum, if known
	known bool
}

const (
	unitsPerOne = 1 << 10
	maxUnits    = 1 << 53 // also the bound up to which doubles hold every integer
	epsilon     = 1.0 / (1 << 52)
)

// units returns v in units, if it is a moderate multiple of one.
func units(v float64) (n int64, ok bool) {
	scaled := v * unitsPerOne
	if !(math.Abs(scaled) <= maxUnits) || scaled != math.Trunc(scaled) {
		return 0, false
	}
	return int64(scaled), true
}

func isUnits(v float64) bool {
	_, ok := units(v)
	return ok
}

// add says that v entered the window, times times in a row, behind all others.
func (s *sumState) add(v float64, times uint64) {
	s.known = times == 1 && (s.known || s.empty())
	s.total += v
	if n, ok := units(v); ok {
		s.addUnits(n, times, bits.Add64)
		if n%unitsPerOne != 0 {
			s.fractions += times
		}
		return
	}
	s.rough += times
	s.shift(v*float64(times), math.Abs(v)*float64(times))
}

// remove says that v left the window times times; left is how many values remain.
func (s *sumState) remove(v float64, times, left uint64) {
	if left == 0 {
		*s = sumState{}
		return
	}
	s.known = false
	if n, ok := units(v); ok {
		s.addUnits(n, times, bits.Sub64)
		if n%unitsPerOne != 0 {
			s.fractions -= times
		}
		return
	}
	if s.rough -= times; s.rough == 0 {
		s.about, s.weight, s.drift = 0, 0, 0
		return
	}
	s.shift(-v*float64(times), -math.Abs(v)*float64(times))
}

func (s *sumState) empty() bool { return s.rough == 0 && s.absHi == 0 && s.absLo == 0 && s.total == 0 }

// addUnits adds n·times units, or subtracts them.
func (s *sumState) addUnits(n int64, times uint64, op func(x, y, carry uint64) (uint64, uint64)) {
	magnitude := uint64(max(n, -n))
	hi, lo := bits.Mul64(magnitude, times)
	var carry uint64
	s.absLo, carry = op(s.absLo, lo, 0)
	s.absHi, _ = op(s.absHi, hi, carry)
	if n < 0 { // negate the product
		lo, carry = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, carry)
	}
	s.lo, carry = op(s.lo, lo, 0)
	s.hi, _ = op(s.hi, hi, carry)
}

// shift changes the rough sums and accounts for what rounding may have done.
func (s *sumState) shift(v, magnitude float64) {
	s.about += v
	s.weight += magnitude
	s.drift += epsilon * (math.Abs(s.about) + math.Abs(s.weight) + math.Abs(v))
}

// exact returns the sum if no order of additions could have rounded.
func (s *sumState) exact() (sum float64, ok bool) {
	switch {
	case s.known:
		return s.total, true
	case s.rough > 0 || s.absHi > 0:
		return 0, false
	case s.absLo <= maxUnits, s.fractions == 0 && s.absLo <= maxUnits*unitsPerOne:
		return float64(int64(s.lo)) / unitsPerOne, true
	default:
		return 0, false
	}
}

// bounds returns an interval that the sum of n values in any order of additions lies in. It may be infinite.
//
// Adding n doubles one after the other errs by at most about n·2⁻⁵³ times the sum of their magnitudes; the rest of the slack
// covers the rounding of this computation.
func (s *sumState) bounds(n uint64) (low, high float64) {
	middle := s.unitSum() + s.about
	weight := wide(s.absHi, s.absLo)/unitsPerOne + s.weight + s.drift
	slack := (float64(n)+8)*epsilon*weight + s.drift
	low, high = middle-slack, middle+slack
	if float64(n)*epsilon > 0.01 || !(weight < math.MaxFloat64/4) || math.IsNaN(low) || math.IsNaN(high) {
		return math.Inf(-1), math.Inf(1)
	}
	return low, high
}

// unitSum returns the sum of the values in units, rounded.
func (s *sumState) unitSum() float64 {
	if int64(s.hi) >= 0 {
		return wide(s.hi, s.lo) / unitsPerOne
	}
	lo, borrow := bits.Sub64(0, s.lo, 0)
	hi, _ := bits.Sub64(0, s.hi, borrow)
	return -wide(hi, lo) / unitsPerOne
}

// wide returns a number of 128 bits, rounded.
func wide(hi, lo uint64) float64 { return float64(hi)*(1<<32)*(1<<32) + float64(lo) }

// walk adds the retained values in arrival order.
func (e *Engine) walk(s *sumState, q *queue) float64 {
	s.total, s.known = 0, true
	for _, part := range e.two.parts(&q.ring) {
		s.total = addAll(s.total, part)
	}
	if s.rough > 0 && !(s.drift <= s.weight/(1<<30)) {
		e.restart(s, q)
	}
	return s.total
}

// addAll adds the values of a part of a ring to sum.
func addAll(sum float64, words []uint64) float64 {
	for i := 0; i+1 < len(words); i += 2 {
		v := payloadNumber(words[i+1])
		for times := words[i] & maxTimes; times > 0; times-- {
			sum += v
		}
	}
	return sum
}

// restart works out the rough sums anew, to forget what errors have gathered in them.
func (e *Engine) restart(s *sumState, q *queue) {
	s.about, s.weight, s.drift = 0, 0, 0
	for i := range q.n {
		x := e.two.at(&q.ring, i)
		if v := payloadNumber(x.payload); !isUnits(v) {
			s.shift(v*float64(x.times), math.Abs(v)*float64(x.times))
		}
	}
}

// sum returns the sum of the retained values in arrival order.
func (e *Engine) sum(s *sumState, q *queue) float64 {
	if sum, ok := s.exact(); ok {
		return sum
	}
	return e.walk(s, q)
}
