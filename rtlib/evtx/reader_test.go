package evtx_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rsigma-go/rsigma/rtlib/evtx"
	"github.com/rsigma-go/rsigma/rtlib/evtx/evtxtest"
)

// read returns the records of a log, with their own bytes, and the errors.
func read(log []byte) (records []evtx.Record, damage []string) {
	for r, err := range evtx.Records(bytes.NewReader(log)) {
		if err != nil {
			damage = append(damage, err.Error())
			continue
		}
		r.JSON = bytes.Clone(r.JSON)
		records = append(records, r)
	}
	return records, damage
}

// readOne returns the JSON of the only event of a log.
func readOne(t *testing.T, body part) string {
	t.Helper()
	c := newChunk()
	c.Record(1, 0, body)
	records, damage := read(logOf(c.Bytes()))
	if len(records) != 1 || damage != nil {
		t.Fatalf("%d records, %v", len(records), damage)
	}
	if !json.Valid(records[0].JSON) {
		t.Fatalf("no JSON: %s", records[0].JSON)
	}
	return string(records[0].JSON)
}

func TestEachTypeOfValueBecomesJSON(t *testing.T) {
	t.Parallel()
	u64 := func(x uint64) []byte { return le.AppendUint64(nil, x) }
	u32 := func(x uint32) []byte { return le.AppendUint32(nil, x) }
	guid := []byte{0xbd, 0x8f, 0x77, 0x57, 0x2a, 0xc2, 0xe0, 0x43, 0xbf, 0x4c, 0x06, 0xf5, 0x69, 0x8f, 0xfb, 0xd9}
	sid := []byte{1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0}
	sysTime := []byte{0xe9, 7, 12, 0, 6, 0, 6, 0, 21, 0, 11, 0, 2, 0, 0xf4, 1}
	tests := []struct {
		name string
		val  evtxtest.Value
		want string
	}{
		{"null", val(0x00, nil), `""`},
		{"text", str("a\"\\\n\x01ü€😀"), `"a\"\\\n\u0001ü€😀"`},
		{"text ends at a null character", str("ab\x00cd"), `"ab"`},
		{"text loses white space at its end only", str("  a b \r\n"), `"  a b"`},
		{"half of a surrogate pair", val(0x01, []byte{0x00, 0xd8, 'a', 0}), `"�a"`},
		{"ANSI text", val(0x02, []byte("caf\xe9 \x80\x00")), `"café €"`},
		{"int8", val(0x03, []byte{0xff}), `-1`},
		{"uint8", val(0x04, []byte{0xff}), `255`},
		{"int16", val(0x05, []byte{0xfe, 0xff}), `-2`},
		{"uint16", val(0x06, []byte{0xfe, 0xff}), `65534`},
		{"int32", val(0x07, u32(math.MaxUint32)), `-1`},
		{"uint32", val(0x08, u32(math.MaxUint32)), `4294967295`},
		{"int64", val(0x09, u64(1<<63)), `-9223372036854775808`},
		{"uint64", val(0x0a, u64(math.MaxUint64)), `18446744073709551615`},
		{"float", val(0x0b, u32(math.Float32bits(0.1))), `0.1`},
		{"double", val(0x0c, u64(math.Float64bits(-2.5e100))), `-2.5e+100`},
		{"double that is no number", val(0x0c, u64(math.Float64bits(math.NaN()))), `"NaN"`},
		{"bool", val(0x0d, u32(1)), `true`},
		{"bool of one byte", val(0x0d, []byte{0}), `false`},
		{"binary", val(0x0e, []byte{0, 0xab, 0x1f}), `"00AB1F"`},
		{"GUID", val(0x0f, guid), `"57778FBD-C22A-43E0-BF4C-06F5698FFBD9"`},
		{"size of 32 bits", val(0x10, u32(0x858)), `"0x858"`},
		{"size of 64 bits", val(0x10, u64(1<<40)), `"0x10000000000"`},
		{"file time, cut to microseconds", val(0x11, u64(134059964234256418)), `"2025-10-26T23:53:43.425641Z"`},
		{"file time without a fraction", val(0x11, u64(116444736000000000)), `"1970-01-01T00:00:00.000000Z"`},
		{"system time", val(0x12, sysTime), `"2025-12-06T21:11:02.500000Z"`},
		{"SID", val(0x13, sid), `"S-1-5-32-544"`},
		{"SID with a large authority", val(0x13, []byte{1, 0, 0, 1, 0, 0, 0, 2}), `"S-1-0x000100000002"`},
		{"hexadecimal of 32 bits", val(0x14, u32(0xBEEF)), `"0xbeef"`},
		{"hexadecimal of 64 bits", val(0x15, u64(1<<63)), `"0x8000000000000000"`},
		{"hexadecimal zero", val(0x15, u64(0)), `"0x0"`},
		{"handle", val(0x20, u64(16)), `"0x10"`},
		{"XML text", val(0x23, utf16le("<a/>")), `"<a/>"`},
		{"type that nobody knows", val(0x30, []byte{1, 2}), `"0102"`},

		{"array of texts", val(0x81, utf16le("a\x00\x00b c\x00")), `["a","","b c"]`},
		{"array of one text", val(0x81, utf16le("a\x00")), `"a"`},
		{"array of ANSI texts", val(0x82, []byte("a\x00b\x00")), `["a","b"]`},
		{"array of int8", val(0x83, []byte{1, 0xff}), `[1,-1]`},
		{"array of uint16", val(0x86, []byte{1, 0, 2, 0, 3, 0}), `[1,2,3]`},
		{"array of uint32", val(0x88, append(u32(1), u32(2)...)), `[1,2]`},
		{"array of int64", val(0x89, append(u64(1), u64(math.MaxUint64)...)), `[1,-1]`},
		{"array of doubles", val(0x8c, append(u64(math.Float64bits(1.5)), u64(math.Float64bits(math.Inf(1)))...)), `[1.5,"+Inf"]`},
		{"array of bools", val(0x8d, append(u32(0), u32(1)...)), `[false,true]`},
		{"array of GUIDs", val(0x8f, append(bytes.Clone(guid), make([]byte, 16)...)),
			`["57778FBD-C22A-43E0-BF4C-06F5698FFBD9","00000000-0000-0000-0000-000000000000"]`},
		{"array of sizes", val(0x90, append(u64(1), u64(2)...)), `["0x1","0x2"]`},
		{"array of file times", val(0x91, append(u64(0), u64(116444736000000000)...)),
			`["1601-01-01T00:00:00.000000Z","1970-01-01T00:00:00.000000Z"]`},
		{"array of system times", val(0x92, append(bytes.Clone(sysTime), sysTime...)),
			`["2025-12-06T21:11:02.500000Z","2025-12-06T21:11:02.500000Z"]`},
		{"array of SIDs", val(0x93, append(bytes.Clone(sid), 1, 0, 0, 0, 0, 0, 0, 1)), `["S-1-5-32-544","S-1-1"]`},
		{"array of hexadecimal numbers", val(0x94, append(u32(1), u32(0xa)...)), `["0x1","0xa"]`},
		{"empty array", val(0x81, nil), `""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := readOne(t, instance("t", elem("Event", elem("EventData", data("v", sub(0)))), tt.val))
			if want := `{"Event":{"EventData":{"v":` + tt.want + `}}}`; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestValuesThatAreTooShortCostTheRecord(t *testing.T) {
	t.Parallel()
	for _, v := range []evtxtest.Value{
		val(0x05, []byte{1}), val(0x0a, []byte{1, 2, 3}), val(0x0f, make([]byte, 15)), val(0x11, make([]byte, 7)), val(0x12, make([]byte, 15)),
		val(0x13, []byte{1, 9, 0, 0, 0, 0, 0, 5}), val(0x10, []byte{1}), val(0x88, make([]byte, 6)), val(0x93, []byte{1, 9}),
	} {
		c := newChunk()
		c.Record(1, 0, instance("t", elem("Event", elemAttrs("E", []attribute{attr("a", sub(0), text("x"))}, sub(0))), v))
		c.Record(2, 0, elem("Event"))
		records, damage := read(logOf(c.Bytes()))
		if len(records) != 1 || records[0].ID != 2 || len(damage) != 1 || !strings.Contains(damage[0], "has only") {
			t.Errorf("type 0x%02x: %d records, %q", v.Type, len(records), damage)
		}
	}
}

func TestTheShapeOfEvents(t *testing.T) {
	t.Parallel()
	xmlns := []attribute{attr("xmlns", text("http://x"))}
	tests := []struct {
		name string
		body part
		want string
	}{
		{"an empty element is null", elem("Event"), `{"Event":null}`},
		{"text alone is the value", elem("Event", elem("A", text("x"))), `{"Event":{"A":"x"}}`},
		{"white space alone is no text", elem("Event", elem("A", text(" \n"))), `{"Event":{"A":null}}`},
		{"attributes", elemAttrs("Event", xmlns, elem("A")), `{"Event":{"#attributes":{"xmlns":"http://x"},"A":null}}`},
		{"attributes and text", elemAttrs("Event", xmlns, text("x")), `{"Event":{"#attributes":{"xmlns":"http://x"},"#text":"x"}}`},
		{"text and elements", elem("Event", text("x"), elem("A"), text("y")), `{"Event":{"#text":"xy","A":null}}`},
		{"empty attributes are left out", elemAttrs("Event", []attribute{attr("a"), attr("b", text(""))}), `{"Event":null}`},
		{"equal names get a suffix", elem("Event", elem("A", text("x")), elem("A_1", text("z")), elem("A", text("y")), elem("A")),
			`{"Event":{"A":"x","A_1":"z","A_2":"y","A_3":null}}`},
		{"equal attributes get one too", elemAttrs("Event", []attribute{attr("a", text("x")), attr("a", text("y"))}),
			`{"Event":{"#attributes":{"a":"x","a_1":"y"}}}`},
		{"named data are members", elem("Event", elem("EventData", data("a b", text("x")), data("c"))),
			`{"Event":{"EventData":{"a b":"x","c":""}}}`},
		{"equal names of data", elem("Event", elem("EventData", data("a", text("x")), data("a", text("y")))),
			`{"Event":{"EventData":{"a":"x","a_1":"y"}}}`},
		{"one Data without a name", elem("Event", elem("EventData", elem("Data", text("x")))),
			`{"Event":{"EventData":{"Data":{"#text":"x"}}}}`},
		{"several Data without a name", elem("Event", elem("EventData", elem("Data", text("x")), elem("B"), elem("Data"))),
			`{"Event":{"EventData":{"Data":{"#text":["x",""]},"B":null}}}`},
		{"named and unnamed Data", elem("Event", elem("EventData", elem("Data", text("x")), data("a", text("y")))),
			`{"Event":{"EventData":{"Data":{"#text":"x"},"a":"y"}}}`},
		{"Data outside of a container", elem("Event", data("a", text("y"))),
			`{"Event":{"Data":{"#attributes":{"Name":"a"},"#text":"y"}}}`},
		{"Data with elements", elem("Event", elem("UserData", data("a", elem("B", text("y"))))),
			`{"Event":{"UserData":{"a":{"B":"y"}}}}`},
		{"entities", elem("Event", text("a"), entity("amp"), entity("lt"), entity("gt"), entity("quot"), entity("apos"), entity("x")),
			`{"Event":"a&<>\"'&x;"}`},
		{"character references", elem("Event", char('a'), char(0xe4), char('"'), char(0xd800)), `{"Event":"aä\"�"}`},
		{"CDATA", elem("Event", cdata("<a>")), `{"Event":"<a>"}`},
		{"processing instructions are no data", elem("Event", instruction("t", "d"), text("x")), `{"Event":"x"}`},
		{"elements without dependency identifiers", func(c *evtxtest.Chunk) {
			c.Bare = true
			elemAttrs("Event", xmlns, elem("A", text("x")))(c)
		}, `{"Event":{"#attributes":{"xmlns":"http://x"},"A":"x"}}`},
		{"a typed value keeps its type alone only", instance("t", elem("Event", elem("A", sub(0)), elem("B", sub(0), text("x")),
			elemAttrs("C", []attribute{attr("n", sub(0)), attr("m", text("-"), sub(0))})), val(0x04, []byte{7})),
			`{"Event":{"A":7,"B":"7x","C":{"#attributes":{"n":7,"m":"-7"}}}}`},
		{"arrays inside of text", instance("t", elem("Event", elem("A", text("("), sub(0), text(")")),
			elemAttrs("B", []attribute{attr("n", text("#"), sub(1))})), val(0x81, utf16le("a\x00b\x00")), val(0x8b, make([]byte, 8))),
			`{"Event":{"A":"(a,b)","B":{"#attributes":{"n":"#0,0"}}}}`},
		{"numbers that JSON lacks inside of text", instance("t", elem("Event", text("="), sub(0)), val(0x0b, []byte{0, 0, 0x80, 0x7f})),
			`{"Event":"=+Inf"}`},
		{"a Data array without a name", instance("t", elem("Event", elem("EventData", elem("Data", sub(0)))), val(0x81, utf16le("a\x00b\x00"))),
			`{"Event":{"EventData":{"Data":{"#text":["a","b"]}}}}`},
		{"empty values leave nothing", instance("t", elemAttrs("Event", []attribute{attr("a", optional(0)), attr("b", sub(1))},
			elem("A", optional(0)), elem("B", sub(1)), elem("C", optional(2))), val(0, nil), str(""), str("x")),
			`{"Event":{"A":null,"B":null,"C":"x"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := readOne(t, tt.body); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestLargeObjectsKeepTheirKeysApart(t *testing.T) {
	t.Parallel()
	var content []part
	want := map[string]any{}
	for i := range 300 {
		name := fmt.Sprintf("n%d", i%100)
		content = append(content, elem(name, text(fmt.Sprint(i))))
		if i >= 100 {
			name = fmt.Sprintf("%s_%d", name, i/100)
		}
		want[name] = fmt.Sprint(i)
	}
	var got struct{ Event map[string]any }
	if err := json.Unmarshal([]byte(readOne(t, elem("Event", content...))), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Event); diff != "" {
		t.Error(diff)
	}
}

func TestTemplatesServeAllRecordsOfAChunk(t *testing.T) {
	t.Parallel()
	def := elem("Event", elem("A", sub(0)), elem("UserData", sub(1)))
	c := newChunk()
	c.Record(1, 10, instance("t", def, str("first"), val(0, nil)))
	c.Record(2, 20, instance("t", def, str("second"), nested(c, elem("A", text("x")), elem("Event"))))
	c.Record(3, 30, instance("t", def, str("third"), nested(c, instance("t", def, str("inner"), val(0, nil)))))
	records, damage := read(logOf(c.Bytes(), c.Bytes()))
	if damage != nil {
		t.Fatal(damage)
	}
	want := []string{
		`{"Event":{"A":"first","UserData":null}}`,
		`{"Event":{"A":"second","UserData":{"A":"x","Event":null}}}`,
		`{"Event":{"A":"third","UserData":{"Event":{"A":"inner","UserData":null}}}}`,
	}
	if len(records) != 6 {
		t.Fatalf("%d records", len(records))
	}
	for i, r := range records {
		if got := string(r.JSON); got != want[i%3] || r.ID != uint64(i%3+1) {
			t.Errorf("record %d: got %s", r.ID, got)
		}
		if at := time.Date(1601, 1, 1, 0, 0, 0, 1000*(i%3+1), time.UTC); !r.Written.Equal(at) {
			t.Errorf("record %d: written %v, want %v", r.ID, r.Written, at)
		}
	}
	if records[0].Offset != 4096+512 || records[3].Offset != 4096+64<<10+512 {
		t.Errorf("offsets %d and %d", records[0].Offset, records[3].Offset)
	}
}

func TestErrorsOfTheSourceEndTheSequence(t *testing.T) {
	t.Parallel()
	c := newChunk()
	c.Record(1, 0, elem("Event"))
	log := logOf(c.Bytes(), c.Bytes())
	boom := errors.New("boom")
	for good, want := range map[int]int{0: 1, 100: 1, 4096: 1, 5000: 1, 4096 + 64<<10: 2, 4096 + 65<<10: 2} {
		n := 0
		var last error
		for _, err := range evtx.Records(io.MultiReader(bytes.NewReader(log[:good]), iotest.ErrReader(boom))) {
			n, last = n+1, err
		}
		if n != want || !errors.Is(last, boom) {
			t.Errorf("fails after %d bytes: %d steps, %v", good, n, last)
		}
	}
}

func TestTheCallerMayStopAtAnyStep(t *testing.T) {
	t.Parallel()
	c := newChunk()
	for id := range 5 {
		c.Record(uint64(id+1), 0, elem("Event"))
	}
	log := logOf(c.Bytes(), c.Bytes())
	log[124]++                         // of the file header
	log[4096+124]++                    // of the first chunk header
	log[4096+512+len(c.Buf[512:])/2]++ // in a record
	total := 0
	for range evtx.Records(bytes.NewReader(log)) {
		total++
	}
	for stop := 1; stop <= total; stop++ {
		n := 0
		for range evtx.Records(bytes.NewReader(log)) {
			if n++; n == stop {
				break
			}
		}
		if n != stop {
			t.Errorf("%d steps instead of %d", n, stop)
		}
	}
	if total < 11 {
		t.Errorf("%d steps", total)
	}
}
