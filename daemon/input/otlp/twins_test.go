package otlp

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// askedFor are the fields that the comparison asks for.
var askedFor = []rtlib.Field{
	"timestamp", "observed_timestamp", "severity_number", "severity_text", "body", "trace_id", "span_id", "scope.name", "scope.version",
	"a", "b", "c", "A", "", ".", "a.b", "a.b.c", "b.a", "body.a", "body.a.b", "resource", "resource.a", "resource.r", "resource.a.b",
	"Image", "CommandLine", "é", "exactly8", "sixteen_letters_", "a key that is longer than sixteen",
	rtlib.Indexed + "a[0]", rtlib.Indexed + "a[-1].b", rtlib.Indexed + "body[0]", rtlib.Indexed + "resource.a[1]",
	rtlib.Literal + "a.b", rtlib.Literal + "a",
}

// twins is the way of today beside the first one: text that is made with the request and parsed for the event.
type twins struct {
	in        *Input
	queue     *flow.Intake
	fields    []rtlib.FieldID
	plans     []*decode.Plan
	now, then *rtlib.Event
	text      []byte
	places    []rtlib.Place
	values    int // that were compared
	errors    int
}

func newTwins(t testing.TB) *twins {
	tw := &twins{queue: intake(1 << 18), now: rtlib.NewEvent(), then: rtlib.NewEvent()}
	tw.in = ready(t, Options{}, tw.queue)
	for _, f := range askedFor {
		tw.fields = append(tw.fields, f.ID())
	}
	for _, all := range []bool{false, true} {
		tw.plans = append(tw.plans, decode.NewPlan(tw.fields, all), decode.NewPlan(tw.fields[:12], all), decode.NewPlan(nil, all))
	}
	return tw
}

// compare judges one record of which want is the text.
func (tw *twins) compare(t *testing.T, m *flow.Message, want []byte) {
	t.Helper()
	tw.text, tw.places = m.Source.AppendJSON(append(tw.text[:0], "before"...), append(tw.places[:0], rtlib.Place{Key: "before"}))
	if string(tw.text) != "before"+string(want) || tw.places[0].Key != "before" {
		t.Fatalf("got  %.500q\nwant %.500q", tw.text, want)
	}
	tw.text, tw.places = m.Source.AppendJSON(tw.text[:0], tw.places[:0])
	if text := m.Text(); !bytes.Equal(text, want) || !bytes.Equal(tw.text, want) {
		t.Fatalf("got  %.500q\nor   %.500q\nwant %.500q", text, tw.text, want)
	}
	for i, p := range tw.plans {
		got, want := p.Written(tw.now, tw.text, tw.places), p.JSON(tw.then, want)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%.500q with plan %d: error %v, want %v", tw.text, i, got, want)
		}
		if want != nil {
			tw.errors++
		}
		tw.compareEvents(t, i)
	}
}

// compareEvents compares everything that can be asked of an event.
func (tw *twins) compareEvents(t *testing.T, plan int) {
	t.Helper()
	now, then := tw.now, tw.then
	if now.Shape() != then.Shape() || !bytes.Equal(now.Raw(), then.Raw()) || !bytes.Equal(now.AppendJSON(nil), then.AppendJSON(nil)) ||
		now.FoldedStrings != then.FoldedStrings || !slices.Equal(now.Touched(), then.Touched()) {
		t.Fatalf("plan %d: %.500q\nas %v %v %v\nwant %v %v %v", plan, now.Raw(),
			now.Shape(), now.FoldedStrings, now.Touched(), then.Shape(), then.FoldedStrings, then.Touched())
	}
	if now.FoldedStrings && !bytes.Equal(now.Arena, then.Arena) {
		t.Fatalf("plan %d: strings of %.500q\nare  %q\nwant %q", plan, now.Raw(), now.Arena, then.Arena)
	}
	for _, id := range append(tw.fields, rtlib.AnyString.ID()) {
		if got, want := describe(now, id), describe(then, id); got != want {
			t.Fatalf("plan %d: field %q of %.500q\nis   %s\nwant %s", plan, id.Field().Name(), now.Raw(), got, want)
		}
		tw.values++
	}
}

// describe shows what field id of ev holds.
func describe(ev *rtlib.Event, id rtlib.FieldID) string {
	var out strings.Builder
	show := func(v *rtlib.Value) { fmt.Fprintf(&out, "%d %q %q %q;", v.Kind, v.Text, v.Fold, v.Raw) }
	v := ev.Value(id)
	show(v)
	for e := ev.First(v); e != nil; e = ev.Next(e) {
		show(e)
	}
	return out.String()
}

// A maker makes requests at random, of few keys so that they meet.
type maker struct{ *rand.Rand }

