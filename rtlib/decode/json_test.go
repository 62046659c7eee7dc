package decode

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/rtlib"
)

// samples are well-formed, malformed and odd inputs; they also seed the fuzzer.
var samples = []string{
	`{"EventID":1,"Image":"C:\\Windows\\System32\\WHOAMI.exe","CommandLine":"whoami /priv"}`,
	` { "a" : 1 , "b" : [ 1 , "X" , null , { "c" : 2 } , [ true , [ ] ] ] } ` + "\r\n\t",
	`{"a":{"b":{"c":"Deep"}},"b":{"a":[{"x":1}]}}`,
	`{"a":[{"b":1},{"b":[2,3]},[{"b":null}],{"b":{"c":4}},5]}`,
	`{"a":[{"b":1,"b":2},{"b":3}]}`,
	`{"a.b":null,"a":{"b":1}}`,
	`{"a":{"b":1},"a.b":"Flat"}`,
	`{"a":[{"b":1},{"b":2}],"a.b":[3,[4]]}`,
	`{"a":{"b":1},"a":{"c":2}}`,
	`{"a":1,"a":{"b":2},"a":[3]}`,
	`{"a":[{"b":1},{"b":2}],"\u0061":[{"b":"x","c":1}],"a.b.c":1,"a.b.c":2}`,
	`{"a.b":1,"a.b":2,"a":{"b":3}}`,
	`{"":1,".":2,"a.":3}`, `{"":{"":"blank"},"a":{"":"half"}}`,
	`{"é":"É","\u00e9":"\u00C9"}`, "{\"\xc3\":1,\"a\":\"\xffX\",\"b\":\"x\xed\xa0\x80\"}", "{\"a\":\"\xff\xff\xff\xff\xff\xff\xff\xff\xff\\u0041\xff\"}",
	`{"abcdefgh":1,"abcdefg":2,"abcdefghi":3,"sixteen_letters_":4,"sixteen_letters":5,"ParentCommandLineOfThis":6,"ParentCommandLineOfThat":7}`,
	`{"a":"\ud83d\ude00","b":"\ud800","c":"\ud800\ud800\udc00","x":"\udc00\u0041","v":"\u212a\u017f"}`,
	`{"a":"\"\\\/\b\f\n\r\t","b":"\u0000","c":"lower\\case"}`,
	`{"a":-0,"b":1.50,"c":1e3,"n":123456789012345678901234567890,"x":18446744073709551615,"v":1e999}`,
	`{"a":["x","Y"],"b":[[1],["z","q"]],"c[0]":7}`,
	`{"a":true,"b":false,"c":null}`, `{"process":{"name":"CMD"},"process.name":"Flat","winlog":{"event_data":{"Image":"I"}}}`,
	`[{"a":"InArray"},"Top"]`, `"Just \u0054ext"`, `12`, `null`, `[]`, `{}`, `[[[["Deep"]]]]`,
	``, ` `, `{`, `[`, `"`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `[1,]`, `{,}`, `{"a":1}}`, `{"a":1} x`, `{a:1}`, `{'a':1}`,
	`{"a" 1}`, `{"a":1 "b":2}`, `[1 2]`, `{"a":[1}`, `{"a":{]}`, `tru`, `nul`, `falsey`, `-`, `+1`, `01`, `-01`, `1.`, `.5`, `1e`, `1e+`, `0x1`, `NaN`, `Infinity`,
	`"\x"`, `"\u12"`, `"\u12G4"`, `"\`, `"\u`, "\"a\tb\"", "\"abcdefgh\x00abcdefgh\"", "{\"a\":\"x\ny\"}", "{\"ab\x01\":1}", "\ufeff{}", `{"a":"x","b":"\q"}`, `{"abcdefghij\k":1}`,
}

func TestJSONAgreesWithTwinOnSamples(t *testing.T) {
	t.Parallel()
	tw := newTwin(fuzzFields)
	for _, s := range samples {
		tw.check(t, []byte(s))
		tw.check(t, []byte(s+"        "))
		for i := range len(s) { // every cut
			tw.check(t, []byte(s[:i]))
		}
	}
}

