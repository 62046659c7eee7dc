package pipeline

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// ruleSubject is what rule conditions judge: the document of the run.
type ruleSubject struct{}

// itemSubject is what detection-item conditions judge.
type itemSubject struct{ item *sigma.Item }

// fieldSubject is what field-name conditions judge: the field of a detection item, or a bare name if item is nil.
type fieldSubject struct {
	name    string
	keyword bool // there is no name
	item    *sigma.Item
}

// check is a condition on a subject of type S. Its error fails the rule.
type check[S any] interface {
	holds(r *run, s S) (bool, error)
}

// conditionReader makes a condition from its parameters. It is called even if some are wrong.
type conditionReader[S any] func(a *params) check[S]

// gate joins conditions (section 4.1). The zero gate is open.
type gate[S any] struct {
	checks []check[S]
	any    bool
	not    bool
	expr   boolExpr // nil without an expression
}

// holds reports whether the gate lets s pass.
func (g *gate[S]) holds(r *run, s S) (bool, error) {
	if len(g.checks) == 0 {
		return true, nil
	}
	results := make([]bool, len(g.checks))
	for i, c := range g.checks {
		ok, err := c.holds(r, s)
		if err != nil {
			return false, err
		}
		results[i] = ok
	}
	return g.join(results) != g.not, nil
}

func (g *gate[S]) join(results []bool) bool {
	switch {
	case g.expr != nil:
		return g.expr.eval(results)
	case g.any:
		return slices.Contains(results, true)
	default:
		return !slices.Contains(results, false)
	}
}

// readGate reads the conditions under key and the keys <prefix>_cond_op, _cond_not and _cond_expr.
func readGate[S any](a *params, prefix, key string, known map[string]conditionReader[S]) gate[S] {
	prefix += "_cond_"
	var g gate[S]
	names := readConditions(a, key, known, &g)
	op := a.optional(prefix + "op")
	g.not = a.flag(prefix + "not")
	exprKey := prefix + "expr"
	if prefix == "rule_cond_" {
		exprKey = a.renamed(exprKey, "rule_cond_expression")
	}
	expr := a.optional(exprKey)
	g.any = readOperator(a, prefix+"op", op)
	switch {
	case expr != nil && op != nil:
		a.errorf(expr.Pos, CodeGate, a.where, "%s and %sop are mutually exclusive", exprKey, prefix)
	case expr != nil:
		g.expr = readExpression(a, key, exprKey, expr, names)
	case len(g.checks) == 0 && (op != nil || a.node.Get(prefix+"not") != nil):
		a.warnf(a.node.Pos, CodeNoEffect, a.where, "%sop and %snot have no effect without %s", prefix, prefix, key)
	}
	return g
}

// readOperator reads how conditions are joined and reports whether it is by "or".
func readOperator(a *params, key string, n *yamldoc.Node) bool {
	switch {
	case n == nil || n.Text == "and":
		return false
	case n.Kind == yamldoc.KindString && n.Text == "or":
		return true
	}
	a.errorf(n.Pos, CodeGate, a.where, "%s must be 'and' or 'or', not '%s'", key, n.Text)
	return false
}

// readConditions reads a list or a mapping of conditions into g and returns their names: nil for a list without names.
func readConditions[S any](a *params, key string, known map[string]conditionReader[S], g *gate[S]) []string {
	n := a.optional(key)
	switch {
	case n == nil:
		return nil
	case n.Kind == yamldoc.KindMapping:
		var names []string
		for _, pair := range n.Pairs {
			g.checks = append(g.checks, readCondition(a, pair.Value, fmt.Sprintf("%s: %s '%s'", a.where, key, pair.Key), known, false))
			names = append(names, pair.Key)
		}
		return names
	case n.Kind == yamldoc.KindSequence:
		for i, item := range n.Items {
			g.checks = append(g.checks, readCondition(a, item, fmt.Sprintf("%s: %s[%d]", a.where, key, i+1), known, true))
		}
		return listNames(a, n)
	}
	a.errorf(n.Pos, CodeNotAList, a.where, "%s must be a list or a mapping, not a %s", key, n.Kind)
	return nil
}

// listNames returns the names of a list whose members carry an id: nil if none does.
func listNames(a *params, n *yamldoc.Node) []string {
	var names []string
	named := false
	for i, item := range n.Items {
		name := fmt.Sprintf("cond_%d", i)
		if id := item.Get("id"); id != nil {
			a.compatible(id.Pos, a.where, "a condition with 'id'", "the conditions as a mapping")
			name, named = id.Text, true
		}
		if slices.Contains(names, name) {
			a.invalid(item, "id", "two conditions are named '%s'", name)
		}
		names = append(names, name)
	}
	if !named {
		return nil
	}
	return names
}

// readCondition reads one condition. The result is never nil.
func readCondition[S any](a *params, n *yamldoc.Node, where string, known map[string]conditionReader[S], mayHaveID bool) check[S] {
	c := &params{parser: a.parser, node: n, where: where}
	if n.Kind != yamldoc.KindMapping {
		c.errorf(n.Pos, CodeNotAMapping, where, "a condition must be a mapping, not a %s", n.Kind)
		return unusable[S]{}
	}
	if mayHaveID {
		c.value("id")
	}
	t := c.value("type")
	if t == nil || t.Kind != yamldoc.KindString || t.Text == "" {
		c.errorf(n.Pos, CodeMissingType, where, "missing condition type")
		return unusable[S]{}
	}
	read, ok := known[t.Text]
	if !ok {
		c.errorf(t.Pos, CodeUnknownType, where, "unknown condition type '%s'", t.Text).Hint = diag.Suggest(t.Text, slices.Sorted(maps.Keys(known)))
		return unusable[S]{}
	}
	out := read(c)
	c.finish()
	return out
}

// unusable stands for a condition that was reported.
type unusable[S any] struct{}

func (unusable[S]) holds(*run, S) (bool, error) { return false, nil }
