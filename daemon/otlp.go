package daemon

import (
	"fmt"
	"net/http"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/logging"
	"github.com/rsigma-go/rsigma/daemon/sink"
)

// openOTLP makes what takes records, nil if this program has nothing for them.
func (d *daemon) openOTLP() OTLPReceiver {
	m := d.metrics
	return d.parts.Transports.OTLPInput(OTLPInput{
		MaxBody: d.cfg.MaxBody, Timeout: d.cfg.IngestTimeout, Sync: d.cfg.State.Durable && !d.cfg.State.OTLPAsync, SyncTimeout: syncLimit,
		Request: func(transport, encoding string) { m.OTLPRequests.With(transport, encoding).Inc() },
		Records: m.OTLPRecords.Add,
		Error:   func(transport, reason string) { m.OTLPErrors.With(transport, reason).Inc() },
	})
}

// noOTLP answers for a program that takes no records. Clients do not try again after that, as they would if it were only unavailable.
func noOTLP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprintf(w, "{\"error\":\"OpenTelemetry: %v\"}\n", ErrLite)
}

// openOTLPSink makes an exporter. It connects when the first result comes. refused is that of openSink.
func (d *daemon) openOTLPSink(s sink.Spec, refused func(results int)) (flow.Sink, error) {
	log := logging.Every(d.log, time.Second)
	return d.parts.Transports.OTLPSink(OTLPSink{
		Target: s.Text + "?" + s.Query, Version: d.cfg.Version,
		Rejected: func(results int, reason string) {
			refused(results)
			log.Warn("The collector refuses some of the results it was sent", "sink", s.Text, "results", results, "error", reason)
		},
	})
}
