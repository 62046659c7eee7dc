package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
)

// Sources are the dynamic sources of a daemon.
type Sources interface {
	// List returns what is known about each, ready to be encoded.
	List() []Source
	// Resolve asks for the sources with the given ids to be read anew, all of them without ids. It is false if too many requests wait.
	Resolve(ids []string) (done <-chan []Resolution, ok bool)
	// Invalidate forgets the kept value of a source.
	Invalidate(id string)
}

// Source is what is known about a dynamic source. A value never is part of it.
type Source struct {
	ID             string       `json:"source_id"`
	Origin         string       `json:"origin"`
	Type           string       `json:"type"`
	Refresh        string       `json:"refresh"`
	Required       bool         `json:"required"`
	Status         string       `json:"status"`
	LastResolvedAt *string      `json:"last_resolved_at"`
	LastError      *SourceError `json:"last_error"`
	Resolves       uint64       `json:"resolves"`
	Errors         uint64       `json:"errors"`
	OnError        string       `json:"on_error"`
	LastAttemptAt  *string      `json:"last_attempt_at"`
	FromCache      bool         `json:"from_cache"`
	Items          int          `json:"items"`
	Bytes          int          `json:"bytes"`
	Hash           string       `json:"hash"`
	UsedBy         []string     `json:"used_by"`
}

// SourceError is the last error of a source.
type SourceError struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	At      string `json:"at"`
}

// Resolution is how reading a source went.
type Resolution struct {
	ID         string  `json:"source_id"`
	OK         bool    `json:"ok"`
	FromCache  bool    `json:"from_cache"`
	DurationMS int64   `json:"duration_ms"`
	Error      *string `json:"error"`
	Changed    bool    `json:"-"`
}

func (s *server) sources(w http.ResponseWriter, _ *http.Request) {
	list := []Source{}
	if b := s.backend.Sources(); b != nil {
		list = append(list, b.List()...)
	}
	answer(w, http.StatusOK, object{"sources": list})
}

// resolve reads the sources that the body names.
func (s *server) resolve(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(io.LimitReader(r.Body, maxIgnored+1))
	if err != nil {
		answer(w, http.StatusBadRequest, failure{Error: "failed to read request body"})
		return
	}
	if len(text) > maxIgnored {
		answer(w, http.StatusRequestEntityTooLarge, object{"error": "request body exceeds maximum size", "max_bytes": maxIgnored})
		return
	}
	body, ok := parseNamed(text)
	if !ok {
		answer(w, http.StatusBadRequest, failure{Error: "invalid request body"})
		return
	}
	ids := body.IDs
	if body.ID != nil {
		ids = append([]string{*body.ID}, ids...)
	}
	s.resolveAll(w, r, ids, body.ID)
}

// named is the body of a request for some of the sources.
type named struct {
	ID  *string  `json:"source_id"`
	IDs []string `json:"source_ids"`
}

// parseNamed reads a body; an empty one names nothing. Other keys are refused: a misspelt one would otherwise mean all sources.
func parseNamed(text []byte) (body named, ok bool) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return body, true
	}
	if text[0] != '{' || !json.Valid(text) {
		return body, false
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(&body)
	return body, err == nil
}

func (s *server) resolveOne(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("source_id")
	s.resolveAll(w, r, []string{id}, &id)
}

type triggered struct {
	Status string  `json:"status"`
	ID     *string `json:"source_id,omitempty"`
}

func (s *server) resolveAll(w http.ResponseWriter, r *http.Request, ids []string, named *string) {
	wait, limit, ok := waiting(w, r)
	if !ok {
		return
	}
	b := s.backend.Sources()
	if b == nil {
		answer(w, http.StatusNotFound, failure{Error: noSources})
		return
	}
	if id, ok := unknownSource(b, ids); ok {
		answer(w, http.StatusNotFound, object{"error": "unknown source", "source_id": id})
		return
	}
	done, ok := b.Resolve(ids)
	switch {
	case !ok:
		answer(w, http.StatusTooManyRequests, object{"status": "resolve_already_pending"})
		return
	case !wait:
		answer(w, http.StatusOK, triggered{"resolve_triggered", named})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	select {
	case results := <-done:
		answer(w, http.StatusOK, resolved(results))
	case <-ctx.Done():
		answer(w, http.StatusGatewayTimeout, object{"status": "resolve_pending"})
	}
}

const noSources = "no dynamic sources configured"

type resolvedAnswer struct {
	Status  string       `json:"status"`
	Changed bool         `json:"changed"`
	Results []Resolution `json:"results"`
}

func resolved(results []Resolution) resolvedAnswer {
	out := resolvedAnswer{Status: "resolved", Results: append([]Resolution{}, results...)}
	for _, r := range results {
		out.Changed = out.Changed || r.Changed
	}
	return out
}

// unknownSource returns the first of ids that is no source.
func unknownSource(b Sources, ids []string) (string, bool) {
	known := map[string]bool{}
	for _, s := range b.List() {
		known[s.ID] = true
	}
	for _, id := range ids {
		if !known[id] {
			return id, true
		}
	}
	return "", false
}

func (s *server) invalidate(w http.ResponseWriter, r *http.Request) {
	b := s.backend.Sources()
	if b == nil {
		answer(w, http.StatusNotFound, failure{Error: noSources})
		return
	}
	id := r.PathValue("source_id")
	b.Invalidate(id)
	answer(w, http.StatusOK, triggered{"invalidated", &id})
}
