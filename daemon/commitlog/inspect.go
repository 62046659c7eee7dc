package commitlog

import (
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// Contents shows what Recover has found to people.
type Contents struct {
	Commit int64 // number of the last one
	// Correlations is an engine of the rules of that time with the state; nil if there is no base.
	Correlations *correlate.Engine
	// Snapshot is the JSON form, if there is no base.
	Snapshot []byte
	Sources  []flow.Position
	Sinks    []SinkState
	Faults   []string
}

// SinkState is how far a sink is.
type SinkState struct {
	Name    string
	Row     int64 // the last commit of which it has something
	Waiting int   // results that it lacks
}

// Contents returns what was found. The engine is shared with r.
func (l *Log) Contents(r *Recovered) Contents {
	c := Contents{Commit: l.last, Correlations: r.engine, Snapshot: r.snapshot, Faults: r.Faults}
	for _, p := range r.sources {
		c.Sources = append(c.Sources, p)
	}
	slices.SortFunc(c.Sources, func(a, b flow.Position) int { return strings.Compare(a.Source, b.Source) })
	for name, m := range r.marks {
		s := SinkState{Name: name, Row: m.Row}
		for _, u := range r.outbox {
			s.Waiting += len(u.Results) - done(u, m)
		}
		c.Sinks = append(c.Sinks, s)
	}
	slices.SortFunc(c.Sinks, func(a, b SinkState) int { return strings.Compare(a.Name, b.Name) })
	return c
}
