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
		if strings.HasPrefix(r.URL.Path, "/api/v1/") {
			w.Header().Set("Cache-Control", "no-store") // refusals included
		}
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

// recovered answers requests whose handler panics; the daemon goes on. An answer that has begun cannot be taken back: it is broken off,
// so that the client does not take half of it for the whole.
func (s *server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &statusRecorder{ResponseWriter: w}
		defer func() {
			v := recover()
			switch v {
			case nil:
				return
			case http.ErrAbortHandler:
				panic(v)
			}
			s.Log.Error("A request handler panicked", "path", r.URL.Path, "value", v, "stack", string(debug.Stack()))
			if rec.status != 0 {
				panic(http.ErrAbortHandler)
			}
			answer(w, http.StatusInternalServerError, failure{Error: "internal error"})
		}()
		next.ServeHTTP(rec, r)
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
		rec := &statusRecorder{ResponseWriter: w}
		defer func() { // also if the answer is broken off
			s.Access.Debug("finished processing request", "method", r.Method, "uri", r.URL.Path, "status", rec.status,
				"latency", time.Since(start).String())
		}()
		next.ServeHTTP(rec, r)
	})
}

// statusRecorder notes the status of an answer; it is 0 until the answer begins.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 { // 1xx come before the answer
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *statusRecorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
