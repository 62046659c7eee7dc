package rtlib

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Explanation says why a rule matched.
type Explanation struct {
	// Selections are the detections that were visited and true, each once, in the order of the first visit.
	Selections []string
	// Fields are the items of those detections that are true, in definition order. At match detail "off" the ones that are
	// Absent or Keyword are not shown.
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
	// Matcher is one of the names of daemon.md section 14.2; empty for an array block with more than one item.
	Matcher string
	// HasCase says that the item compares letters, CaseSensitive that their case counts.
	HasCase, CaseSensitive bool
	Negated                bool
	// Pattern lists what the item looks for, separated by | and cut off after about 200 characters.
	Pattern string
}

// Explain reports why r matches ev: the first of Conditions that holds, the selections that made it hold, and their items,
// evaluated without short circuit. It returns the zero Explanation if no condition holds. It is the slow path: it allocates.
//
// Source: sigma-language.md section 15, README ruling 6.
func (r *Rule) Explain(ev *Event) Explanation {
	for _, c := range r.Conditions {
		x := explainer{rule: r, ev: ev}
		if x.cond(c) {
			return x.explanation()
		}
	}
	return Explanation{}
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
	rule *Rule
	ev   *Event
	seen []string
	sel  string // the selection whose items are being listed
	out  []MatchedField
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
	if !s.Hidden && !slices.Contains(x.seen, name) {
		x.seen = append(x.seen, name)
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

func (x *explainer) explanation() Explanation {
	for _, name := range x.seen {
		x.sel = name
		x.members(x.rule.selection(name).Body)
	}
	return Explanation{Selections: x.seen, Fields: x.out}
}

// members lists the items of a detection, which is true: a mapping is an AllOf of items, a list is an AnyOf of members.
func (x *explainer) members(e Expr) {
	if all, ok := e.(AllOf); ok {
		for _, term := range all {
			x.item(term)
		}
		return
	}
	x.item(e)
}

// item lists e, if it is true. An AnyOf or AllOf of predicates on one field is one item, written under one key; any other
// AnyOf is a list of members, of which the true ones are listed.
func (x *explainer) item(e Expr) {
	if !e.Eval(x.ev) {
		return
	}
	if preds := itemPreds(e); preds != nil {
		x.report(preds, false)
		return
	}
	switch e := e.(type) {
	case AnyOf:
		for _, term := range e {
			if term.Eval(x.ev) {
				x.members(term)
			}
		}
	case AllOf:
		x.members(e)
	case AtLeast:
		for _, term := range e.Terms {
			x.item(term)
		}
	case Not:
		x.negated(e.X)
	case *Each:
		x.reportEach(e, false)
	}
}

// negated lists an item under neq. If the key was mapped to several fields there is an entry for each of them.
func (x *explainer) negated(e Expr) {
	if preds := itemPreds(e); preds != nil {
		x.report(preds, true)
		return
	}
	switch e := e.(type) {
	case AnyOf:
		for _, term := range e {
			x.negated(term)
		}
	case AllOf:
		for _, term := range e {
			x.negated(term)
		}
	case *Each:
		x.reportEach(e, true)
	}
}

// itemPreds returns the predicates of an item: e itself, or those that one key gave. It is nil if e is something else.
func itemPreds(e Expr) []*Pred {
	var terms []Expr
	switch e := e.(type) {
	case *Pred:
		return []*Pred{e}
	case AnyOf:
		for _, term := range e {
			if _, ok := term.(*Pred); !ok {
				return nil
			}
		}
		terms = e
	case AllOf:
		terms = e
	default:
		return nil
	}
	var preds []*Pred
	for _, term := range terms {
		p := itemPreds(term)
		if p == nil {
			return nil
		}
		preds = append(preds, p...)
	}
	for _, p := range preds {
		if p.Field != preds[0].Field {
			return nil
		}
	}
	return preds
}

func (x *explainer) report(preds []*Pred, negated bool) {
	p := preds[0]
	m := MatchedField{
		Selection: x.sel,
		Field:     p.Field.Name(),
		Keyword:   p.Field == AnyString,
		Negated:   negated,
		Pattern:   patternOf(preds),
	}
	m.Matcher, m.HasCase, m.CaseSensitive = matcherOf(preds)
	if m.Keyword {
		m.Value = x.keywordValue(preds, negated)
	} else {
		m.Value, m.Absent = x.value(p.ID())
	}
	x.out = append(x.out, m)
}

func (x *explainer) reportEach(e *Each, negated bool) {
	m := MatchedField{Selection: x.sel, Field: e.Field.Name(), Negated: negated}
	m.Value, m.Absent = x.value(e.ID())
	body := e.Body
	for {
		all, ok := body.(AllOf)
		if !ok || len(all) != 1 {
			break
		}
		body = all[0]
	}
	if preds := itemPreds(body); preds != nil {
		m.Matcher, m.HasCase, m.CaseSensitive = matcherOf(preds)
		m.Pattern = patternOf(preds)
	}
	x.out = append(x.out, m)
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
