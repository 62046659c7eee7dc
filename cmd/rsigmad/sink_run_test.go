package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// brokenSink is an output with a fault.
type brokenSink struct {
	sinkFault
	*receiver
	label string
	early figures // when the outputs that work were done
}

// spec is what dead letters call the sink.
func (b *brokenSink) spec() string { s, _, _ := strings.Cut(b.output, "?"); return s }

// sinkRun is a daemon with broken outputs and one that works, a file, the last one.
type sinkRun struct {
	t       *testing.T
	results int
	sinkVariant

	broken    []*brokenSink
	healthy   string // its label
	out, dead string // files
	args      []string
	others    chan struct{}
	p         *process
	books     books
	last      map[string]float64 // metrics, at rest
	peak      int                // MiB
}

// sinkVariant is with what a daemon with broken outputs is run.
type sinkVariant struct{ lettersFail, state bool }

// impatient makes few and short pauses before retries, and no long one at the end.
var impatient = []string{"--sink-backoff-base-ms", "1", "--sink-backoff-max-ms", "2", "--sink-retry-max", "1", "--drain-timeout", strconv.Itoa(scale(0, 1))}

// newSinkRun starts the daemon, which need not be ready. flags are further ones.
func newSinkRun(t *testing.T, results int, v sinkVariant, flags []string, faults ...sinkFault) *sinkRun {
	t.Helper()
	dir := t.TempDir()
	r := &sinkRun{t: t, results: results, sinkVariant: v, others: make(chan struct{}),
		out: filepath.Join(dir, "out.ndjson"), dead: filepath.Join(dir, "dlq.ndjson")}
	if v.lettersFail {
		r.dead = "/dev/full"
	}
	r.args = append([]string{"-r", write(t, "r.yml", numbered), "--input", "http", "--input-format", "json", "--dlq", "file://" + r.dead,
		"--metrics-extended"}, flags...)
	if v.state {
		r.args = append(r.args, "--state-db", filepath.Join(dir, "state.db"))
	}
	r.open(faults)
	r.p = launch(t, r.args...)
	return r
}

// open starts the other sides of all outputs.
func (r *sinkRun) open(faults []sinkFault) {
	r.t.Helper()
	if len(faults) > 1 {
		r.args = append(r.args, "--sink-batch-max", "16")
	} else {
		r.args = append(r.args, faults[0].flags...)
	}
	var outputs []string
	for _, f := range faults {
		b := &brokenSink{sinkFault: f, receiver: f.open(r.t, r.results, r.others)}
		r.broken = append(r.broken, b)
		outputs = append(outputs, b.output)
	}
	outputs = append(outputs, "file://"+r.out)
	for i, o := range outputs {
		r.args = append(r.args, "--output", o)
		r.books.sinks = append(r.books.sinks, sinkLabel(outputs, i))
		if i < len(r.broken) {
			r.broken[i].label = r.books.sinks[i]
		}
	}
	r.healthy = r.books.sinks[len(outputs)-1]
}

// sinkLabel is what metrics call output number i.
func sinkLabel(outputs []string, i int) string {
	scheme := func(s string) string { s, _, _ = strings.Cut(s, "://"); return s }
	n := 0
	for _, o := range outputs[:i+1] {
		if scheme(o) == scheme(outputs[i]) {
			n++
		}
	}
	if n == 1 {
		return scheme(outputs[i])
	}
	return scheme(outputs[i]) + "#" + strconv.Itoa(n)
}

// feed sends the events, with others among them that have no result, and lines that are none. It returns when it began to send.
func (r *sinkRun) feed() (began time.Time) {
	r.t.Helper()
	r.p.ready()
	var b strings.Builder
	r.books.results, r.books.lettersFail = r.results, r.lettersFail
	pad := strings.Repeat("x", r.broken[0].pad)
	for n := 1; n <= r.results; n++ {
		fmt.Fprintf(&b, "{\"n\":%d,\"pad\":%q}\n", n, pad)
		if n%20 == 0 {
			b.WriteString("{\"x\":1}\n")
			r.books.events++
		}
		if n%50 == 0 {
			b.WriteString("{\"n\":\n")
			r.books.bad++
		}
	}
	r.books.events += r.results
	for _, s := range r.broken {
		if s.begin != nil {
			s.begin()
		}
	}
	began = time.Now()
	status, k := accepted(r.t, r.p.url("/api/v1/events"), strings.NewReader(b.String()))
	if status != 200 || k != r.books.events+r.books.bad {
		r.t.Fatalf("status %d, %d accepted\n%s", status, k, r.p.log())
	}
	return began
}

