package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon"
)

// clockVariable names a file that says what the wall clock of the program shows: "+3600" is seconds fast, "-3600" slow, and "=1700000000" a
// clock that stands still.
const clockVariable = "RSIGMAD_TEST_CLOCK"

// init gives the program the clock that is asked for: then this is the program that is tested.
func init() {
	path := os.Getenv(clockVariable)
	if path == "" {
		return
	}
	others := plant
	plant = func(parts *daemon.Parts) {
		others(parts)
		parts.Now = func() time.Time { return wallClock(path) }
	}
}

func wallClock(path string) time.Time {
	text, err := os.ReadFile(path)
	if err != nil || len(text) == 0 {
		panic(fmt.Sprintf("%s: %q, %v", path, text, err))
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(string(text), "="), 10, 64)
	if err != nil {
		panic(err)
	}
	if text[0] == '=' {
		return time.Unix(n, 0)
	}
	return time.Now().Add(time.Duration(n) * time.Second).Round(0) // what was set tells nothing about what has passed
}

const (
	tenYears   = 10 * 365 * 24 * 60 * 60
	clockUsers = 20 // of each kind
	clockParts = 3  // of the workload: before a jump, until the next one, after it
	clockTimes = 4  // events of a user in each part
)

// clocksOfParts are clocks: what they show in each part of the workload, and how often a user's events without a time make the correlation
// fire. Of 12 events within a day each fifth does. When the clock has gone forward by years, what was before has left the window, so that
// four events are left; when it goes back, the four from the time to come are still in it.
var clocksOfParts = []struct {
	name    string
	shows   [clockParts]string
	arrival int
}{
	{"an hour fast", [clockParts]string{"+3600", "+3600", "+3600"}, 2},
	{"an hour slow", [clockParts]string{"-3600", "-3600", "-3600"}, 2},
	{"ten years fast", [clockParts]string{plus(tenYears), plus(tenYears), plus(tenYears)}, 2},
	{"ten years slow", [clockParts]string{plus(-tenYears), plus(-tenYears), plus(-tenYears)}, 2},
	{"frozen", [clockParts]string{"=1795168800", "=1795168800", "=1795168800"}, 2},
	{"an hour fast for a while", [clockParts]string{"+0", "+3600", "+0"}, 2},
	{"ten years fast for a while", [clockParts]string{"+0", plus(tenYears), "+0"}, 1},
	{"ten years slow for a while", [clockParts]string{"+0", plus(-tenYears), "+0"}, 1},
}

func plus(seconds int) string { return fmt.Sprintf("%+d", seconds) }

// clockKinds are the times that events have; the event number n of a user.
var clockKinds = map[string]func(now int64, n int) string{
	"own":  func(now int64, n int) string { return fmt.Sprintf(`,"timestamp":%d`, now) },
	"1970": func(_ int64, n int) string { return fmt.Sprintf(`,"timestamp":%d`, n) },
	"2999": func(_ int64, n int) string { return fmt.Sprintf(`,"timestamp":%d`, 32_472_144_000+n) },
	"none": func(int64, int) string { return "" },
}

// clockedDaemon is a daemon with a wall clock that the test sets.
type clockedDaemon struct {
	*process
	t              *testing.T
	dir, file, out string
	kinds          []string
	now            int64 // true time of the events, one for all: a request that is repeated must have the same body
}

func (d *clockedDaemon) set(shows string) {
	d.t.Helper()
	tmp := d.file + ".new"
	if err := os.WriteFile(tmp, []byte(shows), 0o600); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(tmp, d.file); err != nil {
		d.t.Fatal(err)
	}
}

func (d *clockedDaemon) start() {
	d.t.Helper()
	d.process = launchWith(d.t, []string{clockVariable + "=" + d.file}, "--rules", filepath.Join(d.dir, "rules.yml"), "--input", "http",
		"--output", "file://"+d.out, "--state-db", filepath.Join(d.dir, "state.db"), "--state-save-interval", "1").ready()
}

// send posts a part of the workload with the given key and returns the answer.
func (d *clockedDaemon) send(part int, key string) string {
	d.t.Helper()
	var body bytes.Buffer
	for n := range clockTimes {
		for user := range clockUsers {
			for _, kind := range d.kinds {
				fmt.Fprintf(&body, "{\"user\":\"%s-%d\"%s}\n", kind, user, clockKinds[kind](d.now, part*clockTimes+n))
			}
		}
	}
	req, err := http.NewRequest("POST", d.url("/api/v1/events?sync=true"), &body)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		d.t.Fatalf("status %d, %s, %v\n%s", resp.StatusCode, text, err, d.log())
	}
	return string(text)
}

