package api

// replies are examples of regular answers, by method and pattern, for the reference page.
var replies = map[string]string{
	"GET /healthz": `{"status":"ok"}`,
	"GET /readyz":  `{"status":"ready","rules_loaded":true}`,
	"GET /metrics": `# HELP rsigma_events_processed_total Events processed.
# TYPE rsigma_events_processed_total counter
rsigma_events_processed_total 90210`,
	"GET /api/v1/status": `{"status":"running","detection_rules":41,"correlation_rules":3,"correlation_state_entries":17,"events_processed":90210,` +
		`"detection_matches":12,"correlation_matches":1,"uptime_seconds":128.4,"rules_compiled":40,"rules_interpreted":4,` +
		`"reload":{"generation":2,"pending":false,"last_result":"ok","last_error":null,"last_finished_at":"2026-06-15T08:25:33Z"},"version":"v1.0.0"}`,
	"GET /api/v1/rules": `{"detection_rules":41,"correlation_rules":3,"rules_path":"/rules","armed":44,"skipped":1,"failed":0}`,
	"GET /api/v1/rules/cost": `{"generation":2,"sample_rate":0.01,"window_secs":300,"sampled_events":12345,"rules":[{"rule_id":"3f0c1f0e",` +
		`"rule_title":"Whoami","engine":"compiled","evaluations":12345,"matches":12,"ns_per_event":85.2,"share":0.12}]}`,
	"POST /api/v1/upgrade": `{"status":"upgrade_triggered"}`,
	"POST /api/v1/reload":  `{"status":"reload_triggered"}`,
	"POST /api/v1/events":  `{"accepted":100}`,
	"POST /v1/logs":        `{"partialSuccess":{}}`,
	"POST /opentelemetry.proto.collector.logs.v1.LogsService/Export": `an empty ExportLogsServiceResponse`,
	"GET /api/v1/sources":                      `{"sources":[]}`,
	"POST /api/v1/sources/resolve":             `{"status":"resolve_triggered"}`,
	"POST /api/v1/sources/resolve/{source_id}": `{"status":"resolve_triggered","source_id":"x"}`,
	"DELETE /api/v1/sources/cache/{source_id}": `{"status":"invalidated","source_id":"x"}`,
	"GET /api/v1/correlations": `{"correlations":[{"index":0,"title":"Many logons","type":"event_count","timespan_secs":300,"group_by":["User"],` +
		`"rule_refs":["failed_logon"],"threshold":">= 3","active_groups":1,"window":"sliding"}],"count":1}`,
	"GET /api/v1/correlations/state": `{"correlations":[],"groups":[],"count":0}`,
	"GET /api/v1/tap": `{"EventID":1,"User":"al"}
{"rsigma_tap_summary":{"captured":1,"dropped":0,"duration_ms":30000,"stage":"decoded"}}`,
	"GET /api/v1/detections/stream": `{"rule_title":"Whoami","rule_id":"3f0c1f0e","level":"high"}
{"rsigma_tail_summary":{"streamed":1,"dropped":0}}`,
}
