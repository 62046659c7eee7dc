package lower

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/condition"
	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// References are what package link found out about one correlation. A document is named by its Meta.Source.
type References struct {
	// Rules are the documents of each position of "rules", in load order.
	Rules [][]string
	// Order are the documents of all positions, each once, in load order.
	Order []string
	// Resolve returns the documents behind a reference in an alias or an extended condition.
	Resolve func(reference string) []string
	// GroupBy are the alternatives of each part of the group key, as pipelines left them.
	GroupBy [][]string
}

// Correlation lowers c. It reports what cannot be lowered and then returns nil.
//
// Source: sigma-language.md section 14.
func Correlation(c *sigma.Correlation, refs References, log *diag.List) *ir.Correlation {
	before := log.Errors()
	l := &lowerer{log: log, ruleID: c.ID}
	out := &correlate.Rule{
		Meta:       l.meta(&c.Header),
		Name:       c.Name,
		Type:       correlationType(c.Type),
		Window:     windowMode(c.Window),
		Timespan:   c.Timespan,
		Gap:        c.Gap,
		References: c.Rules,
		Percentile: c.Percentile,
		Generate:   c.Generate,
	}
	if out.Type != correlate.ValuePercentile {
		out.Percentile = 0
	}
	for _, source := range refs.Order {
		out.Sources = append(out.Sources, correlate.Source{Rule: source, At: positions(refs.Rules, source)})
	}
	for _, names := range refs.GroupBy {
		out.GroupBy = append(out.GroupBy, groupPart(c, names, refs))
	}
	for _, f := range c.Fields {
		out.Fields = append(out.Fields, rtlib.Field(f))
	}
	if c.Extended != nil {
		out.Extended = extendedCondition(c.Extended, refs, c.Rules)
	} else {
		out.Thresholds = thresholds(c.Thresholds)
	}
	l.correlationAttributes(c, out)
	if log.Errors() > before {
		return nil
	}
	return &ir.Correlation{Rule: out, File: c.Pos.File, Index: c.Pos.Doc, ConditionText: c.ExtendedText}
}

// positions returns the positions of rules that name source.
func positions(rules [][]string, source string) []int {
	var at []int
	for i, sources := range rules {
		if slices.Contains(sources, source) {
			at = append(at, i)
		}
	}
	return at
}

// groupPart lowers one part of the group key. Sources that an alias of its name has no entry for use the name itself.
func groupPart(c *sigma.Correlation, names []string, refs References) correlate.Part {
	p := correlate.Part{Name: names[0]}
	if len(names) > 1 {
		for _, name := range names {
			p.Fields = append(p.Fields, rtlib.Field(name))
		}
	}
	for _, alias := range c.Aliases {
		if alias.Name == p.Name {
			p.Aliases = aliasFields(alias, refs)
		}
	}
	return p
}

// aliasFields returns the field of each source that an entry of the alias names, by its id or name; the first entry counts.
func aliasFields(alias sigma.Alias, refs References) []correlate.AliasField {
	var out []correlate.AliasField
	for i, source := range refs.Order {
		for _, entry := range alias.Fields {
			if slices.Contains(refs.Resolve(entry.Reference), source) {
				out = append(out, correlate.AliasField{Source: i, Field: rtlib.Field(entry.Field)})
				break
			}
		}
	}
	return out
}

// extendedCondition lowers an extended condition; its names become references as "rules" writes them.
func extendedCondition(e condition.Expr, refs References, references []string) rtlib.Cond {
	all := func(terms []condition.Expr) []rtlib.Cond {
		out := make([]rtlib.Cond, len(terms))
		for i, t := range terms {
			out[i] = extendedCondition(t, refs, references)
		}
		return out
	}
	switch e := e.(type) {
	case *condition.Name:
		return rtlib.Sel(declaredAs(e.Text, refs, references))
	case *condition.Not:
		return rtlib.NotCond{X: extendedCondition(e.X, refs, references)}
	case *condition.And:
		return rtlib.AllConds(all(e.Terms))
	case *condition.Or:
		return rtlib.AnyConds(all(e.Terms))
	default:
		panic("lower: extended condition with a selector")
	}
}

// declaredAs returns the reference in "rules" that names the same rule as name does. Package link has seen to it that there is
// one.
func declaredAs(name string, refs References, references []string) string {
	if slices.Contains(references, name) {
		return name
	}
	named := refs.Resolve(name)
	for i, sources := range refs.Rules {
		if slices.ContainsFunc(sources, func(s string) bool { return slices.Contains(named, s) }) {
			return references[i]
		}
	}
	return name
}

func thresholds(ts []sigma.Threshold) []correlate.Threshold {
	out := make([]correlate.Threshold, len(ts))
	for i, t := range ts {
		out[i] = correlate.Threshold{Op: compareOp(t.Op), Value: t.Value}
	}
	return out
}

func correlationType(name string) correlate.Type { return named(name, correlate.ValueMedian) }

func windowMode(name string) correlate.Window { return named(name, correlate.Session) }

func compareOp(name string) correlate.Compare { return named(name, correlate.NotEqualTo) }

// named returns the constant, up to last, whose name in rules is name, and zero if there is none.
func named[T interface {
	~uint8
	String() string
}](name string, last T) T {
	for t := range last + 1 {
		if t.String() == name {
			return t
		}
	}
	return 0
}
