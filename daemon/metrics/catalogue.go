package metrics

// Bucket bounds (metrics.md section 2).
var (
	b1 = []float64{0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1}
	b2 = append(append([]float64{}, b1...), 0.5)
	b3 = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}
	b4 = []float64{0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
	b5 = []float64{0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
	b6 = []float64{0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5}
)

// The closed label sets.
var (
	sourceErrors = []string{"Fetch", "Parse", "Extract", "Timeout", "ResourceLimit"}
	otlpReasons  = map[string][]string{
		"http": {"unsupported_content_type", "decompression", "decode", "channel_closed", "too_large", "queue_full"},
		"grpc": {"channel_closed", "too_large", "queue_full"},
	}
	sourceKinds = []string{"stdin", "http", "unix", "nats", "otlp"}
	dropReasons = []string{"dlq_write_failed", "drain_timeout"}
)

// Set holds every metric of the daemon. Fields are bumped directly by whoever causes what they count. The families below "Extended"
// are exposed only if they are asked for; bumping them costs the same.
type Set struct {
	EventsProcessed, ParseErrors, DetectionMatches, CorrelationMatches *Counter
	Reloads, ReloadsFailed, BackPressure, DeadLetters                  *Counter
	DetectionRules, CorrelationRules, StateEntries, Uptime             *Gauge
	InputQueue, OutputQueue                                            *Gauge
	EventSeconds, PipelineLatency, BatchSize                           *Histogram

	DetectionsByRule   *Vec[Counter] // rule_title, level
	CorrelationsByRule *Vec[Counter] // rule_title, level, correlation_type

	SourceResolves      *Vec[Counter] // source_id, source_type
	SourceErrors        *Vec[Counter] // source_id, error_kind
	SourceSeconds       *Histogram
	SourceCacheHits     *Counter
	SourceLastResolved  *Vec[Gauge] // source_id
	TLSExpiry, TLSConns *Gauge
	OTLPRequests        *Vec[Counter] // transport, encoding
	OTLPRecords         *Counter
	OTLPErrors          *Vec[Counter] // transport, reason

	// Extended.
	SinkQueue                                         *Vec[Gauge]   // sink
	SinkRetries, SinkDropped, SinkFailures            *Vec[Counter] // sink
	TapSessions, TapStreamed, TapDropped, TailDropped *Counter
	TapActive, TailActive                             *Gauge
	AuthFailures                                      *Vec[Counter] // reason
	DeadLetterFailures, TimestampFallback, LateEvents *Counter
	StateEvicted                                      *Vec[Counter] // correlation, reason
	QueueBytes, Generation                            *Gauge
	SourceChanges                                     *Vec[Counter] // source_id
	SourceItems                                       *Vec[Gauge]   // source_id
	EventsReceived                                    *Vec[Counter] // source
	EventsCommitted, SlowEvents                       *Counter
	Dropped                                           *Vec[Counter] // reason
	SinkResults                                       *Vec[Counter] // sink, outcome
	RulePanics                                        *Vec[Counter] // rule
	RegexTruncated                                    *Vec[Counter] // rule
	NATSUnacked                                       *Gauge
	NATSRedelivered, SourceRegressions                *Counter
	DuplicatesSuppressed                              *Vec[Counter] // where
	SourceExpired                                     *Counter
	CommitSeconds, CommitEvents                       *Histogram
	CommitWait, ReloadPause                           *Histogram
	CommitBlocked, OutboxBytes                        *Gauge
	RecoverySeconds, RecoveryRecords                  *Gauge

	registry registry
	page     page
}

// define makes all metrics. It is the one place that spells their names.
func (s *Set) define() {
	r := &s.registry
	r.section("Core", false)
	s.EventsProcessed = r.counter("rsigma_events_processed_total", "Events evaluated, after parsing and event filters.")
	s.ParseErrors = r.counter("rsigma_events_parse_errors_total", "Input lines and messages that could not be turned into an event.")
	s.DetectionMatches = r.counter("rsigma_detection_matches_total", "Detection results that left the engine.")
	s.CorrelationMatches = r.counter("rsigma_correlation_matches_total", "Correlation results that left the engine.")
	s.DetectionRules = r.gauge("rsigma_detection_rules_loaded", "Detection rules in the active engine.")
	s.CorrelationRules = r.gauge("rsigma_correlation_rules_loaded", "Correlation rules in the active engine.")
	s.StateEntries = r.gauge("rsigma_correlation_state_entries", "Live groups over all correlations.")
	s.Reloads = r.counter("rsigma_reloads_total", "Reloads that were executed, whatever came of them.")
	s.ReloadsFailed = r.counter("rsigma_reloads_failed_total", "Reloads that failed, wholly or in part.")
	s.Uptime = r.gauge("rsigma_uptime_seconds", "Seconds since the process started.")
	s.InputQueue = r.gauge("rsigma_input_queue_depth", "Events that wait in the event queue.")
	s.OutputQueue = r.gauge("rsigma_output_queue_depth", "Results that wait in the result queue, before those of the sinks.")
	s.BackPressure = r.counter("rsigma_back_pressure_events_total", "Events that found the event queue full and had to wait.")
	s.EventSeconds = r.histogram("rsigma_event_processing_seconds", "Time to evaluate an event: that of its batch divided by its length.", b1)
	s.PipelineLatency = r.histogram("rsigma_pipeline_latency_seconds", "Time of a batch from the event queue to the result queue.", b2)
	s.BatchSize = r.histogram("rsigma_batch_size", "Events in a batch.", b3)
	s.DeadLetters = r.counter("rsigma_dlq_events_total", "Entries routed to the dead letters, also if there is no queue for them.")

	r.section("Per rule", false)
	s.DetectionsByRule = r.counters("rsigma_detection_matches_by_rule_total", "Detection results by rule.", "rule_title", "level")
	s.CorrelationsByRule = r.counters("rsigma_correlation_matches_by_rule_total", "Correlation results by rule.", "rule_title", "level", "correlation_type")

	r.section("Dynamic sources", false)
	s.SourceResolves = r.counters("rsigma_source_resolves_total", "Attempts to read a dynamic source.", "source_id", "source_type")
	s.SourceErrors = r.counters("rsigma_source_resolve_errors_total", "Attempts that failed, also if a kept value took their place.", "source_id", "error_kind")
	s.SourceSeconds = r.histogram("rsigma_source_resolve_seconds", "Time of an attempt.", b4)
	s.SourceCacheHits = r.counter("rsigma_source_cache_hits_total", "Kept values that were served after a failure.")
	s.SourceLastResolved = r.gauges("rsigma_source_last_resolved_timestamp", "Time of the last success, in seconds since the epoch.", "source_id")

	r.section("Enrichment", false) // nothing enriches yet: the names exist, as the first scrape promises, and stay empty
	r.counters("rsigma_enrichment_total", "Enrichments by outcome.", "enricher_id", "kind", "status")
	r.empty("rsigma_enrichment_duration_seconds", "Time of an enrichment.", b5, "enricher_id", "kind")
	r.gauge("rsigma_enrichment_queue_depth", "Results that wait for enrichment.")
	r.counters("rsigma_enrichment_http_cache_hits_total", "Enrichments served from the cache.", "enricher_id")
	r.counters("rsigma_enrichment_http_cache_misses_total", "Enrichments that the cache could not serve.", "enricher_id")
	r.counters("rsigma_enrichment_http_cache_expirations_total", "Cache entries that expired.", "enricher_id")

	r.section("Field observer", false) // the same
	r.counter("rsigma_fields_observed_total", "Events seen by the field observer.")
	r.gauge("rsigma_fields_observer_unique_keys", "Field names that the observer holds.")
	r.counter("rsigma_fields_observer_overflow_dropped_total", "Field names refused because the observer was full.")

	r.section("OTLP", false)
	s.OTLPRequests = r.counters("rsigma_otlp_requests_total", "OTLP requests that were decoded.", "transport", "encoding")
	s.OTLPRecords = r.counter("rsigma_otlp_log_records_total", "OTLP log records that were queued.")
	s.OTLPErrors = r.counters("rsigma_otlp_errors_total", "OTLP requests that were refused.", "transport", "reason")

	r.section("TLS", false)
	s.TLSExpiry = r.gauge("rsigma_tls_certificate_expiry_seconds", "Seconds until the certificate expires, negative afterwards, 0 without TLS.")
	s.TLSConns = r.gauge("rsigma_tls_active_connections", "Connections past the TLS handshake.")

	s.defineExtended()
	s.create()
}

func (s *Set) defineExtended() {
	r := &s.registry
	r.section("Sinks", true)
	s.SinkQueue = r.gauges("rsigma_sink_queue_depth", "Events whose results wait for a sink.", "sink")
	s.SinkRetries = r.counters("rsigma_sink_retries_total", "Deliveries that were tried again.", "sink")
	s.SinkDropped = r.counters("rsigma_sink_dropped_total", "Results discarded because the queue was full, because they failed and there are no dead letters, or because the other side refused them for good without saying which.", "sink")
	s.SinkFailures = r.counters("rsigma_sink_delivery_failures_total", "Results whose delivery was given up.", "sink")
	s.SinkResults = r.counters("rsigma_sink_results_total", "Results by what became of them.", "sink", "outcome")

	r.section("Live streams", true)
	s.TapSessions = r.counter("rsigma_tap_sessions_total", "Taps that were opened.")
	s.TapStreamed = r.counter("rsigma_tap_events_streamed_total", "Events sent to taps.")
	s.TapDropped = r.counter("rsigma_tap_events_dropped_total", "Events that a tap was too slow for.")
	s.TapActive = r.gauge("rsigma_tap_active_sessions", "Open taps.")
	s.TailActive = r.gauge("rsigma_tail_active_sessions", "Open tails.")
	s.TailDropped = r.counter("rsigma_tail_detections_dropped_total", "Results that a tail was too slow for.")

	r.section("API", true)
	s.AuthFailures = r.counters("rsigma_api_auth_failures_total", "Requests refused for lack of a token or of a permission.", "reason")

	r.section("Engine", true)
	s.TimestampFallback = r.counter("rsigma_timestamp_fallback_total", "Events for correlations without a usable time field.")
	s.LateEvents = r.counter("rsigma_correlation_late_events_total", "Events that tumbling windows discarded.")
	s.StateEvicted = r.counters("rsigma_state_evicted_total", "Groups removed by a cap.", "correlation", "reason")
	s.QueueBytes = r.gauge("rsigma_queue_bytes", "Bytes of the events that wait in the event queue.")
	s.Generation = r.gauge("rsigma_ruleset_generation", "Number of the active rule set, from 1.")
	s.ReloadPause = r.histogram("rsigma_reload_pause_seconds", "How long correlation stood still while its state went over to a new rule set: once for a copy, once for what changed after it.", b6)
	s.RegexTruncated = r.counters("rsigma_regex_truncated_total", "Texts of which a regular expression could search only a part, for lack of budget.", "rule")
	s.SlowEvents = r.counter("rsigma_slow_events_total", "Events that took more than 250 ms to judge. The log names the rule that took most of it.")
	s.RulePanics = r.counters("rsigma_rule_panics_total", "Events over which a rule panicked.", "rule")

	r.section("NATS", true)
	s.NATSUnacked = r.gauge("rsigma_nats_unacked_messages", "Messages that were received and are not acknowledged yet.")
	s.NATSRedelivered = r.counter("rsigma_nats_redelivered_total", "Messages that came for the second time, or more often.")
	s.SourceRegressions = r.counter("rsigma_source_regressions_total", "Streams that were made anew, or went back behind what was read of them.")
	s.DuplicatesSuppressed = r.counters("rsigma_duplicates_suppressed_total", "Results that the other side had seen before.", "where")

	s.SourceExpired = r.counter("rsigma_source_expired_total", "Messages that the stream dropped before they were read, at most: those of other subjects count as well.")

	r.section("Durable state", true)
	s.CommitSeconds = r.histogram("rsigma_state_commit_seconds", "Duration of a commit.", b5)
	s.CommitEvents = r.histogram("rsigma_state_commit_events", "Messages in a commit.", b3)
	s.CommitWait = r.histogram("rsigma_state_commit_wait_seconds", "How long correlation stood still for a commit, by full groups of events.", b6)
	s.CommitBlocked = r.gauge("rsigma_state_commit_blocked", "1 while the store cannot commit.")
	s.OutboxBytes = r.gauge("rsigma_outbox_bytes", "Bytes of the results that are committed and not delivered.")
	s.RecoverySeconds = r.gauge("rsigma_recovery_seconds", "How long reading the state took at the last start.")
	s.RecoveryRecords = r.gauge("rsigma_recovery_records", "Commits that were applied to the saved state at the last start.")

	r.section("Dynamic sources, more", true)
	s.SourceChanges = r.counters("rsigma_source_value_changes_total", "Values that differed from the one before.", "source_id")
	s.SourceItems = r.gauges("rsigma_source_items", "Elements of the value.", "source_id")

	r.section("The books", true)
	s.EventsReceived = r.counters("rsigma_events_received_total", "Lines and messages accepted into the event queue.", "source")
	s.EventsCommitted = r.counter("rsigma_events_committed_total", "Messages that were judged, whatever came of them, and are durable if there is a commit log. Parse errors do not count.")
	s.Dropped = r.counters("rsigma_dropped_total", "Messages and results given up without dead letters.", "reason")
	s.DeadLetterFailures = r.counter("rsigma_dlq_write_failures_total", "Dead letters that could not be written.")
}

// create makes the series of closed label sets, so that rates work from the first event on.
func (s *Set) create() {
	for transport, reasons := range otlpReasons {
		for _, reason := range reasons {
			s.OTLPErrors.With(transport, reason)
		}
	}
	s.OTLPRequests.With("http", "protobuf")
	s.OTLPRequests.With("http", "json")
	s.OTLPRequests.With("grpc", "protobuf")
	s.AuthFailures.With("unauthorized")
	s.AuthFailures.With("forbidden")
	for _, kind := range sourceKinds {
		s.EventsReceived.With(kind)
	}
	for _, reason := range dropReasons {
		s.Dropped.With(reason)
	}
}

// Source makes the series of a configured dynamic source.
func (s *Set) Source(id, kind string) {
	s.SourceResolves.With(id, kind)
	for _, e := range sourceErrors {
		s.SourceErrors.With(id, e)
	}
	s.SourceChanges.With(id)
	s.SourceItems.With(id)
}

// Sink makes the series of a configured sink.
func (s *Set) Sink(name string) {
	s.SinkQueue.With(name)
	s.SinkRetries.With(name)
	s.SinkDropped.With(name)
	s.SinkFailures.With(name)
	for _, outcome := range []string{"delivered", "dlq", "dropped"} {
		s.SinkResults.With(name, outcome)
	}
}
