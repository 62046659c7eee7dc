package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip" // the compressor

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"
)

// logRequest returns a request of one record whose body is a map with n and shell.
func logRequest(n int64) *collector.ExportLogsServiceRequest {
	body := &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: &common.KeyValueList{Values: []*common.KeyValue{
		{Key: "n", Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: n}}},
	}}}}
	return &collector.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{{ScopeLogs: []*logs.ScopeLogs{{LogRecords: []*logs.LogRecord{{Body: body}}}}}}}
}

// TestOpenTelemetryLogsAreEventsWhateverTheInput sends the same kind of record over every transport and encoding to a daemon whose lines
// would be syslog: each gives the same detection.
func TestOpenTelemetryLogsAreEventsWhateverTheInput(t *testing.T) {
	t.Parallel()
	p := launch(t, "-r", write(t, "r.yml", numbered), "--input-format", "syslog", "--metrics-extended").ready()
	url := p.url("/v1/logs")
	post := func(contentType, encoding string, body []byte) (int, string) {
		t.Helper()
		req, err := http.NewRequest("POST", url, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if contentType != "" {
			req.Header.Set("Content-Type", contentType)
		}
		if encoding != "" {
			req.Header.Set("Content-Encoding", encoding)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Content-Type")
	}
	text, err := proto.Marshal(logRequest(1))
	if err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(text)
	z.Close()
	for i, c := range []struct {
		contentType, encoding string
		body                  []byte
	}{
		{"application/x-protobuf", "", text}, {"", "gzip", zipped.Bytes()},
		{"application/json", "", []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"kvlistValue":{"values":[{"key":"n","value":{"intValue":"1"}}]}}}]}]}]}`)},
	} {
		want := c.contentType
		if want == "" {
			want = "application/x-protobuf"
		}
		if status, got := post(c.contentType, c.encoding, c.body); status != 200 || got != want {
			t.Errorf("request %d: status %d, %s", i, status, got)
		}
	}
	conn, err := grpc.NewClient(strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/v1/logs"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, opts := range [][]grpc.CallOption{nil, {grpc.UseCompressor("gzip")}} {
		if _, err := collector.NewLogsServiceClient(conn).Export(t.Context(), logRequest(1), opts...); err != nil {
			t.Error(err)
		}
	}
	got := p.output(5)
	for _, l := range got[1:] {
		if l != got[0] {
			t.Errorf("%s differs from %s", l, got[0])
		}
	}
	if numbers(t, got)[0] != 1 {
		t.Errorf("got %s", got[0])
	}
	m := p.metrics()
	for series, want := range map[string]float64{
		`rsigma_otlp_requests_total{encoding="protobuf",transport="http"}`: 2, `rsigma_otlp_requests_total{encoding="json",transport="http"}`: 1,
		`rsigma_otlp_requests_total{encoding="protobuf",transport="grpc"}`: 2, "rsigma_otlp_log_records_total": 5, "rsigma_input_queue_depth": 0,
		`rsigma_events_received_total{source="otlp"}`: 5,
	} {
		if m[series] != want {
			t.Errorf("%s is %v, want %v", series, m[series], want)
		}
	}
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// TestResultsOfOneDaemonAreEventsOfAnother exports results over every OTLP scheme without TLS to a second daemon, which finds the rule's
// title in each.
func TestResultsOfOneDaemonAreEventsOfAnother(t *testing.T) {
	t.Parallel()
	title, _, _ := strings.Cut(strings.TrimPrefix(numbered, "title: "), "\n")
	second := launch(t, "-r", write(t, "second.yml", `title: Results
id: 11111111-2222-4333-8444-555555555555
logsource: {category: test}
detection:
    sel:
        rule_title: '`+title+`'
        severity_text|exists: true
    condition: sel
`), "--include-event").ready()
	address := strings.TrimPrefix(strings.TrimSuffix(second.url("/"), "/"), "http://")
	first := launch(t, "-r", write(t, "r.yml", numbered), "--output", "otlp://"+address+"?compression=gzip", "--output", "otlphttp://"+address).ready()
	io.WriteString(first.stdin, events(1, 3))
	first.stdin.Close()
	for _, l := range second.output(6) {
		if !strings.Contains(l, `"rule_title":"Results"`) || !strings.Contains(l, `"resource.service.name":"rsigma"`) {
			t.Errorf("got %s", l)
		}
	}
	if status := first.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if status := second.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
