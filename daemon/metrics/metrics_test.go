package metrics

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// promised are the 38 families of every release, as the specification lists them: type, labels, and the bounds of histograms.
var promised = map[string]string{
	"rsigma_events_processed_total":                  "counter",
	"rsigma_events_parse_errors_total":               "counter",
	"rsigma_detection_matches_total":                 "counter",
	"rsigma_correlation_matches_total":               "counter",
	"rsigma_detection_rules_loaded":                  "gauge",
	"rsigma_correlation_rules_loaded":                "gauge",
	"rsigma_correlation_state_entries":               "gauge",
	"rsigma_reloads_total":                           "counter",
	"rsigma_reloads_failed_total":                    "counter",
	"rsigma_uptime_seconds":                          "gauge",
	"rsigma_input_queue_depth":                       "gauge",
	"rsigma_output_queue_depth":                      "gauge",
	"rsigma_back_pressure_events_total":              "counter",
	"rsigma_event_processing_seconds":                "histogram 1e-05 5e-05 0.0001 0.0005 0.001 0.005 0.01 0.05 0.1",
	"rsigma_pipeline_latency_seconds":                "histogram 1e-05 5e-05 0.0001 0.0005 0.001 0.005 0.01 0.05 0.1 0.5",
	"rsigma_batch_size":                              "histogram 1 2 4 8 16 32 64 128 256 512",
	"rsigma_dlq_events_total":                        "counter",
	"rsigma_detection_matches_by_rule_total":         "counter{rule_title,level}",
	"rsigma_correlation_matches_by_rule_total":       "counter{rule_title,level,correlation_type}",
	"rsigma_source_resolves_total":                   "counter{source_id,source_type}",
	"rsigma_source_resolve_errors_total":             "counter{source_id,error_kind}",
	"rsigma_source_resolve_seconds":                  "histogram 0.01 0.05 0.1 0.25 0.5 1 2.5 5 10",
	"rsigma_source_cache_hits_total":                 "counter",
	"rsigma_source_last_resolved_timestamp":          "gauge{source_id}",
	"rsigma_enrichment_total":                        "counter{enricher_id,kind,status}",
	"rsigma_enrichment_duration_seconds":             "histogram{enricher_id,kind} 0.0005 0.001 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10",
	"rsigma_enrichment_queue_depth":                  "gauge",
	"rsigma_enrichment_http_cache_hits_total":        "counter{enricher_id}",
	"rsigma_enrichment_http_cache_misses_total":      "counter{enricher_id}",
	"rsigma_enrichment_http_cache_expirations_total": "counter{enricher_id}",
	"rsigma_fields_observed_total":                   "counter",
	"rsigma_fields_observer_unique_keys":             "gauge",
	"rsigma_fields_observer_overflow_dropped_total":  "counter",
	"rsigma_otlp_requests_total":                     "counter{transport,encoding}",
	"rsigma_otlp_log_records_total":                  "counter",
	"rsigma_otlp_errors_total":                       "counter{transport,reason}",
	"rsigma_tls_certificate_expiry_seconds":          "gauge",
	"rsigma_tls_active_connections":                  "gauge",
}

func scrape(t *testing.T, s *Set) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Fatalf("status %d, content type %q", w.Code, w.Header().Get("Content-Type"))
	}
	return w.Body.String()
}

// parse reads a scrape with Prometheus' own parser.
func parse(t *testing.T, text string) map[string]*dto.MetricFamily {
	t.Helper()
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return families
}

