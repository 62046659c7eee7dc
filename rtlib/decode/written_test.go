package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rsigma-go/rsigma/rtlib"
)

// write writes the object line anew, without white space and repeated keys, and tells the places. It is false if line is none, or none
// that Written takes.
func write(line []byte) (text []byte, places []rtlib.Place, ok bool) {
	if !utf8.Valid(line) || !json.Valid(line) || bytes.Trim(line, " \t\r\n")[0] != '{' {
		return nil, nil, false
	}
	var keys []string
	values := map[string]json.RawMessage{}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.Token()
	for dec.More() {
		key, _ := dec.Token()
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			return nil, nil, false // deeper than the library reads
		}
		if _, again := values[key.(string)]; !again {
			keys = append(keys, key.(string))
		}
		values[key.(string)] = value
	}
	text = append(text, '{')
	for i, key := range keys {
		if i > 0 {
			text = append(text, ',')
		}
		p := rtlib.Place{Key: key}
		text = append(rtlib.AppendJSONString(text, key), ':')
		p.Start = len(text)
		var value bytes.Buffer
		json.Compact(&value, values[key])
		text = append(text, value.Bytes()...)
		p.End = len(text)
		if value.Bytes()[0] == '"' && bytes.IndexByte(value.Bytes(), '\\') >= 0 {
			json.Unmarshal(value.Bytes(), &p.Text)
		}
		places = append(places, p)
	}
	return append(text, '}'), places, true
}

// checkWritten compares Written with JSON and reports whether there was something to compare.
func (tw *twin) checkWritten(t *testing.T, line []byte) bool {
	t.Helper()
	text, places, ok := write(line)
	if !ok {
		return false
	}
	for _, p := range []*Plan{tw.some, tw.full} {
		got, want := p.Written(tw.ev, text, places), p.JSON(tw.other, text)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%.300q: error %v, want %v", text, got, want)
		}
		if !slices.Equal(tw.ev.Touched(), tw.other.Touched()) || tw.ev.FoldedStrings != tw.other.FoldedStrings {
			t.Fatalf("%.300q: touched %v, want %v", text, tw.ev.Touched(), tw.other.Touched())
		}
		if tw.ev.FoldedStrings && !bytes.Equal(tw.ev.Arena, tw.other.Arena) {
			t.Fatalf("%.300q: strings %q, want %q", text, tw.ev.Arena, tw.other.Arena)
		}
		for _, id := range tw.fields {
			if got, want := describe(tw.ev, id)+tw.ev.Value(id).Raw, describe(tw.other, id)+tw.other.Value(id).Raw; got != want {
				t.Fatalf("field %q of %.300q:\n got %s\nwant %s", id.Field().Name(), text, got, want)
			}
		}
	}
	return true
}

func TestWrittenTextNeedsNoParser(t *testing.T) {
	t.Parallel()
	tw := newTwin(fuzzFields)
	n := 0
	for _, s := range append(slices.Clone(samples), benchEvents...) {
		if tw.checkWritten(t, []byte(s)) {
			n++
		}
	}
	for levels := range 200 {
		for _, line := range []string{
			`{"x":"A","a":` + strings.Repeat("[", levels) + `"Deep"` + strings.Repeat("]", levels) + `,"b":"B"}`,
			`{"n":1,"other":` + strings.Repeat(`{"a":`, levels) + `"Deep"` + strings.Repeat("}", levels) + `}`,
		} {
			if tw.checkWritten(t, []byte(line)) {
				n++
			}
		}
	}
	if n < 420 {
		t.Errorf("only %d events were compared", n)
	}
	t.Logf("%d events", n)
}

func TestWrittenAllocatesNothing(t *testing.T) {
	tw := newTwin(fuzzFields)
	for _, s := range benchEvents {
		text, places, _ := write([]byte(s))
		if n := testing.AllocsPerRun(100, func() { tw.full.Written(tw.ev, text, places) }); n > 0 {
			t.Errorf("%v allocations for %s", n, s)
		}
	}
}

func FuzzWritten(f *testing.F) {
	for _, s := range append(slices.Clone(samples), benchEvents...) {
		f.Add([]byte(s))
	}
	tw := newTwin(fuzzFields)
	f.Fuzz(func(t *testing.T, line []byte) { tw.checkWritten(t, line) })
}

// BenchmarkWritten is BenchmarkJSON for text that the caller has written.
func BenchmarkWritten(b *testing.B) {
	for name, all := range map[string]bool{"fields": false, "all_strings": true} {
		b.Run(name, func(b *testing.B) {
			p, ev := NewPlan(ids(fuzzFields[:len(fuzzFields)-4]), all), rtlib.NewEvent()
			var texts [][]byte
			var places [][]rtlib.Place
			for _, s := range benchEvents {
				t, at, _ := write([]byte(s))
				texts, places = append(texts, t), append(places, at)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i = (i + 1) % len(texts) {
				if err := p.Written(ev, texts[i], places[i]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
