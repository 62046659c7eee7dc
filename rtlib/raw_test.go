package rtlib

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestLookupRaw(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		src   string
		field Field
		want  []string
	}{
		{`{"a":1}`, "a", []string{"1"}},
		{` { "a" : 1 } `, "a", []string{"1"}},
		{`{"A":1}`, "a", nil},
		{`{"a":1,"\u0061":[2]}`, "a", []string{"[2]"}},
		{`{"a.b":null,"a":{"b":1}}`, "a.b", []string{"null"}},
		{`{"a":{"b":1}}`, "a.b", []string{"1"}},
		{`{"a":{"b":1},"a":{"c":2}}`, "a.b", nil},
		{`{"a.b":{"c":1}}`, "a.b.c", nil},
		{`{"a":[{"b":1},[{"b":[2]}],{"c":3},4]}`, "a.b", []string{"1", "[2]"}},
		{`{"a":{"b":1}}`, "b", nil},
		{`[{"a":1},[{"a":2}]]`, "a", []string{"1", "2"}},
		{`[{"a":{"b":1}},{"a.b":2}]`, "a.b", []string{"1"}},
		{`"text"`, "a", nil},
		{`{"a":["x","y"]}`, Indexed + "a[0]", []string{`"x"`}},
		{`{"event":{"id":1}}`, Literal + "event.id", nil},
		{`{"event":{"id":1},"event.id":2}`, Literal + "event.id", []string{"2"}},
		{`{"a":["x","y"]}`, Indexed + "a[-1]", []string{`"y"`}},
		{`{"a":["x","y"]}`, Indexed + "a[-3]", nil},
		{`{"a":["x","y"]}`, Indexed + "a[2]", nil},
		{`{"a":"x"}`, Indexed + "a[0]", nil},
		{`{"a":[[1,2],[3,4]]}`, Indexed + "a[1][0]", []string{"3"}},
		{`{"a":[[1],{"b":{"c":3}}]}`, Indexed + "a[1].b.c", []string{"3"}},
		{`{"a[1].b":7,"a":[1,{"b":2}]}`, Indexed + "a[1].b", []string{"7"}},
		{`{"":{"":1}}`, ".", []string{"1"}},
	} {
		var got []string
		LookupRaw(c.src, c.field.ID().Path(), func(raw string) { got = append(got, raw) })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s in %s: got %q, want %q", c.field.Name(), c.src, got, c.want)
		}
	}
}

func TestPutRawFlattensArrays(t *testing.T) {
	t.Parallel()
	ev := NewEvent()
	id := Field("raw_test.array").ID()
	ev.Reset(ShapeJSON, nil)
	ev.PutRaw(id, ` ["A",[null,[true]],{"b":["c"]},1.0,[]] `)
	var got []string
	v := ev.Value(id)
	for e := ev.First(v); e != nil; e = ev.Next(e) {
		got = append(got, fmt.Sprint(e.Kind, e.Text, e.Fold, e.Raw))
	}
	want := []string{
		fmt.Sprint(String, "A", "a", `"A"`), fmt.Sprint(Null, "", "", "null"), fmt.Sprint(Bool, "true", "true", "true"),
		fmt.Sprint(Object, "", "", `{"b":["c"]}`), fmt.Sprint(Float, "1", "1", "1.0"),
	}
	if v.Kind != Array || !slices.Equal(got, want) {
		t.Errorf("kind %d, elements %q, want %q", v.Kind, got, want)
	}
}

func TestEachStringStopsBelowLevel64(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("[", n) + `"x"` + strings.Repeat("]", n) }
	for n, want := range map[int]bool{0: true, 1: true, 63: true, 64: false, 128: false} {
		if got := eachString(nested(n), func(string) bool { return true }); got != want {
			t.Errorf("inside %d arrays: found is %v, want %v", n, got, want)
		}
	}
}

func TestEachStringSkipsKeysAndScalars(t *testing.T) {
	t.Parallel()
	var got []string
	eachString(`{"k":"a\n","n":1,"b":true,"o":{"k2":["\u00e9",null,"]}"]}}`, func(s string) bool {
		got = append(got, s)
		return false
	})
	if want := []string{"a\n", "é", "]}"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzUnquote(f *testing.F) {
	for _, s := range []string{`"\ud83d\ude00"`, `"\ud800"`, `"\ud800\ud800\udc00"`, `"\ud800x"`, `"\\\"\/\b\f\n\r\t"`, "\"\xff\xed\xa0\x80\"", `"\u0000é"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var want string
		raw = trimSpace(raw)
		if json.Unmarshal([]byte(raw), &want) != nil || raw == "null" {
			t.Skip()
		}
		if got := unquote(raw); got != want {
			t.Errorf("unquote(%s) = %q, want %q", raw, got, want)
		}
	})
}
