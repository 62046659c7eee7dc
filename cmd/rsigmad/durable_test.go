package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// countingRules are a detection that matches every event, and a correlation that fires at each fifth event of a user.
const countingRules = `title: Any event
id: 6a1f6c1e-55e0-4a86-a1a3-111111111111
level: low
logsource: {category: test}
detection:
  sel: {user|exists: true}
  condition: sel
---
title: Five of a user
id: 6a1f6c1e-55e0-4a86-a1a3-222222222222
level: high
custom_attributes: {rsigma.action: reset}
correlation:
  type: event_count
  rules: [6a1f6c1e-55e0-4a86-a1a3-111111111111]
  group-by: [user]
  timespan: 24h
  condition: {gte: 5}
`

// counting is a workload with a known answer: events are numbered, those of a user are users apart, and each fifth of a user makes the
// correlation fire.
type counting struct{ users int }

func (c counting) event(n int) string {
	return fmt.Sprintf(`{"n":%d,"user":"u%d","timestamp":%d}`, n, n%c.users, 1795168800+n/100)
}

// firings returns how often the correlation fires for events 0 to n-1 of user number u.
func (c counting) firings(u, n int) int {
	events := n / c.users
	if u < n%c.users {
		events++
	}
	return events / 5
}

// results returns how many results events 0 to n-1 have.
func (c counting) results(n int) (results int) {
	for u := range c.users {
		results += c.firings(u, n)
	}
	return n + results
}

// check says what is wrong with the results of events 0 to n-1.
func (c counting) check(results []string, n int) error {
	var missing, twice int
	seen, fired := map[int]int{}, map[string]int{}
	for _, text := range results {
		var r struct {
			Title string           `json:"rule_title"`
			Event struct{ N *int } `json:"event"`
			Group [][2]string      `json:"group_key"`
		}
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
		if r.Event.N != nil {
			seen[*r.Event.N]++
		} else if len(r.Group) == 1 {
			fired[r.Group[0][1]]++
		}
	}
	for i := range n {
		switch k := seen[i]; {
		case k == 0:
			missing++
		case k > 1:
			twice++
		}
	}
	wrong := 0
	for u := range c.users {
		if fired[fmt.Sprintf("u%d", u)] != c.firings(u, n) {
			wrong++
		}
	}
	if missing+twice+wrong > 0 || len(seen) != n {
		return fmt.Errorf("of %d events %d are missing and %d came twice; %d of %d users have a wrong number of firings", n, missing, twice, wrong, c.users)
	}
	return nil
}

// resultLines returns the lines of a file, none if it is not there.
func resultLines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		t.Fatalf("%s ends within a line: %q", path, text[max(0, len(text)-80):])
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// sender posts events, each with a key of its own, and repeats what was not answered.
type sender struct {
	t       *testing.T
	work    counting
	keys    bool
	next    int // event
	pending int // events of the request that was not answered: it is repeated as it was
	repeats int
}

// post sends count events from the next one on in one request. It is false if there was no answer.
func (s *sender) post(p *process, count int) bool {
	if s.pending > 0 {
		count = s.pending
	}
	s.pending = count
	var body bytes.Buffer
	for i := range count {
		body.WriteString(s.work.event(s.next+i) + "\n")
	}
	req, err := http.NewRequest("POST", p.url("/api/v1/events?sync=true"), &body)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.keys {
		req.Header.Set("Idempotency-Key", fmt.Sprintf("event-%d", s.next))
	}
	resp, err := (&http.Client{Timeout: patience}).Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return false
	}
	if resp.StatusCode != http.StatusOK {
		s.t.Logf("status %d: %s", resp.StatusCode, text)
		return false
	}
	if resp.Header.Get("Idempotent-Replay") != "" {
		s.repeats++
	}
	s.next, s.pending = s.next+count, 0
	return true
}

// steps are where a process kills itself, and how often it comes there before.
func steps(names ...string) (out []string) {
	for _, name := range names {
		for n := range scale(2, 20) {
			times := 1 + n*7%5
			if timed[name] {
				times = 1
			}
			out = append(out, fmt.Sprintf("%s:%d", name, times))
		}
	}
	return out
}

// timed are the steps that come after a time, whatever is posted.
var timed = map[string]bool{"note": true, "base": true, "saved": true}

// overKills posts events while the daemon dies at each of steps, and checks the file of results.
func overKills(t *testing.T, keys bool, steps []string, flags ...string) error {
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yml")
	if err := os.WriteFile(rules, []byte(countingRules), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out.ndjson")
	args := append([]string{"--rules", rules, "--input", "http", "--output", "file://" + out, "--state-db", filepath.Join(dir, "state.db"),
		"--state-save-interval", "1", "--include-event"}, flags...)
	s := &sender{t: t, work: counting{users: 7}, keys: keys}
	killed := 0
	for _, step := range steps {
		p := launchWith(t, []string{crashVariable + "=" + step}, args...)
		for i := 0; i < 200 && p.alive() && s.post(p, 1+i%3); i++ {
			if name, _, _ := strings.Cut(step, ":"); timed[name] {
				pause()
			}
		}
		select {
		case <-p.exited:
			killed++
		case <-time.After(patience):
			t.Fatalf("the process does not come to step %s\n%s", step, p.log())
		}
	}
	p := launch(t, args...).ready()
	for s.next%10 != 0 || s.next == 0 {
		s.post(p, 1)
	}
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d\n%s", status, p.log())
	}
	err := s.work.check(resultLines(t, out), s.next)
	t.Logf("%d processes were killed, %d events, %d requests had been answered before: %v", killed, s.next, s.repeats, cmp.Or[any](err, "each result once"))
	return err
}

