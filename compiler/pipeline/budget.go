package pipeline

import "github.com/rsigma-go/rsigma/compiler/sigma"

// Items that multiply names, values or text can make a rule double with every item, so growth is bounded.
const (
	maxNewItems  = 50_000    // names and detection items that pipelines may add to one document
	maxNewValues = 1_000_000 // values that pipelines may add to one document
	maxText      = 1 << 20   // bytes of a string that replace_string makes
)

// growth counts what pipelines add to one document.
type growth struct{ items, values int }

// spend counts further names or items, and values.
func (g *growth) spend(items, values int) error {
	g.items += items
	g.values += values
	if g.items > maxNewItems || g.values > maxNewValues {
		return fail(CodeTooLarge, "the pipelines add more than %d names and items or %d values to the rule", maxNewItems, maxNewValues)
	}
	return nil
}

// spendCopies counts copies of n.
func (g *growth) spendCopies(copies int, n sigma.Node) error {
	w := weigh(n)
	return g.spend(copies*w.items, copies*w.values)
}

// weigh counts the nodes and values of n.
func weigh(n sigma.Node) growth {
	sum := growth{items: 1}
	add := func(g *sigma.Group) {
		for _, m := range g.Nodes {
			w := weigh(m)
			sum.items, sum.values = sum.items+w.items, sum.values+w.values
		}
	}
	switch n := n.(type) {
	case *sigma.Item:
		sum.values = len(n.Values)
	case *sigma.Group:
		add(n)
	case *sigma.Block:
		if n.Body != nil {
			add(n.Body)
		}
		for _, d := range n.Detections {
			add(d.Body)
		}
	}
	return sum
}
