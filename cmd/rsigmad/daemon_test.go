package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// numbered is a rule that matches every event with a field n and shows it.
const numbered = "title: numbered\nid: 11111111-1111-4111-8111-111111111111\nlevel: high\nlogsource: {category: c}\ndetection: {s: {n|exists: true}, condition: s}\nrsigma.include_event: \"true\"\n"

// numbers returns the n of the events in lines of results.
func numbers(t *testing.T, lines []string) []int {
	t.Helper()
	var out []int
	for _, l := range lines {
		var r struct{ Event struct{ N int } }
		if err := json.Unmarshal([]byte(l), &r); err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		out = append(out, r.Event.N)
	}
	return out
}

// events returns lines with n from first to last.
func events(first, last int) string {
	var b strings.Builder
	for i := first; i <= last; i++ {
		fmt.Fprintf(&b, "{\"n\":%d}\n", i)
	}
	return b.String()
}

// upTo returns the numbers from 1 to n.
func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i + 1
	}
	return out
}

// fileLines returns the lines of a file.
func fileLines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) == 0 {
		return nil
	}
	if text[len(text)-1] != '\n' {
		t.Errorf("%s ends within a line", path)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// metrics scrapes the daemon and returns the values by series, without labels where there are none.
func (p *process) metrics() map[string]float64 {
	p.t.Helper()
	status, text := p.get("/metrics")
	if status != 200 {
		p.t.Fatalf("metrics: status %d", status)
	}
	out := map[string]float64{}
	for line := range strings.Lines(text) {
		if i := strings.LastIndexByte(line, ' '); i > 0 && line[0] != '#' {
			v, err := strconv.ParseFloat(strings.TrimSpace(line[i:]), 64)
			if err != nil {
				p.t.Fatalf("%s: %v", line, err)
			}
			out[line[:i]] = v
		}
	}
	return out
}

// waitForMetric waits until a series has at least the value want.
func (p *process) waitForMetric(name string, want float64) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if got := p.metrics()[name]; got >= want {
			return
		} else if time.Now().After(deadline) {
			p.t.Fatalf("%s is %v, want %v\n%s", name, got, want, p.log())
		}
	}
}

