package otlp

import (
	"fmt"
	"testing"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
)

// typical returns a request of n records as agents send them: a line, ten attributes, eight of the resource.
func typical(n int) (resource []*common.KeyValue, records []*logs.LogRecord) {
	for i := range 8 {
		resource = append(resource, pair(fmt.Sprintf("k8s.pod.label.%d", i), str("some-value-of-a-label")))
	}
	for i := range n {
		r := &logs.LogRecord{
			TimeUnixNano: 1700000000000000000, ObservedTimeUnixNano: 1700000000000000001, SeverityNumber: 9, SeverityText: "INFO",
			Body: str("Accepted publickey for bo from 192.0.2.7 port 51234 ssh2"), TraceId: make([]byte, 16), SpanId: make([]byte, 8),
		}
		for k := range 10 {
			v := str("C:\\Windows\\System32\\cmd.exe")
			if k%3 == 0 {
				v = integer(int64(i * k))
			}
			r.Attributes = append(r.Attributes, pair(fmt.Sprintf("process.attribute.%d", k), v))
		}
		records = append(records, r)
	}
	return resource, records
}

// BenchmarkFlatten makes text of a record: the twin when the request is decoded, the present way when the event is judged.
func BenchmarkFlatten(b *testing.B) {
	attributes, records := typical(1)
	b.Run("twin", func(b *testing.B) {
		var f twinFlattener
		f.resource(exportOf(attributes, nil).ResourceLogs[0].Resource)
		data, _ := f.record(records[0], nil)
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			f.record(records[0], nil)
		}
	})
	b.Run("now", func(b *testing.B) {
		r := encode(b, &flattener{}, attributes, nil, records[0])
		text, places := r.AppendJSON(nil, nil)
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			text, places = r.AppendJSON(text[:0], places[:0])
		}
	})
}

// BenchmarkAccept is what a request costs on its own goroutine until its records are queued.
func BenchmarkAccept(b *testing.B) {
	resource, records := typical(512)
	body := marshal(b, exportOf(resource, nil, records...))
	queue := intake(1000)
	in := ready(b, Options{}, queue)
	for name, accept := range map[string]func(){
		"twin": func() { twinAccept(b, queue, body) },
		"now": func() {
			if _, no := in.accept(b.Context(), "http", encodingProtobuf, body, &share{of: &in.bodies}); no != nil {
				b.Fatal(no.text)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				accept()
				queue.Rest()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(records)), "ns/record")
		})
	}
}

func TestFlatteningAllocatesNothing(t *testing.T) {
	attributes, records := typical(1)
	var f flattener
	r := encode(t, &f, attributes, nil, records[0])
	text, places := r.AppendJSON(nil, nil)
	if n := testing.AllocsPerRun(1000, func() {
		f.begin(text[:0], places[:0])
		f.record(r)
		f.end()
	}); n > 0 {
		t.Errorf("%v allocations a record", n)
	}
}
