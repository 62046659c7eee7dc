package otlp

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/flow/flowtest"
)

func open(t *testing.T, address string) *Sink {
	t.Helper()
	s, err := Open(address, Options{Version: "1.2"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// back returns the line that an event was made of: what the record adds is taken away again.
func back(t *testing.T, event string) string {
	var e struct {
		Unit, Result *int
		Pad          string
		Service      string `json:"resource.service.name"`
		Scope        string `json:"scope.name"`
	}
	if err := json.Unmarshal([]byte(event), &e); err != nil || e.Unit == nil || e.Result == nil || e.Service != "rsigma" || e.Scope != "rsigma" {
		t.Errorf("%.200q: %v", event, err)
		return event
	}
	return fmt.Sprintf(`{"unit":%d,"result":%d,"pad":"%s"}`, *e.Unit, *e.Result, e.Pad)
}

func TestContract(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"otlp://%s", "otlphttp://%s", "otlp://%s?compression=gzip", "otlphttp://%s?compression=gzip"} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			flowtest.Sink(t, func(t *testing.T) flowtest.Target {
				r := receive(t, "127.0.0.1:0", nil)
				return flowtest.Target{Sink: open(t, fmt.Sprintf(address, r.address)), Lines: func() (lines []string) {
					for _, e := range r.events() {
						lines = append(lines, back(t, e))
					}
					return lines
				}}
			})
		})
	}
}

const result = `{"rule_title":"Odd shell","rule_id":null,"level":"high","tags":["attack.execution"],"matched_fields":[{"field":"n","value":1.5}],` +
	`"timespan_secs":60,"big":18446744073709551616,"provenance":{"engine":"compiled","ok":true}}`

func TestAResultBecomesARecord(t *testing.T) {
	t.Parallel()
	now := time.Unix(1, 5)
	got, err := record([]byte(result), now)
	if err != nil {
		t.Fatal(err)
	}
	var want logs.LogRecord
	if err := protojson.Unmarshal([]byte(`{"timeUnixNano":"1000000005","observedTimeUnixNano":"1000000005","severityNumber":17,"severityText":"ERROR",
"body":{"stringValue":"Odd shell"},"attributes":[
{"key":"rule_title","value":{"stringValue":"Odd shell"}},{"key":"rule_id","value":{}},{"key":"level","value":{"stringValue":"high"}},
{"key":"tags","value":{"arrayValue":{"values":[{"stringValue":"attack.execution"}]}}},
{"key":"matched_fields","value":{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"field","value":{"stringValue":"n"}},
{"key":"value","value":{"doubleValue":1.5}}]}}]}}},
{"key":"timespan_secs","value":{"intValue":60}},{"key":"big","value":{"doubleValue":18446744073709551616}},
{"key":"provenance","value":{"kvlistValue":{"values":[{"key":"engine","value":{"stringValue":"compiled"}},{"key":"ok","value":{"boolValue":true}}]}}}]}`), &want); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(&want, got) {
		t.Errorf("got  %v\nwant %v", got, &want)
	}
}

func TestLevelsAreSeverities(t *testing.T) {
	t.Parallel()
	for level, want := range map[string]string{
		`"critical"`: "21 FATAL", `"high"`: "17 ERROR", `"medium"`: "13 WARN", `"low"`: "9 INFO", `"informational"`: "5 DEBUG", `null`: "0 ", `"odd"`: "0 ", `7`: "0 ",
	} {
		r, err := record([]byte(`{"level":`+level+`}`), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%d %s", r.SeverityNumber, r.SeverityText); got != want {
			t.Errorf("%s is %q, want %q", level, got, want)
		}
	}
}

func TestWhatIsNoObjectIsGivenUpAfterWhatComesBefore(t *testing.T) {
	t.Parallel()
	r := receive(t, "127.0.0.1:0", nil)
	s := open(t, "otlphttp://"+r.address)
	for _, bad := range []string{``, `[1]`, `"x"`, `{"a":1`, `{} {}`, `{"a" 1}`, `{"a":1e}`, `[1`, `{"a":[1}`} {
		n, err := s.Deliver(t.Context(), [][]byte{[]byte(`{"a":1}`), []byte(bad), []byte(`{"a":2}`)})
		if n != 1 || !flow.IsPermanent(err) {
			t.Errorf("%s: %d, %v", bad, n, err)
		}
		if got := r.events(); len(got) != 1 {
			t.Errorf("%s: %q", bad, got)
		}
	}
}

