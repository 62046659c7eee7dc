package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a daemon without an engine.
type fake struct {
	state    string
	reloaded chan Reloaded // nil: the queue is full
	sources  Sources
	groups   error
}

func (f *fake) State() (string, bool) { return f.state, f.state != StateLoading }
func (f *fake) Status() Status {
	s := Status{DetectionRules: 41, CorrelationRules: 3, EventsProcessed: 7, Version: "v1"}
	s.Reload.Generation = 1
	return s
}
func (f *fake) Rules() Rules {
	return Rules{Detections: 2, Correlations: 1, Path: "/rules", Armed: 3, Skipped: 1, Failed: 1, List: []Rule{
		NewRule("detection", "a", "evil \x1b[31m\n\u202e", "high", "a.yml", "armed", ""),
		NewRule("detection", "", "b", "", "b.yml", "failed", "unknown-modifier"),
	}}
}
func (f *fake) Costs() Costs {
	return Costs{Generation: 1, WindowSecs: 300, Rules: []RuleCost{{Title: "a"}, {Title: "b"}}}
}
func (f *fake) Reload() (<-chan Reloaded, bool) { return f.reloaded, f.reloaded != nil }
func (f *fake) Correlations(context.Context) ([]Correlation, error) {
	return []Correlation{{Title: "one", ID: "c1"}, {Index: 1, Title: "two"}}, f.groups
}
func (f *fake) Groups(_ context.Context, rule int) ([]Group, error) {
	return []Group{{Index: rule, Display: fmt.Sprintf("User=u%d", rule)}, {Index: rule, Display: "User=x"}}, f.groups
}
func (f *fake) Sources() Sources { return f.sources }

// fakeSources are two sources.
type fakeSources struct {
	asked   [][]string
	full    bool
	results chan []Resolution
}

func (f *fakeSources) List() []Source { return []Source{{ID: "x", Type: "File"}, {ID: "y"}} }
func (f *fakeSources) Resolve(ids []string) (<-chan []Resolution, bool) {
	f.asked = append(f.asked, ids)
	return f.results, !f.full
}
func (f *fakeSources) Invalidate(string) {}

// upgrade takes the name of the binary for the outcome.
func upgrade(binary string) (<-chan Upgraded, error) {
	done := make(chan Upgraded, 1)
	switch binary {
	case "/evil":
		return nil, ErrBinary
	case "/busy":
		return nil, ErrUpgradePending
	case "/one":
		return nil, errors.New("process 1")
	case "/broken":
		done <- Upgraded{Err: errors.New("exit status 3")}
	default:
		done <- Upgraded{PID: 12}
	}
	return done, nil
}

func options() Options {
	log := slog.New(slog.DiscardHandler)
	return Options{Upgrade: upgrade, Log: log, Access: log, Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "metrics") })}
}

