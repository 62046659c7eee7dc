package api

import (
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// guard refuses what a browser does on behalf of a foreign page.
//
// Source: reliability.md T14.
func (s *server) guard(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.Hosts != nil && !s.knownHost(r.Host):
			answer(w, http.StatusMisdirectedRequest, failure{Error: "unknown host", Hint: "start the daemon with --api-host NAME to allow it"})
		case crossOrigin.Check(r) != nil:
			answer(w, http.StatusForbidden, failure{Error: "cross-origin request refused"})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// knownHost reports whether host is a loopback name or among the allowed ones. A request without one, over HTTP/1.0, is not from a
// browser.
func (s *server) knownHost(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if ip := net.ParseIP(name); ip != nil && ip.IsLoopback() {
		return true
	}
	return name == "" || name == "localhost" || slices.Contains(s.Hosts, name)
}

// recovered answers requests whose handler panics; the daemon goes on.
func (s *server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil || v == http.ErrAbortHandler {
				return
			}
			s.Log.Error("A request handler panicked", "path", r.URL.Path, "value", v, "stack", string(debug.Stack()))
			answer(w, http.StatusInternalServerError, failure{Error: "internal error"})
		}()
		next.ServeHTTP(w, r)
	})
}

// accessLog logs requests at level DEBUG.
func (s *server) accessLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.Access.Enabled(r.Context(), slog.LevelDebug) {
			next.ServeHTTP(w, r)
			return
		}
		start := time.Now()
		s.Access.Debug("started processing request", "method", r.Method, "uri", r.URL.Path)
		rec := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		s.Access.Debug("finished processing request", "method", r.Method, "uri", r.URL.Path, "status", rec.status,
			"latency", time.Since(start).String())
	})
}

// statusRecorder notes the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
