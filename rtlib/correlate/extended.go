package correlate

import (
	"fmt"
	"slices"

	"github.com/rsigma-go/rsigma/rtlib"
)

// A cond is an extended condition: it holds or not for what queues have an entry.
type cond interface {
	holds(present []bool) bool
}

type (
	condQueues []int // some of these queues has an entry
	condAll    []cond
	condAny    []cond
	condNot    struct{ x cond }
	condOf     struct {
		n     int
		terms []cond
	}
)

func (c condQueues) holds(present []bool) bool {
	for _, queue := range c {
		if present[queue] {
			return true
		}
	}
	return false
}

func (c condAll) holds(present []bool) bool {
	for _, x := range c {
		if !x.holds(present) {
			return false
		}
	}
	return true
}

func (c condAny) holds(present []bool) bool {
	for _, x := range c {
		if x.holds(present) {
			return true
		}
	}
	return false
}

func (c condNot) holds(present []bool) bool { return !c.x.holds(present) }

func (c condOf) holds(present []bool) bool {
	n := 0
	for _, x := range c.terms {
		if x.holds(present) {
			n++
		}
	}
	return n >= c.n && len(c.terms) > 0
}

// resolveReferences gives each set of rules that some reference names a queue, and resolves the extended condition.
func (c *corr) resolveReferences() error {
	rule := c.rule
	if len(rule.References) == 0 {
		return fmt.Errorf("no references")
	}
	feeders := make([][]int, len(rule.References)) // sources by position
	for s := range rule.Sources {
		for _, at := range rule.Sources[s].At {
			if at < 0 || at >= len(feeders) {
				return fmt.Errorf("source %q is at position %d of %d", rule.Sources[s].Rule, at, len(feeders))
			}
			feeders[at] = append(feeders[at], s)
		}
	}
	var classes [][]int
	for _, sources := range feeders {
		i := slices.IndexFunc(classes, func(x []int) bool { return slices.Equal(x, sources) })
		if i < 0 {
			i = len(classes)
			classes = append(classes, sources)
		}
		c.queueOf = append(c.queueOf, i)
	}
	c.queues = len(classes)
	c.sets.size = c.queues
	if rule.Extended == nil {
		return nil
	}
	var err error
	c.when, err = c.cond(rule.Extended)
	return err
}

func (c *corr) cond(x rtlib.Cond) (cond, error) {
	switch x := x.(type) {
	case rtlib.Sel:
		var queues condQueues
		for at, ref := range c.rule.References {
			if ref == string(x) && !slices.Contains(queues, c.queueOf[at]) {
				queues = append(queues, c.queueOf[at])
			}
		}
		if queues == nil {
			return nil, fmt.Errorf("condition names %q, which is no reference", string(x))
		}
		return queues, nil
	case rtlib.AllConds:
		terms, err := c.conds(x)
		return condAll(terms), err
	case rtlib.AnyConds:
		terms, err := c.conds(x)
		return condAny(terms), err
	case rtlib.NotCond:
		term, err := c.cond(x.X)
		return condNot{term}, err
	case rtlib.OfSels:
		var terms []cond
		for _, name := range x.Names {
			term, err := c.cond(rtlib.Sel(name))
			if err != nil {
				return nil, err
			}
			terms = append(terms, term)
		}
		return condOf{x.N, terms}, nil
	default:
		return nil, fmt.Errorf("condition of type %T", x)
	}
}

func (c *corr) conds(list []rtlib.Cond) ([]cond, error) {
	var terms []cond
	for _, x := range list {
		term, err := c.cond(x)
		if err != nil {
			return nil, err
		}
		terms = append(terms, term)
	}
	return terms, nil
}
