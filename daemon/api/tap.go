package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

const (
	stageDecoded = "decoded"
	stageRaw     = "raw"
	standardTap  = 30 * time.Second
)

type tapSummary struct {
	Summary struct {
		Captured int    `json:"captured"`
		Dropped  int64  `json:"dropped"`
		Duration int64  `json:"duration_ms"`
		Stage    string `json:"stage"`
	} `json:"rsigma_tap_summary"`
}

// tap streams events.
func (s *server) tap(w http.ResponseWriter, r *http.Request) {
	if s.Tap == nil {
		answer(w, http.StatusServiceUnavailable, failure{"event tap disabled", "restart the daemon with --enable-tap"})
		return
	}
	st := streaming{w: w, start: time.Now()}
	var ok bool
	if st.limit, ok = number(w, r, "limit", 0, 1, 1<<31-1); !ok {
		return
	}
	d, ok := duration(w, r, min(standardTap, s.TapMax), s.TapMax)
	if !ok {
		return
	}
	show, stage, ok := tapView(w, r)
	if !ok {
		return
	}
	if r.Method == http.MethodHead {
		st.begin() // there is nothing to wait for, and no session to take
		return
	}
	session, err := s.Tap.Subscribe()
	if err != nil {
		answer(w, http.StatusConflict, failure{"tap session capacity reached", "end another tap first"})
		return
	}
	defer session.Close()
	if s.Hooks.TapSession != nil {
		s.Hooks.TapSession()
	}
	over, release := st.watch(session.Done(), d)
	st.begin()
	pump(r, session, over, func(x Tapped) bool {
		if s.Hooks.TapStreamed != nil {
			s.Hooks.TapStreamed()
		}
		return st.line(show(x))
	})
	release()
	var sum tapSummary
	sum.Summary.Captured, sum.Summary.Dropped = st.sent, session.Dropped()
	sum.Summary.Duration, sum.Summary.Stage = time.Since(st.start).Milliseconds(), stage
	st.end(sum)
}

// tapView reads what a tap shows. It answers the request if it cannot.
func tapView(w http.ResponseWriter, r *http.Request) (show func(Tapped) []byte, stage string, ok bool) {
	stage = r.URL.Query().Get("stage")
	if stage == "" {
		stage = stageDecoded
	}
	redact := r.URL.Query().Get("redact")
	switch {
	case stage != stageDecoded && stage != stageRaw:
		badQuery(w, "stage")
		return nil, "", false
	case redact != "" && stage == stageRaw:
		badQuery(w, "redact")
		return nil, "", false
	case stage == stageRaw:
		return rawLine, stage, true
	case redact == "":
		return func(x Tapped) []byte { return x.JSON }, stage, true
	}
	var paths [][]string
	for p := range strings.SplitSeq(redact, ",") {
		steps := strings.Split(strings.TrimSpace(p), ".")
		for _, step := range steps {
			if step == "" {
				badQuery(w, "redact")
				return nil, "", false
			}
		}
		paths = append(paths, steps)
	}
	red := newRedactor(paths)
	return func(x Tapped) []byte { return red.apply(x.JSON) }, stage, true
}

// rawLine returns the input line: JSON as it is, anything else as a JSON string.
func rawLine(x Tapped) []byte {
	if json.Valid(x.Raw) && !strings.ContainsAny(string(x.Raw), "\r\n") {
		return x.Raw
	}
	text, _ := json.Marshal(string(x.Raw))
	return text
}
