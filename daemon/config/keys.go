package config

// Kind is the type of a setting's value.
type Kind string

// The kinds.
const (
	String   Kind = "string"
	Bool     Kind = "boolean"
	Int      Kind = "integer"
	Number   Kind = "number"
	Duration Kind = "duration" // such as 5m
	List     Kind = "list"     // of strings; a single string is a list of one
)

// Key is a setting: a leaf of the configuration file and the flag that it stands for.
type Key struct {
	Path string // daemon.api.addr
	Flag string // api-addr
	Kind Kind
	Env  string // a name besides RSIGMA_DAEMON__API__ADDR
	Doc  string
}

// Keys returns the table of settings.
func Keys() []Key { return keys }

var keys = []Key{
	{"daemon.rules", "rules", List, "", "Rule files and directories."},
	{"daemon.pipelines", "pipeline", List, "", "Processing pipelines: built-in names, files, directories."},
	{"daemon.sources", "source", List, "", "Declarations of dynamic sources."},

	{"daemon.api.addr", "api-addr", String, "", "Where the API listens."},
	{"daemon.api.hosts", "api-host", List, "", "Names by which a loopback listener may be called."},
	{"daemon.api.tls.cert", "tls-cert", String, "", "Certificate with its chain."},
	{"daemon.api.tls.key", "tls-key", String, "", "Key of the certificate."},
	{"daemon.api.tls.client_ca", "tls-client-ca", String, "", "Authority of client certificates."},
	{"daemon.api.tls.min_version", "tls-min-version", String, "", "Oldest version of TLS."},
	{"daemon.api.tls.allow_plaintext", "allow-plaintext", Bool, "", "Listen without TLS where others can connect."},

	{"daemon.input.source", "input", String, "", "Where events come from."},
	{"daemon.input.format", "input-format", String, "", "Format of the lines."},
	{"daemon.input.syslog_tz", "syslog-tz", String, "", "Time zone of syslog timestamps without one."},
	{"daemon.input.syslog_strip_bom", "syslog-strip-bom", Bool, "", "Drop a byte order mark in front of a syslog message."},
	{"daemon.input.buffer_size", "buffer-size", Int, "", "Events that may wait."},
	{"daemon.input.batch_size", "batch-size", Int, "", "Events that are evaluated together at most."},
	{"daemon.input.jq", "jq", String, "", "Event filter in jq."},
	{"daemon.input.jsonpath", "jsonpath", String, "", "Event filter in JSONPath."},
	{"daemon.input.max_body_bytes", "max-body-bytes", Int, "", "Largest body of a POST of events."},
	{"daemon.input.ingest_timeout", "ingest-timeout", Int, "", "Seconds that a POST of events waits for room."},

	{"daemon.output.sinks", "output", List, "", "Where results go."},
	{"daemon.output.dlq", "dlq", String, "", "Where dead letters go."},
	{"daemon.output.drain_timeout", "drain-timeout", Int, "", "Seconds that events in flight may take at the end."},
	{"daemon.output.include_event", "include-event", Bool, "", "Put the event into every detection."},
	{"daemon.output.pretty", "pretty", Bool, "", "Indent results on standard output."},
	{"daemon.output.retry_max", "sink-retry-max", Int, "", "How often a delivery is tried again."},
	{"daemon.output.backoff_base_ms", "sink-backoff-base-ms", Int, "", "Milliseconds before the first retry."},
	{"daemon.output.backoff_max_ms", "sink-backoff-max-ms", Int, "", "Milliseconds before a retry at most."},
	{"daemon.output.batch_max", "sink-batch-max", Int, "", "Events whose results are delivered with one write."},
	{"daemon.output.batch_flush_ms", "sink-batch-flush-ms", Int, "", "Accepted and without effect."},
	{"daemon.output.no_provenance", "no-provenance", Bool, "", "Leave out how a detection was made."},

	{"daemon.correlation.suppress", "suppress", String, "", "How long a group stays silent after a report."},
	{"daemon.correlation.action", "action", String, "", "What a firing does to its group."},
	{"daemon.correlation.event_mode", "correlation-event-mode", String, "", "What is reported of the events."},
	{"daemon.correlation.max_events", "max-correlation-events", Int, "", "How many events are reported."},
	{"daemon.correlation.max_state_entries", "max-state-entries", Int, "", "Groups over all correlations."},
	{"daemon.correlation.max_group_entries", "max-group-entries", Int, "", "Entries of a group."},
	{"daemon.correlation.timestamp_fields", "timestamp-field", List, "", "Fields that hold the time of an event."},
	{"daemon.correlation.timestamp_fallback", "timestamp-fallback", String, "", "What an event without a time gets."},
	{"daemon.correlation.no_detections", "no-detections", Bool, "", "Withhold detections that correlations use."},

	{"daemon.engine.match_detail", "match-detail", String, "", "How much a detection says about what matched."},
	{"daemon.engine.allow_remote_include", "allow-remote-include", Bool, "", "Let pipelines include items from the network."},
	{"daemon.engine.egress_policy", "egress-policy", String, "", "Which addresses dynamic sources may reach."},
	{"daemon.engine.detect_inflight", "detect-inflight", Int, "RSIGMA_DETECT_INFLIGHT", "Goroutines that evaluate events."},
	{"daemon.engine.cost_sample_rate", "cost-sample-rate", Number, "", "Share of events on which costs are measured."},

	{"daemon.tap.enabled", "enable-tap", Bool, "", "Let clients watch events."},
	{"daemon.tap.buffer_events", "tap-buffer-events", Int, "", "Events that a tap may be behind."},
	{"daemon.tap.max_sessions", "tap-max-sessions", Int, "", "Taps at the same time."},
	{"daemon.tap.max_duration", "tap-max-duration", Duration, "", "Longest tap."},
	{"daemon.tail.enabled", "enable-tail", Bool, "", "Let clients watch results."},
	{"daemon.tail.buffer_events", "tail-buffer-events", Int, "", "Events whose results a tail may be behind."},
	{"daemon.tail.max_sessions", "tail-max-sessions", Int, "", "Tails at the same time."},

	{"daemon.metrics.extended", "metrics-extended", Bool, "", "Show more metrics."},
	{"daemon.metrics.runtime", "metrics-runtime", Bool, "", "Show metrics of the runtime."},
	{"daemon.logsource_routing.enabled", "logsource-routing", Bool, "", "Skip rules whose log source contradicts the event's."},
	{"daemon.logsource_routing.event_logsource", "event-logsource", List, "", "Log source of all events."},
}

// unsupported are keys of rsigma that this version has no feature for.
var unsupported = []string{
	"daemon.enrichers", "daemon.alert_pipeline", "daemon.risk", "daemon.api.audit", "daemon.output.webhooks", "daemon.state", "daemon.nats",
	"daemon.dispositions", "daemon.schema", "daemon.engine.bloom_prefilter", "daemon.engine.bloom_max_bytes", "daemon.engine.cross_rule_ac",
	"daemon.engine.observe_fields", "daemon.engine.observe_fields_max_keys", "daemon.logsource_routing.field_map",
}

// secrets are keys that people might look for in a file and that must not stand there.
var secrets = []string{"daemon.api.tls.key_password", "daemon.api.token"}

// authPath is the section that has a structure of its own.
const authPath = "daemon.api.auth"

func keyByPath(path string) *Key {
	for i := range keys {
		if keys[i].Path == path {
			return &keys[i]
		}
	}
	return nil
}

func keyByFlag(flag string) *Key {
	for i := range keys {
		if keys[i].Flag == flag {
			return &keys[i]
		}
	}
	return nil
}
