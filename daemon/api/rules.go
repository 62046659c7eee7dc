package api

import (
	"net/http"
	"slices"
)

// Rules is the answer of GET /api/v1/rules.
type Rules struct {
	Detections   int    `json:"detection_rules"`
	Correlations int    `json:"correlation_rules"`
	Path         string `json:"rules_path"`
	Armed        int    `json:"armed"`
	Skipped      int    `json:"skipped"`
	Failed       int    `json:"failed"`
	// List is every document.
	List []Rule `json:"rules,omitempty"`
}

// Rule is one document of the rule files.
type Rule struct {
	Kind   string  `json:"kind"`
	ID     *string `json:"id"`
	Title  string  `json:"title"`
	Level  *string `json:"level"`
	File   string  `json:"file"`
	State  string  `json:"state"`
	Reason string  `json:"reason,omitempty"`
}

// NewRule returns a Rule; empty texts are left out.
func NewRule(kind, id, title, level, file, state, reason string) Rule {
	return Rule{kind, optional(id), title, optional(level), file, state, reason}
}

func (s *server) rules(w http.ResponseWriter, r *http.Request) {
	list, ok := truth(w, r, "list")
	if !ok {
		return
	}
	state := r.URL.Query().Get("state")
	if state != "" && !slices.Contains([]string{"armed", "skipped", "failed"}, state) {
		badQuery(w, "state")
		return
	}
	out := s.backend.Rules()
	all := out.List
	out.List = nil
	if !list && state == "" {
		answer(w, http.StatusOK, out)
		return
	}
	listed := struct {
		Rules
		List []Rule `json:"rules"`
	}{out, []Rule{}}
	for _, rule := range all {
		if state == "" || rule.State == state {
			listed.List = append(listed.List, rule)
		}
	}
	answer(w, http.StatusOK, listed)
}

// Costs is the answer of GET /api/v1/rules/cost.
type Costs struct {
	Generation int        `json:"generation"`
	SampleRate float64    `json:"sample_rate"`
	WindowSecs int        `json:"window_secs"`
	Sampled    uint64     `json:"sampled_events"`
	Rules      []RuleCost `json:"rules"`
}

// RuleCost is what one rule cost.
type RuleCost struct {
	ID          *string `json:"rule_id"`
	Title       string  `json:"rule_title"`
	Engine      string  `json:"engine"`
	Evaluations uint64  `json:"evaluations"`
	Matches     uint64  `json:"matches"`
	NsPerEvent  float64 `json:"ns_per_event"`
	Share       float64 `json:"share"`
}

func (s *server) costs(w http.ResponseWriter, r *http.Request) {
	limit, ok := number(w, r, "limit", 50, 1, 1000)
	if !ok {
		return
	}
	out := s.backend.Costs()
	out.Rules = append([]RuleCost{}, out.Rules[:min(limit, len(out.Rules))]...)
	answer(w, http.StatusOK, out)
}
