package ruleset

import "github.com/rsigma-go/rsigma/rtlib"

// Gate says what the search index lets a rule through on: any one of its literals, numbers and fields. The zero value stands for a
// rule that is asked about every event.
type Gate struct {
	Literals int // literals to find in the events, numbers included
	Fields   int // fields whose presence alone is enough
	// Weight ranks how often one of them is expected to be found, in the units of package ruleset's estimate: a field that is
	// there counts 4,000, a number 400. It is 0 for the zero Gate.
	Weight float64
	// Commonest is the literal that is expected most often, as it is looked for; empty if there is none.
	Commonest string
}

// Always reports whether the index cannot rule the rule out.
func (g Gate) Always() bool { return g.Literals == 0 && g.Fields == 0 }

// Gates returns the gates that a Set of these rules has, by rule. It fails as New does.
func Gates(rules []*rtlib.Rule) ([]Gate, error) {
	for _, r := range rules {
		if err := r.Prepare(); err != nil {
			return nil, err
		}
	}
	c := &chooser{weights: newWeights(rules)}
	out := make([]Gate, len(rules))
	for i, r := range rules {
		w := c.rule(r)
		if w == nil {
			continue
		}
		g, most := Gate{Weight: w.cost}, 0.0
		for _, a := range w.atoms {
			if a.kind == rtlib.WitnessPresent {
				g.Fields++
				continue
			}
			g.Literals++
			if cost := c.weights.atom(a); cost > most && a.text != "" {
				most, g.Commonest = cost, a.text
			}
		}
		out[i] = g
	}
	return out, nil
}
