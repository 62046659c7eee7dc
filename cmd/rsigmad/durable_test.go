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
			if timed[name] || strings.HasPrefix(name, "beg") { // a process begins one generation
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
			if err := overKills(t, true, steps("begin", "began", "commit", "committed", "released", "delivered", "note", "base", "saved"), "--durability", mode); err != nil {
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

// TestAStartThatFailsLeavesTheState asks for an empty state, or for a replay that makes the state useless, where the input cannot be
// opened: the next start finds the state as it was.
func TestAStartThatFailsLeavesTheState(t *testing.T) {
	t.Parallel()
	rules, state, work := write(t, "rules.yml", countingRules), filepath.Join(t.TempDir(), "state.db"), counting{users: 1}
	args := []string{"-r", rules, "--input", "http", "--state-db", state}
	p := launch(t, args...).ready()
	for n := range 4 {
		p.request("POST", "/api/v1/events?sync=true", strings.NewReader(work.event(n)))
	}
	if p.stop() != 0 {
		t.Fatal(p.log())
	}
	for _, flags := range [][]string{{"--clear-state"}, {"--replay-from-sequence", "1"}} {
		p := launch(t, append([]string{"-r", rules, "--state-db", state, "--input", "nats://127.0.0.1:1/events.>"}, flags...)...)
		if status := p.wait(); status == 0 {
			t.Fatalf("%v: a daemon without its input has ended well\n%s", flags, p.log())
		}
		p.logged("Saved state is cleared")
	}
	p = launch(t, args...).ready()
	p.request("POST", "/api/v1/events?sync=true", strings.NewReader(work.event(4)))
	if out := p.output(2); len(out) != 2 || !strings.Contains(out[1], "Five of a user") {
		t.Errorf("the fifth event gave %q\n%s", out, p.log())
	}
	p.stop()
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
	// Results whose delivery was not noted before the kill come again, and first.
	p.until("the firing of a rule that wants four, at the fourth event", func() bool { return strings.Contains(p.stdout.String(), "Five of a user") })
	p.stop()
}

// TestTheMetricsTellOfCommitsGenerationsAndRecoveries compares the figures with what was done.
func TestTheMetricsTellOfCommitsGenerationsAndRecoveries(t *testing.T) {
	t.Parallel()
	rules := write(t, "rules.yml", countingRules)
	args := []string{"-r", rules, "--input", "http", "--output", "file:///dev/null", "--state-db", filepath.Join(t.TempDir(), "state.db"),
		"--state-save-interval", "3600", "--metrics-extended"}
	p := launch(t, args...).ready()
	work := counting{users: 3}
	const events = 20
	for n := range events {
		if status, text := p.request("POST", "/api/v1/events?sync=true", strings.NewReader(work.event(n))); status != 200 {
			t.Fatal(status, text)
		}
	}
	m := p.metrics()
	if n := m["rsigma_state_commit_seconds_count"]; n < events || m["rsigma_state_commit_seconds_sum"] <= 0 || m["rsigma_state_commit_events_sum"] != events || m["rsigma_recovery_records"] != 0 {
		t.Errorf("%v commits in %v s of %v events; %v recovered", n, m["rsigma_state_commit_seconds_sum"], m["rsigma_state_commit_events_sum"], m["rsigma_recovery_records"])
	}
	first := m["rsigma_ruleset_generation"]
	if err := os.WriteFile(rules, []byte(strings.Replace(countingRules, "gte: 5", "gte: 6", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, text := p.request("POST", "/api/v1/reload?wait=true", nil); status != 200 {
		t.Fatal(status, text)
	}
	p.waitForMetric("rsigma_ruleset_generation", first+1)
	for n := range 3 { // behind the base of the new generation
		if status, text := p.request("POST", "/api/v1/events?sync=true", strings.NewReader(work.event(events+n))); status != 200 {
			t.Fatal(status, text)
		}
	}
	p.cmd.Process.Kill()
	p.wait()
	p = launch(t, args...).ready()
	if m := p.metrics(); m["rsigma_recovery_records"] != 3 || m["rsigma_recovery_seconds"] <= 0 {
		t.Errorf("%v commits recovered in %v s", m["rsigma_recovery_records"], m["rsigma_recovery_seconds"])
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

// TestAnImportedStateDoublesNoResults kills the daemon after results are in a file and before that is noted, and reads the state back in:
// the next start still knows which results the file has.
func TestAnImportedStateDoublesNoResults(t *testing.T) {
	t.Parallel()
	dir, rules := t.TempDir(), write(t, "rules.yml", countingRules)
	out, state := filepath.Join(dir, "out.ndjson"), filepath.Join(dir, "state.db")
	args := []string{"-r", rules, "--input", "http", "--output", "file://" + out, "--state-db", state, "--include-event"}
	p := launchWith(t, []string{crashVariable + "=delivered:3"}, args...).ready()
	s := &sender{t: t, work: counting{users: 1}}
	for n := 1; n <= 3; n++ { // one after the other, so that each is committed and delivered by itself
		s.post(p, 1)
		for end := time.Now().Add(patience); ; pause() {
			if text, _ := os.ReadFile(out); bytes.Count(text, []byte("\n")) >= n {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("event %d has no result\n%s", n, p.log())
			}
		}
	}
	p.wait()
	exported := exec(t, "", "state", "export", "--state-db", state)
	if exported.status != 0 {
		t.Fatal(exported.stderr)
	}
	if r := exec(t, exported.stdout, "state", "import", "--state-db", state); r.status != 0 {
		t.Fatal(r.stderr)
	}
	p = launch(t, args...).ready()
	if p.stop() != 0 {
		t.Fatal(p.log())
	}
	if err := s.work.check(resultLines(t, out), 3); err != nil {
		t.Error(err)
	}
	if r := exec(t, "", "state", "show", "--json", "--state-db", state); r.status != 0 || !strings.Contains(strings.ReplaceAll(r.stdout, " ", ""), `"entries":3`) {
		t.Errorf("the state does not say three: %s%s", r.stdout, r.stderr)
	}
}
