package pipeline

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/condition"
	"github.com/rsigma-go/rsigma/compiler/sigma"
)

// finish takes away what lost everything, once all items have run (section 7.6): detections, the operands of conditions that
// stand for them, and filters of which nothing is left.
func (r *run) finish() error {
	visit := visitor{
		item: func(it *sigma.Item, _ bool) (sigma.Node, error) {
			settle(it)
			return it, nil
		},
		block: func(b *sigma.Block, _ bool) (sigma.Node, error) {
			if b.Body != nil {
				return b, nil
			}
			b.Detections, b.Conditions = prune(b.Detections, b.Conditions)
			if len(b.Conditions) == 0 {
				return nil, nil
			}
			return b, nil
		},
	}
	if err := r.visit(visit); err != nil {
		return err
	}
	r.finishFilters()
	r.rule.Detections, r.rule.Conditions = prune(r.rule.Detections, r.rule.Conditions)
	if len(r.rule.Conditions) == 0 {
		return fail(CodeEmptyCondition, "the condition is empty after processing")
	}
	return nil
}

// settle makes an item without values, or one that requires a value which matches nothing, an empty list of alternatives,
// and drops such values from other lists.
func settle(it *sigma.Item) {
	nothing := func(v sigma.Value) bool {
		e, ok := v.(sigma.Expansion)
		return ok && len(e.Values) == 0
	}
	if it.All && slices.ContainsFunc(it.Values, nothing) {
		it.Values = nil
	}
	it.Values = slices.DeleteFunc(it.Values, nothing)
	it.All = it.All && len(it.Values) > 0
}

func (r *run) finishFilters() {
	var kept []*sigma.Filter
	for _, f := range r.filters {
		detections, conditions := prune(f.Detections, []sigma.Condition{f.Condition})
		if len(conditions) > 0 {
			f.Detections, f.Condition = detections, conditions[0]
			kept = append(kept, f)
		}
	}
	r.filters = kept
}

// prune returns detections without the empty ones, and conditions without the operands that stand for those. Conditions of
// which nothing is left are not in the result.
func prune(detections []*sigma.Detection, conditions []sigma.Condition) ([]*sigma.Detection, []sigma.Condition) {
	isEmpty := func(d *sigma.Detection) bool { return len(d.Body.Nodes) == 0 }
	if !slices.ContainsFunc(detections, isEmpty) {
		return detections, conditions
	}
	var p pruner
	var kept []*sigma.Detection
	for _, d := range detections {
		if isEmpty(d) {
			p.removed = append(p.removed, d.Name)
			continue
		}
		p.kept = append(p.kept, d.Name)
		kept = append(kept, d)
	}
	var left []sigma.Condition
	for _, c := range conditions {
		if tree := p.expr(c.Tree); tree != nil {
			c.Tree, c.Text = tree, condition.String(tree)
			left = append(left, c)
		}
	}
	return kept, left
}

// pruner removes operands from conditions. It knows the names of the detections that are gone and of those that are left.
type pruner struct{ removed, kept []string }

// expr returns what is left of e, nil if nothing is. e is not changed.
func (p pruner) expr(e condition.Expr) condition.Expr {
	switch e := e.(type) {
	case *condition.Name:
		if slices.Contains(p.removed, e.Text) {
			return nil
		}
	case *condition.Selector:
		// One that picked nothing from the start stays, and stays false.
		if slices.ContainsFunc(p.removed, e.Picks) && !slices.ContainsFunc(p.kept, e.Picks) {
			return nil
		}
	case *condition.Not:
		x := p.expr(e.X)
		if x == nil {
			return nil
		}
		return &condition.Not{X: x}
	case *condition.And:
		return joined(p.terms(e.Terms), func(terms []condition.Expr) condition.Expr { return &condition.And{Terms: terms} })
	case *condition.Or:
		return joined(p.terms(e.Terms), func(terms []condition.Expr) condition.Expr { return &condition.Or{Terms: terms} })
	}
	return e
}

func (p pruner) terms(terms []condition.Expr) []condition.Expr {
	var out []condition.Expr
	for _, t := range terms {
		if left := p.expr(t); left != nil {
			out = append(out, left)
		}
	}
	return out
}

// joined joins terms unless there are fewer than two.
func joined(terms []condition.Expr, join func([]condition.Expr) condition.Expr) condition.Expr {
	switch len(terms) {
	case 0:
		return nil
	case 1:
		return terms[0]
	}
	return join(terms)
}
