package logging

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func mustFilter(t *testing.T, s string) Filter {
	t.Helper()
	f, ok := ParseFilter(s)
	if !ok {
		t.Fatalf("%q is no filter", s)
	}
	return f
}

func TestALineHasTheShapeThatToolsRead(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := New(&out, mustFilter(t, "trace"))
	at := time.Date(2026, 6, 15, 8, 25, 33, 120456999, time.FixedZone("", 7200))
	r := slog.NewRecord(at, slog.LevelInfo, "Rules loaded", 0)
	r.Add("detection_rules", 12, "error", errors.New("x"), "list", []string{"a"}, "d", 3*time.Second, slog.Group("g", "k", true), "f", 1.5)
	if err := For(l, "rsigma::daemon::reload").With("a", 1).Handler().Handle(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	const want = `{"timestamp":"2026-06-15T06:25:33.120456Z","level":"INFO","fields":{"message":"Rules loaded","a":1,"detection_rules":12,` +
		`"error":"x","list":["a"],"d":"3s","g.k":true,"f":1.5},"target":"rsigma::daemon::reload"}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestEvilTextStaysOneReadableLine(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"a\nb", "\x1b[31mred", "\x00", `"}`, "\u202eevil", "bad\xff", "\u2028", "ok ä"} {
		var out bytes.Buffer
		New(&out, mustFilter(t, "")).WithGroup("g").Info(s, s, s)
		var line struct{ Fields map[string]string }
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		want := strings.ToValidUTF8(s, "\uFFFD")
		if line.Fields["message"] != want || line.Fields["g."+want] != want {
			t.Errorf("%q: got %q", s, line.Fields)
		}
		if text := strings.TrimSuffix(out.String(), "\n"); strings.ContainsAny(text, "\n\x00\x1b\u202e\u2028") {
			t.Errorf("%q: raw control characters in %q", s, text)
		}
	}
}

func TestTheLongestTargetDecides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		filter, target string
		level          slog.Level
		want           bool
	}{
		{"", "x", slog.LevelInfo, true},
		{"", "x", slog.LevelDebug, false},
		{"info,tower_http=debug", "tower_http::trace", slog.LevelDebug, true},
		{"info,tower_http=debug", "rsigma", slog.LevelDebug, false},
		{"debug,rsigma=warn,rsigma::daemon=trace", "rsigma::daemon::server", LevelTrace, true},
		{"debug,rsigma=warn,rsigma::daemon=trace", "rsigma_eval", slog.LevelInfo, false},
		{"rsigma_eval=debug", "rsigma_eval::correlation_engine", slog.LevelDebug, true},
		{"off", "x", slog.LevelError, false},
		{" WARN , x = Off ", "xy", slog.LevelError, false},
		{"error", "x", slog.LevelWarn, false},
	} {
		l := For(New(new(bytes.Buffer), mustFilter(t, c.filter)), c.target)
		if got := l.Enabled(context.Background(), c.level); got != c.want {
			t.Errorf("%q, %s, %s: %t", c.filter, c.target, c.level, got)
		}
	}
	for _, bad := range []string{"loud", "x=", "=debug", "info,x=loud", "a=b=c"} {
		if f, ok := ParseFilter(bad); ok || f.level("x") != slog.LevelInfo {
			t.Errorf("%q is taken for a filter", bad)
		}
	}
}

func TestTheEnvironmentNamesTheFilter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env  map[string]string
		want slog.Level
	}{
		{nil, slog.LevelInfo},
		{map[string]string{"RSIGMA_LOG": "debug"}, slog.LevelDebug},
		{map[string]string{"RUST_LOG": "error", "RSIGMA_LOG": "debug"}, slog.LevelError},
		{map[string]string{"RUST_LOG": "nonsense"}, slog.LevelInfo},
	} {
		f := FromEnvironment(func(name string) (string, bool) { v, ok := c.env[name]; return v, ok })
		if got := f.level("x"); got != c.want {
			t.Errorf("%v: %s", c.env, got)
		}
	}
}

func TestRepeatedWarningsAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := Every(New(&out, mustFilter(t, "")), time.Second)
		for range 5 {
			l.Warn("full")
			l.Warn("other")
		}
		time.Sleep(time.Second)
		l.Warn("full", "n", 1)
		if n := strings.Count(out.String(), "\n"); n != 3 || !strings.Contains(out.String(), `"n":1,"suppressed":4}`) {
			t.Errorf("got %s", out.String())
		}
	})
}

func TestLinesOfManyGoroutinesDoNotMix(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := New(&out, mustFilter(t, ""))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 100 {
				l.Info("x", "i", i)
			}
		})
	}
	wg.Wait()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Fatalf("%q", line)
		}
	}
	if len(lines) != 800 {
		t.Errorf("%d lines", len(lines))
	}
}

func TestASilentLoggerAllocatesNothing(t *testing.T) {
	l := For(New(new(bytes.Buffer), mustFilter(t, "")), "x")
	ctx := context.Background()
	if n := testing.AllocsPerRun(100, func() {
		if l.Enabled(ctx, slog.LevelDebug) {
			t.Error("enabled")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
