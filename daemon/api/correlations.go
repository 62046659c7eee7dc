package api

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Correlation describes a correlation rule.
type Correlation struct {
	Index     int      `json:"index"`
	ID        string   `json:"id,omitempty"`
	Name      string   `json:"name,omitempty"`
	Title     string   `json:"title"`
	Type      string   `json:"type"`
	Timespan  int64    `json:"timespan_secs"`
	GroupBy   []string `json:"group_by"`
	RuleRefs  []string `json:"rule_refs"`
	Threshold string   `json:"threshold"`
	Groups    int      `json:"active_groups"`
	Window    string   `json:"window"`
	Gap       int64    `json:"gap_secs,omitempty"`
}

// Group is one group of a correlation.
type Group struct {
	Index     int       `json:"correlation_index"`
	ID        string    `json:"correlation_id,omitempty"`
	Name      string    `json:"correlation_name,omitempty"`
	Title     string    `json:"correlation_title"`
	Type      string    `json:"type"`
	Key       []KeyPart `json:"group_key"`
	Display   string    `json:"group_key_display"`
	Got       *float64  `json:"got,omitempty"`
	Threshold string    `json:"threshold"`
	Met       bool      `json:"met"`
	Entries   uint64    `json:"entries"`
	Earliest  *int64    `json:"earliest,omitempty"`
	Latest    *int64    `json:"latest,omitempty"`
	Timespan  int64     `json:"timespan_secs"`
	Eviction  int64     `json:"seconds_to_eviction"`
	LastAlert *int64    `json:"last_alert,omitempty"`
	Suppress  *int64    `json:"suppress_secs,omitempty"`
	Remaining *int64    `json:"suppression_remaining,omitempty"`
	// Window is in the form of saved states.
	Window json.RawMessage `json:"window"`
}

// KeyPart is a part of a group key; Value is nil if the event lacked it.
type KeyPart struct {
	Field string  `json:"field"`
	Value *string `json:"value,omitempty"`
}

func (s *server) correlations(w http.ResponseWriter, r *http.Request) {
	list, err := s.backend.Correlations(r.Context())
	if err != nil {
		busy(w)
		return
	}
	answer(w, http.StatusOK, correlationList{append([]Correlation{}, list...), len(list)})
}

type correlationList struct {
	Correlations []Correlation `json:"correlations"`
	Count        int           `json:"count"`
}

type groupList struct {
	Correlations []Correlation `json:"correlations"`
	Groups       []Group       `json:"groups"`
	Count        int           `json:"count"`
}

// busy answers requests that would have had to wait for the engine for too long.
func busy(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	answer(w, http.StatusServiceUnavailable, failure{Error: "the engine does not answer", Hint: "a sink may be holding it up; see rsigma_output_queue_depth"})
}

func (s *server) correlationState(w http.ResponseWriter, r *http.Request) {
	limit, ok := number(w, r, "limit", 1000, 1, 10_000)
	if !ok {
		return
	}
	offset, ok := number(w, r, "offset", 0, 0, 1<<31-1)
	if !ok {
		return
	}
	all, err := s.backend.Correlations(r.Context())
	if err != nil {
		busy(w)
		return
	}
	out := groupList{Correlations: []Correlation{}, Groups: []Group{}}
	id, substring := r.URL.Query().Get("id"), r.URL.Query().Get("group")
	for _, c := range all {
		if id != "" && id != c.ID && id != c.Name && id != c.Title {
			continue
		}
		out.Correlations = append(out.Correlations, c)
		groups, err := s.backend.Groups(r.Context(), c.Index)
		if err != nil {
			busy(w)
			return
		}
		for _, g := range groups {
			if strings.Contains(g.Display, substring) {
				out.Groups = append(out.Groups, g)
			}
		}
	}
	from := min(offset, len(out.Groups))
	out.Groups = out.Groups[from:min(from+limit, len(out.Groups))]
	out.Count = len(out.Groups)
	answer(w, http.StatusOK, out)
}