func TestTransportsAndParameters(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.issue("client", []string{"client"})
	secret := fmt.Sprintf("ca=%s&client_cert=%s&client_key=%s&tls_domain=collector.test", a.path("ca.pem"), a.path("client.pem"), a.path("client.key"))
	plain, secure := receive(t, "127.0.0.1:0", nil), receive(t, "127.0.0.1:0", a.server("collector.test"))
	const grpcPath = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
	for _, c := range []struct {
		r          *receiver
		text, seen string
	}{
		{plain, "otlp://%s", "rsigmad/1.2 grpc-go/|" + "|" + grpcPath},
		{plain, "otlp://%s?compression=gzip&on_full=drop", "rsigmad/1.2 grpc-go/|gzip|" + grpcPath},
		{plain, "otlphttp://%s", "rsigmad/1.2||/v1/logs"},
		{plain, "otlphttp://%s/", "rsigmad/1.2||/v1/logs"},
		{plain, "otlphttp://%s/own/path?compression=gzip", "rsigmad/1.2|gzip|/own/path"},
		{secure, "otlps://%s?" + secret, "rsigmad/1.2 grpc-go/||" + grpcPath},
		{secure, "otlphttps://%s?compression=gzip&" + secret, "rsigmad/1.2|gzip|/v1/logs"},
	} {
		s := open(t, strings.Replace(c.text, "%s", c.r.address, 1))
		if n, err := s.Deliver(t.Context(), [][]byte{[]byte(result)}); n != 1 || err != nil {
			t.Errorf("%s: %d, %v", c.text, n, err)
			continue
		}
		c.r.mu.Lock()
		seen := c.r.seen[len(c.r.seen)-1]
		c.r.mu.Unlock()
		if i, j := strings.Index(seen, "grpc-go/"), strings.Index(seen, "|"); i >= 0 {
			seen = seen[:i+len("grpc-go/")] + seen[j:]
		}
		if seen != c.seen {
			t.Errorf("%s: %s, want %s", c.text, seen, c.seen)
		}
		if got := c.r.events(); len(got) != 1 || !strings.Contains(got[0], `"body":"Odd shell","rule_title":"Odd shell","rule_id":null`) ||
			!strings.HasSuffix(got[0], `"resource.service.name":"rsigma","scope.name":"rsigma","scope.version":"1.2"}`) {
			t.Errorf("%s: %q", c.text, got)
		}
	}
	for _, address := range []string{
		"otlphttps://" + secure.address, "otlps://" + secure.address + "?ca=" + a.path("ca.pem"), // another name, no client certificate
		"otlphttps://" + secure.address + "?tls_domain=collector.test&ca=" + a.path("ca.pem"), "otlp://" + secure.address, "otlps://" + plain.address,
	} {
		if n, err := open(t, address).Deliver(t.Context(), [][]byte{[]byte(result)}); n != 0 || err == nil || flow.IsPermanent(err) {
			t.Errorf("%s: %d, %v", address, n, err)
		}
	}
}

func TestAddressesThatAreWrongAreErrorsAtTheStart(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	for address, want := range map[string]string{
		"http://h":                 "want otlp://",
		"otlp://":                  "want otlp://HOST:PORT",
		"otlp://user@h":            "want otlp://HOST:PORT",
		"otlp://h/path":            "no paths",
		"otlp://h?x=1":             "unknown parameter x",
		"otlp://h?compression=lz4": "there is gzip only",
		"otlp://h?compression=gzip&compression=gzip": "twice",
		"otlp://h?ca=/x":                   "needs TLS",
		"otlphttp://h?tls_domain=x":        "needs TLS",
		"otlps://h?ca=":                    "empty",
		"otlps://h?%zz":                    "invalid",
		"otlps://h?ca=" + a.path("none"):   "ca: open",
		"otlps://h?ca=" + a.path("ca.key"): "no certificate",
		"otlps://h?client_cert=x":          "belong together",
		"otlps://h?client_key=" + a.path("x") + "&client_cert=" + a.path("y"): "client_cert, client_key",
	} {
		if _, err := Open(address, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
	for address, want := range map[string]string{
		"otlp://h": "h:4317", "otlphttp://h": "h:4318", "otlp://[::1]": "[::1]:4317", "otlps://h:1": "h:1", "otlphttps://[::1]:2/x": "[::1]:2",
	} {
		if got, err := parse(address); err != nil || got.host != want {
			t.Errorf("%s: %s, %v, want %s", address, got.host, err, want)
		}
	}
}

// free returns an address where nobody listens.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestACollectorThatIsDownIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"otlp", "otlphttp"} {
		address := free(t)
		s := open(t, scheme+"://"+address) // nobody listens, and that is no error yet
		if n, err := s.Deliver(t.Context(), [][]byte{[]byte(result)}); n != 0 || err == nil || flow.IsPermanent(err) {
			t.Errorf("%s: %d, %v", scheme, n, err)
		}
		r := receive(t, address, nil)
		deliverSoon(t, s)
		r.end()
		if n, err := s.Deliver(t.Context(), [][]byte{[]byte(result)}); n != 0 || err == nil || flow.IsPermanent(err) {
			t.Errorf("%s, gone: %d, %v", scheme, n, err)
		}
		receive(t, address, nil)
		deliverSoon(t, s)
	}
}

