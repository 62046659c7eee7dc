package rtlib

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Detail says how much an Explanation holds.
type Detail uint8

// The details. Off lists the items whose field is present, Summary adds keywords, absent fields and how each item compares, Full
// adds patterns.
const (
	DetailOff Detail = iota
	DetailSummary
	DetailFull
)

// Explanation says why a rule matched. Its memory is reused from one call of Explain to the next.
type Explanation struct {
	// Selections are the detections that were visited and true, each once, in the order of the first visit.
	Selections []string
	// Fields are the items of those detections that are true, in definition order.
	Fields []MatchedField
}

// MatchedField is a true item of a detection.
type MatchedField struct {
	Selection string
	Field     string // as the rule writes it; "keyword" for keywords
	// Value is JSON text: what the field holds, of a keyword the string that it was found in, "null" if there is nothing.
	Value   string
	Absent  bool // the field is missing
	Keyword bool
	Negated bool

	// From DetailSummary on: Matcher is one of the names of daemon.md section 14.2, empty for an array block with more than one
	// item. HasCase says that the item compares letters, CaseSensitive that their case counts.
	Matcher                string
	HasCase, CaseSensitive bool
	// At DetailFull: Pattern lists what the item looks for, separated by | and cut off after about 200 characters.
	Pattern string
}

// Explain fills out with why r matches ev: the first of Conditions that holds, the selections that made it hold, and their
// items, evaluated without short circuit. out is empty if no condition holds. It allocates for values that have to be rendered
// anew, such as arrays that were collected from several places, and when out has to grow.
//
// Source: sigma-language.md section 15, README ruling 6.
func (r *Rule) Explain(ev *Event, detail Detail, out *Explanation) {
	out.Fields = out.Fields[:0]
	x := explainer{rule: r, ev: ev, detail: detail, out: out}
	for _, c := range r.Conditions {
		out.Selections = out.Selections[:0]
		if x.cond(c) {
			x.report()
			return
		}
	}
	out.Selections = out.Selections[:0]
}

// FieldIDs calls f for every field of the event that the rule reads, possibly several times: also for those in selections
// that no condition uses, but not for those that are looked up in members of arrays.
func (r *Rule) FieldIDs(f func(FieldID)) {
	for i := range r.Selections {
		fieldIDs(r.Selections[i].Body, false, f)
	}
}

func fieldIDs(x Expr, inMember bool, f func(FieldID)) {
	switch x := x.(type) {
	case *Pred:
		if !inMember {
			f(x.ID())
		}
		x.refIDs(f)
	case AllOf:
		for _, term := range x {
			fieldIDs(term, inMember, f)
		}
	case AnyOf:
		for _, term := range x {
			fieldIDs(term, inMember, f)
		}
	case AtLeast:
		for _, term := range x.Terms {
			fieldIDs(term, inMember, f)
		}
	case Not:
		fieldIDs(x.X, inMember, f)
	case *Each:
		if !inMember {
			f(x.ID())
		}
		fieldIDs(x.Body, true, f)
	}
}

// explainer evaluates one condition and remembers which selections it saw to be true.
type explainer struct {
	rule   *Rule
	ev     *Event
	detail Detail
	out    *Explanation
	sel    string // the selection whose items are being listed
}

func (x *explainer) cond(c Cond) bool {
	switch c := c.(type) {
	case Sel:
		return x.visit(string(c))
	case AllConds:
		for _, term := range c {
			if !x.cond(term) {
				return false
			}
		}
		return true
	case AnyConds:
		for _, term := range c {
			if x.cond(term) {
				return true
			}
		}
		return false
	case NotCond:
		return !x.cond(c.X)
	case OfSels:
		n := 0
		for _, name := range c.Names {
			if x.visit(name) {
				n++
			}
		}
		return len(c.Names) > 0 && n >= c.N
	default:
		return false
	}
}

func (x *explainer) visit(name string) bool {
	s := x.rule.selection(name)
	if s == nil || !s.Body.Eval(x.ev) {
		return false
	}
	if !s.Hidden && !slices.Contains(x.out.Selections, name) {
		x.out.Selections = append(x.out.Selections, name)
	}
	return true
}

func (r *Rule) selection(name string) *Selection {
	for i := range r.Selections {
		if r.Selections[i].Name == name {
			return &r.Selections[i]
		}
	}
	return nil
}

// report lists the items of the selections that were seen.
func (x *explainer) report() {
	plans := x.rule.itemPlans()
	for _, name := range x.out.Selections {
		x.sel = name
		x.parts(plans[name])
	}
}

// parts lists what is true among parts.
func (x *explainer) parts(parts []itemPlan) {
	for i := range parts {
		p := &parts[i]
		switch {
		case p.holds != nil && !p.holds.Eval(x.ev):
		case p.item != nil:
			x.list(p.item)
		default:
			x.parts(p.parts)
		}
	}
}

// list adds an item, which is true.
func (x *explainer) list(it *item) {
	if it.keyword && x.detail == DetailOff {
		return
	}
	m := MatchedField{Selection: x.sel, Field: it.name, Keyword: it.keyword, Negated: it.negated}
	if it.keyword {
		m.Value = x.keywordValue(it.preds, it.negated)
	} else {
		m.Value, m.Absent = x.value(it.field)
		if m.Absent && x.detail == DetailOff {
			return
		}
	}
	if x.detail >= DetailSummary {
		m.Matcher, m.HasCase, m.CaseSensitive = matcherOf(it.preds)
	}
	if x.detail >= DetailFull {
		m.Pattern = patternOf(it.preds)
	}
	x.out.Fields = append(x.out.Fields, m)
}

// value returns what a field holds as JSON text.
func (x *explainer) value(id FieldID) (text string, absent bool) {
	v := x.ev.Value(id)
	switch {
	case v.Kind == Missing:
		return "null", true
	case v.Raw != "":
		return jsonText(v.Raw), false
	case v.Kind != Array:
		return jsonScalar(v), false
	}
	var texts []string
	x.ev.eachRaw(id, func(raw string) bool {
		texts = append(texts, jsonText(raw))
		return false
	})
	return "[" + strings.Join(texts, ",") + "]", false
}

// keywordValue returns the first string that one of the keywords is found in.
func (x *explainer) keywordValue(preds []*Pred, negated bool) string {
	if negated {
		return "null"
	}
	for e := x.ev.First(x.ev.anyString()); e != nil; e = x.ev.Next(e) {
		for _, p := range preds {
			if p.some(x.ev, e) {
				return jsonString(e.Text)
			}
		}
	}
	return "null"
}

// some reports whether one operand of p is satisfied by the scalar e.
func (p *Pred) some(ev *Event, e *Value) bool {
	if all, ok := p.matcher.(allMatcher); ok {
		return anyMatcher(all).match(ev, e)
	}
	return p.matcher != nil && p.matcher.match(ev, e)
}

// jsonText makes JSON source fit to be printed on one line.
func jsonText(raw string) string {
	raw = strings.ToValidUTF8(raw, "\uFFFD")
	if raw[0] != '{' && raw[0] != '[' {
		return raw
	}
	var b bytes.Buffer
	if json.Compact(&b, []byte(raw)) != nil {
		return raw
	}
	return b.String()
}

func jsonScalar(v *Value) string {
	switch v.Kind {
	case String:
		return jsonString(v.Text)
	case Bool, Int, Float:
		return v.Text
	default:
		return "null"
	}
}

func jsonString(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil {
		return "null" // never: a string can be encoded
	}
	return strings.TrimSuffix(b.String(), "\n")
}
