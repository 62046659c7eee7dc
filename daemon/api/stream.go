package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/live"
)

// streaming is the part that tap and tail have in common: how long and how much.
type streaming struct {
	limit int
	until <-chan time.Time // nil is never
	start time.Time
	sent  int
	w     http.ResponseWriter
}

// begin begins the answer of a stream.
func (st *streaming) begin() {
	st.w.Header().Set("Content-Type", "application/x-ndjson")
	st.w.WriteHeader(http.StatusOK)
	http.NewResponseController(st.w).Flush()
}

// line sends one line. It is false if the stream has to end.
func (st *streaming) line(text []byte) bool {
	st.w.Write(append(text[:len(text):len(text)], '\n'))
	st.sent++
	return http.NewResponseController(st.w).Flush() == nil && (st.limit == 0 || st.sent < st.limit)
}

// duration reads how long a stream lasts. It answers the request if it cannot.
func duration(w http.ResponseWriter, r *http.Request, standard, most time.Duration) (time.Duration, bool) {
	text := r.URL.Query().Get("duration")
	if text == "" {
		return standard, true
	}
	d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
	if err != nil || d <= 0 || most > 0 && d > most {
		badQuery(w, "duration")
		return 0, false
	}
	return d, true
}

// pump sends what the session receives until the stream ends; send says whether it goes on.
func pump[T any](r *http.Request, s *live.Session[T], until <-chan time.Time, send func(T) bool) {
	for {
		select {
		case x, ok := <-s.Items():
			if !ok || !send(x) {
				return
			}
		case <-until:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// severities order levels.
var severities = map[string]int{"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}

type tailSummary struct {
	Summary struct {
		Streamed int   `json:"streamed"`
		Dropped  int64 `json:"dropped"`
	} `json:"rsigma_tail_summary"`
}

// tail streams results.
func (s *server) tail(w http.ResponseWriter, r *http.Request) {
	if s.Tail == nil {
		answer(w, http.StatusServiceUnavailable, failure{"detection tail disabled", "restart the daemon with --enable-tail"})
		return
	}
	st := streaming{w: w}
	var ok bool
	if st.limit, ok = number(w, r, "limit", 0, 1, 1<<31-1); !ok {
		return
	}
	d, ok := duration(w, r, 0, 0)
	if !ok {
		return
	}
	level := strings.ToLower(r.URL.Query().Get("level"))
	if level != "" && severities[level] == 0 {
		badQuery(w, "level")
		return
	}
	session, err := s.Tail.Subscribe()
	if err != nil {
		answer(w, http.StatusConflict, failure{"tail session capacity reached", "end another tail first"})
		return
	}
	defer session.Close()
	if d > 0 {
		st.until = time.After(d)
	}
	rule := strings.ToLower(r.URL.Query().Get("rule"))
	st.begin()
	pump(r, session, st.until, func(u *flow.Unit) bool {
		for i := range u.Results {
			if x := &u.Results[i]; wanted(x, level, rule) && !st.line(x.JSON) {
				return false
			}
		}
		return true
	})
	var sum tailSummary
	sum.Summary.Streamed, sum.Summary.Dropped = st.sent, session.Dropped()
	text, _ := json.Marshal(sum)
	st.limit = 0
	st.line(text)
}

// wanted reports whether x has at least the level, and a title or id with the text in it.
func wanted(x *flow.Result, level, rule string) bool {
	if level != "" && severities[x.Level] < severities[level] {
		return false
	}
	return strings.Contains(strings.ToLower(x.Title), rule) || strings.Contains(strings.ToLower(x.ID), rule)
}
