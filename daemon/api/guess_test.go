package api

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
)

// TestGuessesOfOneAddressAreLimited is reliability.md T12: 10 a second, whatever the number of connections.
func TestGuessesOfOneAddressAreLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		opts := options()
		opts.Log = slog.New(slog.NewTextHandler(&log, nil))
		opts.Auth = &Auth{Tokens: []Token{{"a", []string{"*"}, "the-secret"}}}
		h := New(&fake{state: StateRunning}, opts)
		ask := func(address, secret string) int {
			r := httptest.NewRequest("GET", "/api/v1/status", nil)
			r.RemoteAddr = address
			r.Header.Set("Authorization", "Bearer "+secret)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Code
		}
		var mu sync.Mutex
		got := map[int]int{}
		var wg sync.WaitGroup
		start := time.Now()
		for range 500 {
			wg.Go(func() {
				code := ask("192.0.2.7:1", "wrong-guess")
				mu.Lock()
				defer mu.Unlock()
				got[code]++
			})
		}
		synctest.Wait()
		if code := ask("192.0.2.7:2", "the-secret"); code != 200 || time.Since(start) != 0 {
			t.Errorf("a good token from that address: %d after %v", code, time.Since(start))
		}
		if code := ask("192.0.2.8:1", "wrong-guess"); code != 401 || time.Since(start) != 0 {
			t.Errorf("another address: %d after %v", code, time.Since(start))
		}
		wg.Wait()
		if n := got[401]; n < 10 || n > 2*refusals || got[401]+got[429] != 500 {
			t.Errorf("in %v there were %v", time.Since(start), got)
		}
		text := log.String()
		if n := strings.Count(text, "Request without a valid token refused"); n != 1 {
			t.Errorf("%d warnings", n)
		}
		time.Sleep(2 * time.Second) // of the bubble's clock
		ask("192.0.2.7:3", "wrong-guess")
		if !strings.Contains(log.String(), "suppressed=500") {
			t.Errorf("the number of warnings left out is missing: %s", log.String())
		}
		if strings.Contains(log.String(), "guess ") || strings.Contains(log.String(), "wrong-guess") || strings.Contains(log.String(), "the-secret") {
			t.Errorf("a secret is in the log: %s", log.String())
		}
	})
}

func TestTheMemoryOfAddressesIsBounded(t *testing.T) {
	t.Parallel()
	l := limits{by: map[string]*rate.Limiter{}}
	for i := range 2*maxAddresses + 5 {
		l.wait(t.Context(), time.Duration(i).String())
	}
	if len(l.by) > maxAddresses {
		t.Errorf("%d addresses are kept", len(l.by))
	}
}

func TestARoleIsTheCallersOwn(t *testing.T) {
	t.Parallel()
	p, ok := Role("reader")
	if !ok {
		t.Fatal("no reader")
	}
	p[0] = "*"
	if again, _ := Role("reader"); again[0] != "*:read" {
		t.Errorf("the role has become %v", again)
	}
	if _, ok := Role("root"); ok {
		t.Error("an unknown role")
	}
}
