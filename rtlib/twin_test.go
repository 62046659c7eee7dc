package rtlib

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A naive twin of the predicates that look at structure: what is there, what other fields hold, any string of the event, members of
// arrays. It works on maps and shares nothing with the predicates but strings.EqualFold, which defines letter case.

// FuzzStructure compares predicates and array blocks with the twin on random events.
func FuzzStructure(f *testing.F) {
	f.Add([]byte("seed"))
	f.Fuzz(rapid.MakeFuzz(compareStructure))
}

func TestPredicatesOnStructureAgreeWithTheirTwin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, compareStructure)
}

func compareStructure(t *rapid.T) {
	root := drawObject(t, 3)
	raw, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	p, want := drawStructural(t, root)
	ev := NewEvent()
	fillTwin(t, ev, string(raw), p)
	if got := p.Eval(ev); got != want {
		t.Fatalf("%s on %s: got %v, want %v", describeTree(p), raw, got, want)
	}
}

func describeTree(x Expr) string {
	switch x := x.(type) {
	case *Pred:
		return fmt.Sprintf("%s(%q %q all=%v want=%v)", x.Op, x.Field, x.Strings, x.All, x.Want)
	case *Each:
		return fmt.Sprintf("%s %q %s", x.Quant, x.Field, describeTree(x.Body))
	default:
		return fmt.Sprint(x)
	}
}

// fillTwin decodes raw for x without testing.TB.
func fillTwin(t *rapid.T, ev *Event, raw string, x Expr) {
	if err := prepareExpr(x); err != nil {
		t.Fatal(err)
	}
	ev.Reset(ShapeJSON, []byte(raw))
	seen := map[FieldID]bool{}
	fieldIDs(x, false, func(id FieldID) {
		if p := id.Path(); p != nil && !seen[id] {
			seen[id] = true
			LookupRaw(raw, p, func(raw string) { ev.PutRaw(id, raw) })
		}
	})
}

var (
	twinKeys  = rapid.SampledFrom([]string{"a", "b", "a.b", "c"})
	twinPaths = rapid.SampledFrom([]string{"a", "b", "a.b", "c", "a.c", "b.a.c", "d"})
	twinTexts = rapid.SampledFrom([]string{"", "x", "X", "xy", "YX", "true", "No", "1", "k", "\u212a", "ſ", "s", "É", "é"})
)

func drawObject(t *rapid.T, depth int) map[string]any {
	out := map[string]any{}
	for range rapid.IntRange(0, 3).Draw(t, "keys") {
		out[twinKeys.Draw(t, "key")] = drawAny(t, depth-1)
	}
	return out
}

func drawAny(t *rapid.T, depth int) any {
	switch kind := rapid.IntRange(0, 7).Draw(t, "kind"); {
	case kind == 0:
		return nil
	case kind == 1:
		return rapid.Bool().Draw(t, "bool")
	case kind == 2:
		return rapid.IntRange(-1, 2).Draw(t, "int")
	case kind >= 6 && depth > 0:
		return drawObject(t, depth)
	case kind == 5 && depth > 0:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			list = append(list, drawAny(t, depth-1))
		}
		return list
	default:
		return twinTexts.Draw(t, "text")
	}
}

// drawStructural draws a predicate or array block and says what it is for root.
func drawStructural(t *rapid.T, root map[string]any) (Expr, bool) {
	if rapid.IntRange(0, 3).Draw(t, "block") > 0 {
		p := drawPred(t)
		return p, twinPred(p, root, root)
	}
	e := &Each{Field: Field(twinPaths.Draw(t, "array")), Quant: rapid.SampledFrom([]Quant{EachAny, EachAll, EachAllOrEmpty, EachNone}).Draw(t, "quant")}
	p := drawPred(t)
	if rapid.Bool().Draw(t, "self") {
		p.Field = Self
	}
	e.Body = AllOf{p}
	return e, twinEach(e, p, root)
}

func drawPred(t *rapid.T) *Pred {
	p := &Pred{Field: Field(twinPaths.Draw(t, "field")), Want: rapid.Bool().Draw(t, "want")}
	p.Op = rapid.SampledFrom([]Op{BoolEqual, IsNull, Exists, RefEqual, RefEqualFold, RefContains, RefContainsFold, RefPrefix, RefPrefixFold,
		RefSuffix, RefSuffixFold, ContainsFold, Contains, EqualFold}).Draw(t, "op")
	n := rapid.IntRange(1, 3).Draw(t, "operands")
	p.All = n > 1 && rapid.Bool().Draw(t, "all")
	switch {
	case p.Op >= RefEqual && p.Op <= RefSuffixFold:
		for range n {
			p.Strings = append(p.Strings, twinPaths.Draw(t, "reference"))
		}
	case p.Op.Operands() == OperandsStrings:
		for range n {
			p.Strings = append(p.Strings, twinTexts.Filter(func(s string) bool { return s != "" }).Draw(t, "operand"))
		}
		if rapid.Bool().Draw(t, "keyword") {
			p.Field = AnyString
		}
	default:
		p.All = false
	}
	return p
}

// twinLookup is sigma-language.md section 6.3. Of several values it returns the list.
func twinLookup(v any, field string) (found any, ok bool) {
	obj, isObject := v.(map[string]any)
	if !isObject {
		return nil, false
	}
	if value, ok := obj[field]; ok {
		return value, true
	}
	if !strings.Contains(field, ".") {
		return nil, false
	}
	var values []any
	twinWalk(v, strings.Split(field, "."), &values)
	switch len(values) {
	case 0:
		return nil, false
	case 1:
		return values[0], true
	default:
		return values, true
	}
}

