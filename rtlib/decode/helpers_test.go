package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib"
)

// fuzzFields are asked for by the tests that compare the decoder with its naive twin.
var fuzzFields = []rtlib.Field{
	"a", "b", "c", "a.b", "a.b.c", "b.a", "", ".", "a.", "é", "abcdefgh", "abcdefg", "sixteen_letters_", "ParentCommandLineOfThis",
	"EventID", "Image", "CommandLine", "Message", "process.name", "winlog.event_data.Image", "deep.a.b", "n", "k", "x", "v",
	rtlib.Indexed + "a[0]", rtlib.Indexed + "a[-1].b", rtlib.Indexed + "b[1][0]", rtlib.Indexed + `c\[0\]`,
	rtlib.Literal + "a.b", rtlib.Literal + "a",
}

func ids(fields []rtlib.Field) []rtlib.FieldID {
	var ids []rtlib.FieldID
	for _, f := range fields {
		ids = append(ids, f.ID())
	}
	return ids
}

// A twin checks decoded events against encoding/json.
type twin struct {
	fields     []rtlib.FieldID
	some, full *Plan // without and with all strings
	ev, other  *rtlib.Event
}

func newTwin(fields []rtlib.Field) *twin {
	ids := ids(fields)
	return &twin{ids, NewPlan(ids, false), NewPlan(ids, true), rtlib.NewEvent(), rtlib.NewEvent()}
}

// check decodes line with both plans.
func (tw *twin) check(t *testing.T, line []byte) {
	t.Helper()
	want := json.Valid(line) && depth(line) <= maxDepth
	for _, p := range []*Plan{tw.some, tw.full} {
		err := p.JSON(tw.ev, line)
		if (err == nil) != want {
			t.Fatalf("%.300q: error %v, but validity is %v", line, err, want)
		}
		if err != nil {
			if se, ok := err.(*SyntaxError); !ok || se.Offset < 0 || se.Offset > len(line) {
				t.Fatalf("%.300q: error %#v", line, err)
			}
			if n := len(tw.ev.Touched()); n > 0 {
				t.Fatalf("%.300q: %d fields after an error", line, n)
			}
			continue
		}
		tw.checkFields(t, line)
		if p == tw.full {
			tw.checkArena(t, line)
		}
	}
}

func (tw *twin) checkFields(t *testing.T, line []byte) {
	t.Helper()
	tree := parse(t, string(line))
	touched := 0
	for _, id := range tw.fields {
		values := naiveLookup(tree, id.Path())
		got, want := describe(tw.ev, id), describeNaive(values)
		if got != want {
			t.Fatalf("field %q of %.300q:\n got %s\nwant %s", id.Field().Name(), line, got, want)
		}
		if want != "missing" {
			touched++
		}
		if v := tw.ev.Value(id); len(values) == 1 && !reflect.DeepEqual(parse(t, v.Raw), values[0]) {
			t.Fatalf("field %q of %.300q: raw %q", id.Field().Name(), line, v.Raw)
		}
		tw.checkLookupRaw(t, line, tree, id, want)
	}
	if n := len(tw.ev.Touched()); n != touched {
		t.Fatalf("%.300q: touched %d, want %d", line, n, touched)
	}
}

// checkLookupRaw finds the field with the slow path.
func (tw *twin) checkLookupRaw(t *testing.T, line []byte, tree any, id rtlib.FieldID, want string) {
	t.Helper()
	if _, ok := tree.(map[string]any); !ok {
		return // a member of an array block may be an array, an event may not
	}
	tw.other.Reset(rtlib.ShapeJSON, line)
	rtlib.LookupRaw(string(line), id.Path(), func(raw string) { tw.other.PutRaw(id, raw) })
	if got := describe(tw.other, id); got != want {
		t.Fatalf("slow path, field %q of %.300q:\n got %s\nwant %s", id.Field().Name(), line, got, want)
	}
	if a, b := tw.ev.Value(id).Raw, tw.other.Value(id).Raw; a != b {
		t.Fatalf("field %q of %.300q: raw %q, slow path %q", id.Field().Name(), line, a, b)
	}
}

func (tw *twin) checkArena(t *testing.T, line []byte) {
	t.Helper()
	eachString(parse(t, string(line)), func(text string) {
		if !bytes.Contains(tw.ev.Arena, []byte(rtlib.Fold(text))) {
			t.Fatalf("%.300q: %q is not in the arena", line, text)
		}
	})
}

func eachString(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case []any:
		for _, e := range v {
			eachString(e, f)
		}
	case map[string]any:
		for _, e := range v {
			eachString(e, f)
		}
	}
}

func parse(t *testing.T, src string) (v any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(src))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%.300q: %v", src, err)
	}
	return v
}

// naiveLookup follows the wording of sigma-language.md sections 6.3 and 11.
func naiveLookup(event any, p *rtlib.Path) (values []any) {
	root, ok := event.(map[string]any)
	if !ok {
		return nil
	}
	if v, ok := root[p.Name]; ok {
		return []any{v}
	}
	return naiveWalk(root, p.Steps, len(p.Steps) > 0)
}

func naiveWalk(v any, steps []rtlib.Step, ok bool) (values []any) {
	if !ok {
		return nil
	}
	if len(steps) == 0 {
		return []any{v}
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			values = append(values, naiveWalk(e, steps, true)...)
		}
	case map[string]any:
		next, ok := v[steps[0].Key]
		for _, n := range steps[0].Index {
			list, _ := next.([]any)
			if n < 0 {
				n += len(list)
			}
			if ok = ok && 0 <= n && n < len(list); ok {
				next = list[n]
			}
		}
		return naiveWalk(next, steps[1:], ok)
	}
	return values
}

func describeNaive(values []any) string {
	switch len(values) {
	case 0:
		return "missing"
	case 1:
		if list, ok := values[0].([]any); ok {
			return strings.Join(naiveElements([]string{"array"}, list), " ")
		}
		return naiveScalar(values[0])
	}
	return strings.Join(naiveElements([]string{"array"}, values), " ")
}

func naiveElements(to []string, list []any) []string {
	for _, e := range list {
		if inner, ok := e.([]any); ok {
			to = naiveElements(to, inner)
		} else {
			to = append(to, naiveScalar(e))
		}
	}
	return to
}

func naiveScalar(v any) string {
	switch v := v.(type) {
	case nil:
		return show(rtlib.Null, "")
	case bool:
		return show(rtlib.Bool, fmt.Sprint(v))
	case string:
		return show(rtlib.String, v)
	case json.Number:
		text, kind := rtlib.NumberText(string(v))
		return show(kind, text)
	default:
		return show(rtlib.Object, "")
	}
}

func show(k rtlib.Kind, text string) string {
	return fmt.Sprintf("%d %q %q", k, text, rtlib.Fold(text))
}

func describe(ev *rtlib.Event, id rtlib.FieldID) string {
	v := ev.Value(id)
	switch v.Kind {
	case rtlib.Missing:
		return "missing"
	case rtlib.Array:
		all := []string{"array"}
		for e := ev.First(v); e != nil; e = ev.Next(e) {
			all = append(all, fmt.Sprintf("%d %q %q", e.Kind, e.Text, e.Fold))
		}
		return strings.Join(all, " ")
	}
	return fmt.Sprintf("%d %q %q", v.Kind, v.Text, v.Fold)
}

// depth returns how deep brackets outside of strings nest.
func depth(line []byte) (deepest int) {
	n, quoted := 0, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '{' || c == '['):
			n++
			deepest = max(deepest, n)
		case !quoted && (c == '}' || c == ']'):
			n--
		}
	}
	return deepest
}
