// Package ruleset runs a set of rules over events: log-source routing, the search index that rules most of them out, and the
// one evaluation loop that the daemon, the compiler's commands and embedders share. It does not decode events and does not
// render results.
package ruleset

import (
	"fmt"
	"math/bits"
	"slices"
	"sync/atomic"

	"github.com/rsigma-go/rsigma/rtlib"
)

// Options are the choices of a Set. The zero value is the default.
type Options struct {
	// Routing skips a rule for an event if a log-source dimension is set on both and differs.
	Routing bool
}

// Set is an immutable set of rules with its index. It is safe for concurrent use; each goroutine needs a Scratch of its own.
type Set struct {
	rules      []*rtlib.Rule
	fields     []rtlib.FieldID
	allStrings bool
	routes     []route // nil without routing
	index      *index
	off        atomic.Pointer[[]uint64] // rules that are switched off; nil without any
}

// New prepares rules, which it keeps in load order, and builds their index. Cost: some microseconds a rule. It fails only if a
// rule's pattern does not compile, which the compiler has ruled out.
func New(rules []*rtlib.Rule, opts Options) (*Set, error) {
	s := &Set{rules: rules}
	for _, r := range rules {
		if err := r.Prepare(); err != nil {
			return nil, fmt.Errorf("prepare rule %q (%s): %w", r.Meta.Title, r.Meta.Source, err)
		}
	}
	s.collectFields()
	if opts.Routing {
		s.routes = newRoutes(rules)
	}
	s.index = newIndex(rules)
	return s, nil
}

// collectFields notes what a decoder has to look for.
func (s *Set) collectFields() {
	any := rtlib.AnyString.ID()
	seen := map[rtlib.FieldID]bool{}
	for _, r := range s.rules {
		r.FieldIDs(func(id rtlib.FieldID) {
			switch {
			case id == any:
				s.allStrings = true
			case !seen[id]:
				seen[id] = true
				s.fields = append(s.fields, id)
			}
		})
	}
	slices.Sort(s.fields)
}

// Rules returns the rules in load order. The caller must not change the slice.
func (s *Set) Rules() []*rtlib.Rule { return s.rules }

// Fields returns the event fields that the rules read, sorted. The caller must not change the slice.
func (s *Set) Fields() []rtlib.FieldID { return s.fields }

// AllStrings reports whether some rule searches every string of an event, so that decoders must fold them all into the
// event's arena.
func (s *Set) AllStrings() bool { return s.allStrings }

// Scratch is the working memory of one goroutine. The zero value is not usable; see NewScratch.
type Scratch struct {
	bits     []uint64 // candidate rules
	atoms    []int32  // index literals found in one value
	hits     []int    // matching rules
	keywords *keywordTable
	found    []uint32 // by keyword: the last event, by number, in which it was found
	event    uint32
}

// NewScratch returns working memory for s.
func (s *Set) NewScratch() *Scratch {
	return &Scratch{
		bits:     make([]uint64, (len(s.rules)+63)/64),
		atoms:    make([]int32, 0, 256),
		hits:     make([]int, 0, 64),
		keywords: s.index.keywords,
		found:    make([]uint32, s.index.keywords.size),
	}
}

// Eval returns the numbers of the rules that match ev, in load order. The event must have been decoded for the fields of s.
// The result is valid until the next call with sc, which also answers keyword predicates of ev until then. Cost: it grows with the size of the event and the number of candidates,
// hardly with the number of rules; nothing is allocated.
func (s *Set) Eval(ev *rtlib.Event, sc *Scratch) []int {
	sc.hits = sc.hits[:0]
	s.prepare(ev, sc)
	for w, word := range sc.bits {
		for ; word != 0; word &= word - 1 {
			i := w*64 + bits.TrailingZeros64(word)
			if s.reaches(i, ev) && s.rules[i].Match(ev) {
				sc.hits = append(sc.hits, i)
			}
		}
		sc.bits[w] = 0
	}
	return sc.hits
}

// prepare sets the bits of the rules that may match ev and may run.
func (s *Set) prepare(ev *rtlib.Event, sc *Scratch) {
	s.index.candidates(ev, sc)
	if ev.FoldedStrings {
		ev.Keywords = sc
	}
	if off := s.off.Load(); off != nil {
		for w, word := range *off {
			sc.bits[w] &^= word
		}
	}
}

// FullScan is Eval without the index: it asks every rule. It is the oracle that Eval is tested against.
func (s *Set) FullScan(ev *rtlib.Event) []int {
	var hits []int
	ev.Keywords = nil
	for i, r := range s.rules {
		if s.reaches(i, ev) && !s.isOff(i) && r.Match(ev) {
			hits = append(hits, i)
		}
	}
	return hits
}

// Candidates returns how many rules the index leaves for ev, for measurements.
func (s *Set) Candidates(ev *rtlib.Event, sc *Scratch) int {
	s.index.candidates(ev, sc)
	n := 0
	for w, word := range sc.bits {
		n += bits.OnesCount64(word)
		sc.bits[w] = 0
	}
	return n
}