func twinWalk(v any, steps []string, out *[]any) {
	if len(steps) == 0 {
		*out = append(*out, v)
		return
	}
	switch v := v.(type) {
	case map[string]any:
		if next, ok := v[steps[0]]; ok {
			twinWalk(next, steps[1:], out)
		}
	case []any:
		for _, e := range v {
			twinWalk(e, steps, out)
		}
	}
}

// twinElements are the scalars and objects of v, arrays flattened.
func twinElements(v any) (out []any) {
	list, ok := v.([]any)
	if !ok {
		return []any{v}
	}
	for _, e := range list {
		out = append(out, twinElements(e)...)
	}
	return out
}

func twinText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool, int:
		return fmt.Sprint(v), true
	default:
		return "", false
	}
}

func twinStrings(v any) (out []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			out = append(out, twinStrings(e)...)
		}
	case map[string]any:
		for _, e := range v {
			out = append(out, twinStrings(e)...)
		}
	}
	return out
}

// twinPred judges p with its field looked up in scope and references in root.
func twinPred(p *Pred, scope any, root map[string]any) bool {
	value, ok := twinLookup(scope, string(p.Field))
	switch {
	case p.Field == Self:
		value, ok = scope, true
	case p.Field == AnyString:
		var list []any
		for _, s := range twinStrings(scope) {
			list = append(list, s)
		}
		value, ok = list, true
	}
	switch p.Op {
	case IsNull:
		return !ok || value == nil
	case Exists:
		return ok == p.Want
	}
	if !ok {
		return false
	}
	if p.Op == BoolEqual {
		return twinSome(value, func(e any) bool { return twinBool(e) == map[bool]int{true: 1, false: 0}[p.Want] })
	}
	held := 0
	for _, operand := range p.Strings {
		if twinOperand(p.Op, value, operand, root) {
			held++
		}
	}
	return held > 0 && (!p.All || held == len(p.Strings))
}

func twinSome(v any, f func(any) bool) bool {
	for _, e := range twinElements(v) {
		if f(e) {
			return true
		}
	}
	return false
}

// twinBool is 1 for true, 0 for false and -1 for neither.
func twinBool(e any) int {
	s, ok := e.(string)
	if b, isBool := e.(bool); isBool {
		s, ok = fmt.Sprint(b), true
	}
	for _, yes := range []string{"true", "1", "yes"} {
		if ok && strings.EqualFold(s, yes) {
			return 1
		}
	}
	for _, no := range []string{"false", "0", "no"} {
		if ok && strings.EqualFold(s, no) {
			return 0
		}
	}
	return -1
}

func twinOperand(op Op, value any, operand string, root map[string]any) bool {
	if op < RefEqual || op > RefSuffixFold {
		return twinSome(value, func(e any) bool { return twinCompare(op, e, operand) })
	}
	ref, ok := twinLookup(root, operand)
	if !ok {
		return false
	}
	if value == nil && ref == nil {
		return op == RefEqual || op == RefEqualFold
	}
	return twinSome(value, func(a any) bool {
		return twinSome(ref, func(b any) bool {
			if a == nil && b == nil {
				return op == RefEqual || op == RefEqualFold
			}
			text, ok := twinText(b)
			return ok && twinCompare(op, a, text)
		})
	})
}

// twinCompare compares rune by rune.
func twinCompare(op Op, e any, operand string) bool {
	s, ok := twinText(e)
	if !ok {
		return false
	}
	text, needle := []rune(s), []rune(operand)
	at := func(i int) bool {
		if i < 0 || i+len(needle) > len(text) {
			return false
		}
		part := string(text[i : i+len(needle)])
		return part == operand || op.IsFold() && strings.EqualFold(part, operand)
	}
	switch op {
	case EqualFold, RefEqual, RefEqualFold:
		return len(text) == len(needle) && at(0)
	case RefPrefix, RefPrefixFold:
		return at(0)
	case RefSuffix, RefSuffixFold:
		return at(len(text) - len(needle))
	default:
		for i := range len(text) + 1 {
			if at(i) {
				return true
			}
		}
		return false
	}
}

// twinEach is section 11 for one field.
func twinEach(e *Each, p *Pred, root map[string]any) bool {
	value, ok := twinLookup(root, string(e.Field))
	var members []any
	switch v := value.(type) {
	case []any:
		members = v
	default:
		if ok && value != nil {
			members = []any{value}
		}
	}
	held := 0
	for _, m := range members {
		if twinMember(p, m, root) {
			held++
		}
	}
	switch e.Quant {
	case EachAny:
		return held > 0
	case EachAll:
		return held == len(members) && held > 0
	case EachAllOrEmpty:
		return held == len(members)
	default:
		return held == 0
	}
}

// twinMember judges p on one member. A member that is an array has each of its elements tried for a field.
func twinMember(p *Pred, member any, root map[string]any) bool {
	list, ok := member.([]any)
	if !ok || p.Field == Self || p.Field == AnyString {
		return twinPred(p, member, root)
	}
	var found []any
	twinCollect(list, string(p.Field), &found)
	scope := map[string]any{}
	switch len(found) {
	case 0:
	case 1:
		scope[string(p.Field)] = found[0]
	default:
		scope[string(p.Field)] = found
	}
	return twinPred(p, scope, root)
}

func twinCollect(list []any, field string, out *[]any) {
	for _, e := range list {
		if inner, ok := e.([]any); ok {
			twinCollect(inner, field, out)
			continue
		}
		if v, ok := twinLookup(e, field); ok {
			*out = append(*out, v)
		}
	}
}