func (r maker) key() string {
	keys := []string{"a", "b", "c", "A", "a.b", "b.a", "a.b.c", "r", "", ".", "body", "timestamp", "trace_id", "scope.name", "resource.a",
		"resource.a.b", "Image", "CommandLine", "é", "exactly8", "sixteen_letters_", "a key that is longer than sixteen", "q\"\\\n\u2028"}
	return keys[r.IntN(len(keys))]
}

func (r maker) text() string {
	texts := []string{"", "x", "ABCdef", "C:\\Windows\\System32\\cmd.exe", "line\nline\t\"quoted\"", "\x00\x1f\x7f", "É ſ K ß İ", "\u2028\u2029",
		"\ufffd", "\U0001f600", strings.Repeat("Long ", 30), "12", "null"}
	return texts[r.IntN(len(texts))]
}

func (r maker) number() float64 {
	numbers := []float64{0, math.Copysign(0, -1), 1, -1.5, 1e20, 1e21, 1e300, -1e-9, 5e-324, math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1), 1 << 53}
	return numbers[r.IntN(len(numbers))]
}

func (r maker) integer() int64 {
	numbers := []int64{0, 1, -1, 42, math.MaxInt64, math.MinInt64, 1 << 53, 1<<53 + 1, 999999999999999999}
	return numbers[r.IntN(len(numbers))]
}

func (r maker) value(depth int) *common.AnyValue {
	n := 12
	if depth <= 0 {
		n = 8
	}
	switch r.IntN(n) {
	case 0, 1, 2:
		return str(r.text())
	case 3:
		return integer(r.integer())
	case 4:
		return double(r.number())
	case 5:
		return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: r.IntN(2) == 0}}
	case 6:
		return &common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: []byte(r.text())}}
	case 7:
		if r.IntN(2) == 0 {
			return &common.AnyValue{Value: &common.AnyValue_StringValueStrindex{StringValueStrindex: 1}}
		}
		return &common.AnyValue{}
	case 8, 9:
		var values []*common.AnyValue
		for range r.IntN(4) {
			values = append(values, r.value(depth-1))
		}
		return list(values...)
	}
	return kvlist(r.pairs(4, depth-1)...)
}

func (r maker) pairs(n, depth int) (pairs []*common.KeyValue) {
	for range r.IntN(n + 1) {
		v := r.value(depth)
		if r.IntN(10) == 0 {
			v = nil
		}
		pairs = append(pairs, pair(r.key(), v))
	}
	return pairs
}

func (r maker) record() *logs.LogRecord {
	x := &logs.LogRecord{Attributes: r.pairs(8, 3)}
	if r.IntN(20) == 0 {
		x.Attributes = r.pairs(200, 1)
	}
	if r.IntN(2) == 0 {
		x.TimeUnixNano, x.SeverityText, x.TraceId = r.Uint64(), r.text(), []byte(r.text())
	}
	if r.IntN(2) == 0 {
		x.ObservedTimeUnixNano, x.SeverityNumber, x.SpanId = 1, logs.SeverityNumber(r.integer()), []byte{1, 2}
	}
	switch r.IntN(3) {
	case 0:
		x.Body = r.value(3)
	case 1:
		x.Body = kvlist(r.pairs(8, 3)...)
	}
	return x
}

func (r maker) request() []byte {
	var records []*logs.LogRecord
	for range 1 + r.IntN(3) {
		records = append(records, r.record())
	}
	var scope *common.InstrumentationScope
	if r.IntN(2) == 0 {
		scope = &common.InstrumentationScope{Name: r.text(), Version: r.text(), Attributes: r.pairs(2, 1)}
	}
	return mustMarshal(exportOf(r.pairs(6, 2), scope, records...))
}

