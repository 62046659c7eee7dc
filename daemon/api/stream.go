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

// grace is how long a client has to read the rest of a stream that is over, and then its summary. One that does not read is cut off:
// neither it nor the session that it holds may last (http-api.md section 7: within a second, so both together take less).
const grace = 450 * time.Millisecond

// watch closes over when d has passed, unless it is 0, or shortly after ended is closed, so that what the session still holds can go out.
// From then on writes fail after grace. release ends the watch; it must be called before the handler returns.
func (st *streaming) watch(ended <-chan struct{}, d time.Duration) (over <-chan struct{}, release func()) {
	stop, quit, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	control := http.NewResponseController(st.w)
	go func() {
		defer close(done)
		var until <-chan time.Time // nil is never
		if d > 0 {
			until = time.After(d)
		}
		var rest time.Duration
		select {
		case <-until:
		case <-ended:
			rest = grace / 2
		case <-quit:
			return
		}
		control.SetWriteDeadline(time.Now().Add(grace))
		select {
		case <-time.After(rest):
			close(stop)
		case <-quit:
		}
	}()
	return stop, func() { close(quit); <-done }
}

// end sends the last line. The server lifts the deadline before the connection serves another request.
func (st *streaming) end(summary any) {
	text, err := json.Marshal(summary)
	if err != nil {
		return
	}
	control := http.NewResponseController(st.w)
	control.SetWriteDeadline(time.Now().Add(grace))
	st.w.Write(append(text, '\n'))
	control.Flush()
}

// pump sends what the session receives until the stream is over; send says whether it goes on.
func pump[T any](r *http.Request, s *live.Session[T], over <-chan struct{}, send func(T) bool) {
	for {
		select {
		case x, ok := <-s.Items():
			if !ok || !send(x) {
				return
			}
		case <-over:
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
	if r.Method == http.MethodHead {
		st.begin() // there is nothing to wait for, and no session to take
		return
	}
	session, err := s.Tail.Subscribe()
	if err != nil {
		answer(w, http.StatusConflict, failure{"tail session capacity reached", "end another tail first"})
		return
	}
	defer session.Close()
	over, release := st.watch(session.Done(), d)
	rule := strings.ToLower(r.URL.Query().Get("rule"))
	st.begin()
	pump(r, session, over, func(u *flow.Unit) bool {
		for i := range u.Results {
			if x := &u.Results[i]; wanted(x, level, rule) && !st.line(x.JSON) {
				return false
			}
		}
		return true
	})
	release()
	var sum tailSummary
	sum.Summary.Streamed, sum.Summary.Dropped = st.sent, session.Dropped()
	st.end(sum)
}

// wanted reports whether x has at least the level, and a title or id with the text in it.
func wanted(x *flow.Result, level, rule string) bool {
	if level != "" && severities[x.Level] < severities[level] {
		return false
	}
	return strings.Contains(strings.ToLower(x.Title), rule) || strings.Contains(strings.ToLower(x.ID), rule)
}
