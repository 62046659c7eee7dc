package api

import (
	"net/http"
	"time"
)

// Reloaded is how a reload ended.
type Reloaded struct {
	Err                      error
	Generation               int
	Detections, Correlations int
}

type reloadDone struct {
	Status       string `json:"status"`
	Generation   int    `json:"generation"`
	Detections   int    `json:"detection_rules"`
	Correlations int    `json:"correlation_rules"`
}

type reloadFailed struct {
	Status     string `json:"status"`
	Error      string `json:"error"`
	Generation int    `json:"generation"`
}

func (s *server) reload(w http.ResponseWriter, r *http.Request) {
	wait, limit, ok := waiting(w, r)
	if !ok {
		return
	}
	if state, _ := s.backend.State(); state == StateDraining {
		answer(w, http.StatusServiceUnavailable, failure{Error: "shutting down"})
		return
	}
	done, ok := s.backend.Reload()
	switch {
	case !ok:
		answer(w, http.StatusTooManyRequests, object{"status": "reload_already_pending"})
		return
	case !wait:
		answer(w, http.StatusOK, object{"status": "reload_triggered"})
		return
	}
	select {
	case out := <-done:
		if out.Err != nil {
			answer(w, http.StatusUnprocessableEntity, reloadFailed{"reload_failed", out.Err.Error(), out.Generation})
			return
		}
		answer(w, http.StatusOK, reloadDone{"reload_completed", out.Generation, out.Detections, out.Correlations})
	case <-time.After(limit):
		answer(w, http.StatusGatewayTimeout, object{"status": "reload_pending"})
	case <-r.Context().Done():
	}
}
