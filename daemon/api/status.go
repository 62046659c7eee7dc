package api

import (
	"net/http"
	"time"
)

// The states of a daemon.
const (
	StateLoading  = "loading"
	StateRunning  = "running"
	StateDraining = "draining"
)

// Status is the answer of GET /api/v1/status.
type Status struct {
	Status             string          `json:"status"`
	DetectionRules     int             `json:"detection_rules"`
	CorrelationRules   int             `json:"correlation_rules"`
	StateEntries       int             `json:"correlation_state_entries"`
	EventsProcessed    uint64          `json:"events_processed"`
	DetectionMatches   uint64          `json:"detection_matches"`
	CorrelationMatches uint64          `json:"correlation_matches"`
	UptimeSeconds      float64         `json:"uptime_seconds"`
	RulesCompiled      int             `json:"rules_compiled"`
	RulesInterpreted   int             `json:"rules_interpreted"`
	Sources            *SourceCounters `json:"dynamic_sources,omitempty"`
	Reload             ReloadStatus    `json:"reload"`
	State              *StateStatus    `json:"state,omitempty"`   // nil without a state file
	Upgrade            *UpgradeStatus  `json:"upgrade,omitempty"` // nil unless a new program is waited for
	Version            string          `json:"version"`
	PID                int             `json:"pid,omitempty"`
}

// SourceCounters sum over the dynamic sources.
type SourceCounters struct {
	Total     int    `json:"total"`
	Resolves  uint64 `json:"resolves_total"`
	Errors    uint64 `json:"errors_total"`
	CacheHits uint64 `json:"cache_hits"`
	Stale     int    `json:"stale"`
	Pending   int    `json:"pending"`
}

// ReloadStatus tells of the last reload.
type ReloadStatus struct {
	Generation int     `json:"generation"`
	Pending    bool    `json:"pending"`
	LastResult *string `json:"last_result"`
	LastError  *string `json:"last_error"`
	FinishedAt *string `json:"last_finished_at"`
	// Changes are those of the last reload that went through.
	Changes *RuleChanges `json:"changes,omitempty"`
}

// RuleChanges count how rules differ from those before.
type RuleChanges struct {
	Unchanged int `json:"unchanged"`
	Changed   int `json:"changed"`
	Added     int `json:"added"`
	Removed   int `json:"removed"`
}

// StateStatus tells of the saved state.
type StateStatus struct {
	LastSavedAt    *string `json:"last_saved_at"`
	LastError      *string `json:"last_error"`
	SourceSequence *int64  `json:"source_sequence"`
}

// UpgradeStatus tells of the program that is waited for.
type UpgradeStatus struct {
	Watched    string  `json:"watched"`      // its path
	RuleSet    *string `json:"last_ruleset"` // digest of the rules that the last one has as code
	LastResult *string `json:"last_result"`
	LastError  *string `json:"last_error"`
	At         *string `json:"at"`

	Tried string `json:"-"` // digest of the loaded rules with which the last one was to take over
}

// What becomes of a new program.
const (
	UpgradeOther  = "other_rules"  // it has not the rules that are loaded
	UpgradeBegun  = "handing_over" // it is taking over
	UpgradeTaken  = "taken_over"   // it is the one that answers
	UpgradeFailed = "failed"       // it cannot be run, or must not, or could not take over
)

// Note fills in what has become of the program.
func (u *UpgradeStatus) Note(at time.Time, result, ruleset, failed string) {
	u.LastResult, u.RuleSet, u.LastError, u.At = &result, optional(ruleset), optional(failed), moment(at)
}

// Finished fills in how a reload ended; failed is empty if it went well.
func (r *ReloadStatus) Finished(at time.Time, failed string) {
	result := "ok"
	if failed != "" {
		result = "failed"
	}
	r.LastResult, r.LastError, r.FinishedAt = &result, optional(failed), moment(at)
}

func (s *server) status(w http.ResponseWriter, _ *http.Request) {
	st := s.backend.Status()
	st.Status, _ = s.backend.State()
	answer(w, http.StatusOK, st)
}
