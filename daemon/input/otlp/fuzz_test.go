package otlp

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resources "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"
)

// naive flattens as the table says, with maps.
func naive(r *logs.LogRecord, resource *resources.Resource, scope *common.InstrumentationScope) map[string]any {
	out := map[string]any{}
	moment := func(key string, ns uint64) {
		if ns != 0 {
			out[key] = time.Unix(int64(ns/1e9), int64(ns%1e9)).UTC().Format("2006-01-02T15:04:05.000000000Z")
		}
	}
	notEmpty := func(key, s string) {
		if s != "" {
			out[key] = s
		}
	}
	moment("timestamp", r.TimeUnixNano)
	moment("observed_timestamp", r.ObservedTimeUnixNano)
	if r.SeverityNumber != 0 {
		out["severity_number"] = float64(r.SeverityNumber)
	}
	notEmpty("severity_text", r.SeverityText)
	if r.Body != nil {
		if _, ok := r.Body.Value.(*common.AnyValue_KvlistValue); ok {
			naivePairs(out, "", r.Body.GetKvlistValue().GetValues())
		} else {
			out["body"] = naiveValue(r.Body)
		}
	}
	notEmpty("trace_id", hex.EncodeToString(r.TraceId))
	notEmpty("span_id", hex.EncodeToString(r.SpanId))
	naivePairs(out, "", r.Attributes)
	naivePairs(out, "resource.", resource.GetAttributes())
	notEmpty("scope.name", scope.GetName())
	notEmpty("scope.version", scope.GetVersion())
	return out
}

func naivePairs(out map[string]any, prefix string, pairs []*common.KeyValue) {
	for _, kv := range pairs {
		if kv.Value != nil {
			out[prefix+kv.Key] = naiveValue(kv.Value)
		}
	}
}

func naiveValue(v *common.AnyValue) any {
	switch x := v.Value.(type) {
	case *common.AnyValue_StringValue:
		return x.StringValue
	case *common.AnyValue_BoolValue:
		return x.BoolValue
	case *common.AnyValue_IntValue:
		return float64(x.IntValue)
	case *common.AnyValue_DoubleValue:
		if math.IsNaN(x.DoubleValue) || math.IsInf(x.DoubleValue, 0) {
			return nil
		}
		return x.DoubleValue
	case *common.AnyValue_BytesValue:
		return hex.EncodeToString(x.BytesValue)
	case *common.AnyValue_ArrayValue:
		out := []any{}
		for _, v := range x.ArrayValue.GetValues() {
			out = append(out, naiveValue(v))
		}
		return out
	case *common.AnyValue_KvlistValue:
		out := map[string]any{}
		naivePairs(out, "", x.KvlistValue.GetValues())
		return out
	}
	return nil
}

// judge sends a body the way that requests take, and compares what comes of it with the twin and with the naive one. It returns how many
// records were compared.
func (tw *twins) judge(t *testing.T, encoding string, body []byte) (records int) {
	t.Helper()
	c, err := check(encoding, body)
	req, failed := unmarshal(encoding, body)
	switch {
	case err != nil:
		if failed == nil && !errors.Is(err, errNesting) {
			t.Fatalf("what can be decoded is refused: %v", err)
		}
		return 0
	case failed == nil && encoding == encodingProtobuf && c.weight < int64(proto.Size(req)):
		t.Fatalf("%d bytes weigh %d", proto.Size(req), c.weight)
	}
	before := tw.in.decoded.used.Load() + tw.in.bodies.used.Load()
	_, no := tw.in.accept(context.Background(), "http", encoding, bytes.Clone(body), &share{of: &tw.in.bodies})
	messages := tw.queue.Rest()
	switch {
	case tw.in.decoded.used.Load()+tw.in.bodies.used.Load() != before:
		t.Fatal("memory is not given back")
	case (no == nil) != (failed == nil):
		t.Fatalf("decoding says %v, the answer is %+v", failed, no)
	case no != nil:
		return 0
	}
	var f twinFlattener
	number := int64(0)
	for _, rl := range req.ResourceLogs {
		f.resource(rl.Resource)
		for _, sl := range rl.ScopeLogs {
			for _, r := range sl.LogRecords {
				number++
				want, ok := f.record(r, sl.Scope)
				if got := len(messages) > 0 && messages[0].Number == number; got != ok {
					t.Fatalf("record %d: taken %v, want %v", number, got, ok)
				}
				if !ok {
					continue
				}
				records++
				var tree map[string]any
				if err := json.Unmarshal(want, &tree); err != nil {
					t.Fatalf("%q: %v", want, err)
				}
				if naive := naive(r, rl.Resource, sl.Scope); !reflect.DeepEqual(naive, tree) { // cmp takes for ever where it is deep
					t.Fatalf("%q: %v", want, naive)
				}
				tw.compare(t, &messages[0], want)
				messages = messages[1:]
			}
		}
	}
	if len(messages) > 0 {
		t.Fatalf("%d records too many", len(messages))
	}
	return records
}

func seeds() [][]byte {
	full := exportOf([]*common.KeyValue{pair("r", str("x")), pair("r", integer(1))}, &common.InstrumentationScope{Name: "s", Version: "1"}, &logs.LogRecord{
		TimeUnixNano: 1, ObservedTimeUnixNano: 2, SeverityNumber: 3, SeverityText: "t", TraceId: make([]byte, 16), SpanId: make([]byte, 8),
		Body:       kvlist(pair("a", list(double(math.NaN()), double(1e300), kvlist(pair("b", nil))))),
		Attributes: []*common.KeyValue{pair("a", &common.AnyValue{Value: &common.AnyValue_BytesValue{BytesValue: []byte{1}}}), pair("resource.r", integer(2))},
	})
	out := [][]byte{nil, manyRecords(3)}
	for _, req := range []proto.Message{full, bodies("a", "\x00é")} {
		b, _ := proto.Marshal(req)
		out = append(out, b)
	}
	return out
}

func FuzzProtobuf(f *testing.F) {
	for _, b := range seeds() {
		f.Add(b)
	}
	for _, b := range oddities() {
		f.Add(b)
	}
	f.Add(nested(mostDeep, true))
	r := maker{rand.New(rand.NewPCG(3, 4))}
	for range 20 {
		f.Add(r.request())
	}
	tw := newTwins(f)
	f.Fuzz(func(t *testing.T, body []byte) { tw.judge(t, encodingProtobuf, body) })
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(jsonBody))
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"kvlistValue":{"values":[{"key":"a"}]}}},{"body":null,"attributes":null}]}]}]}`))
	tw := newTwins(f)
	f.Fuzz(func(t *testing.T, body []byte) { tw.judge(t, encodingJSON, body) })
}
