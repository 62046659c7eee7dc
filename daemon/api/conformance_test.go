package api

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// serve serves h over TCP and returns what makes requests of it.
func serve(t *testing.T, h http.Handler) (url string, ask func(method, path string, header ...string) (*http.Response, string)) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL, func(method, path string, header ...string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequest(method, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(text)
	}
}

// TestAnswersOverASocketAreThoseOfTheSpecification is section 10, items 1, 4 and 6, of http-api.md.
func TestAnswersOverASocketAreThoseOfTheSpecification(t *testing.T) {
	t.Parallel()
	reloads := make(chan Reloaded, 2)
	_, ask := serve(t, New(&fake{state: StateRunning, reloaded: reloads}, options()))
	for _, c := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/healthz", 200, `{"status":"ok"}`},
		{"HEAD", "/healthz", 200, ``},
		{"GET", "/readyz", 200, `{"status":"ready","rules_loaded":true}`},
		{"POST", "/api/v1/reload", 200, `{"status":"reload_triggered"}`},
		{"PUT", "/api/v1/reload", 405, `{"error":"method not allowed"}`},
		{"GET", "/api/v1/nope", 404, `{"error":"not found"}`},
		{"POST", "/v1/logs", 503, `{"error":"event channel closed"}`},
		{"GET", "/api/v1/status/", 404, `{"error":"not found"}`},
		{"GET", "/api/v1/rules?list=%zz", 400, `{"error":"invalid query parameter","parameter":"list"}`},
		{"GET", "/api/v1/rules?list=true;x", 400, `{"error":"invalid query parameter","parameter":"list"}`},
		{"HEAD", "/api/v1/tap?stage=x", 503, ``},
	} {
		resp, got := ask(c.method, c.path)
		if resp.StatusCode != c.status || got != c.want {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, resp.StatusCode, got, c.status, c.want)
		}
		if resp.Header.Get("Content-Type") != "application/json" || resp.Header.Get("Access-Control-Allow-Origin") != "" || resp.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s %s: header %v", c.method, c.path, resp.Header)
		}
	}
	reloads <- Reloaded{Generation: 2, Detections: 1}
	if _, got := ask("POST", "/api/v1/reload?wait=true"); got != `{"status":"reload_completed","generation":2,"detection_rules":1,"correlation_rules":0}` {
		t.Errorf("a good reload: %s", got)
	}
	reloads <- Reloaded{Generation: 2, Err: fmt.Errorf("a.yml: no")}
	if resp, got := ask("POST", "/api/v1/reload?wait=true"); resp.StatusCode != 422 || got != `{"status":"reload_failed","error":"a.yml: no","generation":2}` {
		t.Errorf("a broken reload: %d %s", resp.StatusCode, got)
	}
}

func TestExamplesHaveTheKeysOfAnswers(t *testing.T) {
	t.Parallel()
	h := New(&fake{state: StateRunning, sources: &fakeSources{}, reloaded: make(chan Reloaded, 1)}, options())
	keys := func(text string) []string {
		var o map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			t.Errorf("%v: %s", err, text)
		}
		return slices.Sorted(maps.Keys(o))
	}
	checked := 0
	for _, r := range Routes() {
		if strings.Contains(" /metrics /api/v1/events /v1/logs /opentelemetry.proto.collector.logs.v1.LogsService/Export /api/v1/tap /api/v1/detections/stream ", " "+r.Pattern+" ") {
			continue // not made here
		}
		checked++
		w := do(h, r.Method, strings.ReplaceAll(r.Pattern, "{source_id}", "x"), "")
		if diff := cmp.Diff(keys(w.Body.String()), keys(replies[r.Method+" "+r.Pattern])); diff != "" || w.Code != 200 {
			t.Errorf("%s %s: %d %s", r.Method, r.Pattern, w.Code, diff)
		}
	}
	if checked < 12 {
		t.Errorf("only %d examples were checked", checked)
	}
}

func TestBodiesThatNameNoSourcesAreTold(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		"": 200, " \n": 200, "{}": 200, `{"source_ids":["x"]}`: 200,
		"null": 400, `"x"`: 400, `{"source":"x"}`: 400, `{"source_id":"x"} {}`: 400, `{"source_id":1}`: 400, "{": 400,
	} {
		f := &fakeSources{}
		w := do(New(&fake{state: StateRunning, sources: f}, options()), "POST", "/api/v1/sources/resolve", body)
		if w.Code != want || (len(f.asked) == 1) != (want == 200) {
			t.Errorf("%q: %d, want %d; asked %v", body, w.Code, want, f.asked)
		}
	}
}

func TestRefusalsAreNotCached(t *testing.T) {
	t.Parallel()
	opts := options()
	opts.Hosts = []string{}
	opts.Auth = &Auth{Tokens: []Token{{"a", []string{"rules:read"}, "s"}}}
	h := New(&fake{state: StateRunning}, opts)
	for want, header := range map[int][]string{
		401: {}, 403: {"Authorization", "Bearer s"}, 421: {"Host", "evil.example"},
	} {
		w := do(h, "GET", "/api/v1/status", "", header...)
		if w.Code != want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%d, want %d: Cache-Control is %q", w.Code, want, w.Header().Get("Cache-Control"))
		}
	}
}

func TestAnAnswerThatCannotBeFinishedIsBrokenOff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		whole   string // empty: broken off
	}{
		"a panic amid": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "half")
			http.NewResponseController(w).Flush()
			panic("boom")
		}, ""},
		"an abort":        {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ""},
		"a panic at once": {func(http.ResponseWriter, *http.Request) { panic("boom") }, `{"error":"internal error"}`},
		"no panic":        {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "half") }, "half"},
	} {
		opts := options()
		opts.Metrics = c.handler
		url, _ := serve(t, New(&fake{}, opts))
		resp, err := http.Get(url + "/metrics")
		var text []byte
		if err == nil {
			text, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if (err != nil) != (c.whole == "") || err == nil && string(text) != c.whole {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// A client library would clean the path itself.
func TestAPathIsNeitherCleanedNorRedirected(t *testing.T) {
	t.Parallel()
	url, ask := serve(t, New(&fake{state: StateRunning}, options()))
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /api/v1/../../healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	text, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 404 ") || strings.Contains(string(text), "Location") {
		t.Errorf("%v: %s", err, text)
	}
	if resp, _ := ask("GET", "/healthz"); resp.StatusCode != 200 {
		t.Errorf("then: %d", resp.StatusCode)
	}
}
