package rtlib

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// hints says why p, which has one operand and does not hold, does not: by trying what people mean when they write such a rule.
func (t *tracer) hints(p *Pred) []string {
	if p.Field == AnyString {
		return nil
	}
	v := t.ev.Value(p.ID())
	if p.Op == IsNull {
		return []string{"the field holds a value"}
	}
	if p.Op == Exists {
		return []string{"the field is there"}
	}
	var elements []*Value
	t.ev.Each(v, func(e *Value) bool {
		elements = append(elements, e)
		return false
	})
	if hint := t.refHint(p); hint != "" {
		return []string{hint}
	}
	if len(elements) == 0 {
		return []string{noText(v)}
	}
	for _, e := range elements {
		if hint := p.hint(e); hint != "" {
			return []string{hint}
		}
	}
	return nil
}

// noText says why v has nothing to compare.
func noText(v *Value) string {
	switch v.Kind {
	case Null:
		return "the value is null"
	case Object:
		return "the value is an object; only what is inside it can be compared"
	default:
		return "the array has no text or number in it"
	}
}

// missingHints says what may be meant by the field of p, which the event lacks.
func (t *tracer) missingHints(p *Pred) []string { return t.nearHints(p.ID()) }

func (t *tracer) nearHints(id FieldID) []string {
	hints := []string{"the field is missing"}
	switch path, exact := nearPath(t.ev.source(), id.Path()); {
	case path == "":
	case exact:
		hints = append(hints, fmt.Sprintf("the event has %q: the case of field names counts", path))
	default:
		hints = append(hints, fmt.Sprintf("the event has %q: a pipeline can map the field", path))
	}
	return hints
}

// nearPath returns the path of the value in the JSON object src whose keys, joined by dots, are those of p but for letter case
// (then exact), or that ends in the last key of p.
func nearPath(src string, p *Path) (near string, exact bool) {
	if p == nil || src == "" {
		return "", false
	}
	last := p.Name[strings.LastIndexByte(p.Name, '.')+1:]
	same := false // near ends in last as it is written
	var walk func(raw, prefix string, level int)
	walk = func(raw, prefix string, level int) {
		raw = trimSpace(raw)
		switch {
		case level > maxStringDepth || exact:
		case isArray(raw):
			eachElement(raw, func(elem string) bool { walk(elem, prefix, level+1); return exact })
		case isObject(raw):
			eachMember(raw, func(key, value string) bool {
				path := strings.Clone(prefix + key)
				switch {
				case strings.EqualFold(path, p.Name):
					near, exact = path, true
				case key == last && !same:
					near, same = path, true
				case near == "" && strings.EqualFold(key, last):
					near = path
				}
				walk(value, path+".", level+1)
				return exact
			})
		}
	}
	walk(src, "", 1)
	return near, exact
}

// refHint says why a reference to another field does not hold.
func (t *tracer) refHint(p *Pred) string {
	if len(p.refs) == 0 {
		return ""
	}
	x := explainer{ev: t.ev.whole()}
	value, absent := x.value(p.refs[0])
	if absent {
		return fmt.Sprintf("the other field, %s, is missing", p.Strings[0])
	}
	return fmt.Sprintf("the other field, %s, holds %s", p.Strings[0], value)
}

// hint says why the scalar v does not satisfy p.
func (p *Pred) hint(v *Value) string {
	switch p.Op.Operands() {
	case OperandsNumbers:
		return p.numberHint(v)
	case OperandsWant:
		if v.Kind == Int || v.Kind == Float {
			return "the value is a number, and numbers are never booleans"
		}
		return "the value is not that boolean"
	}
	switch p.Op {
	case CIDR:
		if _, err := netip.ParseAddr(v.Text); err != nil {
			return "the value is not an address"
		}
		return "the address is outside of the network"
	case Regex:
		if p.tries(v.Text, "(?i)"+p.Strings[0], Regex) {
			return "only letter case differs: add the modifier i"
		}
		return ""
	}
	return p.textHint(v)
}

func (p *Pred) numberHint(v *Value) string {
	if p.Part != PartInvalid {
		if t, ok := Timestamp(v); ok {
			return fmt.Sprintf("the %s is %d", strings.ToLower(p.Part.String()), p.Part.of(t))
		}
		return "the value is not a timestamp"
	}
	if _, ok := numberOf(v); !ok {
		return "the value is not a number"
	}
	return ""
}

// tries reports whether text would satisfy an operator with one operand.
func (p *Pred) tries(text, operand string, op Op) bool {
	other := &Pred{Op: op, Field: p.Field, Strings: []string{operand}}
	if other.prepare() != nil {
		return false
	}
	return other.matcher.match(NewEvent(), &Value{Kind: String, Text: text, Fold: Fold(text)})
}

// folding are the operators that ignore letter case, by those that do not.
var folding = map[Op]Op{Equal: EqualFold, Prefix: PrefixFold, Suffix: SuffixFold, Contains: ContainsFold, Glob: GlobFold, GlobDash: GlobDashFold}

// textHint tries variations of the comparison.
func (p *Pred) textHint(v *Value) string {
	want := p.Strings[0]
	if fold, ok := folding[p.Op]; ok && p.tries(v.Text, want, fold) {
		return "only letter case differs, and the rule asks for equal case (cased)"
	}
	if n, ok := parseNumber(want); ok && (v.Kind == Int || v.Kind == Float) {
		if m, _ := numberOf(v); m.f == n.f {
			return "the value is the number " + v.Text + ", the rule asks for the text " + strconv.Quote(want)
		}
	}
	within := ContainsFold
	if !p.Op.IsFold() {
		within = Contains
	}
	switch p.Op {
	case Equal, EqualFold:
		if p.tries(strings.TrimSpace(v.Text), want, p.Op) {
			return "the value has blanks around it"
		}
		if want != "" && p.tries(v.Text, want, within) {
			return "the rule asks for all of the value, and it holds more than that"
		}
	case Prefix, PrefixFold:
		if p.tries(v.Text, want, within) {
			return "it is in the value, but not at the start, where the rule looks"
		}
	case Suffix, SuffixFold:
		if p.tries(v.Text, want, within) {
			return "it is in the value, but not at the end, where the rule looks"
		}
	case Glob, GlobFold, GlobDash, GlobDashFold:
		if p.tries(v.Text, "*"+want+"*", p.Op) {
			return "the pattern fits a part of the value, and the rule asks for all of it"
		}
	}
	return p.backslashHint(v.Text)
}

// backslashHint recognises paths that were escaped once too often.
func (p *Pred) backslashHint(text string) string {
	single := func(s string) string { return strings.ReplaceAll(s, `\\`, `\`) }
	switch want := p.Strings[0]; {
	case single(text) != text && p.tries(single(text), want, p.Op):
		return "the value has doubled backslashes"
	case single(want) != want && p.Op != Glob && p.Op != GlobFold && p.tries(text, single(want), p.Op):
		return "the rule has doubled backslashes"
	}
	return ""
}
