package link

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/condition"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// maxChain is how many levels above the first a correlation is still fed (section 18).
const maxChain = 10

// resolveAll finds what the correlations refer to. A correlation with an unknown reference is rejected and no longer a rule
// that others can refer to, so this goes on until nothing changes.
func (l *linker) resolveAll() {
	for changed := true; changed; {
		changed = false
		l.correlations(func(d *sigma.Document, c *sigma.Correlation) {
			refs := l.resolve(d, c)
			if !d.Failed {
				l.checkExtended(d, c, refs)
			}
			if d.Failed {
				delete(l.Refs, c)
				changed = true
				return
			}
			l.Refs[c] = refs
		})
	}
}

// resolve returns the documents of each position of the rules of c and rejects d if there are none for one of them.
func (l *linker) resolve(d *sigma.Document, c *sigma.Correlation) [][]*sigma.Document {
	refs := make([][]*sigma.Document, len(c.Rules))
	for i, reference := range c.Rules {
		refs[i] = l.index.loaded(reference)
		if len(refs[i]) > 0 {
			continue
		}
		if c.Extended != nil && c.Node.Get("correlation").Get("rules") == nil {
			l.errorf(d, referencePos(d, i), diag.CodeExtendedCondition, "extended condition: unknown rule %q", reference).Hint = l.unknownHint(reference)
			continue
		}
		l.errorf(d, referencePos(d, i), diag.CodeUnknownRule, "unknown rule %q", reference).Hint = l.unknownHint(reference)
	}
	return refs
}

// unknownHint says what may be wrong with a reference that leads nowhere.
func (l *linker) unknownHint(reference string) string {
	if l.index.known(reference) {
		return "the rule exists but was rejected"
	}
	var known []string
	for _, d := range l.Docs {
		h := headerOf(d)
		if d.Failed || h == nil {
			continue
		}
		if h.Title == reference {
			return "a title is not a reference; use the id or name"
		}
		known = append(known, h.Name, h.ID)
	}
	known = slices.DeleteFunc(known, func(s string) bool { return s == "" })
	return diag.Suggest(reference, known)
}

// checkExtended rejects d if its extended condition names a rule that its rules do not.
func (l *linker) checkExtended(d *sigma.Document, c *sigma.Correlation, refs [][]*sigma.Document) {
	if c.Extended == nil {
		return
	}
	declared := map[*sigma.Document]bool{}
	for _, docs := range refs {
		for _, r := range docs {
			declared[r] = true
		}
	}
	var reported []string
	condition.Walk(c.Extended, func(e condition.Expr) {
		name, ok := e.(*condition.Name)
		if !ok || slices.Contains(reported, name.Text) {
			return
		}
		if !slices.ContainsFunc(l.index.loaded(name.Text), func(r *sigma.Document) bool { return declared[r] }) {
			reported = append(reported, name.Text)
			l.errorf(d, attributePos(d, "correlation", "condition"), diag.CodeExtendedCondition,
				"extended condition names %q, which rules does not declare", name.Text).Hint = diag.Suggest(name.Text, c.Rules)
		}
	})
}

// checkDepth warns of correlations that stand too high above the first level to be fed.
func (l *linker) checkDepth() {
	levels := map[*sigma.Document]int{}
	var level func(d *sigma.Document) int
	level = func(d *sigma.Document) int {
		if n, ok := levels[d]; ok {
			return n
		}
		n := 0
		for r := range l.below(d) {
			n = max(n, level(r)+1)
		}
		levels[d] = n
		return n
	}
	l.correlations(func(d *sigma.Document, c *sigma.Correlation) {
		if n := level(d); n > maxChain {
			l.warnf(d, attributePos(d, "correlation", "rules"), diag.CodeChainTooDeep,
				"chain too deep: the correlation stands %d levels above the first and is not fed by what lies more than %d above", n, maxChain)
		}
	})
}
