package compiler

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/lower"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// correlation lowers the correlation of d after those that it refers to, and returns nil if it cannot run.
func (c *compilation) correlation(d *sigma.Document) *ir.Correlation {
	if out, ok := c.lowered[d]; ok {
		return out.correlation
	}
	c.lowered[d] = lowered{} // against circles, which package link has rejected
	refs := lower.References{Resolve: c.resolve, GroupBy: c.groupBy(d)}
	missing := false
	for i, docs := range c.links.Refs[d.Correlation] {
		var sources []string
		for _, ref := range docs {
			if c.arms(ref) {
				sources = append(sources, lower.Source(ref.File, ref.Index))
			}
		}
		if len(sources) == 0 {
			c.unknownRule(d, d.Correlation.Rules[i])
			missing = true
		}
		refs.Rules = append(refs.Rules, sources)
	}
	if missing {
		return nil
	}
	refs.Order = c.loadOrder(refs.Rules)
	out := lower.Correlation(d.Correlation, refs, c.log)
	if out != nil {
		out.Seal()
	}
	c.lowered[d] = lowered{correlation: out}
	return out
}

// arms reports whether d, which a correlation refers to, runs itself.
func (c *compilation) arms(d *sigma.Document) bool {
	switch {
	case d.Failed:
		return false
	case d.Correlation != nil:
		return c.correlation(d) != nil
	default:
		return c.lowered[d].rule != nil
	}
}

// unknownRule reports a reference to documents that were loaded and then turned out not to run.
func (c *compilation) unknownRule(d *sigma.Document, reference string) {
	pos := d.Pos
	if n := d.Correlation.Node.Get("correlation").Get("rules"); n != nil {
		pos = n.Pos
	}
	pos.Doc = d.Index
	report := c.log.Errorf(pos, diag.CodeUnknownRule, "unknown rule %q", reference)
	report.RuleID, report.Hint = d.ID, "the rule exists but does not run"
}

// resolve returns the sources behind a reference in an alias or an extended condition.
func (c *compilation) resolve(reference string) []string {
	var out []string
	for _, d := range c.set.Resolve(reference) {
		out = append(out, lower.Source(d.File, d.Index))
	}
	return out
}

// groupBy returns the alternatives of each part of the group key of d.
func (c *compilation) groupBy(d *sigma.Document) [][]string {
	if notes, ok := c.notes[d]; ok {
		return notes.GroupBy
	}
	var out [][]string
	for _, name := range d.Correlation.GroupBy {
		out = append(out, []string{name})
	}
	return out
}

// loadOrder returns the sources in rules, each once, in load order.
func (c *compilation) loadOrder(rules [][]string) []string {
	var out []string
	for _, d := range c.docs {
		source := lower.Source(d.File, d.Index)
		named := slices.ContainsFunc(rules, func(sources []string) bool { return slices.Contains(sources, source) })
		if named && !slices.Contains(out, source) {
			out = append(out, source)
		}
	}
	return out
}