// Characters must be treated alike wherever they fall in the eight-byte words.
func TestJSONAgreesWithTwinAtEveryAlignment(t *testing.T) {
	t.Parallel()
	tw := newTwin(fuzzFields)
	for n := range 40 {
		pad := strings.Repeat("xY", n)[:n]
		for _, s := range []string{`\\`, `\"`, `\u0041`, `\ud83d\ude00`, "É", "日", "\xff", "\x1f", "\x7f", "Z", "[", "@", `\`, `\z`, "\xe6\x97"} {
			for _, tail := range []string{"", "Tail", "tail of the text", strings.Repeat(`\\Path \r\nOf `, 12)} {
				tw.check(t, []byte(`{"a":"`+pad+s+tail+`","`+pad+s+tail+`":1,"z":"\t`+pad+s+tail+`","b":"\t`+pad+s+tail+`"}`))
			}
		}
	}
}

func TestJSONRejectsDeepNesting(t *testing.T) {
	t.Parallel()
	tw := newTwin(fuzzFields)
	for _, n := range []int{63, 64, 127, 128, 129, 130, 1000, 9000} {
		tw.check(t, []byte(strings.Repeat("[", n)+strings.Repeat("]", n)))
		tw.check(t, []byte(strings.Repeat(`{"a":`, n)+"1"+strings.Repeat("}", n)))
		tw.check(t, []byte(strings.Repeat(`{"z":`, n)+"1"+strings.Repeat("}", n)))
		tw.check(t, []byte(`{"a":`+strings.Repeat("[", n)+`{"b":"X"}`+strings.Repeat("]", n)+`}`))
	}
}

func TestJSONReportsWhereItFailed(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a":tru}`:      "invalid JSON at byte 5: value expected",
		`{"a":1} x`:      "invalid JSON at byte 8: more text after the value",
		`{"a":"\q"}`:     "invalid JSON at byte 6: invalid escape in string",
		"{\"a\":\"\n\"}": "invalid JSON at byte 6: control character in string",
		``:               "invalid JSON at byte 0: value expected",
	} {
		if err := NewPlan(nil, false).JSON(rtlib.NewEvent(), []byte(in)); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", in, err, want)
		}
	}
}

// Odd input must stay linear. The bound is generous: quadratic work would take minutes.
func TestJSONStaysLinearOnOddInput(t *testing.T) {
	t.Parallel()
	var fields []rtlib.Field
	var escapedKeys, repeats, arrays strings.Builder
	for i := range 10000 {
		fields = append(fields, rtlib.Field(fmt.Sprintf("field%d", i)))
		fmt.Fprintf(&escapedKeys, `"\u0066ield%d":%d,`, i, i)
		fmt.Fprintf(&repeats, `"field%d":%d,`, i%100, i)
		fmt.Fprintf(&arrays, `{"b":%d,"b":%d},`, i, i)
	}
	tw := newTwin(append(fields, "a.b"))
	start := time.Now()
	ev := rtlib.NewEvent()
	for _, body := range []string{escapedKeys.String() + escapedKeys.String(), repeats.String(), `"a":[` + arrays.String() + `0],`} {
		if err := tw.full.JSON(ev, []byte("{"+body+`"end":1}`)); err != nil {
			t.Fatal(err)
		}
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
	for _, id := range tw.fields[:100] {
		if v := ev.Value(id); v.Kind != rtlib.Missing {
			t.Fatalf("%s is left over", id.Field())
		}
	}
}

func TestJSONKeepsValuesWhenTheArenaGrows(t *testing.T) {
	t.Parallel()
	tw := newTwin([]rtlib.Field{"a", "b"})
	tw.check(t, []byte(`{"a":"First\\X","b":"`+strings.Repeat("\xff", 5000)+`"}`))
	tw.check(t, []byte(`{"a":["First\\X","`+strings.Repeat("\xff\\n", 5000)+`"],"b":"Second\\Y"}`))
}

func TestJSONAllocatesNothing(t *testing.T) {
	for _, all := range []bool{false, true} {
		p := NewPlan(ids(fuzzFields[:len(fuzzFields)-4]), all)
		for _, s := range benchEvents {
			ev, line := rtlib.NewEvent(), []byte(s)
			if n := testing.AllocsPerRun(100, func() { _ = p.JSON(ev, line) }); n != 0 {
				t.Errorf("%.60s: %v allocations", s, n)
			}
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	ev := rtlib.NewEvent()
	line := []byte("Failed PASSWORD for root")
	NewPlan(nil, false).Plain(ev, line)
	if ev.Shape() != rtlib.ShapePlain || len(ev.Arena) != 0 || string(ev.Raw()) != string(line) {
		t.Errorf("shape %d, arena %q, raw %q", ev.Shape(), ev.Arena, ev.Raw())
	}
	NewPlan(nil, true).Plain(ev, line)
	if string(ev.Arena) != "failed password for root\xff" || !ev.FoldedStrings {
		t.Errorf("arena %q", ev.Arena)
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	for _, s := range benchEvents {
		f.Add([]byte(s))
	}
	tw := newTwin(fuzzFields)
	f.Fuzz(func(t *testing.T, line []byte) { tw.check(t, line) })
}
