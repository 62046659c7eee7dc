package pipeline

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// The copies share what nobody changes: YAML nodes, condition trees, the modifiers as written and the parts of values.

func cloneRule(r *sigma.Rule) *sigma.Rule {
	out := *r
	out.Header = cloneHeader(r.Header)
	out.Detections = cloneDetections(r.Detections)
	out.Conditions = slices.Clone(r.Conditions)
	return &out
}

func cloneFilter(f *sigma.Filter) *sigma.Filter {
	out := *f
	out.Detections = cloneDetections(f.Detections)
	return &out
}

func cloneCorrelation(c *sigma.Correlation) *sigma.Correlation {
	out := *c
	out.Header = cloneHeader(c.Header)
	out.Fields = slices.Clone(c.Fields)
	out.Aliases = slices.Clone(c.Aliases)
	for i := range out.Aliases {
		out.Aliases[i].Fields = slices.Clone(out.Aliases[i].Fields)
	}
	return &out
}

func cloneHeader(h sigma.Header) sigma.Header {
	h.Fields = slices.Clone(h.Fields)
	h.Custom = slices.Clone(h.Custom)
	h.LogSource.Custom = slices.Clone(h.LogSource.Custom)
	return h
}

func cloneDetections(list []*sigma.Detection) []*sigma.Detection {
	if list == nil {
		return nil
	}
	out := make([]*sigma.Detection, len(list))
	for i, d := range list {
		c := *d
		c.Body = cloneGroup(d.Body)
		out[i] = &c
	}
	return out
}

func cloneGroup(g *sigma.Group) *sigma.Group {
	if g == nil {
		return nil
	}
	out := *g
	out.Nodes = make([]sigma.Node, len(g.Nodes))
	for i, n := range g.Nodes {
		out.Nodes[i] = cloneNode(n)
	}
	return &out
}

func cloneNode(n sigma.Node) sigma.Node {
	switch n := n.(type) {
	case *sigma.Item:
		return cloneItem(n)
	case *sigma.Group:
		return cloneGroup(n)
	case *sigma.Block:
		return cloneBlock(n)
	}
	panic("pipeline: unknown detection node")
}

func cloneItem(it *sigma.Item) *sigma.Item {
	out := *it
	out.Values = slices.Clone(it.Values)
	return &out
}

func cloneBlock(b *sigma.Block) *sigma.Block {
	out := *b
	out.Body = cloneGroup(b.Body)
	out.Detections = cloneDetections(b.Detections)
	out.Conditions = slices.Clone(b.Conditions)
	return &out
}
