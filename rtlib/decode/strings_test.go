package decode

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rsigma-go/rsigma/rtlib"
)

// stringValues returns the string values of a JSON text by the standard library's tokens: unlike a decoded value they show
// members with equal keys.
func stringValues(t *testing.T, line string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	dec := json.NewDecoder(strings.NewReader(line))
	var keyNext []bool // of each open bracket: whether a key comes next; arrays never expect one
	value := func() {
		if n := len(keyNext); n > 0 && cap(keyNext) > 0 && objects[n] {
			keyNext[n-1] = true
		}
	}
	for {
		tok, err := dec.Token()
		if err != nil {
			return out
		}
		n := len(keyNext)
		switch tok := tok.(type) {
		case json.Delim:
			switch tok {
			case '{', '[':
				keyNext = append(keyNext, tok == '{')
				objects[n+1] = tok == '{'
			default:
				keyNext = keyNext[:n-1]
				value()
			}
		case string:
			if n > 0 && keyNext[n-1] {
				keyNext[n-1] = false
				continue
			}
			out[rtlib.Fold(tok)] = true
			value()
		default:
			value()
		}
	}
}

// objects tells by depth which brackets are braces. It belongs to stringValues, whose tests do not run in parallel.
var objects [1000]bool

func TestTheArenaHoldsTheStringsAndNothingElse(t *testing.T) {
	name := rtlib.Field("a").ID()
	path := rtlib.Field("n.b").ID()
	plan := NewPlan([]rtlib.FieldID{name, path}, true)
	ev := rtlib.NewEvent()
	checked := 0
	for _, line := range []string{
		`{}`,
		`{"a":"Wanted","x":"Other","n":{"b":"Nested","c":["Deep",{"d":"Deeper"}]},"num":1.50,"t":true}`,
		`{"a":"Esc\\aped \u004B","x":"also\n\u212A","Key":"k"}`,
		`{"a":"one","a":"Two","x":"three","x":"FOUR"}`,
		`{"a":["L1","l2",["L3"],5,{"z":"in object"}],"n":[{"b":"B1"},{"b":"b2"}]}`,
		`{"\u0061":"escaped key","k\u0065y":"V"}`,
		`{"a":"bad \xff utf8","x":"\xe2\x84"}`,
		`{"a":"Größe ẞ İ","x":"ſ"}`,
		`["Array",{"a":"b"}]`,
		`"just Text"`,
		`{"a":1e400,"n":{"b":null}}`,
	} {
		line = strings.NewReplacer(`\xff`, "\xff", `\xe2`, "\xe2", `\x84`, "\x84").Replace(line)
		if err := plan.JSON(ev, []byte(line)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if !ev.FoldedStrings {
			t.Fatalf("%s: strings are not folded", line)
		}
		want := stringValues(t, line)
		got := map[string]bool{}
		for piece := range bytes.SplitSeq(ev.Arena, []byte{rtlib.StringEnd}) {
			if len(piece) > 0 {
				got[rtlib.Fold(string(piece))] = true
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: arena holds %q, want %q", line, slices.Collect(maps.Keys(got)), slices.Collect(maps.Keys(want)))
		}
		checked++
	}
	t.Logf("%d events", checked)
}

func TestEventsNestedDeeperThanKeywordsLookAreNotSearchedAtOnce(t *testing.T) {
	t.Parallel()
	plan := NewPlan(nil, true)
	ev := rtlib.NewEvent()
	for containers, want := range map[int]bool{1: true, 63: true, 64: false, 100: false} {
		line := strings.Repeat(`[`, containers) + `"x"` + strings.Repeat(`]`, containers)
		object := strings.Repeat(`{"k":`, containers) + `"x"` + strings.Repeat(`}`, containers)
		for _, l := range []string{line, object} {
			if err := plan.JSON(ev, []byte(l)); err != nil {
				t.Fatal(err)
			}
			if ev.FoldedStrings != want {
				t.Errorf("%d containers: FoldedStrings is %t", containers, ev.FoldedStrings)
			}
		}
	}
}