var negativeTime = regexp.MustCompile(`"[a-z_]*(seconds|secs|ms|took|age|eviction|remaining|latency|uptime)[a-z_]*":"?-`)

// awaitSave waits until the state is saved: the timer fires whatever the clock shows.
func (d *clockedDaemon) awaitSave() {
	d.t.Helper()
	for deadline := time.Now().Add(patience); ; pause() {
		if _, text := d.get("/api/v1/status"); strings.Contains(text, `"last_saved_at":"`) {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("no state is saved\n%s", d.log())
		}
	}
}

// look looks at everything that a running daemon says about times.
func (d *clockedDaemon) look() {
	d.t.Helper()
	for _, path := range []string{"/api/v1/status", "/api/v1/correlations/state"} {
		if _, text := d.get(path); negativeTime.MatchString(text) {
			d.t.Errorf("%s: %s", path, text)
		}
	}
	values := d.metrics()
	for name, v := range values {
		switch {
		case v < 0 && !strings.HasPrefix(name, "rsigma_tls_"):
			d.t.Errorf("%s is %v", name, v)
		case strings.HasPrefix(name, "rsigma_state_evicted_total") && v > 0:
			d.t.Errorf("%s: %v groups in use were evicted", name, v)
		}
	}
	if groups := values["rsigma_correlation_state_entries"]; int(groups) != clockUsers*len(d.kinds) {
		d.t.Errorf("%v groups, want %d", groups, clockUsers*len(d.kinds))
	}
	if text := d.log(); negativeTime.MatchString(text) {
		d.t.Errorf("the log has a negative time:\n%s", text)
	}
}

// TestNoWallClockDisturbsTheDaemon runs daemons with a state file whose wall clock is wrong, stands still, or jumps while they run, with a
// restart between two jumps. Correlations fire by the times of the events, no group in use is evicted, states are saved, a repeated request
// is not judged again across a jump, and no duration is negative. Events without a time are in a daemon of their own: their time is that of
// the clock, and what follows from that is known too.
func TestNoWallClockDisturbsTheDaemon(t *testing.T) {
	t.Parallel()
	for i, clock := range clocksOfParts {
		if testing.Short() && (i < 3 || i%2 == 1) {
			continue // those that jump are the most telling
		}
		t.Run(clock.name, func(t *testing.T) {
			t.Parallel()
			var daemons []*clockedDaemon // side by side, since they wait for timers
			for _, kinds := range [][]string{{"own", "1970", "2999"}, {"none"}} {
				dir := t.TempDir()
				if err := os.WriteFile(filepath.Join(dir, "rules.yml"), []byte(countingRules), 0o644); err != nil {
					t.Fatal(err)
				}
				daemons = append(daemons, &clockedDaemon{t: t, dir: dir, file: filepath.Join(dir, "clock"), out: filepath.Join(dir, "out.ndjson"), kinds: kinds,
					now: time.Now().Unix()})
			}
			for _, d := range daemons {
				d.set(clock.shows[0])
				d.start()
				first := d.send(0, "part 0")
				d.set(clock.shows[1])
				if again := d.send(0, "part 0"); again != first {
					t.Errorf("the answer to a repeated request is %s, was %s", again, first)
				}
				d.send(1, "part 1")
			}
			for _, d := range daemons {
				d.awaitSave()
				d.look()
				if status := d.stop(); status != 0 {
					t.Errorf("status %d\n%s", status, d.log())
				}
				d.start()
				d.set(clock.shows[2])
				d.send(2, "part 2")
				d.look()
				d.stop()
				checkClockResults(t, resultLines(t, d.out), d.kinds, clock.arrival)
			}
		})
	}
}

// checkClockResults checks that each event has one result and each user the right number of firings.
func checkClockResults(t *testing.T, lines, kinds []string, arrival int) {
	t.Helper()
	fired, detections := map[string]int{}, 0
	for _, l := range lines {
		var r struct {
			Group [][2]string `json:"group_key"`
		}
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		if len(r.Group) == 1 {
			fired[r.Group[0][1]]++
		} else {
			detections++
		}
	}
	if want := clockUsers * len(kinds) * clockParts * clockTimes; detections != want {
		t.Errorf("%d results of events, want %d", detections, want)
	}
	total := 0
	for _, kind := range kinds {
		want := clockParts * clockTimes / 5
		if kind == "none" {
			want = arrival
		}
		for user := range clockUsers {
			name := fmt.Sprintf("%s-%d", kind, user)
			if fired[name] != want {
				t.Errorf("%s fired %d times, want %d", name, fired[name], want)
			}
			total += fired[name]
		}
	}
	t.Logf("%d results of events, %d firings", detections, total)
}