// do makes a request of a handler; body may be empty.
func do(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "localhost:9090"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if h := r.Header.Get("Host"); h != "" {
		r.Host = h
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnswersAreThoseOfTheSpecification(t *testing.T) {
	t.Parallel()
	running := func() *fake { return &fake{state: StateRunning} }
	finished := func(r Reloaded) *fake {
		f := running()
		f.reloaded = make(chan Reloaded, 1)
		f.reloaded <- r
		return f
	}
	with := func(s *fakeSources) *fake { f := running(); f.sources = s; return f }
	done := make(chan []Resolution, 1)
	done <- []Resolution{{ID: "x", OK: true, DurationMS: 12, Changed: true}}
	for _, c := range []struct {
		name           string
		backend        *fake
		method, target string
		body           string
		status         int
		want           string
	}{
		{"alive", running(), "GET", "/healthz", "", 200, `{"status":"ok"}`},
		{"ready", running(), "GET", "/readyz", "", 200, `{"status":"ready","rules_loaded":true}`},
		{"loading", &fake{state: StateLoading}, "GET", "/readyz", "", 503, `{"status":"not_ready","rules_loaded":false}`},
		{"draining", &fake{state: StateDraining}, "GET", "/readyz", "", 503, `{"status":"not_ready","rules_loaded":true}`},
		{"alive while loading", &fake{state: StateLoading}, "GET", "/healthz", "", 200, `{"status":"ok"}`},
		{"metrics", running(), "GET", "/metrics", "", 200, `metrics`},
		{"status", running(), "GET", "/api/v1/status", "", 200, `{"status":"running","detection_rules":41,"correlation_rules":3,"correlation_state_entries":0,"events_processed":7,"detection_matches":0,"correlation_matches":0,"uptime_seconds":0,"rules_compiled":0,"rules_interpreted":0,"reload":{"generation":1,"pending":false,"last_result":null,"last_error":null,"last_finished_at":null},"version":"v1"}`},
		{"rules", running(), "GET", "/api/v1/rules", "", 200, `{"detection_rules":2,"correlation_rules":1,"rules_path":"/rules","armed":3,"skipped":1,"failed":1}`},
		{"failed rules", running(), "GET", "/api/v1/rules?state=failed", "", 200, `{"detection_rules":2,"correlation_rules":1,"rules_path":"/rules","armed":3,"skipped":1,"failed":1,"rules":[{"kind":"detection","id":null,"title":"b","level":null,"file":"b.yml","state":"failed","reason":"unknown-modifier"}]}`},
		{"no skipped rules", running(), "GET", "/api/v1/rules?state=skipped", "", 200, `{"detection_rules":2,"correlation_rules":1,"rules_path":"/rules","armed":3,"skipped":1,"failed":1,"rules":[]}`},
		{"an unknown state", running(), "GET", "/api/v1/rules?state=x", "", 400, `{"error":"invalid query parameter","parameter":"state"}`},
		{"the dearest rule", running(), "GET", "/api/v1/rules/cost?limit=1", "", 200, `{"generation":1,"sample_rate":0,"window_secs":300,"sampled_events":0,"rules":[{"rule_id":null,"rule_title":"a","engine":"","evaluations":0,"matches":0,"ns_per_event":0,"share":0}]}`},
		{"a bad limit", running(), "GET", "/api/v1/rules/cost?limit=x", "", 400, `{"error":"invalid query parameter","parameter":"limit"}`},
		{"upgrade", running(), "POST", "/api/v1/upgrade", "", 200, `{"status":"upgrade_triggered"}`},
		{"upgrade and wait", running(), "POST", "/api/v1/upgrade?wait=true", "", 200, `{"status":"handing_over","pid":12}`},
		{"an upgrade that fails", running(), "POST", "/api/v1/upgrade?wait=true&binary=/broken", "", 422, `{"status":"upgrade_failed","error":"exit status 3"}`},
		{"an upgrade that cannot be", running(), "POST", "/api/v1/upgrade?binary=/one", "", 422, `{"status":"upgrade_failed","error":"process 1"}`},
		{"an upgrade to anything", running(), "POST", "/api/v1/upgrade?binary=/evil", "", 403, `{"error":"this binary may not take over","hint":"the daemon's own path, and that of --upgrade-binary, may"}`},
		{"two upgrades", running(), "POST", "/api/v1/upgrade?binary=/busy", "", 429, `{"status":"upgrade_already_pending"}`},
		{"upgrade while draining", &fake{state: StateDraining}, "POST", "/api/v1/upgrade", "", 503, `{"error":"draining"}`},
		{"reload", finished(Reloaded{}), "POST", "/api/v1/reload", "ignored", 200, `{"status":"reload_triggered"}`},
		{"reload, too many", running(), "POST", "/api/v1/reload", "", 429, `{"status":"reload_already_pending"}`},
		{"reload while draining", &fake{state: StateDraining}, "POST", "/api/v1/reload", "", 503, `{"error":"shutting down"}`},
		{"reload and wait", finished(Reloaded{Generation: 3, Detections: 5, Correlations: 1}), "POST", "/api/v1/reload?wait=true", "", 200, `{"status":"reload_completed","generation":3,"detection_rules":5,"correlation_rules":1}`},
		{"a failed reload", finished(Reloaded{Err: errors.New("a.yml:1: no"), Generation: 2}), "POST", "/api/v1/reload?wait=1", "", 422, `{"status":"reload_failed","error":"a.yml:1: no","generation":2}`},
		{"a slow reload", &fake{state: StateRunning, reloaded: make(chan Reloaded)}, "POST", "/api/v1/reload?wait=true&timeout=1", "", 504, `{"status":"reload_pending"}`},
		{"a bad wait", running(), "POST", "/api/v1/reload?wait=maybe", "", 400, `{"error":"invalid query parameter","parameter":"wait"}`},
		{"a body nobody expects", running(), "POST", "/api/v1/reload", strings.Repeat("x", 70_000), 413, `{"error":"request body exceeds maximum size","max_bytes":65536}`},
		{"events without the input", running(), "POST", "/api/v1/events", "{}", 404, `{"error":"event ingestion not enabled (start with --input http)"}`},
		{"no sources", running(), "GET", "/api/v1/sources", "", 200, `{"sources":[]}`},
		{"resolve without sources", running(), "POST", "/api/v1/sources/resolve", "", 404, `{"error":"no dynamic sources configured"}`},
		{"resolve one without sources", running(), "POST", "/api/v1/sources/resolve/x", "", 404, `{"error":"no dynamic sources configured"}`},
		{"invalidate without sources", running(), "DELETE", "/api/v1/sources/cache/x", "", 404, `{"error":"no dynamic sources configured"}`},
		{"resolve all", with(&fakeSources{}), "POST", "/api/v1/sources/resolve", "", 200, `{"status":"resolve_triggered"}`},
		{"resolve all, an empty object", with(&fakeSources{}), "POST", "/api/v1/sources/resolve", "{}", 200, `{"status":"resolve_triggered"}`},
		{"resolve one in the body", with(&fakeSources{}), "POST", "/api/v1/sources/resolve", `{"source_id":"x"}`, 200, `{"status":"resolve_triggered","source_id":"x"}`},
		{"resolve some", with(&fakeSources{}), "POST", "/api/v1/sources/resolve", `{"source_ids":["x","y"]}`, 200, `{"status":"resolve_triggered"}`},
		{"resolve one in the path", with(&fakeSources{}), "POST", "/api/v1/sources/resolve/x", "", 200, `{"status":"resolve_triggered","source_id":"x"}`},
		{"resolve an unknown one", with(&fakeSources{}), "POST", "/api/v1/sources/resolve/z", "", 404, `{"error":"unknown source","source_id":"z"}`},
		{"resolve nonsense", with(&fakeSources{}), "POST", "/api/v1/sources/resolve", `["x"]`, 400, `{"error":"invalid request body"}`},
		{"resolve, too many", with(&fakeSources{full: true}), "POST", "/api/v1/sources/resolve", "", 429, `{"status":"resolve_already_pending"}`},
		{"resolve and wait", with(&fakeSources{results: done}), "POST", "/api/v1/sources/resolve?wait=true", "", 200, `{"status":"resolved","changed":true,"results":[{"source_id":"x","ok":true,"from_cache":false,"duration_ms":12,"error":null}]}`},
		{"invalidate any id", with(&fakeSources{}), "DELETE", "/api/v1/sources/cache/zz", "", 200, `{"status":"invalidated","source_id":"zz"}`},
		{"an unknown path", running(), "GET", "/api/v1/nope", "", 404, `{"error":"not found"}`},
		{"a trailing slash", running(), "GET", "/healthz/", "", 404, `{"error":"not found"}`},
		{"a path to clean", running(), "GET", "//healthz", "", 404, `{"error":"not found"}`},
		{"a wrong method", running(), "PUT", "/api/v1/reload", "", 405, `{"error":"method not allowed"}`},
		{"tail, not enabled", running(), "GET", "/api/v1/detections/stream", "", 503, `{"error":"detection tail disabled","hint":"restart the daemon with --enable-tail"}`},
		{"tap, not enabled", running(), "GET", "/api/v1/tap", "", 503, `{"error":"event tap disabled","hint":"restart the daemon with --enable-tap"}`},
		{"a busy engine", &fake{state: StateRunning, groups: context.DeadlineExceeded}, "GET", "/api/v1/correlations", "", 503, `{"error":"the engine does not answer","hint":"a sink may be holding it up; see rsigma_output_queue_depth"}`},
	} {
		w := do(New(c.backend, options()), c.method, c.target, c.body)
		if w.Code != c.status || w.Body.String() != c.want {
			t.Errorf("%s: %d %s\nwant %d %s", c.name, w.Code, w.Body, c.status, c.want)
		}
		if strings.HasPrefix(c.target, "/api/v1/") && w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: may be cached", c.name)
		}
	}
	if w := do(New(running(), options()), "PUT", "/healthz", ""); w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("Allow is %q", w.Header().Get("Allow"))
	}
	if w := do(New(running(), options()), "HEAD", "/healthz", ""); w.Code != 200 {
		t.Errorf("HEAD gives %d", w.Code)
	}
}

