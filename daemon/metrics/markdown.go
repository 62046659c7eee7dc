package metrics

import (
	"fmt"
	"strings"
)

// AppendMarkdown appends the reference page of all metrics.
func AppendMarkdown(dst []byte) []byte {
	dst = append(dst, markdownHead...)
	section := ""
	for _, f := range Catalogue() {
		if f.Section != section {
			section = f.Section
			suffix := ""
			if f.Extended {
				suffix = " (extended)"
			}
			dst = fmt.Appendf(dst, "\n## %s%s\n\n| Name | Type | Labels | Counts |\n| --- | --- | --- | --- |\n", section, suffix)
		}
		labels := "–"
		if len(f.Labels) > 0 {
			labels = "`" + strings.Join(f.Labels, "`, `") + "`"
		}
		dst = fmt.Appendf(dst, "| `%s` | %s | %s | %s |\n", f.Name, f.Type, labels, f.Help)
	}
	return append(dst, markdownTail...)
}

const markdownHead = `# Metrics

<!-- Made by "make generate" from daemon/metrics/catalogue.go. -->

` + "`GET /metrics`" + ` answers in Prometheus text format 0.0.4. A plain scrape shows the 38 names that every release keeps, all of them from the
first scrape on, also those without a series. ` + "`--metrics-extended`" + ` adds the families marked *extended*, ` + "`--metrics-runtime`" + ` those
of the Go runtime and of the process. A reload resets nothing; a restart resets everything. A family holds at most 10,000 series: what comes
then is counted under ` + "`__overflow__`" + `. Label values are cut at 128 bytes. Rules with equal titles share a series.
`

const markdownTail = `
## Alerts to start from

| When | It means |
| --- | --- |
| ` + "`rate(rsigma_back_pressure_events_total[5m]) > 0`" + ` for ten minutes | events come faster than rules or sinks take them: look at ` + "`rsigma_sink_queue_depth`" + `, then raise ` + "`--buffer-size`" + ` |
| ` + "`rsigma_input_queue_depth`" + ` close to ` + "`--buffer-size`" + ` | the same, right now |
| ` + "`rate(rsigma_dlq_events_total[5m]) > 1`" + ` | input that cannot be parsed, or a sink that is down |
| ` + "`increase(rsigma_reloads_failed_total[5m]) > 0`" + ` | somebody pushed a rule that does not compile; the old rules still run |
| ` + "`rsigma_correlation_state_entries > 80000`" + ` | the cap of 100,000 groups comes close (` + "`--max-state-entries`" + `) |
| ` + "`time() - rsigma_source_last_resolved_timestamp > 600`" + ` | a dynamic source is stale |
| ` + "`rsigma_tls_certificate_expiry_seconds < 14 * 86400`" + `, where it is not 0 | renew the certificate |
| ` + "`rsigma_detection_rules_loaded == 0`" + ` | nothing is detected |

## The books

With ` + "`--metrics-extended`" + ` nothing disappears uncounted. At rest, when all queues are empty:

* ` + "`rsigma_events_received_total`" + `, over all sources, is the sum of ` + "`rsigma_events_committed_total`, `rsigma_events_parse_errors_total`" + ` and
  ` + "`rsigma_dropped_total{reason=\"drain_timeout\"}`" + `;
* for each sink the outcomes of ` + "`rsigma_sink_results_total`" + ` add up to all detections and correlations.
`