func TestTheDaemonOutlivesItsInput(t *testing.T) {
	t.Parallel()
	p := launch(t, "engine", "daemon", "-r", write(t, "r.yml", numbered)).ready()
	io.WriteString(p.stdin, events(1, 3))
	p.stdin.Close()
	if diff := cmp.Diff(upTo(3), numbers(t, p.output(3))); diff != "" {
		t.Error(diff)
	}
	p.logged("Event source ended")
	if status, body := p.get("/healthz"); status != 200 || body != `{"status":"ok"}` {
		t.Errorf("%d %s", status, body)
	}
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// TestTheBooksOfADaemonBalance feeds known lines over HTTP to two outputs and dead letters, and reads what became of them.
func TestTheBooksOfADaemonBalance(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, dead := filepath.Join(dir, "out.ndjson"), filepath.Join(dir, "dlq.ndjson")
	p := launch(t, "--rules", write(t, "r.yml", numbered), "--input", "http", "--input-format", "json", "--output", "stdout",
		"--output", "file://"+out, "--dlq", "file://"+dead, "--metrics-extended").ready()
	body := `{"n":1}` + "\n\n  \r\n" + `{"x":2}` + "\r\n" + `{"n":` + "\n" + `{"n":4,"s":"` + "\xff" + `"}` + "\nnot json\n" + strings.Repeat(`{"x":0}`+"\n", 4) + "[1"
	status, answer := p.request("POST", "/api/v1/events?sync=true", strings.NewReader(body))
	if status != 200 || answer != `{"accepted":10,"committed":10,"failed":0}` {
		t.Fatalf("%d %s", status, answer)
	}
	for _, lines := range [][]string{p.output(2), fileLines(t, out)} {
		if diff := cmp.Diff([]int{1, 4}, numbers(t, lines)); diff != "" {
			t.Error(diff)
		}
	}
	var got []string
	for _, l := range fileLines(t, dead) {
		var letter struct {
			Event  string `json:"original_event"`
			Error  string
			Time   time.Time `json:"timestamp"`
			Source struct{ Type string }
		}
		if err := json.Unmarshal([]byte(l), &letter); err != nil || letter.Error != "parse error" || letter.Source.Type != "http" || time.Since(letter.Time) > time.Minute {
			t.Errorf("letter %s: %v", l, err)
		}
		got = append(got, letter.Event)
	}
	if diff := cmp.Diff([]string{`{"n":`, "not json", "[1"}, got); diff != "" {
		t.Error(diff)
	}
	m := p.metrics()
	for name, want := range map[string]float64{
		"rsigma_events_processed_total": 7, "rsigma_events_parse_errors_total": 3, "rsigma_dlq_events_total": 3, "rsigma_detection_matches_total": 2,
		`rsigma_detection_matches_by_rule_total{level="high",rule_title="numbered"}`: 2,
		"rsigma_input_queue_depth": 0, "rsigma_output_queue_depth": 0, "rsigma_detection_rules_loaded": 1,
		`rsigma_events_received_total{source="http"}`: 10, "rsigma_events_committed_total": 7,
		`rsigma_sink_results_total{outcome="delivered",sink="file"}`: 2, `rsigma_sink_results_total{outcome="delivered",sink="stdout"}`: 2,
		"rsigma_event_processing_seconds_count": 7,
	} {
		if got, ok := m[name]; !ok || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

func TestAFreshDaemonShowsThirtyEightMetrics(t *testing.T) {
	t.Parallel()
	p := launch(t, "-r", write(t, "r.yml", numbered)).ready()
	_, text := p.get("/metrics")
	types := regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(text, -1)
	if len(types) != 38 || strings.Count(text, "# TYPE rsigma_") != 38 {
		t.Errorf("%d families", len(types))
	}
}

func TestAFileThatIsRotatedIsOpenedAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := filepath.Join(dir, "out.ndjson")
	p := launch(t, "-r", write(t, "r.yml", numbered), "--input", "http", "--output", "file://"+out, "--reload-debounce-ms", "1").ready()
	post := func(n int) {
		t.Helper()
		if status, body := p.request("POST", "/api/v1/events?sync=true", strings.NewReader(events(n, n))); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
	}
	post(1)
	if err := os.Rename(out, out+".1"); err != nil {
		t.Fatal(err)
	}
	post(2) // renamed: noticed at the write
	if err := os.Rename(out, out+".2"); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.until("the file is there again", func() bool { _, err := os.Stat(out); return err == nil })
	post(3)
	for i, path := range []string{out + ".1", out + ".2", out} {
		if diff := cmp.Diff([]int{i + 1}, numbers(t, fileLines(t, path))); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

func TestAnOutputThatFailsIsLoggedAlsoWithDeadLetters(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	out := "file://" + filepath.Join(dir, "out.ndjson")
	p := launch(t, "-r", write(t, "r.yml", numbered), "--input", "http", "--output", out, "--dlq", "file://"+filepath.Join(t.TempDir(), "dlq"),
		"--sink-retry-max", "0").ready()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if status, body := p.request("POST", "/api/v1/events?sync=true", strings.NewReader(events(1, 5))); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if l := p.logged("Sink delivery failed; the results go to the DLQ"); l.Level != "WARN" || l.Fields["sink"] != out {
		t.Errorf("got %+v", l)
	}
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if n := strings.Count(p.log(), "Sink delivery failed"); n != 1 {
		t.Errorf("%d lines for five failures at once", n)
	}
}

// TestWhatNeitherOutputNorDeadLettersTakeCountsAsDropped fails both, and beside it, as the negative control, only the output.
func TestWhatNeitherOutputNorDeadLettersTakeCountsAsDropped(t *testing.T) {
	t.Parallel()
	rules := write(t, "r.yml", numbered)
	for letters, want := range map[string]struct {
		status                 int
		dlq, dropped, failures float64
	}{
		"file:///dev/full": {503, 0, 5, 5},
		"file://" + filepath.Join(t.TempDir(), "dlq"): {200, 5, 0, 0},
	} {
		p := launch(t, "-r", rules, "--input", "http", "--output", "file:///dev/full", "--dlq", letters, "--sink-retry-max", "0", "--metrics-extended").ready()
		if status, body := p.request("POST", "/api/v1/events?sync=true", strings.NewReader(events(1, 5))); status != want.status {
			t.Fatalf("%d %s", status, body)
		}
		m := p.metrics()
		for series, n := range map[string]float64{
			`rsigma_sink_results_total{outcome="dlq",sink="file"}`:       want.dlq,
			`rsigma_sink_results_total{outcome="dropped",sink="file"}`:   want.dropped,
			`rsigma_dropped_total{reason="dlq_write_failed"}`:            want.dropped,
			"rsigma_dlq_write_failures_total":                            want.failures,
			`rsigma_sink_results_total{outcome="delivered",sink="file"}`: 0,
		} {
			if got, ok := m[series]; !ok || got != n {
				t.Errorf("%s: %s is %v (there: %t), want %v", letters, series, got, ok, n)
			}
		}
		if status := p.stop(); status != 0 {
			t.Errorf("exit status %d", status)
		}
	}
}

func TestAReloadReplacesTheRulesOrKeepsThem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rule := func(name, text string) {
		t.Helper()
		tmp := filepath.Join(dir, "tmp")
		if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(tmp, filepath.Join(dir, name)); err != nil { // as editors do
			t.Fatal(err)
		}
	}
	titled := func(title string) string { return strings.ReplaceAll(numbered, "numbered", title) }
	rule("a.yml", titled("one"))
	p := launch(t, "-r", dir, "--input", "http").ready()
	fired := 0
	fires := func(want string) {
		t.Helper()
		p.request("POST", "/api/v1/events?sync=true", strings.NewReader(events(1, 1)))
		fired++
		if got := titles(t, strings.Join(p.output(fired), "\n")); len(got) != fired || got[fired-1] != want {
			t.Errorf("results %q, the last should be %q", got, want)
		}
	}
	fires("one")
	rule("a.yml", titled("two"))
	p.logged("Rules and pipelines reloaded") // the file was noticed
	fires("two")
	rule("a.yml", "title: broken\ndetection: {}\n")
	if status, body := p.request("POST", "/api/v1/reload?wait=true", nil); status != 422 || !strings.Contains(body, "a.yml:") || !strings.Contains(body, `"generation":2`) {
		t.Errorf("%d %s", status, body)
	}
	fires("two")
	if status, _ := p.get("/readyz"); status != 200 {
		t.Errorf("not ready after a failed reload: %d", status)
	}
	if _, body := p.get("/api/v1/status"); !strings.Contains(body, `"last_result":"failed"`) {
		t.Errorf("status %s", body)
	}
	rule("a.yml", titled("three"))
	if status, body := p.request("POST", "/api/v1/reload?wait=true", nil); status != 200 || !strings.Contains(body, `"status":"reload_completed"`) {
		t.Errorf("%d %s", status, body)
	}
	fires("three")
	m := p.metrics()
	if m["rsigma_reloads_failed_total"] < 1 || m["rsigma_reloads_total"] < m["rsigma_reloads_failed_total"]+2 {
		t.Errorf("%v reloads, %v failed", m["rsigma_reloads_total"], m["rsigma_reloads_failed_total"])
	}
}

// TestWhatCannotBeDeliveredInTimeGoesToTheDeadLetters stops a daemon whose output does not read.
func TestADaemonMayWaitForItsRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, "-r", dir, "--reload-debounce-ms", "10").ready()
	p.logged("No rules are loaded: nothing can be detected")
	if err := os.WriteFile(filepath.Join(dir, "r.yml"), []byte(numbered), 0o600); err != nil {
		t.Fatal(err)
	}
	p.logged("Rules and pipelines reloaded")
	io.WriteString(p.stdin, events(1, 1))
	p.output(1)
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if got := exec(t, "", "eval", "-r", t.TempDir(), "-e", "{}"); got.status != 2 {
		t.Errorf("an evaluation without rules: exit status %d", got.status)
	}
}

func TestWhatCannotBeDeliveredInTimeGoesToTheDeadLetters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	socket, dead := filepath.Join(dir, "s"), filepath.Join(dir, "dlq.ndjson")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const n = 3000
	pad := strings.Repeat("x", 1000)
	p := launch(t, "-r", write(t, "r.yml", numbered), "--output", "unix://"+socket, "--dlq", "file://"+dead,
		"--drain-timeout", "1", "--buffer-size", "100", "--enable-tail").ready()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		for i := 1; i <= n; i++ {
			if _, err := fmt.Fprintf(p.stdin, "{\"n\":%d,\"pad\":%q}\n", i, pad); err != nil {
				return
			}
		}
	}()
	p.waitForMetric("rsigma_back_pressure_events_total", 1)
	for same, last := 0, -1.0; same < 5; pause() { // until everything is full
		m := p.metrics()
		if n := m["rsigma_events_processed_total"]; n == last && m["rsigma_input_queue_depth"] == 100 {
			same++
		} else {
			same, last = 0, n
		}
	}
	tail, err := http.Get(p.url("/api/v1/detections/stream")) // an open stream must not hold up the end
	if err != nil {
		t.Fatal(err)
	}
	defer tail.Body.Close()
	start := time.Now()
	if status := p.stop(); status != 0 || time.Since(start) > 5*time.Second {
		t.Errorf("exit status %d after %s", status, time.Since(start))
	}
	p.logged("Drain timeout reached, exiting")
	text, err := io.ReadAll(conn) // what was written before the end
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]int{}
	complete := strings.Split(string(text), "\n")
	for _, k := range numbers(t, complete[:len(complete)-1]) {
		seen[k]++
	}
	delivered := len(seen)
	results, raw := 0, 0
	for _, line := range fileLines(t, dead) {
		var letter struct {
			Event string `json:"original_event"`
			Error string
		}
		if err := json.Unmarshal([]byte(line), &letter); err != nil || letter.Error != "drain timeout" {
			t.Fatalf("%v: %s", err, line)
		}
		if strings.HasPrefix(letter.Event, "[") {
			results++
			seen[numbers(t, []string{strings.Trim(letter.Event, "[]")})[0]]++
			continue
		}
		raw++
		var e struct{ N int }
		if err := json.Unmarshal([]byte(letter.Event), &e); err != nil {
			t.Fatal(err)
		}
		seen[e.N]++
	}
	for k := 1; k <= len(seen); k++ {
		if seen[k] != 1 {
			t.Fatalf("event %d is there %d times, of %d", k, seen[k], len(seen))
		}
	}
	if delivered == 0 || results == 0 || raw == 0 {
		t.Errorf("%d delivered, %d results and %d events in the dead letters", delivered, results, raw)
	}
	t.Logf("%d delivered, %d results and %d events in the dead letters", delivered, results, raw)
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := launch(t, "-r", write(t, "r.yml", numbered), "--output", "unix://"+socket, "--drain-timeout", "60").ready()
	fmt.Fprintf(p.stdin, "{\"n\":1,\"pad\":%q}\n", strings.Repeat("x", 900_000)) // more than a socket holds
	p.waitForMetric("rsigma_detection_matches_total", 1)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.logged("Shutdown signal received, draining pipeline...")
	if status := p.stop(); status != 130 {
		t.Errorf("exit status %d", status)
	}
}

