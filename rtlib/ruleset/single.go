package ruleset

import (
	"math/bits"
	"slices"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Disable switches rule number i off for all later events. It is safe for concurrent use with everything but itself.
func (s *Set) Disable(i int) {
	mask := make([]uint64, (len(s.rules)+63)/64)
	if off := s.off.Load(); off != nil {
		mask = slices.Clone(*off)
	}
	mask[i/64] |= 1 << (i % 64)
	s.off.Store(&mask)
}

func (s *Set) isOff(i int) bool {
	off := s.off.Load()
	return off != nil && (*off)[i/64]>>(i%64)&1 != 0
}

// Judge asks rule number i about ev, without the index. Keyword predicates are answered as ev.Keywords says.
func (s *Set) Judge(i int, ev *rtlib.Event) bool {
	return s.reaches(i, ev) && !s.isOff(i) && s.rules[i].Match(ev)
}

// EachCandidate calls f with the numbers of the rules that the index leaves for ev, in load order. Until the next call with sc, Judge
// uses what the index has found out about keywords.
func (s *Set) EachCandidate(ev *rtlib.Event, sc *Scratch, f func(rule int)) {
	s.prepare(ev, sc)
	for w, word := range sc.bits {
		sc.bits[w] = 0
		for ; word != 0; word &= word - 1 {
			f(w*64 + bits.TrailingZeros64(word))
		}
	}
}
