package api

import (
	"net/http"
	"testing"
)

func TestHandlersKnowWhichTokenARequestCameWith(t *testing.T) {
	t.Parallel()
	opts := options()
	var got []string
	opts.Events = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = append(got, Client(r)) })
	opts.Auth = &Auth{Anonymous: []string{"*"}, Tokens: []Token{{"agent", []string{"*"}, "secret"}}}
	h := New(&fake{state: StateRunning}, opts)
	do(h, "POST", "/api/v1/events", "")
	do(h, "POST", "/api/v1/events", "", "Authorization", "Bearer secret")
	opts.Auth = nil
	do(New(&fake{state: StateRunning}, opts), "POST", "/api/v1/events", "", "Authorization", "Bearer secret")
	if len(got) != 3 || got[0] != "" || got[1] != "agent" || got[2] != "" {
		t.Errorf("%q", got)
	}
}
