package metrics

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// asked are the families that --metrics-extended adds, as the specification spells them: type and labels.
var asked = map[string]string{
	"rsigma_sink_queue_depth":              "gauge{sink}",
	"rsigma_sink_retries_total":            "counter{sink}",
	"rsigma_sink_dropped_total":            "counter{sink}",
	"rsigma_sink_delivery_failures_total":  "counter{sink}",
	"rsigma_sink_results_total":            "counter{sink,outcome}",
	"rsigma_tap_sessions_total":            "counter",
	"rsigma_tap_events_streamed_total":     "counter",
	"rsigma_tap_events_dropped_total":      "counter",
	"rsigma_tap_active_sessions":           "gauge",
	"rsigma_tail_active_sessions":          "gauge",
	"rsigma_tail_detections_dropped_total": "counter",
	"rsigma_api_auth_failures_total":       "counter{reason}",
	"rsigma_dlq_write_failures_total":      "counter",
	"rsigma_timestamp_fallback_total":      "counter",
	"rsigma_correlation_late_events_total": "counter",
	"rsigma_state_evicted_total":           "counter{correlation,reason}",
	"rsigma_queue_bytes":                   "gauge",
	"rsigma_ruleset_generation":            "gauge",
	"rsigma_source_value_changes_total":    "counter{source_id}",
	"rsigma_source_items":                  "gauge{source_id}",
	"rsigma_events_received_total":         "counter{source}",
	"rsigma_events_committed_total":        "counter",
	"rsigma_dropped_total":                 "counter{reason}",
	"rsigma_slow_events_total":             "counter",
	"rsigma_rule_panics_total":             "counter{rule}",
	"rsigma_state_commit_seconds":          "histogram",
	"rsigma_state_commit_events":           "histogram",
	"rsigma_state_commit_wait_seconds":     "histogram",
	"rsigma_reload_pause_seconds":          "histogram",
	"rsigma_state_commit_blocked":          "gauge",
	"rsigma_outbox_bytes":                  "gauge",
	"rsigma_recovery_seconds":              "gauge",
	"rsigma_recovery_records":              "gauge",
	"rsigma_source_expired_total":          "counter",
	"rsigma_nats_unacked_messages":         "gauge",
	"rsigma_nats_redelivered_total":        "counter",
	"rsigma_source_regressions_total":      "counter",
	"rsigma_duplicates_suppressed_total":   "counter{where}",
	"rsigma_regex_truncated_total":         "counter{rule}",
}

func TestTheExtendedFamiliesAreThoseOfTheSpecification(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, f := range Catalogue() {
		if !f.Extended {
			continue
		}
		got[f.Name] = f.Type
		if f.Labels != nil {
			got[f.Name] += "{" + strings.Join(f.Labels, ",") + "}"
		}
	}
	if diff := cmp.Diff(asked, got); diff != "" {
		t.Error(diff)
	}
}

func TestLargeNumbersAreWrittenOut(t *testing.T) {
	t.Parallel()
	s := New(Options{}, nil)
	s.EventsProcessed.Add(1_234_567)
	s.BatchSize.ObserveN(3, 5_000_000)
	s.EventSeconds.Observe(0.00002)
	s.Uptime.Set(1_234_567.5)
	s.SourceLastResolved.With("a b 1e+06").Set(1_795_000_000)
	text := scrape(t, s)
	for _, want := range []string{
		"\nrsigma_events_processed_total 1234567\n",
		"\nrsigma_batch_size_bucket{le=\"4\"} 5000000\n",
		"\nrsigma_batch_size_bucket{le=\"+Inf\"} 5000000\n",
		"\nrsigma_batch_size_sum 15000000\n",
		"\nrsigma_batch_size_count 5000000\n",
		"\nrsigma_event_processing_seconds_bucket{le=\"5e-05\"} 1\n",
		"\nrsigma_event_processing_seconds_sum 2e-05\n",
		"\nrsigma_uptime_seconds 1234567.5\n",
		"\nrsigma_source_last_resolved_timestamp{source_id=\"a b 1e+06\"} 1795000000\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if f := parse(t, text)["rsigma_events_processed_total"]; f.Metric[0].GetCounter().GetValue() != 1_234_567 {
		t.Errorf("the parser reads %v", f)
	}
}

