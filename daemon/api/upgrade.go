package api

import (
	"errors"
	"net/http"
	"time"
)

// Errors of Options.Upgrade.
var (
	ErrUpgradePending = errors.New("an upgrade is under way")
	ErrBinary         = errors.New("this binary may not take over")
)

// Upgraded is how an upgrade has begun.
type Upgraded struct {
	Err error // nil if a new process is prepared and is given everything now
	PID int   // of the new process
}

type upgradeFailed struct {
	Status string `json:"status"`
	Error  string `json:"error"`
}

type upgradeBegun struct {
	Status string `json:"status"`
	PID    int    `json:"pid"`
}

// upgrade has another process take over. The answer tells whether there is one that can; this process must be free to end.
func (s *server) upgrade(w http.ResponseWriter, r *http.Request) {
	wait, limit, ok := waiting(w, r)
	if !ok {
		return
	}
	if state, _ := s.backend.State(); state != StateRunning {
		answer(w, http.StatusServiceUnavailable, failure{Error: state})
		return
	}
	done, err := s.Upgrade(r.URL.Query().Get("binary"))
	switch {
	case errors.Is(err, ErrBinary):
		answer(w, http.StatusForbidden, object{"error": err.Error(), "hint": "the daemon's own path, and that of --upgrade-binary, may"})
		return
	case errors.Is(err, ErrUpgradePending):
		answer(w, http.StatusTooManyRequests, object{"status": "upgrade_already_pending"})
		return
	case err != nil:
		answer(w, http.StatusUnprocessableEntity, upgradeFailed{"upgrade_failed", err.Error()})
		return
	case !wait:
		answer(w, http.StatusOK, object{"status": "upgrade_triggered"})
		return
	}
	select {
	case out := <-done:
		if out.Err != nil {
			answer(w, http.StatusUnprocessableEntity, upgradeFailed{"upgrade_failed", out.Err.Error()})
			return
		}
		answer(w, http.StatusOK, upgradeBegun{"handing_over", out.PID})
	case <-time.After(limit):
		answer(w, http.StatusGatewayTimeout, object{"status": "upgrade_pending"})
	case <-r.Context().Done():
	}
}
