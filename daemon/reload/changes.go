package reload

import (
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/rtlib"
)

// Changes say how the rules of two generations differ. A rule is the same if its place and its digest are.
type Changes struct{ Unchanged, Changed, Added, Removed int }

// changes compares the rules that reports are about.
func changes(old, new *Report) Changes {
	var c Changes
	for source, digest := range new.digests {
		switch was, ok := old.digests[source]; {
		case !ok:
			c.Added++
		case was != digest:
			c.Changed++
		default:
			c.Unchanged++
		}
	}
	for source := range old.digests {
		if _, ok := new.digests[source]; !ok {
			c.Removed++
		}
	}
	return c
}

// digestsOf returns the digests of rules by their place.
func digestsOf(rules engine.Rules) map[string]string {
	out := make(map[string]string, rules.Len())
	add := func(m *rtlib.Meta) { out[m.Source] = m.Digest }
	for _, r := range rules.Detections {
		add(&r.Meta)
	}
	for _, r := range rules.Correlations {
		add(&r.Meta)
	}
	return out
}