// deliverSoon tries until it works.
func deliverSoon(t *testing.T, s *Sink) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		n, err := s.Deliver(t.Context(), [][]byte{[]byte(result)})
		if n == 1 && err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d, %v", n, err)
		}
	}
}

func TestEveryStatusButSuccessIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"otlp", "otlphttp"} {
		for _, status := range []int{302, 400, 404, 413, 429, 500, 503} {
			r := receive(t, "127.0.0.1:0", nil)
			r.fails = func() int { return status }
			n, err := open(t, scheme+"://"+r.address).Deliver(t.Context(), [][]byte{[]byte(result)})
			if n != 0 || err == nil || flow.IsPermanent(err) {
				t.Errorf("%s, %d: %d, %v", scheme, status, n, err)
			}
			r.end()
		}
	}
}

func TestALargeDeliveryIsDividedAndFailsWhereItFails(t *testing.T) {
	t.Parallel()
	r := receive(t, "127.0.0.1:0", nil)
	calls := 0
	r.fails = func() int {
		if calls++; calls == 2 {
			return 503
		}
		return 0
	}
	line := []byte(`{"pad":"` + strings.Repeat("x", 700<<10) + `"}`)
	lines := [][]byte{line, line, line, line, line}
	s := open(t, "otlphttp://"+r.address)
	if n, err := s.Deliver(t.Context(), lines); n != 2 || err == nil {
		t.Errorf("%d, %v; want 2, the first request", n, err)
	}
	if n, err := s.Deliver(t.Context(), lines[2:]); n != 3 || err != nil || calls != 4 {
		t.Errorf("%d, %v after %d calls", n, err, calls)
	}
	if got := r.events(); len(got) != 5 {
		t.Errorf("%d have arrived", len(got))
	}
}

// partial answers every request with so many rejected records.
func partial(t *testing.T, rejected int64) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := proto.Marshal(&collector.ExportLogsServiceResponse{PartialSuccess: &collector.ExportLogsPartialSuccess{
			RejectedLogRecords: rejected, ErrorMessage: "too odd",
		}})
		w.Write(body)
	}))
	t.Cleanup(s.Close)
	return "otlphttp://" + s.Listener.Addr().String()
}

func TestRecordsThatAreRefusedForGood(t *testing.T) {
	t.Parallel()
	lines := [][]byte{[]byte(result), []byte(result)}
	told := ""
	for rejected, want := range map[int64]string{0: "2 <nil> false ", 1: "2 <nil> false 1 too odd", 2: "0 the collector refuses the results: too odd true "} {
		told = ""
		s, err := Open(partial(t, rejected), Options{Rejected: func(n int, reason string) { told = fmt.Sprint(n, " ", reason) }})
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.Deliver(t.Context(), lines)
		if diff := cmp.Diff(want, fmt.Sprint(n, " ", err, " ", flow.IsPermanent(err), " ", told)); diff != "" {
			t.Errorf("%d rejected: %s", rejected, diff)
		}
		s.Close()
	}
}

func TestACollectorThatDoesNotAnswerDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"otlp", "otlphttp"} {
		r := receive(t, "127.0.0.1:0", nil)
		asked := make(chan struct{}, 1)
		release := make(chan struct{})
		r.server.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			asked <- struct{}{}
			<-release
		})
		s := open(t, scheme+"://"+r.address)
		ctx, cancel := context.WithCancel(t.Context())
		var n int
		var err error
		done := flowtest.Go(func() { n, err = s.Deliver(ctx, [][]byte{[]byte(result)}) })
		flowtest.Soon(t, "the collector is asked", asked)
		cancel()
		flowtest.Soon(t, "the delivery is interrupted", done)
		close(release)
		if n != 0 || err == nil || flow.IsPermanent(err) {
			t.Errorf("%s: %d, %v", scheme, n, err)
		}
	}
}

func TestARequestThatIsUnderWayMayEnd(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"otlp", "otlphttp"} {
		r := receive(t, "127.0.0.1:0", nil)
		ctx, cancel := context.WithCancel(t.Context())
		r.fails = func() int { // the request has arrived
			cancel()
			return 0
		}
		s := open(t, scheme+"://"+r.address)
		if n, err := s.Deliver(ctx, [][]byte{[]byte(result)}); n != 1 || err != nil || len(r.events()) != 1 {
			t.Errorf("%s: %d, %v", scheme, n, err)
		}
		if n, err := s.Deliver(ctx, [][]byte{[]byte(result)}); n != 0 || err == nil || len(r.events()) != 0 {
			t.Errorf("%s, after the end: %d, %v", scheme, n, err)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(result))
	f.Add([]byte(`{"a":[{},[],null,1e999,"\ud800"]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := record(line, time.Unix(0, 0))
		if err == nil != (json.Valid(line) && strings.HasPrefix(strings.TrimLeft(string(line), " \t\r\n"), "{")) {
			t.Fatalf("%q: %v", line, err)
		}
		if err != nil {
			return
		}
		if _, err := proto.Marshal(r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	})
}