func TestPlainNumbersLeaveEverythingElseAlone(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a 1e+06\n":                  "a 1000000\n",
		"a -1.5e+07\n":               "a -15000000\n",
		"a{b=\"1e+06 x\"} 2.5e+06":   "a{b=\"1e+06 x\"} 2500000\n",
		"a 1e+21\n":                  "a 1e+21\n",
		"a 5e-05\n":                  "a 5e-05\n",
		"a +Inf\n":                   "a +Inf\n",
		"a NaN\n":                    "a NaN\n",
		"# HELP a From 1 to 1e+06\n": "# HELP a From 1 to 1e+06\n",
		"\n":                         "\n",
		"no value e+\n":              "no value e+\n",
		"":                           "",
	} {
		if got := string(appendPlain(nil, []byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestOnlyClientsThatAskForGzipGetIt(t *testing.T) {
	t.Parallel()
	s := New(Options{}, nil)
	for header, want := range map[string]string{
		"":                      "",
		"gzip":                  "gzip",
		"deflate, GZIP ;q=0.5":  "gzip",
		"gzip; Q=1.0, identity": "gzip",
		"gzip;q=0":              "",
		"gzip;q=0.000, deflate": "",
		"x-not-gzip, br":        "",
		"gzip;q=nonsense":       "",
		"identity;q=1, *;q=0":   "",
	} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		if header != "" {
			r.Header.Set("Accept-Encoding", header)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%q: encoding %q, want %q", header, got, want)
		}
		if plain := strings.HasPrefix(w.Body.String(), "# HELP"); plain != (want == "") {
			t.Errorf("%q: readable %t", header, plain)
		}
	}
}

func TestAHeadGetsTheHeaderOnly(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"identity", "gzip"} {
		r := httptest.NewRequest("HEAD", "/metrics", nil)
		r.Header.Set("Accept-Encoding", encoding)
		w := httptest.NewRecorder()
		New(Options{}, nil).ServeHTTP(w, r)
		if w.Code != 200 || w.Header().Get("Content-Type") != contentType || w.Body.Len() != 0 {
			t.Errorf("%s: status %d, %v, %d bytes", encoding, w.Code, w.Header(), w.Body.Len())
		}
	}
}

func TestSeriesAreSortedByLabelValues(t *testing.T) {
	t.Parallel()
	s := New(Options{}, nil)
	for _, title := range []string{"c", "a", "b", "aa"} {
		s.DetectionsByRule.With(title, "low").Inc()
	}
	var got []string
	for line := range strings.Lines(scrape(t, s)) {
		if strings.HasPrefix(line, "rsigma_detection_matches_by_rule_total{") {
			got = append(got, line)
		}
	}
	if len(got) != 4 || !slices.IsSorted(got) {
		t.Errorf("%q", got)
	}
}

func TestAScrapeHasNoRawControlCharacters(t *testing.T) {
	t.Parallel()
	s := New(Options{}, nil)
	s.DetectionsByRule.With("nul\x00 esc\x1b[31m cr\r tab\t del\x7f c1\u0085 rtl\u202e sep\u2028 zero\u200b\n", "low").Inc()
	for _, r := range scrape(t, s) {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%U", r)
		}
	}
}

func TestWhoHearsOfAFullFamilyMayCountInIt(t *testing.T) {
	t.Parallel()
	var s *Set
	calls := 0
	s = New(Options{}, func(string) { calls++; s.SourceLastResolved.With("heard").Set(1) })
	for i := range maxSeries + 2 {
		s.SourceLastResolved.With(strings.Repeat("x", i%100) + string(rune(0x4e00+i/100)))
	}
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
}

func TestACounterNeverGoesDown(t *testing.T) {
	t.Parallel()
	var c Counter
	c.Add(5)
	c.Add(-1)
	c.Store(3)
	if c.Value() != 5 {
		t.Error(c.Value())
	}
	if c.Store(9); c.Value() != 9 {
		t.Error(c.Value())
	}
}