// alive waits until the process is ready. It is false if it ends first.
func (p *process) alive() bool {
	p.t.Helper()
	ready := false
	p.until("ready, or the end", func() bool {
		select {
		case <-p.exited:
			return true
		default:
		}
		for _, l := range p.logs {
			ready = ready || l.message() == "Event source started"
		}
		return ready
	})
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

func TestKillsAtEveryStepLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"process", "power"} {
		if mode == "power" && testing.Short() {
			continue
		}
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			if err := overKills(t, true, steps("commit", "committed", "delivered", "note", "base", "saved"), "--durability", mode); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSnapshotsAloneLoseSomethingOverKills is the negative control: with saves from time to time, and requests that cannot be told from
// repetitions, the check must find something.
func TestSnapshotsAloneLoseSomethingOverKills(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	if overKills(t, false, steps("delivered", "base", "saved"), "--durability", "snapshot") == nil {
		t.Error("a daemon that only saves snapshots has passed")
	}
}

// TestACountGoesOnAfterARestart is the promise of the first page: four of five before, the fifth after.
func TestACountGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"snapshot", "process", "power"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			rules := filepath.Join(dir, "rules.yml")
			if err := os.WriteFile(rules, []byte(countingRules), 0o644); err != nil {
				t.Fatal(err)
			}
			work := counting{users: 1}
			args := []string{"-r", rules, "--input", "http", "--state-db", filepath.Join(dir, "state.db"), "--durability", mode}
			p := launch(t, args...).ready()
			for n := range 4 {
				p.request("POST", "/api/v1/events?sync=true", strings.NewReader(work.event(n)))
			}
			if got := len(p.output(4)); got != 4 || p.stop() != 0 {
				t.Fatalf("%d results of four events\n%s", got, p.log())
			}
			p = launch(t, args...).ready()
			if fields := p.logged("State restored").Fields; fields["groups"] != 1.0 {
				t.Errorf("restored: %v", fields)
			}
			p.request("POST", "/api/v1/events?sync=true", strings.NewReader(work.event(4)))
			if out := p.output(2); len(out) != 2 || !strings.Contains(out[1], "Five of a user") {
				t.Errorf("the fifth event gave %q", out)
			}
			p.stop()
			p = launch(t, append(args, "--clear-state")...).ready()
			p.logged("Saved state is cleared")
			if status, body := p.get("/api/v1/correlations/state"); status != 200 || !strings.Contains(body, `"count":0`) {
				t.Errorf("after --clear-state: %d %s", status, body)
			}
			p.stop()
		})
	}
}

// TestTheStateGoesOnUnderChangedRules stops the daemon the hard way and starts it with other rules: what was in the log was judged by the
// old ones, and what still makes sense goes on.
func TestTheStateGoesOnUnderChangedRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rules := filepath.Join(dir, "rules.yml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(rules, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(countingRules)
	work := counting{users: 1}
	args := []string{"-r", rules, "--input", "http", "--state-db", filepath.Join(dir, "state.db")}
	p := launch(t, args...).ready()
	for n := range 3 {
		p.request("POST", "/api/v1/events?sync=true", strings.NewReader(work.event(n)))
	}
	p.cmd.Process.Kill()
	p.wait()
	write("title: In front\nid: 6a1f6c1e-55e0-4a86-a1a3-000000000000\nlogsource: {category: test}\ndetection:\n  sel: {other: x}\n  condition: sel\n---\n" +
		strings.Replace(countingRules, "gte: 5", "gte: 4", 1))
	p = launch(t, args...).ready()
	p.request("POST", "/api/v1/events?sync=true", strings.NewReader(work.event(3)))
	if out := p.output(2); !strings.Contains(out[len(out)-1], "Five of a user") {
		t.Errorf("the fourth event, under a rule that wants four, gave %q\n%s", out, p.log())
	}
	p.stop()
}

func TestTwoDaemonsDoNotShareAStateFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rules := write(t, "rules.yml", countingRules)
	state := filepath.Join(dir, "state.db")
	first := launch(t, "-r", rules, "--input", "http", "--state-db", state).ready()
	second := launch(t, "-r", rules, "--input", "http", "--state-db", state)
	if status := second.wait(); status != exitUsage || !strings.Contains(second.log(), "another daemon runs on this state file") {
		t.Errorf("exit status %d\n%s", status, second.log())
	}
	if status := first.stop(); status != 0 {
		t.Errorf("exit status %d of the first", status)
	}
	if err := os.WriteFile(state, bytes.Repeat([]byte("no database "), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	third := launch(t, "-r", rules, "--input", "http", "--state-db", state)
	if status := third.wait(); status != exitUsage || !strings.Contains(third.log(), "not a state file") {
		t.Errorf("exit status %d on a file that is no database\n%s", status, third.log())
	}
	text, err := os.ReadFile(state)
	if err != nil || !bytes.HasPrefix(text, []byte("no database")) {
		t.Errorf("the file was changed: %q, %v", text, err)
	}
}
