package coverage

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
)

// need is what one rule reads.
type need struct {
	rule     *ir.Rule
	fields   []rtlib.FieldID // of the event, in the order of the rule, each once; those of array members are not among them
	blocks   []rtlib.FieldID // those of fields whose members array blocks look into
	keywords bool            // it searches all strings
}

// needOf looks at the selections that some condition of r uses.
func needOf(r *ir.Rule) need {
	n := need{rule: r}
	used := map[string]bool{}
	for _, c := range r.Conditions {
		selections(c, used)
	}
	var part rtlib.Rule
	for _, s := range r.Selections {
		if used[s.Name] {
			part.Selections = append(part.Selections, s)
		}
	}
	for _, s := range part.Selections {
		rtlib.Walk(s.Body, func(x rtlib.Expr) {
			if each, ok := x.(*rtlib.Each); ok {
				n.blocks = append(n.blocks, each.ID())
			}
		})
	}
	anyString := rtlib.AnyString.ID()
	part.FieldIDs(func(id rtlib.FieldID) {
		switch {
		case id == anyString:
			n.keywords = true
		case !slices.Contains(n.fields, id):
			n.fields = append(n.fields, id)
		}
	})
	return n
}

// selections adds the names in c to used.
func selections(c rtlib.Cond, used map[string]bool) {
	switch c := c.(type) {
	case rtlib.Sel:
		used[string(c)] = true
	case rtlib.NotCond:
		selections(c.X, used)
	case rtlib.AllConds:
		for _, term := range c {
			selections(term, used)
		}
	case rtlib.AnyConds:
		for _, term := range c {
			selections(term, used)
		}
	case rtlib.OfSels:
		for _, name := range c.Names {
			used[name] = true
		}
	}
}
