package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon"
	"github.com/rsigma-go/rsigma/daemon/store"
)

// TestManyGroupsAreSavedWhileEventsGoOn fills the state with groups and looks how long correlation stands still, and how long single events
// wait, while bases of it are written, and how long the state takes to come back.
func TestManyGroupsAreSavedWhileEventsGoOn(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	groups := scale(20_000, 1_000_000)
	state := filepath.Join(t.TempDir(), "state.db")
	args := []string{"-r", write(t, "rules.yml", strings.Replace(countingRules, "gte: 5", "gte: 1000", 1)), "--no-detections",
		"--input", "http", "--state-db", state, "--state-save-interval", "1", "--max-state-entries", fmt.Sprint(2 * groups), "--output", "file:///dev/null",
		"--metrics-extended"}
	p := launch(t, args...).ready()
	start := time.Now()
	p.load(groups, 0, func(done int) bool { return done >= groups })
	t.Logf("%d groups in %v", groups, time.Since(start).Round(time.Millisecond))

	half := time.Duration(scale(1, 30)) * time.Second
	before := p.metrics()
	naps := takeNaps()
	events := p.load(groups, groups, lasting(half))
	napped, late, longest := naps()
	after := p.metrics()
	waits := "rsigma_state_commit_wait_seconds"
	longer := func(bound string) float64 {
		full := after[waits+"_count"] - before[waits+"_count"]
		return full - (after[waits+`_bucket{le="`+bound+`"}`] - before[waits+`_bucket{le="`+bound+`"}`])
	}
	full := after[waits+"_count"] - before[waits+"_count"]
	t.Logf("under full load of %d events in %v, a base each second: correlation waited %.0f times for a commit, %.0f times longer than 5 ms, %.0f than 10 ms, %.0f than 20 ms, %.0f than 50 ms",
		events, half, full, longer("0.005"), longer("0.01"), longer("0.02"), longer("0.05"))
	t.Logf("meanwhile %d naps of 1 ms beside it: %d ended more than 20 ms late, the longest by %v; that is the machine", napped, late, longest.Round(time.Millisecond))
	if full < 10 {
		t.Errorf("correlation never had to wait: the test proves nothing")
	}

	single := p.single(groups, lasting(half))
	t.Logf("then %d single events: p50 %v, p99 %v, longest %v from request to commit", len(single), single[len(single)/2], single[len(single)*99/100], single[len(single)-1])
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
	t.Logf("file %d MiB; stop %v; ready again after %v", size>>20, stopped.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond))
	p.stop()
}

// takeNaps sleeps for a millisecond at a time. The function it returns ends that and says how often, how many times sleep took more than 20 ms
// too long, and the longest of these times: so long does whoever wants to run wait for a processor in any case.
func takeNaps() (stop func() (naps, late int, longest time.Duration)) {
	done, ended := make(chan struct{}), make(chan struct{})
	var naps, late int
	var longest time.Duration
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			default:
			}
			start := time.Now()
			time.Sleep(time.Millisecond)
			over := time.Since(start) - time.Millisecond
			if naps++; over > 20*time.Millisecond {
				late++
			}
			longest = max(longest, over)
		}
	}()
	return func() (int, int, time.Duration) {
		close(done)
		<-ended
		return naps, late, longest
	}
}

// lasting is false until d has passed.
func lasting(d time.Duration) func(int) bool {
	start := time.Now()
	return func(int) bool { return time.Since(start) >= d }
}

// load sends events of the counting workload from number n on, as fast as they are answered, until enough. It returns how many it has sent.
func (p *process) load(users, n int, enough func(done int) bool) int {
	p.t.Helper()
	work, first := counting{users: users}, n
	const chunk = 5000
	for !enough(n - first) {
		var body bytes.Buffer
		for range chunk {
			body.WriteString(work.event(n) + "\n")
			n++
		}
		if status, text := p.request("POST", "/api/v1/events?sync=true", &body); status != 200 {
			p.t.Fatal(status, text)
		}
	}
	return n - first
}

// single sends one event after the other until enough, and returns how long each answer took, sorted.
func (p *process) single(users int, enough func(done int) bool) (waits []time.Duration) {
	p.t.Helper()
	work := counting{users: users}
	for !enough(len(waits)) {
		begin := time.Now()
		if status, text := p.request("POST", "/api/v1/events?sync=true", strings.NewReader(work.event(len(waits)))); status != 200 {
			p.t.Fatal(status, text)
		}
		waits = append(waits, time.Since(begin))
	}
	slices.Sort(waits)
	return waits
}

