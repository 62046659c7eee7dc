package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestManyGroupsAreSavedWhileEventsGoOn fills the state with groups and looks how long single events wait while bases of it are written,
// and how long the state takes to come back.
func TestManyGroupsAreSavedWhileEventsGoOn(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	groups := scale(20_000, 1_000_000)
	dir := t.TempDir()
	state := filepath.Join(dir, "state.db")
	args := []string{"-r", write(t, "rules.yml", strings.Replace(countingRules, "rsigma.action: reset", "rsigma.action: reset, rsigma.generate: false", 1)),
		"--input", "http", "--state-db", state, "--state-save-interval", "1", "--max-state-entries", fmt.Sprint(2 * groups), "--output", "file:///dev/null"}
	p := launch(t, args...).ready()
	work := counting{users: groups}
	const chunk = 5000
	start := time.Now()
	for n := 0; n < groups; n += chunk {
		var body bytes.Buffer
		for i := range chunk {
			body.WriteString(work.event(n+i) + "\n")
		}
		if status, text := p.request("POST", "/api/v1/events?sync=true", &body); status != 200 {
			t.Fatal(status, text)
		}
	}
	filled := time.Since(start)
	var waits []time.Duration
	for start := time.Now(); time.Since(start) < time.Duration(scale(2, 30))*time.Second; {
		n := len(waits)
		begin := time.Now()
		if status, text := p.request("POST", "/api/v1/events?sync=true", strings.NewReader(work.event(n))); status != 200 {
			t.Fatal(status, text)
		}
		waits = append(waits, time.Since(begin))
	}
	slices.Sort(waits)
	size := fileSize(t, state)
	begin := time.Now()
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d\n%s", status, p.log())
	}
	stopped := time.Since(begin)
	begin = time.Now()
	p = launch(t, args...).ready()
	fields := p.logged("State restored").Fields
	if fields["groups"] != float64(groups) {
		t.Errorf("restored: %v", fields)
	}
	t.Logf("%d groups in %v; while bases were written, %d single events: p50 %v, p99 %v, longest %v; file %d MiB; stop %v; ready again after %v",
		groups, filled.Round(time.Millisecond), len(waits), waits[len(waits)/2], waits[len(waits)*99/100], waits[len(waits)-1], size>>20,
		stopped.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond))
	p.stop()
}

func fileSize(t *testing.T, path string) (n int64) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(path + suffix); err == nil {
			n += info.Size()
		}
	}
	return n
}

// TestAKilledDaemonIsReadySoon lets the log grow, kills the daemon, and looks how long the next one takes to be ready.
func TestAKilledDaemonIsReadySoon(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	events, groups := scale(100_000, 2_000_000), scale(10_000, 100_000)
	state := filepath.Join(t.TempDir(), "state.db")
	args := []string{"-r", write(t, "rules.yml", strings.Replace(countingRules, "gte: 5", "gte: 1000", 1)), "--no-detections", "--input", "http",
		"--state-db", state, "--state-save-interval", "3600", "--max-state-entries", fmt.Sprint(2 * groups), "--output", "file:///dev/null"}
	p := launch(t, args...).ready()
	work := counting{users: groups}
	const chunk = 5000
	for n := 0; n < events; n += chunk {
		var body bytes.Buffer
		for i := range chunk {
			body.WriteString(work.event(n+i) + "\n")
		}
		if status, text := p.request("POST", "/api/v1/events?sync=true", &body); status != 200 {
			t.Fatal(status, text)
		}
	}
	p.cmd.Process.Kill()
	p.wait()
	size := fileSize(t, state)
	begin := time.Now()
	p = launch(t, args...).ready()
	took := time.Since(begin)
	fields := p.logged("State restored").Fields
	if fields["groups"] != float64(groups) || fields["commits"].(float64) < float64(events/1000) {
		t.Errorf("restored: %v", fields)
	}
	t.Logf("%d groups, a log of %d events in %v commits, file %d MiB: ready after %v, %.2f s of it for the state", groups, events, fields["commits"],
		size>>20, took.Round(time.Millisecond), fields["seconds"])
	p.stop()
}