// othersDone waits until the output that works has everything, looks at the broken ones, and lets them go on.
func (r *sinkRun) othersDone() {
	r.t.Helper()
	r.p.waitForMetric(fmt.Sprintf(`rsigma_sink_results_total{outcome="delivered",sink=%q}`, r.healthy), float64(r.results))
	m := r.p.metrics()
	for _, s := range r.broken {
		if s.early = figuresOf(m, s.label); s.behind && (s.early.done() >= float64(r.results) || s.early.queued == 0) {
			r.t.Errorf("%s: %s is done when the others are: %+v: the test proves nothing", r.name(), s.label, s.early)
		}
	}
	close(r.others)
	for _, s := range r.broken {
		if s.mend != nil && !s.stuck {
			s.mend()
		}
	}
}

// rest waits until the broken outputs are done, but for those that are stuck, and returns the metrics.
func (r *sinkRun) rest() map[string]float64 {
	r.t.Helper()
	stuck := false
	for deadline := time.Now().Add(time.Duration(scale(1, 10)) * patience); ; pause() {
		m := r.p.metrics()
		busy := m["rsigma_dlq_write_failures_total"] < float64(r.books.bad) && r.lettersFail
		for _, s := range r.broken {
			f := figuresOf(m, s.label)
			// Figures of one look are not of one moment: what is delivered may still be counted as waiting.
			busy = busy || !s.stuck && (f.done() < float64(r.results) || f.queued > 0) || s.stuck && f.done()+f.queued != float64(r.results)
			stuck = stuck || s.stuck
		}
		if !busy && (stuck || m["rsigma_outbox_bytes"] == 0) {
			return m
		}
		if time.Now().After(deadline) {
			r.t.Errorf("%s: does not come to rest: %v\n%.4000s", r.name(), m, r.p.log())
			return m
		}
	}
}

// stop waits until the daemon is at rest, and tells it to stop.
func (r *sinkRun) stop() {
	r.t.Helper()
	r.last, r.peak = r.rest(), r.p.peakMiB()
	r.p.cmd.Process.Signal(syscall.SIGTERM)
}

// fault waits for the end of the daemon and returns what is wrong with the books and with what has arrived.
func (r *sinkRun) fault() error {
	r.t.Helper()
	m := r.last
	errs := []error{r.books.fault(m)}
	if peak, budget := r.peak, r.budget(); peak > budget && !testing.Short() { // the race detector, which runs the short forms, multiplies memory
		errs = append(errs, fmt.Errorf("%d MiB, and the budget is %d", peak, budget))
	}
	if status := r.p.wait(); status != 0 {
		errs = append(errs, fmt.Errorf("exit status %d", status))
	}
	dropped := map[string]int{}
	for _, s := range r.broken {
		f := figuresOf(m, s.label)
		dropped[s.label] = int(f.dropped)
		if n := float64(r.results); len(r.broken) == 1 && !(s.delivered.holds(f.delivered, n) && s.givenUp.holds(f.dlq+f.dropped, n)) {
			errs = append(errs, fmt.Errorf("the fault did not happen: %+v", f))
		}
		errs = append(errs, r.afterStop(s, dropped))
	}
	errs = append(errs, r.restart(dropped))
	letters, err := r.letters()
	errs = append(errs, err)
	for _, s := range r.broken {
		a := arrived{r.results, s.got(), letters[s.spec()], dropped[s.label], s.unsure}
		if err := a.fault(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
		}
		r.tell(s, a)
	}
	file := map[int]int{}
	for _, n := range numbers(r.t, fileLines(r.t, r.out)) {
		file[n]++
	}
	works := arrived{results: r.results, got: file, letters: letters["file://"+r.out]}
	if err := works.fault(); err != nil {
		errs = append(errs, fmt.Errorf("the output that works: %w", err))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: %w", r.name(), err)
	}
	return nil
}