var typeLine = regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`)

func TestAFreshScrapeShowsThePromisedFamiliesAndNothingElse(t *testing.T) {
	t.Parallel()
	text := scrape(t, New(Options{}, nil))
	got := map[string]string{}
	var order []string
	for _, m := range typeLine.FindAllStringSubmatch(text, -1) {
		got[m[1]] = m[2]
		order = append(order, m[1])
	}
	want := map[string]string{}
	for name, spec := range promised {
		want[name] = regexp.MustCompile(`^[a-z]+`).FindString(spec)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(got) != 38 || strings.Count(text, "# TYPE rsigma_") != 38 || strings.Count(text, "# HELP rsigma_") != 38 {
		t.Errorf("%d families", len(got))
	}
	if !slices.IsSorted(order) {
		t.Error("the families are not sorted")
	}
	parse(t, text)
}

func TestTheCatalogueHasThePromisedLabelsAndBuckets(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, f := range Catalogue() {
		spec, ok := promised[f.Name]
		if ok == f.Extended {
			t.Errorf("%s: extended %t", f.Name, f.Extended)
		}
		if !ok {
			continue
		}
		seen++
		got := f.Type
		if f.Labels != nil {
			got += "{" + strings.Join(f.Labels, ",") + "}"
		}
		for _, b := range f.Buckets {
			got += fmt.Sprintf(" %g", b)
		}
		if got != spec {
			t.Errorf("%s: %s, want %s", f.Name, got, spec)
		}
	}
	if seen != len(promised) {
		t.Errorf("%d of %d families", seen, len(promised))
	}
}

func TestExtendedFamiliesAreShownOnRequestOnly(t *testing.T) {
	t.Parallel()
	plain, extended := New(Options{}, nil), New(Options{Extended: true}, nil)
	for _, s := range []*Set{plain, extended} {
		s.Sink("stdout")
		s.SinkRetries.With("stdout").Inc()
	}
	if strings.Contains(scrape(t, plain), "rsigma_sink") {
		t.Error("a plain scrape shows an extended family")
	}
	text := scrape(t, extended)
	if n := len(typeLine.FindAllString(text, -1)); n != len(Catalogue()) {
		t.Errorf("%d families of %d", n, len(Catalogue()))
	}
	if !strings.Contains(text, "rsigma_sink_retries_total{sink=\"stdout\"} 1\n") {
		t.Error("the count is missing")
	}
	if text := scrape(t, New(Options{Runtime: true}, nil)); !strings.Contains(text, "# TYPE go_goroutines gauge") {
		t.Error("no runtime metrics")
	}
}

func TestClosedLabelSetsExistFromTheStart(t *testing.T) {
	t.Parallel()
	f := parse(t, scrape(t, New(Options{}, nil)))
	if n := len(f["rsigma_otlp_errors_total"].GetMetric()); n != 9 {
		t.Errorf("%d OTLP errors", n)
	}
	if n := len(f["rsigma_otlp_requests_total"].GetMetric()); n != 3 {
		t.Errorf("%d OTLP requests", n)
	}
	s := New(Options{}, nil)
	s.Source("x", "file")
	if n := len(parse(t, scrape(t, s))["rsigma_source_resolve_errors_total"].GetMetric()); n != 5 {
		t.Errorf("%d kinds of errors of a source", n)
	}
}

func TestTheLinterOfPrometheusFindsOnlyFixedNames(t *testing.T) {
	t.Parallel()
	s := New(Options{Extended: true}, nil)
	problems, err := promlint.New(strings.NewReader(scrape(t, s))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestHistogramsAgreeWithThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	theirs := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x", Buckets: b3})
	ours := newHistogram(b3)
	for range 1000 {
		v, n := float64(rand.IntN(2048))/2, 1+rand.IntN(3)
		ours.ObserveN(v, n)
		for range n {
			theirs.Observe(v)
		}
	}
	var m dto.Metric
	if err := theirs.Write(&m); err != nil {
		t.Fatal(err)
	}
	count, sum, buckets := ours.read()
	if count != m.Histogram.GetSampleCount() || sum != m.Histogram.GetSampleSum() {
		t.Errorf("%d, %g; want %d, %g", count, sum, m.Histogram.GetSampleCount(), m.Histogram.GetSampleSum())
	}
	for _, b := range m.Histogram.Bucket {
		if buckets[b.GetUpperBound()] != b.GetCumulativeCount() {
			t.Errorf("bucket %g: %d, want %d", b.GetUpperBound(), buckets[b.GetUpperBound()], b.GetCumulativeCount())
		}
	}
	ours.ObserveN(1, 0)
	if again, _, _ := ours.read(); again != count {
		t.Error("no observation was counted")
	}
}

func TestAFamilyThatIsFullCountsUnderOneName(t *testing.T) {
	t.Parallel()
	var full []string
	s := New(Options{}, func(family string) { full = append(full, family) })
	for i := range maxSeries + 50 {
		s.DetectionsByRule.With(fmt.Sprintf("rule %d", i), "high").Inc()
	}
	f := parse(t, scrape(t, s))["rsigma_detection_matches_by_rule_total"]
	if n := len(f.Metric); n != maxSeries+1 {
		t.Errorf("%d series", n)
	}
	if n := s.DetectionsByRule.With("one more", "high").Value(); n != 50 {
		t.Errorf("%d counted under the common name, want 50", n)
	}
	if diff := cmp.Diff([]string{"rsigma_detection_matches_by_rule_total"}, full); diff != "" {
		t.Error(diff)
	}
}

func TestEvilLabelValuesStayOneLine(t *testing.T) {
	t.Parallel()
	s := New(Options{}, nil)
	evil := []string{"a\nb", `quote " and \ back`, "nul\x00 esc\x1b[31m", "bad\xff\xfe", strings.Repeat("ä", 100), "", "\u202ertl"}
	for _, e := range evil {
		s.DetectionsByRule.With(e, "low").Inc()
	}
	f := parse(t, scrape(t, s))["rsigma_detection_matches_by_rule_total"]
	if len(f.Metric) != len(evil) {
		t.Errorf("%d series, want %d", len(f.Metric), len(evil))
	}
	for _, m := range f.Metric {
		if v := m.Label[1].GetValue(); len(v) > maxLabel {
			t.Errorf("label of %d bytes", len(v))
		}
	}
}