func TestEvilTitlesStayOneJSONObject(t *testing.T) {
	t.Parallel()
	w := do(New(&fake{state: StateRunning}, options()), "GET", "/api/v1/rules?list=true", "")
	var out Rules
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || out.List[0].Title != "evil \x1b[31m\n\u202e" || bytes.ContainsAny(w.Body.Bytes(), "\x1b\n") {
		t.Errorf("%v: %q", err, w.Body)
	}
}

func TestGroupsAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	h := New(&fake{state: StateRunning}, options())
	for target, want := range map[string][]string{
		"":                  {"User=u0", "User=x", "User=u1", "User=x"},
		"?id=c1":            {"User=u0", "User=x"},
		"?id=two&group=u":   {"User=u1"},
		"?limit=1&offset=2": {"User=u1"},
		"?offset=9":         nil,
	} {
		w := do(h, "GET", "/api/v1/correlations/state"+target, "")
		var out struct {
			Groups []Group
			Count  int
		}
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range out.Groups {
			got = append(got, g.Display)
		}
		if diff := cmp.Diff(want, got); diff != "" || out.Count != len(want) {
			t.Errorf("%s: %s", target, diff)
		}
	}
}

// TestEveryRouteAsksForItsPermission runs the table of routes against every kind of token.
func TestEveryRouteAsksForItsPermission(t *testing.T) {
	t.Parallel()
	opts := options()
	failures := map[string]int{}
	var mu sync.Mutex
	opts.Hooks.AuthFailure = func(reason string) { mu.Lock(); failures[reason]++; mu.Unlock() }
	opts.Auth = &Auth{Anonymous: []string{"metrics:read"}}
	for name, permissions := range roles {
		opts.Auth.Tokens = append(opts.Auth.Tokens, Token{name, permissions, "secret-" + name})
	}
	if err := opts.Auth.Validate(); err != nil {
		t.Fatal(err)
	}
	h := New(&fake{state: StateRunning}, opts)
	may := func(role, permission string) bool {
		resource, action, _ := strings.Cut(permission, ":")
		switch role {
		case "admin":
			return true
		case "reader":
			return action == "read"
		case "operator":
			return action == "read" || resource == "sources" && action == "write"
		case "ingest":
			return permission == "events:ingest"
		}
		return false
	}
	cases := 0
	for _, r := range append(Routes(), Route{Method: "GET", Pattern: "/api/v1/nope", Permission: "?"}) {
		target := strings.ReplaceAll(r.Pattern, "{source_id}", "x")
		check := func(token string, want int, header ...string) {
			t.Helper()
			cases++
			w := do(h, r.Method, target, "", header...)
			if got := w.Code; want != 0 && got != want || want == 0 && (got == 401 || got == 403) {
				t.Errorf("%s %s with %s: %d, want %d", r.Method, target, token, got, want)
			}
		}
		anonymous := 401
		if r.Permission == "" || r.Permission == "metrics:read" {
			anonymous = 0
		}
		wrong := 401
		if r.Permission == "" {
			wrong = 0
		}
		check("no token", anonymous)
		check("a wrong token", wrong, "Authorization", "Bearer nonsense")
		check("another scheme", wrong, "Authorization", "Basic secret-admin")
		for role := range roles {
			want := 403
			if r.Permission == "" || may(role, r.Permission) {
				want = 0
			}
			check(role, want, "Authorization", "bEARER secret-"+role)
		}
	}
	if cases < 100 {
		t.Errorf("only %d cases", cases)
	}
	if failures["unauthorized"] == 0 || failures["forbidden"] == 0 {
		t.Errorf("counted %v", failures)
	}
	t.Logf("%d cases", cases)
	w := do(h, "GET", "/api/v1/status", "", "Authorization", "Bearer secret-ingest")
	if w.Body.String() != `{"error":"token lacks required permission 'status:read'"}` {
		t.Errorf("got %s", w.Body)
	}
	if w := do(h, "GET", "/api/v1/status", ""); w.Body.String() != `{"error":"missing or invalid bearer token"}` || w.Header().Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("got %s", w.Body)
	}
}

func TestTokensThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]Auth{
		"no secret":          {Tokens: []Token{{"a", []string{"*"}, ""}}},
		"no name":            {Tokens: []Token{{"", []string{"*"}, "s"}}},
		"no permissions":     {Tokens: []Token{{"a", nil, "s"}}},
		"equal names":        {Tokens: []Token{{"a", []string{"*"}, "s"}, {"a", []string{"*"}, "t"}}},
		"equal secrets":      {Tokens: []Token{{"a", []string{"*"}, "s"}, {"b", []string{"*"}, "s"}}},
		"a bad permission":   {Tokens: []Token{{"a", []string{"rules"}, "s"}}},
		"a bad anonymous":    {Anonymous: []string{"Rules:Read"}},
		"a trailing newline": {Anonymous: []string{"rules:read\n"}},
	} {
		if a.Validate() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestForeignPagesAndHostsAreRefused(t *testing.T) {
	t.Parallel()
	opts := options()
	opts.Hosts = []string{"detect.internal"}
	h := New(&fake{state: StateRunning, reloaded: make(chan Reloaded, 1)}, opts)
	for _, c := range []struct {
		host, origin string
		want         int
	}{
		{"localhost:9090", "", 200}, {"127.0.0.1", "", 200}, {"[::1]:9090", "", 200}, {"127.8.9.1:1", "", 200}, {"LOCALHOST.", "", 200},
		{"detect.internal:9090", "", 200}, {"evil.example", "", 421}, {"localhost.evil.example:9090", "", 421}, {"10.0.0.1:9090", "", 421},
		{"localhost:9090", "http://evil.example", 403}, {"localhost:9090", "http://localhost:9090", 200}, {"localhost:9090", "null", 403},
	} {
		header := []string{"Host", c.host, "Content-Type", "application/x-www-form-urlencoded"}
		if c.origin != "" {
			header = append(header, "Origin", c.origin)
		}
		if w := do(h, "POST", "/api/v1/reload", "", header...); w.Code != c.want {
			t.Errorf("host %q, origin %q: %d, want %d", c.host, c.origin, w.Code, c.want)
		}
		if w := do(h, "GET", "/healthz", "", header...); c.want == 200 && w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Error("a CORS header")
		}
	}
}

