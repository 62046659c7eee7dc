package sigma

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/condition"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

const (
	defaultPercentile = 50
	maxPercentile     = 100
)

var thresholdOps = []string{"gt", "gte", "lt", "lte", "eq", "neq"}

// conditionKeys are the keys of a condition mapping.
var conditionKeys = append(slices.Clone(thresholdOps), "field", "percentile")

// correlationCondition reads the condition of the correlation n and checks that c has the rules it needs. typ is nil if the
// type is not known; what depends on it is then not checked.
func (r *reader) correlationCondition(c *Correlation, n *yamldoc.Node, typ *correlationType) {
	cond := n.Get("condition")
	switch {
	case cond == nil:
		r.noCondition(c, n, typ)
	case cond.Kind == yamldoc.KindMapping:
		r.thresholds(c, cond, typ)
	case cond.Kind == yamldoc.KindString:
		r.extended(c, n, cond, typ)
	default:
		r.errorf(cond.Pos, diag.CodeConditionMustBeAMappingOrString, "condition must be a mapping or string, not a %s", cond.Kind)
	}
	if n.Get("rules") == nil && c.Extended == nil && (cond == nil || cond.Kind != yamldoc.KindString) {
		r.errorf(n.Pos, diag.CodeMissingRules, "missing rules")
	}
}

// noCondition fills in the default of the temporal types: every position of rules must have fired.
func (r *reader) noCondition(c *Correlation, n *yamldoc.Node, typ *correlationType) {
	switch {
	case typ == nil:
	case typ.temporal:
		c.Thresholds = []Threshold{{Op: "gte", Value: float64(len(c.Rules))}}
	default:
		r.errorf(n.Pos, diag.CodeRequiresACondition, "correlation type %s requires a condition", typ.name)
		if typ.field {
			r.errorf(n.Pos, diag.CodeMissingField, "missing field: correlation type %s needs one in its condition", typ.name)
		}
	}
}

// thresholds reads a condition mapping.
func (r *reader) thresholds(c *Correlation, n *yamldoc.Node, typ *correlationType) {
	operators := 0
	for _, p := range n.Pairs {
		switch {
		case slices.Contains(thresholdOps, p.Key):
			operators++
			r.threshold(c, p, typ)
		case p.Key == "percentile":
			r.percentile(c, p.Value)
		case p.Key != "field":
			r.warnf(p.KeyPos, diag.CodeUnknownConditionKey, "unknown condition key %q", p.Key).Hint = diag.Suggest(p.Key, conditionKeys)
		}
	}
	if operators == 0 {
		r.errorf(n.Pos, diag.CodeMissingConditionOperator, "missing condition operator: one of gt, gte, lt, lte, eq and neq")
	}
	r.conditionFields(c, n, typ)
}

func (r *reader) threshold(c *Correlation, p yamldoc.Pair, typ *correlationType) {
	number, ok := NumberOf(p.Value)
	switch {
	case !ok:
		r.errorf(p.Value.Pos, diag.CodeInvalidThreshold, "invalid threshold %q of %s: expected a number", p.Value.Text, p.Key)
		return
	case typ != nil && typ.count && (!number.IsInt || number.Int < 0):
		r.errorf(p.Value.Pos, diag.CodeInvalidThreshold, "invalid threshold %s of %s: correlation type %s counts in whole numbers from 0", p.Value.Text, p.Key, typ.name)
		return
	}
	c.Thresholds = append(c.Thresholds, Threshold{Op: p.Key, Value: number.Float})
}

func (r *reader) percentile(c *Correlation, n *yamldoc.Node) {
	number, ok := NumberOf(n)
	if !ok {
		r.errorf(n.Pos, diag.CodeInvalidPercentile, "invalid percentile %q: expected a number from 0 to 100", n.Text)
		return
	}
	c.Percentile = min(max(number.Float, 0), maxPercentile)
}

// conditionFields reads the key "field" of a condition mapping.
func (r *reader) conditionFields(c *Correlation, n *yamldoc.Node, typ *correlationType) {
	field := n.Get("field")
	if field == nil {
		if typ != nil && typ.field {
			r.errorf(n.Pos, diag.CodeMissingField, "missing field: correlation type %s needs one in its condition", typ.name)
		}
		return
	}
	var ok bool
	if c.Fields, ok = stringsOf(field); !ok {
		r.errorf(field.Pos, diag.CodeMissingField, "missing field: expected a field name or a list of field names, all of them strings")
		return
	}
	if typ != nil && typ.single && len(c.Fields) > 1 {
		r.errorf(field.Pos, diag.CodeSingleField, "correlation type %s works on a single field", typ.name)
	}
}

// extended reads a condition text.
func (r *reader) extended(c *Correlation, n, text *yamldoc.Node, typ *correlationType) {
	if typ != nil && !typ.temporal {
		r.errorf(text.Pos, diag.CodeExtendedCondition, "extended condition: correlation type %s takes a mapping of operators", typ.name)
		return
	}
	parsed := r.parseCondition(text)
	if parsed.Tree == nil {
		return
	}
	var names []string
	condition.Walk(parsed.Tree, func(e condition.Expr) {
		switch e := e.(type) {
		case *condition.Selector:
			pos, notes := textPos(text, e.Offset)
			r.errorf(pos, diag.CodeExtendedCondition, "extended condition: selectors have no meaning in a correlation").Notes = notes
		case *condition.Name:
			if !slices.Contains(names, e.Text) {
				names = append(names, e.Text)
			}
		}
	})
	c.Extended, c.ExtendedText = parsed.Tree, text.Text
	if n.Get("rules") == nil {
		c.Rules = names
	}
}
