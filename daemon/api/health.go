package api

import "net/http"

func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, object{"status": "ok"})
}

type readiness struct {
	Status string `json:"status"`
	Loaded bool   `json:"rules_loaded"`
}

func (s *server) readyz(w http.ResponseWriter, _ *http.Request) {
	state, loaded := s.backend.State()
	if state == StateRunning {
		answer(w, http.StatusOK, readiness{"ready", true})
		return
	}
	answer(w, http.StatusServiceUnavailable, readiness{"not_ready", loaded})
}

func (s *server) metrics(w http.ResponseWriter, r *http.Request) { s.Metrics.ServeHTTP(w, r) }

func (s *server) events(w http.ResponseWriter, r *http.Request) {
	if s.Events == nil {
		answer(w, http.StatusNotFound, failure{Error: "event ingestion not enabled (start with --input http)"})
		return
	}
	s.Events.ServeHTTP(w, r)
}

func (s *server) otlp(w http.ResponseWriter, r *http.Request) {
	if s.OTLP == nil {
		answer(w, http.StatusServiceUnavailable, failure{Error: "event channel closed"})
		return
	}
	s.OTLP.ServeHTTP(w, r)
}
