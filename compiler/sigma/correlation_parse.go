package sigma

import (
	"slices"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// correlationType is what section 14.1 says about one type.
type correlationType struct {
	name     string
	temporal bool // may have an extended condition or none
	count    bool // compared with integers that are not negative
	field    bool // needs a field
	single   bool // and exactly one
}

var correlationTypes = []correlationType{
	{name: "event_count", count: true},
	{name: "value_count", count: true, field: true},
	{name: "temporal", temporal: true, count: true},
	{name: "temporal_ordered", temporal: true, count: true},
	{name: "value_sum", field: true, single: true},
	{name: "value_avg", field: true, single: true},
	{name: "value_percentile", field: true, single: true},
	{name: "value_median", field: true, single: true},
}

// correlationKeys are the keys under "correlation".
var correlationKeys = []string{
	"aliases", "condition", "gap", "generate", "group-by", "rules", "timeframe", "timespan", "type", "window",
}

// correlation parses a correlation document (section 14.1). It never returns nil.
func (r *reader) correlation(root *yamldoc.Node) *Correlation {
	c := &Correlation{Header: r.header(root, KindCorrelation), Percentile: defaultPercentile}
	n := root.Get("correlation")
	if n.Kind != yamldoc.KindMapping {
		r.errorf(n.Pos, diag.CodeCorrelationMustBeAMapping, "correlation must be a mapping, not a %s", n.Kind)
		return c
	}
	for _, p := range n.Pairs {
		if !slices.Contains(correlationKeys, p.Key) {
			r.warnf(p.KeyPos, diag.CodeUnknownAttribute, "unknown attribute %q of a correlation", p.Key).Hint = diag.Suggest(p.Key, correlationKeys)
		}
	}
	typ := r.correlationType(n)
	if typ != nil {
		c.Type = typ.name
	}
	c.Timespan = r.timespan(n)
	c.GroupBy = r.groupBy(n)
	c.Aliases = r.aliases(n)
	c.Generate = r.generate(root, n)
	r.window(c, n)
	r.correlationRules(c, n)
	r.correlationCondition(c, n, typ)
	return c
}

// absent reports whether a key is missing or has no value.
func absent(n *yamldoc.Node) bool { return n == nil || n.Kind == yamldoc.KindNull }

// correlationType returns nil after an error.
func (r *reader) correlationType(c *yamldoc.Node) *correlationType {
	n := c.Get("type")
	if absent(n) {
		r.errorf(c.Pos, diag.CodeMissingCorrelationType, "missing correlation type")
		return nil
	}
	var known []string
	for i := range correlationTypes {
		if n.Kind == yamldoc.KindString && correlationTypes[i].name == n.Text {
			return &correlationTypes[i]
		}
		known = append(known, correlationTypes[i].name)
	}
	d := r.errorf(n.Pos, diag.CodeUnknownCorrelationType, "unknown correlation type %q", n.Text)
	if d.Hint = diag.Suggest(n.Text, known); d.Hint == "" {
		d.Hint = "one of " + strings.Join(known, ", ")
	}
	return nil
}

// timespan returns seconds, and 0 after an error.
func (r *reader) timespan(c *yamldoc.Node) int64 {
	n := c.Get("timeframe")
	if absent(n) {
		n = c.Get("timespan")
	}
	if absent(n) {
		r.errorf(c.Pos, diag.CodeMissingTimespan, "missing timespan")
		return 0
	}
	return r.seconds(n, "timespan")
}

// seconds reads a timespan, and returns 0 after an error.
func (r *reader) seconds(n *yamldoc.Node, what string) int64 {
	if n.Kind == yamldoc.KindString {
		if s, ok := ParseTimespan(n.Text); ok {
			return s
		}
	}
	r.errorf(n.Pos, diag.CodeInvalidTimespan, "invalid timespan %q as %s", n.Text, what).Hint = "write digits and one of s m h d w M y, such as 5m"
	return 0
}

func (r *reader) groupBy(c *yamldoc.Node) []string {
	n := c.Get("group-by")
	if n == nil || n.Kind == yamldoc.KindSequence && len(n.Items) == 0 {
		return nil
	}
	names, ok := stringsOf(n)
	if !ok {
		r.errorf(n.Pos, diag.CodeValueType, "value type: group-by is a field name or a list of field names, all of them strings")
	}
	return names
}

func (r *reader) aliases(c *yamldoc.Node) []Alias {
	n := c.Get("aliases")
	if n == nil {
		return nil
	}
	if n.Kind != yamldoc.KindMapping {
		r.errorf(n.Pos, diag.CodeAliasesMustBeAMapping, "aliases must be a mapping of aliases, not a %s", n.Kind)
		return nil
	}
	var out []Alias
	for _, p := range n.Pairs {
		if a, ok := r.alias(p); ok {
			out = append(out, a)
		}
	}
	return out
}

func (r *reader) alias(p yamldoc.Pair) (Alias, bool) {
	if p.Value.Kind != yamldoc.KindMapping {
		r.errorf(p.Value.Pos, diag.CodeAliasesMustBeAMapping, "aliases must be a mapping from alias to a mapping of rules; %q is a %s", p.Key, p.Value.Kind)
		return Alias{}, false
	}
	a := Alias{Name: p.Key}
	for _, f := range p.Value.Pairs {
		if f.Value.Kind != yamldoc.KindString {
			r.errorf(f.Value.Pos, diag.CodeAliasesMustBeAMapping, "aliases must be a mapping from rule to field name; %q of alias %q is a %s", f.Key, p.Key, f.Value.Kind)
			return Alias{}, false
		}
		a.Fields = append(a.Fields, AliasField{Reference: f.Key, Field: f.Value.Text})
	}
	return a, true
}

// generate reads the key "generate"; at document level it wins.
func (r *reader) generate(root, c *yamldoc.Node) bool {
	value := false
	for _, n := range []*yamldoc.Node{c.Get("generate"), root.Get("generate")} {
		switch {
		case n == nil:
		case n.Kind == yamldoc.KindBool:
			value = n.Bool
		default:
			r.warnf(n.Pos, diag.CodeInvalidAttribute, "invalid attribute generate: expected true or false, not a %s; it is ignored", n.Kind)
		}
	}
	return value
}

// correlationRules reads the references; their absence is judged with the condition.
func (r *reader) correlationRules(c *Correlation, n *yamldoc.Node) {
	rules := n.Get("rules")
	if rules == nil {
		return
	}
	var ok bool
	if c.Rules, ok = stringsOf(rules); !ok {
		r.errorf(rules.Pos, diag.CodeMissingRules, "missing rules: expected a reference or a list of references, all of them strings")
	}
}