func TestAHandlerThatPanicsIsAnswered(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	opts := options()
	opts.Log = slog.New(slog.NewTextHandler(&log, nil))
	opts.Metrics = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })
	w := do(New(&fake{}, opts), "GET", "/metrics", "")
	if w.Code != 500 || w.Body.String() != `{"error":"internal error"}` || !strings.Contains(log.String(), "boom") {
		t.Errorf("%d %s, log %s", w.Code, w.Body, log.String())
	}
}

func TestTheAccessLogHidesTheQuery(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	opts := options()
	opts.Access = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	do(New(&fake{}, opts), "GET", "/api/v1/nope?token=secret", "")
	if s := log.String(); !strings.Contains(s, "finished processing request") || !strings.Contains(s, "status=404") || strings.Contains(s, "secret") {
		t.Errorf("log %s", s)
	}
}

// stream opens a live stream over a real connection and returns its lines.
func stream(t *testing.T, h http.Handler, target string) (lines chan string, status int) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	client := srv.Client()
	resp, err := client.Get(srv.URL + target)
	if err != nil {
		t.Fatal(err)
	}
	lines = make(chan string, 100)
	go func() {
		defer close(lines)
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		for l := range strings.Lines(string(text)) {
			lines <- strings.TrimSuffix(l, "\n")
		}
	}()
	return lines, resp.StatusCode
}

func result(title, id, level string) flow.Result {
	return flow.Result{JSON: fmt.Appendf(nil, `{"rule_title":%q}`, title), Title: title, ID: id, Level: level}
}

func TestATailShowsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	opts := options()
	opts.Tail = live.NewHub[*flow.Unit](2, 100)
	h := New(&fake{state: StateRunning}, opts)
	lines, status := stream(t, h, "/api/v1/detections/stream?level=medium&rule=NET")
	if status != 200 {
		t.Fatal(status)
	}
	opts.Tail.Publish(&flow.Unit{Results: []flow.Result{
		result("Net use", "1", "high"), result("Other", "network-2", "critical"), result("Net view", "3", "low"), result("Net x", "4", ""), result("Odd", "5", "high"),
	}})
	opts.Tail.Close()
	var got []string
	for l := range lines {
		got = append(got, l)
	}
	want := []string{`{"rule_title":"Net use"}`, `{"rule_title":"Other"}`, `{"rsigma_tail_summary":{"streamed":2,"dropped":0}}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if w := do(h, "GET", "/api/v1/detections/stream", ""); w.Code != 409 || !strings.Contains(w.Body.String(), `"tail session capacity reached"`) {
		t.Errorf("after the end: %d %s", w.Code, w.Body)
	}
	for _, q := range []string{"level=loud", "limit=0", "limit=x", "duration=soon", "duration=-1s"} {
		if w := do(h, "GET", "/api/v1/detections/stream?"+q, ""); w.Code != 400 {
			t.Errorf("%s: %d", q, w.Code)
		}
	}
}

func TestATapShowsEventsAndHidesWhatIsRedacted(t *testing.T) {
	t.Parallel()
	opts := options()
	opts.Tap = live.NewHub[Tapped](2, 100)
	h := New(&fake{state: StateRunning}, opts)
	event := func() Tapped {
		return Tapped{Raw: []byte(`not "json`), JSON: []byte(`{"u":{"name":"bo"},"l":[{"ip":"1"},{"ip":"2"}],"n":12345678901234567890}`)}
	}
	lines, _ := stream(t, h, "/api/v1/tap?limit=2&redact=u.name,l.ip,absent.x")
	opts.Tap.Publish(event())
	opts.Tap.Publish(event())
	first, second, summary := <-lines, <-lines, <-lines
	if first != second || strings.Contains(first, `"bo"`) || strings.Count(first, "rsigma:redacted:") != 3 || !strings.Contains(first, "12345678901234567890") {
		t.Errorf("got %s and %s", first, second)
	}
	if !strings.HasPrefix(summary, `{"rsigma_tap_summary":{"captured":2,"dropped":0,"duration_ms":`) || !strings.HasSuffix(summary, `,"stage":"decoded"}}`) {
		t.Errorf("summary %s", summary)
	}
	raw, _ := stream(t, h, "/api/v1/tap?stage=raw&limit=1")
	opts.Tap.Publish(event())
	if got := <-raw; got != `"not \"json"` {
		t.Errorf("raw %s", got)
	}
	other, _ := stream(t, h, "/api/v1/tap?limit=1&redact=u.name,l.ip")
	opts.Tap.Publish(event())
	if got := <-other; got == first {
		t.Error("another session has the same tokens")
	}
	for _, q := range []string{"duration=6m", "stage=x", "stage=raw&redact=a", "redact=a..b", "limit=-1"} {
		if w := do(h, "GET", "/api/v1/tap?"+q, ""); w.Code != 400 {
			t.Errorf("%s: %d", q, w.Code)
		}
	}
}

func TestAStreamEndsWithItsTime(t *testing.T) {
	t.Parallel()
	opts := options()
	opts.Tail = live.NewHub[*flow.Unit](1, 1)
	start := time.Now()
	lines, _ := stream(t, New(&fake{state: StateRunning}, opts), "/api/v1/detections/stream?duration=50ms")
	if got := <-lines; got != `{"rsigma_tail_summary":{"streamed":0,"dropped":0}}` || time.Since(start) > 10*time.Second {
		t.Errorf("got %s", got)
	}
}

func TestTheReferencePageNamesEveryRoute(t *testing.T) {
	t.Parallel()
	page := string(AppendMarkdown(nil))
	if len(replies) != len(routes) {
		t.Errorf("%d examples for %d routes", len(replies), len(routes))
	}
	for _, r := range Routes() {
		if !strings.Contains(page, "| `"+r.Method+" "+r.Pattern+"` |") {
			t.Errorf("%s %s is missing", r.Method, r.Pattern)
		}
		if replies[r.Method+" "+r.Pattern] == "" {
			t.Errorf("%s %s has no example", r.Method, r.Pattern)
		}
	}
}
