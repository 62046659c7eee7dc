package daemon

import (
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/logging"
	"github.com/rsigma-go/rsigma/daemon/sink"
	otlpsink "github.com/rsigma-go/rsigma/daemon/sink/otlp"
)

// openOTLPSink makes an exporter. It connects when the first result comes.
func (d *daemon) openOTLPSink(s sink.Spec) (flow.Sink, error) {
	log := logging.Every(d.log, time.Second)
	return otlpsink.Open(s.Text+"?"+s.Query, otlpsink.Options{
		Version: d.cfg.Version,
		Rejected: func(results int, reason string) {
			log.Warn("The collector refuses some of the results it was sent", "sink", s.Text, "results", results, "error", reason)
		},
	})
}
