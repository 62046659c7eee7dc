package rtlib

import (
	"encoding/json"
	"testing"
)

func TestEventsOfEveryShapeAreRenderedAsJSON(t *testing.T) {
	t.Parallel()
	kv := NewEvent()
	kv.Reset(ShapeKV, []byte("a=1 b=2 a=3"))
	kv.PutPair("a", "1")
	kv.PutPair("b", "2")
	kv.PutPair("a", "3")
	plain := NewEvent()
	plain.Reset(ShapePlain, []byte("x \x01\x7f\"y\""))
	for want, ev := range map[string]*Event{
		`{"b":"2","a":"3"}`:              kv,
		`{"_raw":"x \u0001\u007f\"y\""}`: plain,
	} {
		if got := string(ev.AppendJSON(nil)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func FuzzStringsAreValidJSON(f *testing.F) {
	f.Add("a\xff\u2028\"\\\x00")
	f.Fuzz(func(t *testing.T, s string) {
		got := AppendJSONString(nil, s)
		var back string
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		want, _ := json.Marshal(s)
		var ref string
		json.Unmarshal(want, &ref)
		if back != ref {
			t.Errorf("%q came back as %q", s, back)
		}
	})
}
