package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resources "go.opentelemetry.io/proto/otlp/resource/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tally counts what hooks tell.
type tally struct {
	mu       sync.Mutex
	requests []string
	records  int
	errors   []string
}

func (c *tally) hooks() Hooks {
	return Hooks{
		Request: func(transport, encoding string) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.requests = append(c.requests, transport+" "+encoding)
		},
		Records: func(n int) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.records += n
		},
		Error: func(transport, reason string) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.errors = append(c.errors, transport+" "+reason)
		},
	}
}

// verify compares with what should have been counted.
func (c *tally) verify(t *testing.T, requests []string, records int, errors []string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if diff := cmp.Diff(requests, c.requests); diff != "" {
		t.Errorf("requests: %s", diff)
	}
	if diff := cmp.Diff(errors, c.errors); diff != "" {
		t.Errorf("errors: %s", diff)
	}
	if c.records != records {
		t.Errorf("%d records are counted, want %d", c.records, records)
	}
}

// ready returns an input that puts records into queue.
func ready(t testing.TB, opts Options, queue *flow.Intake) *Input {
	t.Helper()
	if opts.MaxBody == 0 {
		opts.MaxBody = 64 << 20
	}
	in := New(opts)
	ctx, cancel := context.WithCancel(context.Background())
	ran := flowtest.Go(func() { in.Run(ctx, queue) })
	t.Cleanup(func() {
		cancel()
		flowtest.Soon(t, "the input has returned", ran)
	})
	flowtest.Soon(t, "the input takes events", in.Ready())
	return in
}

func intake(size int) *flow.Intake { return flow.NewIntake(size, flow.IntakeHooks{}) }

// post sends a body to the handler.
func post(in http.Handler, mediaType, encoding string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, PathHTTP, bytes.NewReader(body))
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	in.ServeHTTP(w, r)
	return w
}

// rest returns the events in queue.
func rest(queue *flow.Intake) (events []string) {
	for _, m := range queue.Rest() {
		events = append(events, string(m.Text()))
	}
	return events
}

func zipped(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(body)
	z.Close()
	return b.Bytes()
}

func str(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
}

func integer(n int64) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: n}}
}

func double(x float64) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: x}}
}

func list(values ...*common.AnyValue) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: values}}}
}

func kvlist(pairs ...*common.KeyValue) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_KvlistValue{KvlistValue: &common.KeyValueList{Values: pairs}}}
}

func pair(key string, v *common.AnyValue) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: v}
}

// exportOf returns a request of records under one resource and scope.
func exportOf(resource []*common.KeyValue, scope *common.InstrumentationScope, records ...*logs.LogRecord) *collector.ExportLogsServiceRequest {
	return &collector.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{{
		Resource:  &resources.Resource{Attributes: resource},
		ScopeLogs: []*logs.ScopeLogs{{Scope: scope, LogRecords: records}},
	}}}
}

// bodies returns a request of one record for each text.
func bodies(texts ...string) *collector.ExportLogsServiceRequest {
	var records []*logs.LogRecord
	for _, s := range texts {
		records = append(records, &logs.LogRecord{Body: str(s)})
	}
	return exportOf(nil, nil, records...)
}

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
