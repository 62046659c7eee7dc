package modifier

import (
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

var timeParts = map[string]sigma.Part{
	"minute": sigma.PartMinute,
	"hour":   sigma.PartHour,
	"day":    sigma.PartDay,
	"week":   sigma.PartWeek,
	"month":  sigma.PartMonth,
	"year":   sigma.PartYear,
}

// timePart types a value that a part of a timestamp is compared with (section 8.9). It returns nil after an error.
func (a *applier) timePart(c *chain, n *yamldoc.Node) sigma.Value {
	number, ok := a.number(n, c.timePart)
	if !ok {
		return nil
	}
	return sigma.TimePart{Part: timeParts[c.timePart], Op: comparisons[c.operator], Number: number}
}
