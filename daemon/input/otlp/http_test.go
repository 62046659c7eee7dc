package otlp

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

// jsonBody is a request as it is documented for OTLP/HTTP, with ids in hexadecimal, and numbers both ways.
const jsonBody = `{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},"scopeLogs":[{"scope":{"name":"n","version":"1"},
"logRecords":[{"timeUnixNano":"1700000000000000001","observedTimeUnixNano":1500000000,"severityNumber":9,"severityText":"INFO","body":{"stringValue":"b"},
"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174","unknown":{"x":[1]},"attributes":[{"key":"i","value":{"intValue":"7"}},
{"key":"j","value":{"intValue":8}},{"key":"d","value":{"doubleValue":1.5}},{"key":"y","value":{"bytesValue":"3q0="}},{"key":"z"},{"key":"u","value":{}}]}]}]}]}`

const jsonEvent = `{"timestamp":"2023-11-14T22:13:20.000000001Z","observed_timestamp":"1970-01-01T00:00:01.500000000Z","severity_number":9,` +
	`"severity_text":"INFO","body":"b","trace_id":"5b8efff798038103d269b633813fc60c","span_id":"eee19b7ec3c1b174","i":7,"j":8,"d":1.5,"y":"dead","u":null,` +
	`"resource.service.name":"s","scope.name":"n","scope.version":"1"}`

const (
	protobufType = "application/x-protobuf"
	jsonType     = "application/json"
	one          = `{"body":"a"}`
)

func TestEveryReplyOverHTTPIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	small := marshal(t, bodies("a", "b"))
	both := []string{one, `{"body":"b"}`}
	for name, c := range map[string]struct {
		maxBody              int64
		mediaType, encoding  string
		body                 []byte
		status               int
		reply, error, answer string
		queued               []string
	}{
		"protobuf":                  {mediaType: protobufType, body: small, status: 200, answer: protobufType, queued: both},
		"protobuf by another name":  {mediaType: "application/protobuf", body: small, status: 200, answer: protobufType, queued: both},
		"protobuf without a name":   {body: small, status: 200, answer: protobufType, queued: both},
		"protobuf with a parameter": {mediaType: "Application/X-Protobuf; a=b", body: small, status: 200, answer: protobufType, queued: both},
		"nothing in protobuf":       {mediaType: protobufType, status: 200, answer: protobufType},
		"nothing in JSON":           {mediaType: jsonType, body: []byte(`{}`), status: 200, answer: jsonType, reply: `{"partialSuccess":{}}`},
		"JSON": {
			mediaType: jsonType + "; charset=utf-8", body: []byte(jsonBody), status: 200, answer: jsonType, reply: `{"partialSuccess":{}}`,
			queued: []string{jsonEvent},
		},
		"gzip":     {encoding: "gzip", body: zipped(small), status: 200, answer: protobufType, queued: both},
		"GZIP":     {encoding: "GZIP", body: zipped(small), status: 200, answer: protobufType, queued: both},
		"identity": {encoding: "identity", body: small, status: 200, answer: protobufType, queued: both},
		"gzip JSON": {
			mediaType: jsonType, encoding: "gzip", body: zipped([]byte(jsonBody)), status: 200, answer: jsonType, reply: `{"partialSuccess":{}}`,
			queued: []string{jsonEvent},
		},
		"another media type": {
			mediaType: "text/plain; x=\"é\"", status: 415, reply: `{"error":"unsupported content type: text/plain; x=\"é\""}`, error: "unsupported_content_type",
		},
		"a broken media type": {mediaType: ";;", status: 200, answer: protobufType},
		"another encoding": {
			encoding: "zstd", body: small, status: 415, reply: `{"error":"unsupported content encoding"}`, error: "unsupported_content_type",
		},
		"two encodings": {
			encoding: "gzip, gzip", body: small, status: 415, reply: `{"error":"unsupported content encoding"}`, error: "unsupported_content_type",
		},
		"a media type before an encoding": {
			mediaType: "a/b", encoding: "zstd", status: 415, reply: `{"error":"unsupported content type: a/b"}`, error: "unsupported_content_type",
		},
		"gzip that is none": {
			encoding: "gzip", body: []byte("plain text that is long enough"), status: 400, reply: `{"error":"decompression failed: gzip: invalid header"}`,
			error: "decompression",
		},
		"gzip of nothing at all": {encoding: "gzip", status: 400, reply: `{"error":"decompression failed: unexpected EOF"}`, error: "decompression"},
		"gzip that breaks off": {
			encoding: "gzip", body: zipped(small)[:20], status: 400, reply: `{"error":"decompression failed: unexpected EOF"}`, error: "decompression",
		},
		"gzip with a wrong checksum": {
			encoding: "gzip", body: append(zipped(small)[:len(zipped(small))-8], 1, 2, 3, 4, 5, 6, 7, 8), status: 400,
			reply: `{"error":"decompression failed: gzip: invalid checksum"}`, error: "decompression",
		},
		"gzip once too often": {
			encoding: "gzip", body: zipped(zipped(small)), status: 400, error: "decode",
			reply: `{"error":"decode failed: proto: cannot parse reserved wire type"}`,
		},
		"broken protobuf": {body: []byte{0x0a, 5, 1}, status: 400, reply: `{"error":"decode failed: unexpected EOF"}`, error: "decode"},
		"text that is not UTF-8": {
			body: []byte("\x0a\x09\x12\x07\x12\x05\x2a\x03\x0a\x01\xff"), status: 400, reply: `{"error":"decode failed: string field contains invalid UTF-8"}`, error: "decode",
		},
		"too large": {
			maxBody: 4, body: small, status: 413, reply: `{"error":"request body exceeds maximum size","max_bytes":4}`, error: "too_large",
		},
		"at the limit": {maxBody: int64(len(small)), body: small, status: 200, answer: protobufType, queued: both},
		"too large compressed": {
			maxBody: 15, encoding: "gzip", body: zipped(small), status: 413, reply: `{"error":"request body exceeds maximum size","max_bytes":15}`, error: "too_large",
		},
		"larger than the other limit, decompressed": {maxBody: 80, encoding: "gzip", body: zipped(marshal(t, bodies(strings.Repeat("x", 1000)))), status: 200,
			answer: protobufType, queued: []string{`{"body":"` + strings.Repeat("x", 1000) + `"}`}},
		"too large decompressed": {
			encoding: "gzip", body: append(zeros(maxDecompressed>>20), zipped([]byte{0})...), status: 413, error: "too_large",
			reply: `{"error":"request body exceeds maximum size","max_bytes":67108864}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			queue, counts := intake(10), &tally{}
			w := post(ready(t, Options{MaxBody: c.maxBody, Hooks: counts.hooks()}, queue), c.mediaType, c.encoding, c.body)
			if c.answer == "" {
				c.answer = jsonType
			}
			if w.Code != c.status || w.Body.String() != c.reply || w.Header().Get("Content-Type") != c.answer || w.Header().Get("Retry-After") != "" {
				t.Errorf("%d %s %v\nwant %d %s %s", w.Code, w.Body, w.Header(), c.status, c.reply, c.answer)
			}
			if diff := cmp.Diff(c.queued, rest(queue)); diff != "" {
				t.Error(diff)
			}
			switch {
			case c.error != "":
				counts.verify(t, nil, 0, []string{"http " + c.error})
			case c.answer == jsonType:
				counts.verify(t, []string{"http json"}, len(c.queued), nil)
			default:
				counts.verify(t, []string{"http protobuf"}, len(c.queued), nil)
			}
		})
	}
}

func TestJSONThatCannotBeDecodedIsRefused(t *testing.T) {
	t.Parallel()
	record := func(text string) string { return `{"resourceLogs":[{"scopeLogs":[{"logRecords":[` + text + `]}]}]}` }
	for name, body := range map[string]string{
		"nothing":         ``,
		"no object":       `[]`,
		"broken":          `{"resourceLogs":[`,
		"null in a list":  record(`null`),
		"a short id":      record(`{"traceId":"abcd"}`),
		"an odd id":       record(`{"spanId":"abcdefabcdefabcde"}`),
		"an id in base64": record(`{"traceId":"W47/95gDgQPSabYzgT/GDA=="}`),
		"two values":      record(`{"body":{"stringValue":"a","intValue":1}}`),
		"too deep":        record(`{"body":` + strings.Repeat(`{"arrayValue":{"values":[`, 600) + strings.Repeat(`]}}`, 600) + `}`),
	} {
		queue, counts := intake(10), &tally{}
		w := post(ready(t, Options{Hooks: counts.hooks()}, queue), jsonType, "", []byte(body))
		if w.Code != 400 || !strings.HasPrefix(w.Body.String(), `{"error":"decode failed: `) || strings.Contains(w.Body.String(), "\u00a0") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		counts.verify(t, nil, 0, []string{"http decode"})
	}
	queue := intake(10)
	w := post(ready(t, Options{}, queue), jsonType, "", []byte(record(`{"traceId":"","body":{"stringValue":"a"}}`)))
	if got := rest(queue); w.Code != 200 || len(got) != 1 || got[0] != one {
		t.Errorf("a good one: %d %s, %q", w.Code, w.Body, got)
	}
}

func TestRecordsOverTheLimitAreRefusedAlone(t *testing.T) {
	t.Parallel()
	body := bodies("a", strings.Repeat("x", maxEvent), "b")
	queue, counts := intake(10), &tally{}
	in := ready(t, Options{Hooks: counts.hooks()}, queue)
	w := post(in, protobufType, "", marshal(t, body))
	var reply collector.ExportLogsServiceResponse
	if err := proto.Unmarshal(w.Body.Bytes(), &reply); err != nil || w.Code != 200 {
		t.Fatal(w.Code, err)
	}
	const message = "log records over 1048576 bytes, flattened, are refused: 1; send shorter records"
	if p := reply.PartialSuccess; p.GetRejectedLogRecords() != 1 || p.GetErrorMessage() != message {
		t.Errorf("%v", p)
	}
	got := queue.Rest()
	if len(got) != 2 || string(got[1].Text()) != `{"body":"b"}` || got[1].Number != 3 || got[1].Origin.Type != "otlp" || got[1].Err != nil {
		t.Errorf("%+v", got)
	}
	w = post(in, jsonType, "", []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"`+strings.Repeat("x", maxEvent)+`"}}]}]}]}`))
	if want := `{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"` + message + `"}}`; w.Code != 200 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	counts.verify(t, []string{"http protobuf", "http json"}, 2, nil)
}

const closedReply = `{"error":"event channel closed"}`

func TestNobodyIsServedBeforeTheStartOrAfterTheEnd(t *testing.T) {
	t.Parallel()
	body := marshal(t, bodies("a"))
	counts := &tally{}
	in := New(Options{MaxBody: 1 << 20, Hooks: counts.hooks()})
	verify := func(what string, w *httptest.ResponseRecorder) {
		t.Helper()
		if w.Code != 503 || w.Body.String() != closedReply || w.Header().Get("Retry-After") != "1" || w.Header().Get("Content-Type") != jsonType {
			t.Errorf("%s: %d %s %v", what, w.Code, w.Body, w.Header())
		}
	}
	verify("before", post(in, protobufType, "", body))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in.Run(ctx, intake(1))
	verify("after", post(in, protobufType, "", body))
	queue := intake(10)
	closed := ready(t, Options{}, queue)
	queue.Close()
	verify("closed", post(closed, protobufType, "", body))
	counts.verify(t, []string{"http protobuf", "http protobuf"}, 0, []string{"http channel_closed", "http channel_closed"})
	for range 2 {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAFullQueueIsA429WhenThereIsATimeout(t *testing.T) {
	t.Parallel()
	queue, counts := intake(2), &tally{}
	w := post(ready(t, Options{Timeout: 100 * time.Millisecond, Hooks: counts.hooks()}, queue), "", "", marshal(t, bodies("a", "b", "c")))
	if w.Code != 429 || w.Body.String() != `{"error":"event queue full"}` || w.Header().Get("Retry-After") != "1" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
	counts.verify(t, []string{"http protobuf"}, 2, []string{"http queue_full"})
}

func TestAFullQueueHoldsTheRequestWhenThereIsNone(t *testing.T) {
	t.Parallel()
	waits := make(chan struct{}, 1)
	queue := flow.NewIntake(1, flow.IntakeHooks{BackPressure: func(o *flow.Origin) {
		if o.Type == "otlp" {
			waits <- struct{}{}
		}
	}})
	in := ready(t, Options{}, queue)
	replied := make(chan *httptest.ResponseRecorder, 1)
	body := marshal(t, bodies("a", "b"))
	go func() { replied <- post(in, "", "", body) }()
	flowtest.Soon(t, "the queue is full", waits)
	select {
	case w := <-replied:
		t.Fatalf("replied: %d", w.Code)
	default:
	}
	queue.Take(t.Context(), nil, 1)
	if w := flowtest.Soon(t, "reply", replied); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestABodyThatBreaksOffIsRefused(t *testing.T) {
	t.Parallel()
	queue := intake(10)
	in := ready(t, Options{}, queue)
	r := httptest.NewRequest(http.MethodPost, PathHTTP, iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("\x0a\x00\x0a\x00"))))
	w := httptest.NewRecorder()
	in.ServeHTTP(w, r)
	if w.Code != 400 || w.Body.String() != `{"error":"decode failed: timeout"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestSyncWaitsUntilEveryRecordIsCommitted(t *testing.T) {
	t.Parallel()
	for _, committed := range []bool{true, false} {
		queue, counts := intake(10), &tally{}
		in := ready(t, Options{Sync: true, Hooks: counts.hooks()}, queue)
		replied := make(chan *httptest.ResponseRecorder, 1)
		body := marshal(t, bodies("a", "b", "c"))
		go func() { replied <- post(in, protobufType, "", body) }()
		var taken []flow.Message
		for len(taken) < 3 {
			taken, _ = queue.Take(t.Context(), taken, 3)
		}
		taken[2].Ack.Done(committed)
		taken[0].Ack.Done(true)
		select {
		case w := <-replied:
			t.Fatalf("replied before everything was committed: %d", w.Code)
		default:
		}
		taken[1].Ack.Done(true)
		w := flowtest.Soon(t, "reply", replied)
		if committed && w.Code != 200 || !committed && (w.Code != 503 || w.Body.String() != `{"error":"not everything was committed"}` || w.Header().Get("Retry-After") != "1") {
			t.Errorf("committed %v: %d %s", committed, w.Code, w.Body)
		}
		counts.verify(t, []string{"http protobuf"}, 3, nil)
	}
}

func TestSyncEndsWhenTheClientGoes(t *testing.T) {
	t.Parallel()
	queue := intake(10)
	in := ready(t, Options{Sync: true}, queue)
	ctx, hangUp := context.WithCancel(t.Context())
	r := httptest.NewRequest(http.MethodPost, PathHTTP, strings.NewReader(string(marshal(t, bodies("a"))))).WithContext(ctx)
	done := flowtest.Go(func() { in.ServeHTTP(httptest.NewRecorder(), r) })
	taken, _ := queue.Take(t.Context(), nil, 1)
	hangUp()
	flowtest.Soon(t, "the handler has returned", done)
	taken[0].Ack.Done(true) // nobody waits for it any more
}
