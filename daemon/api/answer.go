package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// object is a small JSON object. Its keys are written in order of their names.
type object map[string]any

// answer writes body as JSON.
func answer(w http.ResponseWriter, status int, body any) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		status = http.StatusInternalServerError
		text.Reset()
		text.WriteString(`{"error":"internal error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

// badQuery answers a request with a query value that cannot be read.
func badQuery(w http.ResponseWriter, parameter string) {
	answer(w, http.StatusBadRequest, badParameter{"invalid query parameter", parameter})
}

type badParameter struct {
	Error     string `json:"error"`
	Parameter string `json:"parameter"`
}

// failure is an error with a hint how to switch a feature on.
type failure struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}

// number reads an optional query value between least and most; larger ones count as most. It answers the request if it cannot.
func number(w http.ResponseWriter, r *http.Request, name string, standard, least, most int) (int, bool) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return standard, true
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least {
		badQuery(w, name)
		return 0, false
	}
	return min(n, most), true
}

// truth reads an optional boolean query value. It answers the request if it cannot.
func truth(w http.ResponseWriter, r *http.Request, name string) (value, ok bool) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return false, true
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		badQuery(w, name)
		return false, false
	}
	return value, true
}

// waiting reads wait and timeout, which is in seconds. It answers the request if it cannot.
func waiting(w http.ResponseWriter, r *http.Request) (wait bool, limit time.Duration, ok bool) {
	if wait, ok = truth(w, r, "wait"); !ok {
		return false, 0, false
	}
	seconds, ok := number(w, r, "timeout", 30, 1, 300)
	return wait, time.Duration(seconds) * time.Second, ok
}

// optional returns nil for an empty string.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// moment returns t as RFC 3339, nil if it is not known.
func moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(time.RFC3339)
	return &s
}
