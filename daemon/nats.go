package daemon

import (
	"context"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/logging"
	"github.com/rsigma-go/rsigma/daemon/natsconf"
	"github.com/rsigma-go/rsigma/daemon/sink"
)

// targetNATS is the component of NATS connections.
const targetNATS = "async_nats"

// openNATS connects the input to its stream and consumer.
func (d *daemon) openNATS(ctx context.Context) (flow.Input, error) {
	address, err := natsconf.ParseURL(d.cfg.Input)
	if err != nil {
		return nil, err
	}
	in, err := d.parts.Transports.NATSInput(ctx, NATSInput{
		Address: address, Auth: d.cfg.NATS.Auth, Group: d.cfg.NATS.Group, Start: d.cfg.NATS.Start, Replay: d.from.replay(), Buffer: d.cfg.Buffer,
		Keep: d.saved != nil && d.cfg.State.Durable, Stored: d.storedPosition,
		Redelivered: d.metrics.NATSRedelivered.Inc, StreamChanged: d.metrics.SourceRegressions.Inc, Expired: d.metrics.SourceExpired.Add,
		Suppressed: d.metrics.DuplicatesSuppressed.With("source").Inc, Acked: func() { d.step(StepAcked) },
		Log: logging.For(d.log, targetIO), ConnLog: logging.For(d.log, targetNATS),
	})
	if err != nil {
		return nil, err
	}
	d.metrics.BeforeScrape(func() { d.metrics.NATSUnacked.Set(float64(in.Unacked())) })
	d.log.Info("NATS source started", "input", address.Redacted+"/"+address.Subject)
	return in, nil
}

// storedPosition returns how far an earlier process has come with a source, nil if that is not known.
func (d *daemon) storedPosition(name string) *flow.Position {
	if d.saved == nil {
		return nil
	}
	if p, ok := d.saved.recovered.Source(name); ok {
		return &p
	}
	return nil
}

// openNATSSink connects a sink to its stream.
func (d *daemon) openNATSSink(ctx context.Context, s sink.Spec) (flow.Sink, error) {
	address, err := natsconf.ParseURL(s.Text)
	if err != nil {
		return nil, err
	}
	return d.parts.Transports.NATSSink(ctx, NATSSink{
		Address: address, Auth: d.cfg.NATS.Auth, ConnLog: logging.For(d.log, targetNATS),
		Duplicate: d.metrics.DuplicatesSuppressed.With("sink").Inc,
	})
}

// connectSources lets dynamic sources subscribe, with the same credentials as everything else, and notes the server that is meant if they
// name none.
func (d *daemon) connectSources(s *sources) {
	s.pool = d.parts.Transports.NATSSubscriptions(d.cfg.NATS.Auth, logging.For(d.log, targetNATS))
	if strings.HasPrefix(d.cfg.Input, natsconf.Scheme) {
		if a, err := natsconf.ParseURL(d.cfg.Input); err == nil { // checkInput has said so
			s.server = a.Server
		}
	}
	s.options.NATS = dynsource.NATSTransport{
		Server:    s.server,
		Subscribe: s.pool.Subscribe,
	}
}

// disconnectSources closes the connections of dynamic sources.
func (d *daemon) disconnectSources() {
	if d.sources != nil {
		d.sources.pool.Close()
	}
}