// TestAReloadWithManyGroupsPausesShortly looks how long correlation stands still when its groups go over to other rules, and how long single
// events wait meanwhile.
func TestAReloadWithManyGroupsPausesShortly(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	groups, reloads := scale(10_000, 100_000), scale(2, 10)
	rules := strings.Replace(countingRules, "gte: 5", "gte: 1000", 1)
	path := write(t, "rules.yml", rules)
	p := launch(t, "-r", path, "--no-detections", "--input", "http", "--state-db", filepath.Join(t.TempDir(), "state.db"),
		"--max-state-entries", fmt.Sprint(2*groups), "--output", "file:///dev/null", "--metrics-extended").ready()
	p.load(groups, 0, func(done int) bool { return done >= groups })
	const pauses = "rsigma_reload_pause_seconds"
	var single []time.Duration
	for i := range reloads {
		if err := os.WriteFile(path, []byte(strings.Replace(rules, "gte: 1000", fmt.Sprint("gte: ", 2000+i), 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, text := p.request("POST", "/api/v1/reload", nil); status != 200 {
			t.Fatal(status, text)
		}
		single = append(single, p.single(groups, lasting(400*time.Millisecond))...)
		p.waitForMetric(pauses+"_count", float64(2*(i+1))) // the copy, and what has changed after it
	}
	slices.Sort(single)
	m := p.metrics()
	if m["rsigma_correlation_state_entries"] != float64(groups) {
		t.Errorf("%v groups are left of %d", m["rsigma_correlation_state_entries"], groups)
	}
	t.Logf("%d groups, %d reloads: correlation stood still %.0f times, for %.0f ms on average, %.0f times for more than 50 ms", groups, reloads,
		m[pauses+"_count"], 1000*m[pauses+"_sum"]/m[pauses+"_count"], m[pauses+"_count"]-m[pauses+`_bucket{le="0.05"}`])
	t.Logf("%d single events meanwhile: p50 %v, the longest %v from request to commit", len(single), single[len(single)/2], single[max(0, len(single)-reloads):])
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

// logSizeVariable names a file into which the program writes how many bytes of changes it has committed.
const logSizeVariable = "RSIGMAD_TEST_LOG_SIZE"

// init has the program write that file: then this is the program that is tested.
func init() {
	path := os.Getenv(logSizeVariable)
	if path == "" {
		return
	}
	others := plant
	plant = func(parts *daemon.Parts) {
		others(parts)
		open := parts.OpenState
		parts.OpenState = func(state string, power bool, warn func(string)) (store.Store, error) {
			s, err := open(state, power, warn)
			return &measured{Store: s, path: path}, err
		}
	}
}

// measured is a store that writes down how long its log is. Commits come one after the other.
type measured struct {
	store.Store
	path string
	size int
}

func (m *measured) Commit(ctx context.Context, g *store.Group) error {
	err := m.Store.Commit(ctx, g)
	if err == nil {
		m.size += len(g.Delta)
		err = os.WriteFile(m.path, fmt.Append(nil, m.size), 0o600)
	}
	return err
}

// TestAKilledDaemonIsReadySoon lets the log grow, kills the daemon, and looks how long the next one takes to be ready. In the long form the
// log is as long as it gets: at 64 MiB the daemon writes a base and begins a new one.
func TestAKilledDaemonIsReadySoon(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other tests go the same ways")
	}
	groups, longest := scale(10_000, 100_000), scale(2<<20, 64<<20)
	dir := t.TempDir()
	state, written := filepath.Join(dir, "state.db"), filepath.Join(dir, "written")
	args := []string{"-r", write(t, "rules.yml", strings.Replace(countingRules, "gte: 5", "gte: 1000", 1)), "--no-detections", "--input", "http",
		"--state-db", state, "--state-save-interval", "3600", "--max-state-entries", fmt.Sprint(2 * groups), "--output", "file:///dev/null"}
	p := launchWith(t, []string{logSizeVariable + "=" + written}, args...).ready()
	events, size, most := 0, 0, 0 // most is what one request adds
	for size+most < longest {
		events += p.load(groups, events, func(done int) bool { return done > 0 })
		text, err := os.ReadFile(written)
		if err != nil {
			t.Fatal(err)
		}
		now, err := strconv.Atoi(string(text))
		if err != nil {
			t.Fatal(err)
		}
		size, most = now, max(most, now-size)
	}
	p.cmd.Process.Kill()
	p.wait()
	file := fileSize(t, state)
	begin := time.Now()
	p = launch(t, args...).ready()
	took := time.Since(begin)
	fields := p.logged("State restored").Fields
	if fields["groups"] != float64(groups) || fields["commits"].(float64) < float64(events/1000) {
		t.Errorf("restored: %v", fields)
	}
	t.Logf("%d groups, a log of %.1f MiB from %d events in %v commits, file %d MiB: ready after %v, %.2f s of it for the state; at most 5 s are wanted",
		groups, float64(size)/(1<<20), events, fields["commits"], file>>20, took.Round(time.Millisecond), fields["seconds"])
	if soak && took > 15*time.Second {
		t.Errorf("ready after %v", took)
	}
	p.stop()
}
