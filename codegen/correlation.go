package codegen

import (
	"fmt"
	"path"
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/rsigma-go/rsigma/compiler/ir"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// correlationCode is the code of one correlation: a table of plain data that says which rules feed it, under which fields its
// group key and values stand in the events of each, and when it fires.
type correlationCode struct {
	*ir.Correlation
	*document
	opts Options
}

// eachField calls f for every field that a constant of the package stands for.
func (c *correlationCode) eachField(f func(rtlib.Field)) {
	for _, p := range c.Rule.GroupBy {
		for _, field := range p.Fields {
			f(field)
		}
		for _, a := range p.Aliases {
			f(a.Field)
		}
	}
	for _, field := range c.Rule.Fields {
		f(field)
	}
}

// variable returns the name of the variable that holds the correlation.
func (c *correlationCode) variable() string { return c.name + sep + "correlation" }

// file returns the file of c.
func (c *correlationCode) file() (File, error) {
	f := newGoFile(path.Join(c.pkg.dir, c.name+"_gen.go"), path.Base(c.pkg.dir), c.source)
	f.importCorrelate()
	d := newDocComment(c.variable(), "Sigma correlation", &c.Rule.Meta)
	d.add("source", c.source)
	d.add("digest", c.Rule.Meta.Digest)
	d.add("condition", c.ConditionText)
	f.comment(d...)
	table, err := c.table()
	if err != nil {
		return File{}, fmt.Errorf("generate code of %s: %w", c.source, err)
	}
	f.variable(c.variable(), table)
	return f.render()
}

// table returns the value of the correlation's variable.
func (c *correlationCode) table() (*jen.Statement, error) {
	r := c.Rule
	items := entries{entry("Meta", c.meta(&r.Meta))}
	items.text("Name", r.Name)
	items.add("Type", correlation(typeConstants[r.Type]))
	if r.Window != correlate.Sliding {
		items.add("Window", correlation(windowConstants[r.Window]))
	}
	items.add("Timespan", span(r.Timespan))
	if r.Gap != 0 {
		items.add("Gap", span(r.Gap))
	}
	items.add("References", texts(r.References))
	items.add("Sources", jen.Index().Add(correlation("Source")).Add(list(c.sources()...)))
	if len(r.GroupBy) > 0 {
		items.add("GroupBy", jen.Index().Add(correlation("Part")).Add(list(c.parts()...)))
	}
	if len(r.Fields) > 0 {
		items.add("Fields", c.fieldList(r.Fields))
	}
	if r.Type == correlate.ValuePercentile {
		percentile, err := floatLiteral(r.Percentile)
		if err != nil {
			return nil, err
		}
		items.add("Percentile", jen.Op(percentile))
	}
	if err := c.condition(&items); err != nil {
		return nil, err
	}
	c.attributes(&items)
	return correlation("Rule").Add(list(items...)), nil
}

// sources returns the rules that feed c.
func (c *correlationCode) sources() []jen.Code {
	out := make([]jen.Code, len(c.Rule.Sources))
	for i, s := range c.Rule.Sources {
		at := make([]jen.Code, len(s.At))
		for j, n := range s.At {
			at[j] = jen.Op(strconv.Itoa(n))
		}
		out[i] = inline(entry("Rule", text(c.opts.showSource(s.Rule))), entry("At", jen.Index().Int().Add(inline(at...))))
	}
	return out
}

// parts returns the parts of the group key.
func (c *correlationCode) parts() []jen.Code {
	out := make([]jen.Code, len(c.Rule.GroupBy))
	for i, p := range c.Rule.GroupBy {
		items := entries{entry("Name", text(p.Name))}
		if len(p.Fields) > 0 {
			items.add("Fields", c.fieldList(p.Fields))
		}
		if len(p.Aliases) == 0 {
			out[i] = inline(items...)
			continue
		}
		aliases := make([]jen.Code, len(p.Aliases))
		for j, a := range p.Aliases {
			aliases[j] = inline(entry("Source", jen.Op(strconv.Itoa(a.Source))), entry("Field", c.pkg.field(a.Field)))
		}
		items.add("Aliases", jen.Index().Add(correlation("AliasField")).Add(list(aliases...)))
		out[i] = inline(items...)
	}
	return out
}

func (c *correlationCode) fieldList(fields []rtlib.Field) *jen.Statement {
	items := make([]jen.Code, len(fields))
	for i, f := range fields {
		items[i] = c.pkg.field(f)
	}
	return jen.Index().Add(runtime("Field")).Add(inline(items...))
}

// condition adds the thresholds or the extended condition.
func (c *correlationCode) condition(items *entries) error {
	if c.Rule.Extended != nil {
		items.add("Extended", condValue(c.Rule.Extended))
		return nil
	}
	out := make([]jen.Code, len(c.Rule.Thresholds))
	for i, t := range c.Rule.Thresholds {
		value, err := floatLiteral(t.Value)
		if err != nil {
			return err
		}
		out[i] = inline(entry("Op", correlation(compareConstants[t.Op])), entry("Value", jen.Op(value)))
	}
	items.add("Thresholds", jen.Index().Add(correlation("Threshold")).Add(list(out...)))
	return nil
}

// attributes adds what the correlation says for itself.
func (c *correlationCode) attributes(items *entries) {
	r := c.Rule
	if r.Generate {
		items.add("Generate", jen.True())
	}
	if r.Suppress != 0 {
		items.add("Suppress", span(r.Suppress))
	}
	if r.Action != correlate.ActionDefault {
		items.add("Action", correlation(actionConstants[r.Action]))
	}
	if r.EventMode != correlate.EventsDefault {
		items.add("EventMode", correlation(eventModeConstants[r.EventMode]))
	}
	if r.MaxEvents != 0 {
		items.add("MaxEvents", jen.Op(strconv.Itoa(r.MaxEvents)))
	}
	if r.MaxGroupEntries != 0 {
		items.add("MaxGroupEntries", jen.Op(strconv.Itoa(r.MaxGroupEntries)))
	}
}

// The Go constants of package correlate, by number.
var (
	typeConstants = [...]string{"TypeInvalid", "EventCount", "ValueCount", "Temporal", "TemporalOrdered", "ValueSum", "ValueAvg",
		"ValuePercentile", "ValueMedian"}
	windowConstants    = [...]string{"Sliding", "Tumbling", "Session"}
	compareConstants   = [...]string{"CompareInvalid", "Greater", "GreaterEqual", "Less", "LessEqual", "EqualTo", "NotEqualTo"}
	actionConstants    = [...]string{"ActionDefault", "ActionAlert", "ActionReset"}
	eventModeConstants = [...]string{"EventsDefault", "EventsNone", "EventsFull", "EventsRefs"}
)

// span returns a number of seconds, in the largest unit that makes it a whole number.
func span(seconds int64) *jen.Statement {
	for _, unit := range []struct {
		name    string
		seconds int64
	}{{"Day", correlate.Day}, {"Hour", correlate.Hour}, {"Minute", correlate.Minute}} {
		if seconds == unit.seconds {
			return correlation(unit.name)
		}
		if seconds%unit.seconds == 0 {
			return jen.Op(strconv.FormatInt(seconds/unit.seconds, 10)).Op("*").Add(correlation(unit.name))
		}
	}
	return jen.Op(strconv.FormatInt(seconds, 10))
}
