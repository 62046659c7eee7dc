package interp

import (
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// Correlations returns the correlations of p in load order. They are data, which package correlate runs for every engine.
func Correlations(p *ir.Program) []*correlate.Rule {
	out := make([]*correlate.Rule, len(p.Correlations))
	for i, c := range p.Correlations {
		out[i] = c.Rule
	}
	return out
}