func TestAnAddressForAllNeedsTLSOrAFlag(t *testing.T) {
	t.Parallel()
	rules := write(t, "r.yml", numbered)
	got := exec(t, "", "-r", rules, "--api-addr", "0.0.0.0:9090")
	if got.status != 3 || !strings.Contains(got.stderr, "refusing to bind plaintext on non-loopback address") || !strings.Contains(got.stderr, "--allow-plaintext") {
		t.Errorf("status %d: %s", got.status, got.stderr)
	}
	p := launch(t, "-r", rules, "--api-addr", "0.0.0.0:0", "--allow-plaintext")
	p.logged("API server listening")
	if status := p.stop(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

func TestFlagsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	rules := write(t, "r.yml", numbered)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a buffer for nothing":         {[]string{"--buffer-size", "0"}, "--buffer-size 0"},
		"a batch of nothing":           {[]string{"--batch-size", "0"}, "--batch-size 0"},
		"a negative drain":             {[]string{"--drain-timeout", "-1"}, "--drain-timeout"},
		"an unknown input":             {[]string{"--input", "kafka://x"}, "want stdin, http"},
		"a NATS subject that is empty": {[]string{"--input", "nats://localhost:4222/"}, "--input nats"},
		"two ways to authenticate":     {[]string{"--nats-token", "x", "--nats-creds", "y"}, "exclude each other"},
		"a replay of nothing":          {[]string{"--replay-from-latest"}, "nothing else can be replayed"},
		"a bad time":                   {[]string{"--input", "nats://localhost:1/x", "--replay-from-time", "noon"}, "Invalid --replay-from-time 'noon'"},
		"an unknown output":            {[]string{"--output", "x"}, "want stdout, file://PATH"},
		"an output without parent":     {[]string{"--output", "file:///none/such/dir/x"}, "no such file"},
		"a bad dead-letter queue":      {[]string{"--dlq", "x"}, "--dlq"},
		"two filters":                  {[]string{"--jq", ".", "--jsonpath", "$"}, "jq"},
		"a broken jq expression":       {[]string{"--jq", ".["}, "jq expression"},
		"a broken JSONPath":            {[]string{"--jsonpath", "$["}, "JSONPath expression"},
		"an end without stdin":         {[]string{"--input", "http", "--exit-on-eof"}, "--exit-on-eof needs"},
		"a body smaller than a line":   {[]string{"--max-body-bytes", "10"}, "--max-body-bytes"},
		"a backoff upside down":        {[]string{"--sink-backoff-max-ms", "1"}, "--sink-backoff-max-ms"},
		"a token that is not there":    {[]string{"--api-token-env", "RSIGMA_NO_SUCH_VARIABLE"}, "RSIGMA_NO_SUCH_VARIABLE"},
		"a bad address":                {[]string{"--api-addr", "nonsense"}, "Invalid API address"},
		"a pipeline without rules":     {[]string{"-p", "sysmon"}, "has no effect on linked rules"},
	} {
		args := append([]string{"-r", rules}, c.args...)
		if name == "a pipeline without rules" {
			args = c.args
		}
		if !strings.Contains(strings.Join(args, " "), "--api-addr") {
			args = append(args, "--api-addr", "127.0.0.1:0")
		}
		if got := exec(t, "", args...); got.status != 3 || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%s: status %d, want %q in\n%s", name, got.status, c.want, got.stderr)
		}
	}
}