func TestEverythingCanBeBumpedAtOnce(t *testing.T) {
	t.Parallel()
	s := New(Options{Extended: true}, nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 1000 {
				s.EventsProcessed.Inc()
				s.EventSeconds.ObserveN(0.001, 2)
				s.DetectionsByRule.With(fmt.Sprint(i%10), "low").Add(1)
				s.StateEntries.Set(float64(i))
			}
			scrape(t, s)
		})
	}
	wg.Wait()
	if s.EventsProcessed.Value() != 4000 || s.DetectionsByRule.With("3", "low").Value() != 400 {
		t.Error("increments were lost")
	}
	if count, sum, _ := s.EventSeconds.read(); count != 8000 || sum < 7.99 || sum > 8.01 {
		t.Errorf("%d observations, sum %g", count, sum)
	}
}

func TestHotCallsAllocateNothing(t *testing.T) {
	s := New(Options{}, nil)
	c := s.DetectionsByRule.With("x", "low")
	if n := testing.AllocsPerRun(100, func() {
		c.Inc()
		s.EventSeconds.ObserveN(0.1, 3)
		s.StateEntries.Set(1)
		s.SourceItems.With("one label")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAScrapeCanBeCompressedAndRefreshesGauges(t *testing.T) {
	t.Parallel()
	s := New(Options{}, nil)
	n := 0.0
	s.BeforeScrape(func() { n++; s.Uptime.Set(n) })
	scrape(t, s)
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	z, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || !strings.Contains(string(text), "\nrsigma_uptime_seconds 2\n") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestTheReferencePageNamesEveryFamily(t *testing.T) {
	t.Parallel()
	page := string(AppendMarkdown(nil))
	for _, f := range Catalogue() {
		if !strings.Contains(page, "| `"+f.Name+"` |") {
			t.Errorf("%s is missing", f.Name)
		}
	}
}
