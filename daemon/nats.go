package daemon

import (
	"context"
	"strings"

	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/daemon/flow"
	natsin "github.com/rsigma-go/rsigma/daemon/input/nats"
	"github.com/rsigma-go/rsigma/daemon/logging"
	"github.com/rsigma-go/rsigma/daemon/natsconn"
	"github.com/rsigma-go/rsigma/daemon/natssub"
	"github.com/rsigma-go/rsigma/daemon/sink"
	natssink "github.com/rsigma-go/rsigma/daemon/sink/nats"
)

// targetNATS is the component of NATS connections.
const targetNATS = "async_nats"

// openNATS connects the input to its stream and consumer.
func (d *daemon) openNATS(ctx context.Context) (flow.Input, error) {
	address, err := natsconn.ParseURL(d.cfg.Input)
	if err != nil {
		return nil, err
	}
	in, err := natsin.Open(ctx, natsin.Options{
		Address: address, Auth: d.cfg.NATS.Auth, Group: d.cfg.NATS.Group, Start: d.cfg.NATS.Start, Replay: d.from.replay(), Buffer: d.cfg.Buffer,
		Keep: d.saved != nil && d.cfg.State.Durable, Stored: d.storedPosition,
		Hooks: natsin.Hooks{
			Redelivered: d.metrics.NATSRedelivered.Inc, StreamChanged: d.metrics.SourceRegressions.Inc, Expired: d.metrics.SourceExpired.Add,
			Suppressed: d.metrics.DuplicatesSuppressed.With("source").Inc,
		},
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
	address, err := natsconn.ParseURL(s.Text)
	if err != nil {
		return nil, err
	}
	return natssink.Open(ctx, natssink.Options{
		Address: address, Auth: d.cfg.NATS.Auth, ConnLog: logging.For(d.log, targetNATS),
		Duplicate: d.metrics.DuplicatesSuppressed.With("sink").Inc,
	})
}

// connectSources lets dynamic sources subscribe, with the same credentials as everything else, and notes the server that is meant if they
// name none.
func (d *daemon) connectSources(s *sources) {
	s.pool = natssub.New(natssub.Options{Auth: d.cfg.NATS.Auth, Log: logging.For(d.log, targetNATS)})
	if strings.HasPrefix(d.cfg.Input, natsconn.Scheme) {
		if a, err := natsconn.ParseURL(d.cfg.Input); err == nil { // checkInput has said so
			s.server = a.Server
		}
	}
	s.options.NATS = dynsource.NATSTransport{
		Server: s.server,
		Subscribe: func(ctx context.Context, server, subject string, message func([]byte)) (dynsource.Subscription, error) {
			sub, err := s.pool.Subscribe(ctx, server, subject, message)
			if err != nil {
				return nil, err // not sub: a nil pointer in an interface is not nil
			}
			return sub, nil
		},
	}
}

// disconnectSources closes the connections of dynamic sources.
func (d *daemon) disconnectSources() {
	if d.sources != nil {
		d.sources.pool.Close()
	}
}
