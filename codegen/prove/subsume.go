package prove

import (
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/synth"
	"github.com/rsigma-go/rsigma/rtlib"
)

// cover are the rules that matched every event that a rule matched.
type cover struct {
	by     []int
	events int
}

// covered notes which rules matched together.
func (p *proof) covered(hits []int) {
	for _, i := range hits {
		c := p.cover[i]
		if c == nil {
			c = &cover{by: slices.DeleteFunc(slices.Clone(hits), func(j int) bool { return j == i })}
			p.cover[i] = c
		} else {
			c.by = slices.DeleteFunc(c.by, func(j int) bool { return !slices.Contains(hits, j) })
		}
		c.events++
	}
}

// leastEvents is how many events a rule must have matched before it is said to be subsumed without a proof.
const leastEvents = 10

// subsumed enters the rules that others subsume.
func (p *proof) subsumed() {
	for i, c := range p.cover {
		if c == nil {
			continue
		}
		for _, j := range c.by {
			a, b := p.rules[i], p.rules[j]
			if !reachesAll(&b.Meta.LogSource, &a.Meta.LogSource) {
				continue
			}
			s := Subsumption{Rule: a, By: b, Events: c.events, Proved: synth.Implies(a, b)}
			s.Same = p.cover[j] != nil && slices.Contains(p.cover[j].by, i) && reachesAll(&a.Meta.LogSource, &b.Meta.LogSource)
			if s.Same && j < i {
				continue // said once
			}
			if s.Proved || c.events >= leastEvents {
				p.rep.Subsumed = append(p.rep.Subsumed, s)
			}
		}
	}
}

// reachesAll reports whether a rule with log source a sees all events that one with b sees.
func reachesAll(a, b *rtlib.LogSource) bool {
	wider := func(x, y string) bool { return x == "" || strings.EqualFold(x, y) }
	return wider(a.Category, b.Category) && wider(a.Product, b.Product) && wider(a.Service, b.Service) &&
		!slices.ContainsFunc(a.Custom, func(d rtlib.Dimension) bool { return !slices.Contains(b.Custom, d) })
}
