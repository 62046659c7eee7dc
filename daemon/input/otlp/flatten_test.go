package otlp

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resources "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"
)

// encode returns a record as a request would make it.
func encode(t testing.TB, f *flattener, attributes []*common.KeyValue, scope *common.InstrumentationScope, r *logs.LogRecord) *record {
	t.Helper()
	shared := f.resource(marshal(t, &resources.Resource{Attributes: attributes}))
	return &record{marshal(t, r), shared, readScope(marshal(t, scope))}
}

// flat flattens one record.
func flat(t testing.TB, resource []*common.KeyValue, scope *common.InstrumentationScope, r *logs.LogRecord) (string, bool) {
	t.Helper()
	var f flattener
	x := encode(t, &f, resource, scope, r)
	if !f.fits(x) {
		return "", false
	}
	text, _ := x.AppendJSON(nil, nil)
	return string(text), true
}

func TestARecordIsFlattenedFieldByField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		resource []*common.KeyValue
		scope    *common.InstrumentationScope
		record   *logs.LogRecord
		want     string
	}{
		"nothing": {record: &logs.LogRecord{}, want: `{}`},
		"times": {
			record: &logs.LogRecord{TimeUnixNano: 1700000000_000000001, ObservedTimeUnixNano: 1_500000000},
			want:   `{"timestamp":"2023-11-14T22:13:20.000000001Z","observed_timestamp":"1970-01-01T00:00:01.500000000Z"}`,
		},
		"the last moment": {record: &logs.LogRecord{TimeUnixNano: math.MaxUint64}, want: `{"timestamp":"2554-07-21T23:34:33.709551615Z"}`},
		"severity":        {record: &logs.LogRecord{SeverityNumber: 17, SeverityText: "ERROR"}, want: `{"severity_number":17,"severity_text":"ERROR"}`},
		"severity beyond": {record: &logs.LogRecord{SeverityNumber: -3}, want: `{"severity_number":-3}`},
		"body, text":      {record: &logs.LogRecord{Body: str("a \"b\"\n")}, want: `{"body":"a \"b\"\n"}`},
		"body, empty":     {record: &logs.LogRecord{Body: str("")}, want: `{"body":""}`},
		"body, unset":     {record: &logs.LogRecord{Body: &common.AnyValue{}}, want: `{"body":null}`},
		"body, array":     {record: &logs.LogRecord{Body: list(integer(1), str("x"))}, want: `{"body":[1,"x"]}`},
		"body, map": {
			record: &logs.LogRecord{Body: kvlist(pair("a", integer(1)), pair("none", nil), pair("b", kvlist(pair("c", str("d")))))},
			want:   `{"a":1,"b":{"c":"d"}}`,
		},
		"body, empty map": {record: &logs.LogRecord{Body: kvlist()}, want: `{}`},
		"body, map without a list": {
			record: &logs.LogRecord{Body: &common.AnyValue{Value: &common.AnyValue_KvlistValue{}}}, want: `{}`,
		},
		"ids":      {record: &logs.LogRecord{TraceId: []byte{0xAB, 1, 0xff}, SpanId: []byte{0}}, want: `{"trace_id":"ab01ff","span_id":"00"}`},
		"resource": {resource: []*common.KeyValue{pair("host.name", str("h")), pair("none", nil)}, record: &logs.LogRecord{}, want: `{"resource.host.name":"h"}`},
		"scope":    {scope: &common.InstrumentationScope{Name: "n", Version: "v"}, record: &logs.LogRecord{}, want: `{"scope.name":"n","scope.version":"v"}`},
		"everything, in order": {
			resource: []*common.KeyValue{pair("r", integer(1))}, scope: &common.InstrumentationScope{Name: "s"},
			record: &logs.LogRecord{
				TimeUnixNano: 1, SeverityNumber: 1, Body: str("b"), SpanId: []byte{1}, Attributes: []*common.KeyValue{pair("a", integer(2))},
				EventName: "left out", Flags: 7, DroppedAttributesCount: 9,
			},
			want: `{"timestamp":"1970-01-01T00:00:00.000000001Z","severity_number":1,"body":"b","span_id":"01","a":2,"resource.r":1,"scope.name":"s"}`,
		},
		"a body overwrites a time": {
			record: &logs.LogRecord{TimeUnixNano: 1, SeverityText: "x", Body: kvlist(pair("timestamp", integer(5)))},
			want:   `{"timestamp":5,"severity_text":"x"}`,
		},
		"an id overwrites a body":        {record: &logs.LogRecord{Body: kvlist(pair("trace_id", integer(5))), TraceId: []byte{1}}, want: `{"trace_id":"01"}`},
		"an attribute overwrites a body": {record: &logs.LogRecord{Body: str("x"), Attributes: []*common.KeyValue{pair("body", integer(5))}}, want: `{"body":5}`},
		"a resource overwrites an attribute": {
			resource: []*common.KeyValue{pair("a", str("r"))},
			record:   &logs.LogRecord{Attributes: []*common.KeyValue{pair("resource.a", str("l")), pair("b", integer(1))}},
			want:     `{"resource.a":"r","b":1}`,
		},
		"a scope overwrites an attribute": {
			scope: &common.InstrumentationScope{Name: "s"}, record: &logs.LogRecord{Attributes: []*common.KeyValue{pair("scope.name", str("l"))}},
			want: `{"scope.name":"s"}`,
		},
		"an attribute overwrites itself": {
			record: &logs.LogRecord{Attributes: []*common.KeyValue{pair("a", integer(1)), pair("b", integer(2)), pair("a", integer(3))}},
			want:   `{"a":3,"b":2}`,
		},
		"a key in a map overwrites itself": {
			record: &logs.LogRecord{Body: list(kvlist(pair("a", integer(1)), pair("a", integer(3))))}, want: `{"body":[{"a":3}]}`,
		},
		"an attribute without a value overwrites nothing": {
			record: &logs.LogRecord{Attributes: []*common.KeyValue{pair("a", integer(1)), pair("a", nil)}}, want: `{"a":1}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, ok := flat(t, c.resource, c.scope, c.record); got != c.want || !ok {
				t.Errorf("got  %s, %v\nwant %s", got, ok, c.want)
			}
		})
	}
}

func TestValuesAreConverted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value *common.AnyValue
		want  string
	}{
		{str("é\u2028<"), `"é\u2028<"`},
		{&common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: true}}, `true`},
		{&common.AnyValue{Value: &common.AnyValue_BoolValue{}}, `false`},
		{integer(math.MinInt64), `-9223372036854775808`},
		{integer(math.MaxInt64), `9223372036854775807`},
		{double(0.5), `0.5`},
		{double(3), `3.0`},
		{double(math.Copysign(0, -1)), `-0.0`},
		{double(1e300), `1e+300`},
		{double(-1e-9), `-1e-09`},
		{double(1e20), `100000000000000000000.0`},
		{double(math.NaN()), `null`},
		{double(math.Inf(1)), `null`},
		{double(math.Inf(-1)), `null`},
		{&common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: []byte{0xDE, 0xAD}}}, `"dead"`},
		{&common.AnyValue{Value: &common.AnyValue_BytesValue{}}, `""`},
		{&common.AnyValue{}, `null`},
		{list(), `[]`},
		{&common.AnyValue{Value: &common.AnyValue_ArrayValue{}}, `[]`},
		{list(&common.AnyValue{}, list(double(math.NaN())), kvlist()), `[null,[null],{}]`},
		{kvlist(pair("a", nil), pair("", &common.AnyValue{}), pair("b", list(kvlist(pair("c", integer(1)))))), `{"":null,"b":[{"c":1}]}`},
	} {
		got, ok := flat(t, nil, nil, &logs.LogRecord{Attributes: []*common.KeyValue{pair("v", c.value)}})
		if want := `{"v":` + c.want + `}`; got != want || !ok || !json.Valid([]byte(got)) {
			t.Errorf("got  %s, %v\nwant %s", got, ok, want)
		}
	}
}

func TestManyAttributesOverwriteAsFewDo(t *testing.T) {
	t.Parallel()
	for _, n := range []int{fewMembers - 1, fewMembers, fewMembers + 1, 500} {
		var attributes []*common.KeyValue
		for range 2 {
			for i := range n {
				attributes = append(attributes, pair(fmt.Sprint("k", i), integer(int64(len(attributes)))))
			}
		}
		for _, r := range []*logs.LogRecord{{Attributes: attributes}, {Body: kvlist(attributes...)}} {
			text, _ := flat(t, nil, nil, r)
			var got map[string]int
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatal(err)
			}
			if len(got) != n || strings.Count(text, ":") != n || got["k0"] != n || got[fmt.Sprint("k", n-1)] != 2*n-1 {
				t.Errorf("%d keys: %d members, k0 is %d", n, strings.Count(text, ":"), got["k0"])
			}
		}
	}
}

func TestTheLimitIsOnWhatIsWritten(t *testing.T) {
	t.Parallel()
	const around = len(`{"body":""}`)
	escaped := strings.Repeat("\n", maxEvent/2)
	for name, c := range map[string]struct {
		resource []*common.KeyValue
		record   *logs.LogRecord
		fits     bool
	}{
		"at the limit":          {nil, &logs.LogRecord{Body: str(strings.Repeat("x", maxEvent-around))}, true},
		"one more":              {nil, &logs.LogRecord{Body: str(strings.Repeat("x", maxEvent-around+1))}, false},
		"escapes":               {nil, &logs.LogRecord{Body: str(escaped)}, false},
		"bytes":                 {nil, &logs.LogRecord{Body: &common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: make([]byte, maxEvent/2)}}}, false},
		"a key":                 {nil, &logs.LogRecord{Attributes: []*common.KeyValue{pair(strings.Repeat("x", maxEvent), integer(1))}}, false},
		"a resource":            {[]*common.KeyValue{pair("a", str(escaped))}, &logs.LogRecord{}, false},
		"a part of each":        {[]*common.KeyValue{pair("a", str(escaped[:maxEvent/4]))}, &logs.LogRecord{Body: str(escaped[:maxEvent/4])}, false},
		"overwritten, it fits":  {nil, &logs.LogRecord{Body: str(escaped), Attributes: []*common.KeyValue{pair("body", integer(1))}}, true},
		"a resource that fits":  {[]*common.KeyValue{pair("a", str(escaped[:maxEvent/4]))}, &logs.LogRecord{}, true},
		"a long array of nulls": {nil, &logs.LogRecord{Body: list(make([]*common.AnyValue, maxEvent/5)...)}, false},
	} {
		got, ok := flat(t, c.resource, nil, c.record)
		if ok != c.fits || ok && !json.Valid([]byte(got)) || len(got) > maxEvent {
			t.Errorf("%s: %v with %d bytes", name, ok, len(got))
		}
	}
}

func TestARecordKeepsNothingOfTheBody(t *testing.T) {
	t.Parallel()
	resource := []*common.KeyValue{pair("r", str("a\\b")), pair("s", str("c"))}
	body := marshal(t, exportOf(resource, &common.InstrumentationScope{Name: "n", Version: "v"}, &logs.LogRecord{Body: str("d\\e")}))
	queue := intake(10)
	in := ready(t, Options{}, queue)
	if _, no := in.accept(t.Context(), "http", encodingProtobuf, body, &share{of: &in.bodies}); no != nil {
		t.Fatal(no.text)
	}
	clear(body)
	want := `{"body":"d\\e","resource.r":"a\\b","resource.s":"c","scope.name":"n","scope.version":"v"}`
	for _, m := range queue.Rest() {
		text, places := m.Source.AppendJSON(nil, nil)
		if string(text) != want || len(places) != 5 || places[0].Text != `d\e` || places[1].Text != `a\b` || places[2].Text != "" {
			t.Errorf("%s %+v", text, places)
		}
	}
}

func TestTheQueueCountsWhatRecordsHold(t *testing.T) {
	t.Parallel()
	attributes, records := typical(100)
	queue := intake(1000)
	in := ready(t, Options{}, queue)
	for i, resource := range [][]*common.KeyValue{nil, attributes} {
		body := marshal(t, exportOf(resource, nil, records...))
		if _, no := in.accept(t.Context(), "http", encodingProtobuf, body, &share{of: &in.bodies}); no != nil {
			t.Fatal(no.text)
		}
		_, weight := queue.Len()
		least := int64(0)
		for k, m := range queue.Rest() {
			least += int64(proto.Size(records[k]))
			for _, pair := range resource { // key and value are held as text, the key once more
				least += int64(2*len("resource."+pair.Key) + len(pair.Value.GetStringValue()))
			}
			if m.Data != nil {
				t.Errorf("record %d is text already", k)
			}
		}
		if weight < least || weight > 3*least {
			t.Errorf("request %d: records of at least %d bytes weigh %d", i, least, weight)
		}
	}
}