// afterStop accounts for what an output that is stuck had not taken when the daemon ended: it is in the dead letters, or lost if they
// fail too, and the log says how much; or it is kept in the state file. It mends the output.
func (r *sinkRun) afterStop(s *brokenSink, dropped map[string]int) error {
	r.t.Helper()
	if !s.stuck {
		return nil
	}
	s.mend()
	key := "results"
	if r.state {
		key = "kept"
	}
	told, _ := r.p.logged("Drain timeout reached, exiting").Fields[key].(float64)
	left := r.results - dropped[s.label] - len(s.got())
	if int(told) != left || left == 0 {
		return fmt.Errorf("%v %s at the end, want %d", told, key, left)
	}
	if r.lettersFail && !r.state {
		dropped[s.label] += left
		if lost := r.p.logged("Dead letters were lost").Fields["count"]; lost != float64(left) {
			return fmt.Errorf("%v dead letters were lost, want %d", lost, left)
		}
	}
	return nil
}

// restart has the next daemon deliver what is kept in the state file for outputs that were stuck.
func (r *sinkRun) restart(dropped map[string]int) error {
	r.t.Helper()
	if !r.state || !slices.ContainsFunc(r.broken, func(s *brokenSink) bool { return s.stuck }) {
		return nil
	}
	r.p = launch(r.t, r.args...).ready()
	r.p.waitForNoOutbox()
	for m, i := r.p.metrics(), 0; i < len(r.broken); i++ {
		dropped[r.broken[i].label] += int(figuresOf(m, r.broken[i].label).dropped)
	}
	if status := r.p.stop(); status != 0 {
		return fmt.Errorf("exit status %d of the next daemon", status)
	}
	return nil
}

// waitForNoOutbox waits until all results that are committed are delivered, and that is noted.
func (p *process) waitForNoOutbox() {
	p.t.Helper()
	for deadline := time.Now().Add(patience); p.metrics()["rsigma_outbox_bytes"] > 0; pause() {
		if time.Now().After(deadline) {
			p.t.Fatalf("results stay in the state file\n%s", p.log())
		}
	}
}

// letters returns how often each number is in the dead letters, by output. Lines that are no events are there as well.
func (r *sinkRun) letters() (map[string]map[int]int, error) {
	out := map[string]map[int]int{}
	if r.lettersFail {
		return out, nil
	}
	bad := 0
	for _, line := range fileLines(r.t, r.dead) {
		var letter struct {
			Event string `json:"original_event"`
			Sink  string
			Error string
		}
		if err := json.Unmarshal([]byte(line), &letter); err != nil {
			return nil, err
		}
		if letter.Error == "parse error" {
			bad++
			continue
		}
		var results []struct{ Event struct{ N int } }
		if err := json.Unmarshal([]byte(letter.Event), &results); err != nil {
			return nil, fmt.Errorf("dead letter %s: %w", line, err)
		}
		if out[letter.Sink] == nil {
			out[letter.Sink] = map[int]int{}
		}
		for _, result := range results {
			out[letter.Sink][result.Event.N]++
		}
	}
	if bad != r.books.bad {
		return out, fmt.Errorf("%d lines that are no events are in the dead letters, want %d", bad, r.books.bad)
	}
	return out, nil
}

func (r *sinkRun) name() string {
	return fmt.Sprintf("dead letters fail %t, state file %t", r.lettersFail, r.state)
}

// tell logs the figures of a broken output.
func (r *sinkRun) tell(s *brokenSink, a arrived) {
	f := figuresOf(r.last, s.label)
	more := ""
	if s.seen != nil {
		more = "; " + s.seen()
	}
	r.t.Logf("%s; %s: of %d results %v delivered, %v in the dead letters, %v dropped, %v waiting after %v retries; done with %v when the others had all; "+
		"%d have arrived in the end, %d letters; %d MiB of %d%s", s.name, r.name(), r.results, f.delivered, f.dlq, f.dropped, f.queued, f.retries,
		s.early.done(), len(a.got), len(a.letters), r.peak, r.budget(), more)
}

// budget is how much memory the daemon may need, in MiB: 64 for each queue of results, which are those of the sinks, of the dead letters,
// and the one before them all (reliability.md T6); and 64 for everything else.
func (r *sinkRun) budget() int { return 64 * (len(r.books.sinks) + 3) }

// peakMiB returns the highest memory of the process so far, 0 if the system does not tell.
func (p *process) peakMiB() int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb / 1024
		}
	}
	return 0
}
