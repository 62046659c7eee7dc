package config

import "strings"

// Kind is the type of a setting's value.
type Kind string

// The kinds.
const (
	String   Kind = "string"
	Bool     Kind = "boolean"
	Int      Kind = "integer"
	Seconds  Kind = "seconds" // a whole number of them
	Number   Kind = "number"
	Duration Kind = "duration" // such as 5m
	Enum     Kind = "enum"     // one of Key.Values
	List     Kind = "list"     // of strings; a single string is a list of one
)

// Key is a setting: a leaf of the configuration file and the flag that it stands for.
type Key struct {
	Path    string // daemon.api.addr
	Flag    string // api-addr
	Kind    Kind
	Env     string   // a name besides RSIGMA_DAEMON__API__ADDR
	Default string   // of the flag, as text; empty if it has none or it depends on other settings
	Doc     string   // a sentence
	Values  []string // of an Enum
}

// Keys returns the table of settings.
func Keys() []Key { return keys }

var keys = []Key{
	{"daemon.rules", "rules", List, "", "", "Rule files and directories.", nil},
	{"daemon.pipelines", "pipeline", List, "", "", "Processing pipelines: built-in names, files, directories.", nil},
	{"daemon.sources", "source", List, "", "", "Declarations of dynamic sources.", nil},

	{"daemon.api.addr", "api-addr", String, "", "", "Where the API listens.", nil},
	{"daemon.api.hosts", "api-host", List, "", "", "Names by which a loopback listener may be called.", nil},
	{"daemon.api.tls.cert", "tls-cert", String, "", "", "Certificate with its chain.", nil},
	{"daemon.api.tls.key", "tls-key", String, "", "", "Key of the certificate.", nil},
	{"daemon.api.tls.client_ca", "tls-client-ca", String, "", "", "Authority of client certificates.", nil},
	{"daemon.api.tls.min_version", "tls-min-version", String, "", "1.3", "Oldest version of TLS.", nil},
	{"daemon.api.tls.allow_plaintext", "allow-plaintext", Bool, "", "false", "Listen without TLS where others can connect.", nil},
	{"daemon.api.upgrade_binary", "upgrade-binary", String, "", "", "Program that takes over when the daemon is upgraded.", nil},
	{"daemon.api.watch_binary", "watch-binary", String, "", "", "Program that takes over by itself once it has exactly the rules that are loaded.", nil},

	{"daemon.input.source", "input", String, "", "stdin", "Where events come from.", nil},
	{"daemon.input.format", "input-format", Enum, "", "auto", "Format of the lines.", []string{"auto", "json", "syslog", "plain", "logfmt", "cef"}},
	{"daemon.input.syslog_tz", "syslog-tz", String, "", "+00:00", "Time zone of syslog timestamps without one.", nil},
	{"daemon.input.syslog_strip_bom", "syslog-strip-bom", Bool, "", "true", "Drop a byte order mark in front of a syslog message.", nil},
	{"daemon.input.buffer_size", "buffer-size", Int, "", "10000", "Events that may wait.", nil},
	{"daemon.input.batch_size", "batch-size", Int, "", "1", "Events that are evaluated together at most.", nil},
	{"daemon.input.jq", "jq", String, "", "", "Event filter in jq.", nil},
	{"daemon.input.jsonpath", "jsonpath", String, "", "", "Event filter in JSONPath.", nil},
	{"daemon.input.max_body_bytes", "max-body-bytes", Int, "", "67108864", "Largest body of a POST of events.", nil},
	{"daemon.input.ingest_timeout", "ingest-timeout", Seconds, "", "0", "Seconds that a POST of events waits for room.", nil},

	{"daemon.output.sinks", "output", List, "", "stdout", "Where results go.", nil},
	{"daemon.output.dlq", "dlq", String, "", "", "Where dead letters go.", nil},
	{"daemon.output.drain_timeout", "drain-timeout", Seconds, "", "5", "Seconds that events in flight may take at the end.", nil},
	{"daemon.output.include_event", "include-event", Bool, "", "false", "Put the event into every detection.", nil},
	{"daemon.output.pretty", "pretty", Bool, "", "false", "Indent results on standard output.", nil},
	{"daemon.output.retry_max", "sink-retry-max", Int, "", "3", "How often a delivery is tried again.", nil},
	{"daemon.output.backoff_base_ms", "sink-backoff-base-ms", Int, "", "100", "Milliseconds before the first retry.", nil},
	{"daemon.output.backoff_max_ms", "sink-backoff-max-ms", Int, "", "5000", "Milliseconds before a retry at most.", nil},
	{"daemon.output.batch_max", "sink-batch-max", Int, "", "64", "Events whose results are delivered with one write.", nil},
	{"daemon.output.batch_flush_ms", "sink-batch-flush-ms", Int, "", "50", "Accepted and without effect.", nil},
	{"daemon.output.no_provenance", "no-provenance", Bool, "", "false", "Leave out how a detection was made.", nil},

	{"daemon.correlation.suppress", "suppress", String, "", "", "How long a group stays silent after a report.", nil},
	{"daemon.correlation.action", "action", Enum, "", "alert", "What a firing does to its group.", []string{"alert", "reset"}},
	{"daemon.correlation.event_mode", "correlation-event-mode", Enum, "", "none", "What is reported of the events.", []string{"none", "full", "refs", "off", "false", "true", "references"}},
	{"daemon.correlation.max_events", "max-correlation-events", Int, "", "10", "How many events are reported.", nil},
	{"daemon.correlation.max_state_entries", "max-state-entries", Int, "", "100000", "Groups over all correlations.", nil},
	{"daemon.correlation.max_group_entries", "max-group-entries", Int, "", "", "Entries of a group.", nil},
	{"daemon.correlation.timestamp_fields", "timestamp-field", List, "", "", "Fields that hold the time of an event.", nil},
	{"daemon.correlation.timestamp_fallback", "timestamp-fallback", Enum, "", "wallclock", "What an event without a time gets.", []string{"wallclock", "skip"}},
	{"daemon.correlation.no_detections", "no-detections", Bool, "", "false", "Withhold detections that correlations use.", nil},

	{"daemon.engine.match_detail", "match-detail", Enum, "", "off", "How much a detection says about what matched.", []string{"off", "summary", "full"}},
	{"daemon.engine.allow_remote_include", "allow-remote-include", Bool, "", "false", "Let pipelines include items from the network.", nil},
	{"daemon.engine.egress_policy", "egress-policy", Enum, "", "default", "Which addresses dynamic sources may reach.", []string{"default", "strict", "permissive"}},
	{"daemon.engine.detect_inflight", "detect-inflight", Int, "RSIGMA_DETECT_INFLIGHT", "0", "Goroutines that evaluate events.", nil},
	{"daemon.engine.cost_sample_rate", "cost-sample-rate", Number, "", "0.01", "Share of events on which costs are measured.", nil},

	{"daemon.nats.consumer_group", "consumer-group", String, "RSIGMA_CONSUMER_GROUP", "", "Share messages with all daemons of this group.", nil},
	{"daemon.tap.enabled", "enable-tap", Bool, "", "false", "Let clients watch events.", nil},
	{"daemon.tap.buffer_events", "tap-buffer-events", Int, "", "8192", "Events that a tap may be behind.", nil},
	{"daemon.tap.max_sessions", "tap-max-sessions", Int, "", "2", "Taps at the same time.", nil},
	{"daemon.tap.max_duration", "tap-max-duration", Duration, "", "5m", "Longest tap.", nil},
	{"daemon.tail.enabled", "enable-tail", Bool, "", "false", "Let clients watch results.", nil},
	{"daemon.tail.buffer_events", "tail-buffer-events", Int, "", "8192", "Events whose results a tail may be behind.", nil},
	{"daemon.tail.max_sessions", "tail-max-sessions", Int, "", "2", "Tails at the same time.", nil},

	{"daemon.metrics.extended", "metrics-extended", Bool, "", "false", "Show more metrics.", nil},
	{"daemon.metrics.runtime", "metrics-runtime", Bool, "", "false", "Show metrics of the runtime.", nil},
	{"daemon.logsource_routing.enabled", "logsource-routing", Bool, "", "false", "Skip rules whose log source contradicts the event's.", nil},
	{"daemon.logsource_routing.event_logsource", "event-logsource", List, "", "", "Log source of all events.", nil},
}

