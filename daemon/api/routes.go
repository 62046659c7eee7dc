package api

import (
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Route is one row of the table of routes: the mux, permissions and the reference page are made of it.
type Route struct {
	Method, Pattern string
	Permission      string // empty: open to all
	Doc             string
	handle          func(*server, http.ResponseWriter, *http.Request)
	body            bool // the handler reads the body itself
}

// Routes returns the table of routes.
func Routes() []Route { return slices.Clone(routes) }

var routes = []Route{
	{"GET", "/healthz", "", "Liveness: 200 as long as the process listens.", (*server).healthz, false},
	{"GET", "/readyz", "", "Readiness: 200 once rules are loaded and inputs and sinks are open, 503 before that and during shutdown.", (*server).readyz, false},
	{"GET", "/metrics", "metrics:read", "Prometheus metrics, text format 0.0.4.", (*server).metrics, false},
	{"GET", "/api/v1/status", "status:read", "Counters, rules, the last reload.", (*server).status, false},
	{"GET", "/api/v1/rules", "rules:read", "How many rules are armed, skipped and failed; `?list=true` and `?state=armed|skipped|failed` list them.", (*server).rules, false},
	{"GET", "/api/v1/rules/cost", "rules:read", "What rules cost on sampled events, dearest first; `?limit=N`.", (*server).costs, false},
	{"POST", "/api/v1/reload", "reload:execute", "Read rules and pipelines anew; `?wait=true` and `?timeout=SECONDS` wait for the end.", (*server).reload, false},
	{"POST", "/api/v1/upgrade", "upgrade:execute", "Have a new process take over, without a gap; `?wait=true` and `?timeout=SECONDS` wait until it can; `?binary=PATH` names one of those that may.", (*server).upgrade, false},
	{"POST", "/api/v1/events", "events:ingest", "Events, one a line, with `--input http`; gzip is understood; `?sync=true` waits until they are committed, and with `Idempotency-Key` may be repeated.", (*server).events, true},
	{"POST", "/v1/logs", "events:ingest", "OpenTelemetry logs, protobuf or JSON, with gzip.", (*server).otlp, true},
	{"POST", "/opentelemetry.proto.collector.logs.v1.LogsService/Export", "events:ingest", "OpenTelemetry logs over gRPC.", (*server).otlp, true},
	{"GET", "/api/v1/sources", "sources:read", "Dynamic sources and their state.", (*server).sources, false},
	{"POST", "/api/v1/sources/resolve", "sources:write", "Read all sources anew, or those in the body: `{\"source_id\":\"x\"}`, `{\"source_ids\":[…]}`; `?wait=true`.", (*server).resolve, true},
	{"POST", "/api/v1/sources/resolve/{source_id}", "sources:write", "Read one source anew.", (*server).resolveOne, false},
	{"DELETE", "/api/v1/sources/cache/{source_id}", "sources:write", "Forget the kept value of a source.", (*server).invalidate, false},
	{"GET", "/api/v1/correlations", "correlations:read", "Correlation rules and their groups.", (*server).correlations, false},
	{"GET", "/api/v1/correlations/state", "correlations:read", "Groups; `?id=`, `?group=`, `?limit=`, `?offset=`.", (*server).correlationState, false},
	{"GET", "/api/v1/tap", "tap:read", "Events as the workers take them, not always in order, with `--enable-tap`; `?duration=`, `?limit=`, `?stage=decoded|raw`, `?redact=`.", (*server).tap, false},
	{"GET", "/api/v1/detections/stream", "detections:read", "Results as they come, with `--enable-tail`; `?duration=`, `?limit=`, `?level=`, `?rule=`.", (*server).tail, false},
}

// router finds the route of a request. Unlike a bare ServeMux it answers in JSON and never redirects.
type router struct {
	s      *server
	mux    *http.ServeMux
	routes map[string]*Route // by pattern of the mux
}

func newRouter(s *server) *router {
	rt := &router{s, http.NewServeMux(), map[string]*Route{}}
	for i := range routes {
		pattern := routes[i].Method + " " + routes[i].Pattern
		rt.routes[pattern] = &routes[i]
		rt.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { routes[i].handle(s, w, r) })
	}
	rt.mux.HandleFunc("/", unknown)
	return rt
}

// route returns the route of r, nil if there is none.
func (rt *router) route(r *http.Request) *Route {
	if path.Clean(r.URL.Path) != r.URL.Path {
		return nil
	}
	_, pattern := rt.mux.Handler(r)
	return rt.routes[pattern]
}

// maxIgnored is how much of a body that nobody expects is read.
const maxIgnored = 64 << 10

// ServeHTTP implements http.Handler.
func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route := rt.route(r)
	if route == nil {
		unknown(w, r)
		return
	}
	if name, bad := malformed(r.URL.RawQuery); bad {
		badQuery(w, name)
		return
	}
	if !route.body && !readIgnored(w, r) {
		return
	}
	rt.mux.ServeHTTP(w, r)
}

// malformed returns the name of the first parameter that cannot be decoded. url.Values would leave it out, as if it had not been given.
func malformed(query string) (name string, bad bool) {
	for pair := range strings.SplitSeq(query, "&") {
		if _, err := url.ParseQuery(pair); err != nil {
			name, _, _ = strings.Cut(pair, "=")
			return name, true
		}
	}
	return "", false
}

// readIgnored reads a body that nobody expects, up to its limit.
func readIgnored(w http.ResponseWriter, r *http.Request) bool {
	n, err := io.Copy(io.Discard, io.LimitReader(r.Body, maxIgnored+1))
	switch {
	case n > maxIgnored:
		answer(w, http.StatusRequestEntityTooLarge, object{"error": "request body exceeds maximum size", "max_bytes": maxIgnored})
		return false
	case err != nil:
		answer(w, http.StatusBadRequest, object{"error": "failed to read request body"})
		return false
	}
	return true
}

// unknown answers requests that no route is for.
func unknown(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for i := range routes {
		if !samePath(routes[i].Pattern, r.URL.Path) {
			continue
		}
		allowed = append(allowed, routes[i].Method)
		if routes[i].Method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	if allowed == nil {
		answer(w, http.StatusNotFound, object{"error": "not found"})
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	answer(w, http.StatusMethodNotAllowed, object{"error": "method not allowed"})
}

// samePath reports whether path is what pattern describes.
func samePath(pattern, path string) bool {
	ps, xs := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(ps) != len(xs) {
		return false
	}
	for i, p := range ps {
		if p != xs[i] && (!strings.HasPrefix(p, "{") || xs[i] == "") {
			return false
		}
	}
	return true
}
