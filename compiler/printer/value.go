package printer

import (
	"slices"

	"github.com/rsigma-go/rsigma/compiler/modifier"
	"github.com/rsigma-go/rsigma/compiler/sigma"
	"github.com/rsigma-go/rsigma/compiler/yamldoc"
)

// spell groups the values of it by the modifiers that they need, in order of first appearance. What has no spelling is noted.
func (p *printer) spell(it *sigma.Item) []*spelling {
	w := &speller{printer: p, item: it, operator: operator(it)}
	for _, v := range it.Values {
		w.value(v)
	}
	return w.out
}

// speller gathers the spellings of one item.
type speller struct {
	*printer
	item     *sigma.Item
	operator string // text operator of all strings
	out      []*spelling
}

func (w *speller) add(value *yamldoc.Node, modifiers ...string) {
	modifiers = slices.DeleteFunc(modifiers, func(m string) bool { return m == "" })
	for _, s := range w.out {
		if slices.Equal(s.modifiers, modifiers) {
			s.values = append(s.values, value)
			return
		}
	}
	w.out = append(w.out, &spelling{modifiers, []*yamldoc.Node{value}})
}

func (w *speller) value(v sigma.Value) {
	switch v := v.(type) {
	case sigma.String:
		w.str(v)
	case sigma.Number:
		w.add(number(v))
	case sigma.Bool:
		w.add(&yamldoc.Node{Kind: yamldoc.KindBool, Bool: v.Value})
	case sigma.Null:
		w.add(&yamldoc.Node{Kind: yamldoc.KindNull})
	case sigma.Regex:
		w.regex(v)
	case sigma.Network:
		w.add(text(v.Prefix.String()), "cidr")
	case sigma.Compare:
		w.add(number(v.Number), comparisons[v.Op])
	case sigma.TimePart:
		w.add(number(v.Number), timeParts[v.Part], comparisons[v.Op])
	case sigma.FieldRef:
		w.add(text(v.Field), "fieldref", references[v.Op], when(v.Cased, "cased"))
	case sigma.Exists:
		w.add(&yamldoc.Node{Kind: yamldoc.KindBool, Bool: v.Want}, "exists")
	case sigma.Expansion:
		for _, s := range v.Values { // alternatives, since those under "all" are items of their own
			w.str(s)
		}
	case sigma.Deferred:
		w.add(text(modifier.PatternText(v.Pattern)), append(slices.Clone(v.Modifiers), "expand")...)
	default:
		panic("printer: unknown value")
	}
}

func (w *speller) str(v sigma.String) {
	op, p := w.operator, v.Pattern
	if w.item.Field.Kind == sigma.FieldKeyword {
		var ok bool
		if op, ok = keywordOperator(p); !ok {
			w.gap("a keyword that a whole text must equal: %s", modifier.PatternText(p))
			return
		}
	}
	stripped := strip(p, effectiveOperator(op, w.item.Field))
	w.add(text(modifier.PatternText(stripped)),
		op, when(v.Windash, "windash"), when(v.Cased, "cased"), when(hasPlaceholder(p), "expand"))
}

// effectiveOperator returns the operator that applies: keywords are searched for unless they say otherwise.
func effectiveOperator(op string, f sigma.Field) string {
	if op == "" && f.Kind == sigma.FieldKeyword {
		return "contains"
	}
	return op
}

// keywordOperator returns the text operator of a keyword; "contains" goes without saying.
func keywordOperator(p sigma.Pattern) (string, bool) {
	switch {
	case fits(p, "contains"):
		return "", true
	case fits(p, "startswith"):
		return "startswith", true
	case fits(p, "endswith"):
		return "endswith", true
	default:
		return "", false
	}
}

// operator returns the text operator that the author of it used, if it still fits all of its strings, and else none.
func operator(it *sigma.Item) string {
	for _, m := range it.Modifiers {
		name, _ := modifier.Canonical(m.Name)
		if name != "contains" && name != "startswith" && name != "endswith" {
			continue
		}
		for _, v := range it.Values {
			if s, ok := v.(sigma.String); ok && !fits(s.Pattern, name) {
				return ""
			}
		}
		return name
	}
	return ""
}

// fits reports whether p is what a text operator makes of some value.
func fits(p sigma.Pattern, operator string) bool {
	front := len(p) > 0 && p[0].Kind == sigma.TokenStar
	back := len(p) > 0 && p[len(p)-1].Kind == sigma.TokenStar
	switch operator {
	case "contains":
		return front && back
	case "startswith":
		return back
	case "endswith":
		return front
	default:
		return true
	}
}

// strip takes away the stars that a text operator stands for. A star that is all there is may be either of two.
func strip(p sigma.Pattern, operator string) sigma.Pattern {
	if operator == "contains" || operator == "startswith" {
		p = p[:len(p)-1]
	}
	if len(p) > 0 && (operator == "contains" || operator == "endswith") {
		p = p[1:]
	}
	return p
}

func (w *speller) regex(v sigma.Regex) {
	source := ""
	for _, t := range v.Pattern {
		if t.Kind == sigma.TokenPlaceholder {
			source += "%" + t.Text + "%"
		} else {
			source += t.Text
		}
	}
	modifiers := []string{"re"}
	for _, flag := range v.Flags {
		modifiers = append(modifiers, string(flag))
	}
	if hasPlaceholder(v.Pattern) {
		modifiers = append(modifiers, "expand")
	}
	w.add(text(source), modifiers...)
}

func hasPlaceholder(p sigma.Pattern) bool {
	return slices.ContainsFunc(p, func(t sigma.Token) bool { return t.Kind == sigma.TokenPlaceholder })
}

func number(n sigma.Number) *yamldoc.Node {
	if n.IsInt {
		return &yamldoc.Node{Kind: yamldoc.KindInt, Int: n.Int}
	}
	return &yamldoc.Node{Kind: yamldoc.KindFloat, Float: n.Float}
}

func when(holds bool, name string) string {
	if holds {
		return name
	}
	return ""
}

var comparisons = [...]string{
	sigma.CompareEqual:        "",
	sigma.CompareGreater:      "gt",
	sigma.CompareGreaterEqual: "gte",
	sigma.CompareLess:         "lt",
	sigma.CompareLessEqual:    "lte",
}

var timeParts = [...]string{
	sigma.PartMinute: "minute",
	sigma.PartHour:   "hour",
	sigma.PartDay:    "day",
	sigma.PartWeek:   "week",
	sigma.PartMonth:  "month",
	sigma.PartYear:   "year",
}

var references = [...]string{
	sigma.RefEqual:      "",
	sigma.RefContains:   "contains",
	sigma.RefStartsWith: "startswith",
	sigma.RefEndsWith:   "endswith",
}