// unsupported are keys of rsigma that this version has no feature for, with everything below them.
var unsupported = []string{
	"daemon.enrichers", "daemon.alert_pipeline", "daemon.risk", "daemon.api.audit", "daemon.output.webhooks", "daemon.state",
	"daemon.dispositions", "daemon.schema", "daemon.engine.bloom_prefilter", "daemon.engine.bloom_max_bytes",
	"daemon.engine.cross_rule_ac", "daemon.engine.observe_fields", "daemon.engine.observe_fields_max_keys", "daemon.logsource_routing.field_map",
}

// secrets are keys that people might look for and that must not stand in a file.
var secrets = []string{
	"daemon.api.token", "daemon.api.tls.key_password",
	"daemon.nats.creds", "daemon.nats.token", "daemon.nats.user", "daemon.nats.password", "daemon.nats.nkey",
}

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

// refusal says why path, which is no setting, is not one although somebody may have reason to write it; empty for a mere mistake.
func refusal(path string) string {
	for _, s := range unsupported {
		if within(path, s) {
			return s + " is not supported by this version"
		}
	}
	for _, s := range secrets {
		if within(path, s) {
			return s + ": secrets are not read from a file; use the environment variable that the flag names"
		}
	}
	return ""
}

// isSection reports whether something that has a name lies below path.
func isSection(path string) bool {
	for _, list := range [][]string{paths(), unsupported, secrets} {
		for _, p := range list {
			if p != path && within(p, path) {
				return true
			}
		}
	}
	return false
}

// within reports whether path is section or lies below it.
func within(path, section string) bool {
	rest, ok := strings.CutPrefix(path, section)
	return ok && (rest == "" || rest[0] == '.')
}

// children returns the names of settings and sections directly below path.
func children(path string) []string {
	var out []string
	seen := map[string]bool{}
	for _, k := range paths() {
		rest, ok := strings.CutPrefix(k, path+".")
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(rest, ".")
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out
}

// paths returns the paths of all settings, and that of daemon.api.auth.
func paths() []string {
	out := make([]string, 0, len(keys)+1)
	for i := range keys {
		out = append(out, keys[i].Path)
	}
	return append(out, authPath)
}