func mustMarshal(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

// nested returns a request whose record has an attribute of so many arrays, or maps, in each other.
func nested(levels int, maps bool) []byte {
	v := str("deep")
	for range levels {
		if maps {
			v = kvlist(pair("a", v), pair("b", integer(1)))
		} else {
			v = list(v)
		}
	}
	return mustMarshal(exportOf(nil, nil, &logs.LogRecord{Attributes: []*common.KeyValue{pair("x", str("y")), pair("a", v), pair("z", v)}}))
}

// oddities returns requests that package proto accepts, but that no encoder makes, and some that it refuses.
func oddities() map[string][]byte {
	field := func(number protowire.Number, b ...byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), b)
	}
	varint := func(number protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), v)
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	in := func(record []byte) []byte { return field(1, field(2, field(2, record...)...)...) }
	attribute := func(v []byte) []byte { return in(field(6, join(field(1, 'a'), field(2, v...))...)) }
	text := func(s string) []byte { return field(1, []byte(s)...) }
	return map[string][]byte{
		"a body twice":                 in(join(field(5, text("x")...), field(5, text("y")...))),
		"a body twice, merged":         in(join(field(5, field(5, field(1, text("x")...)...)...), field(5, field(5, field(1, text("y")...)...)...))),
		"a map twice in a value":       attribute(join(field(6, field(1, join(field(1, 'b'), field(2, varint(3, 1)...))...)...), field(6))),
		"a text, then a number":        attribute(join(text("x"), varint(3, 7))),
		"an array, a text, an array":   attribute(join(field(5, field(1, text("x")...)...), text("y"), field(5))),
		"a value twice":                in(field(6, join(field(1, 'a'), field(2, text("x")...), field(2))...)),
		"a value before its key":       in(field(6, join(field(2, text("x")...), field(1, 'a'))...)),
		"a key twice":                  in(field(6, join(field(1, 'b'), field(1, 'a'), field(2, text("x")...))...)),
		"no key":                       in(field(6, field(2, text("x")...)...)),
		"attributes before the body":   in(join(field(6, join(field(1, 'a'), field(2, text("x")...))...), field(5, field(6, field(1, join(field(1, 'a'), field(2, text("y")...))...)...)...))),
		"a bool of many bits":          attribute(varint(2, 1<<40)),
		"a severity of many bits":      in(varint(2, 1<<40|5)),
		"a negative severity":          in(varint(2, math.MaxUint64)),
		"a severity of another type":   in(field(2, 'x')),
		"a text of another type":       attribute(varint(1, 5)),
		"an unknown field":             attribute(join(text("x"), field(100, 'y'), varint(99, 1))),
		"a group":                      in([]byte{3<<3 | 3, 1 << 3, 5, 3<<3 | 4}),
		"a group without end":          in([]byte{3<<3 | 3}),
		"an end without group":         in([]byte{3<<3 | 4}),
		"field 0":                      in([]byte{0, 1}),
		"the largest field":            in(varint(protowire.MaxValidNumber, 1)),
		"one more":                     in(protowire.AppendVarint(protowire.AppendVarint(nil, uint64(protowire.MaxValidNumber+1)<<3), 1)),
		"a wire type that is none":     in([]byte{1<<3 | 6, 1}),
		"a long varint":                in(append([]byte{2 << 3}, bytes.Repeat([]byte{0x80}, 10)...)),
		"a long tag":                   in([]byte{0x90, 0x80, 0x80, 0x80, 0x00, 5}),
		"cut off":                      in([]byte{5<<3 | 2, 3, 1}),
		"no UTF-8 in a value":          attribute(text("\xff")),
		"no UTF-8 in a key":            in(field(6, join(field(1, 0xc0), field(2, text("x")...))...)),
		"no UTF-8 in what is not used": in(field(12, 0x80)),
		"no UTF-8 in bytes":            attribute(field(7, 0xff)),
		"no UTF-8 in the schema":       field(1, field(3, 0xff)...),
		"no UTF-8 in an entity":        field(1, field(1, field(3, field(4, 0xff)...)...)...),
		"no UTF-8 in an overwritten":   in(join(field(3, 0xff), field(3, 'x'))),
		"a resource twice":             field(1, join(field(1, field(1, join(field(1, 'a'), field(2, text("x")...))...)...), field(2, field(2)...), field(1, field(1, join(field(1, 'b'), field(2, text("y")...))...)...))...),
		"a resource at the end":        field(1, join(field(2, field(2)...), field(1, field(1, join(field(1, 'a'), field(2, text("x")...))...)...))...),
		"a scope twice":                field(1, field(2, join(field(1, field(1, 'n')...), field(2), field(1, field(2, 'v')...))...)...),
	}
}

// mostDeep is how many levels of arrays the first limit lets through: the event itself is one.
const mostDeep = 127

// TestNothingTellsTheWaysApart is the comparison that made it safe not to parse what was just written.
func TestNothingTellsTheWaysApart(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the race detector finds nothing where there is one goroutine")
	}
	tw := newTwins(t)
	records := 0
	for name, body := range oddities() {
		t.Run(name, func(t *testing.T) { records += tw.judge(t, encodingProtobuf, body) })
	}
	for _, body := range seeds() {
		records += tw.judge(t, encodingProtobuf, body)
	}
	for _, levels := range []int{1, 62, 63, 64, 65, mostDeep - 1, mostDeep, mostDeep + 1, 200, 300} {
		for _, maps := range []bool{false, true} {
			before := tw.errors
			records += tw.judge(t, encodingProtobuf, nested(levels, maps))
			if failed := tw.errors > before; failed != (levels > mostDeep) {
				t.Errorf("%d levels: an error is %v", levels, failed)
			}
		}
	}
	r := maker{rand.New(rand.NewPCG(1, 2))}
	for range 1500 {
		records += tw.judge(t, encodingProtobuf, r.request())
	}
	t.Logf("%d records, %d values, %d errors", records, tw.values, tw.errors)
	if records < 2800 || tw.values < 500_000 || tw.errors < 30 {
		t.Errorf("only %d records, %d values and %d errors were compared", records, tw.values, tw.errors)
	}
}
