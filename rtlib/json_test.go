package rtlib

import (
	"bytes"
	"encoding/json"
	"strings"
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

// TestPlainTextEndsAtTheFirstOddByte puts every byte everywhere, and two of them.
func TestPlainTextEndsAtTheFirstOddByte(t *testing.T) {
	t.Parallel()
	cases := 0
	for c := range 256 {
		for at := range 20 {
			for _, second := range []byte{'x', 0, '"', '\\', 0x7f, 0x80, 0xff} {
				b := []byte(strings.Repeat("~ !#[]{", 3))[:20]
				b[at] = byte(c)
				if at+1 < len(b) {
					b[at+1] = second
				}
				want := bytes.IndexFunc(b, func(r rune) bool { return r < ' ' || r >= 0x7f || r == '"' || r == '\\' })
				if want < 0 {
					want = len(b)
				}
				if got := plainJSON(string(b)); got != want {
					t.Fatalf("%q: %d, want %d", b, got, want)
				}
				cases++
			}
		}
	}
	if cases != 256*20*7 {
		t.Errorf("%d cases", cases)
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
