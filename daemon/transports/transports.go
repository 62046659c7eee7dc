// Package transports opens the inputs, sinks and subscriptions that speak NATS and OpenTelemetry. The program hands them to package daemon,
// which does not import them: that keeps NATS and gRPC out of programs that are built without. It holds no logic; the packages of the
// transports do.
package transports

import (
	"context"
	"log/slog"

	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/daemon"
	"github.com/rsigma-go/rsigma/daemon/flow"
	natsin "github.com/rsigma-go/rsigma/daemon/input/nats"
	otlpin "github.com/rsigma-go/rsigma/daemon/input/otlp"
	"github.com/rsigma-go/rsigma/daemon/natsconf"
	"github.com/rsigma-go/rsigma/daemon/natssub"
	natssink "github.com/rsigma-go/rsigma/daemon/sink/nats"
	otlpsink "github.com/rsigma-go/rsigma/daemon/sink/otlp"
)

// All is every transport.
type All struct{}

var _ daemon.Transports = All{}

// NATSInput implements daemon.Transports.
func (All) NATSInput(ctx context.Context, o daemon.NATSInput) (daemon.NATSReader, error) {
	in, err := natsin.Open(ctx, natsin.Options{
		Address: o.Address, Auth: o.Auth, Group: o.Group, Start: o.Start, Replay: o.Replay, Keep: o.Keep, Stored: o.Stored, Buffer: o.Buffer,
		Hooks: natsin.Hooks{
			Redelivered: o.Redelivered, StreamChanged: o.StreamChanged, Expired: o.Expired, Suppressed: o.Suppressed,
			Acked: o.Acked,
		},
		Log: o.Log, ConnLog: o.ConnLog,
	})
	if err != nil {
		return nil, err // not in: a nil pointer in an interface is not nil
	}
	return in, nil
}

// NATSSink implements daemon.Transports.
func (All) NATSSink(ctx context.Context, o daemon.NATSSink) (flow.Sink, error) {
	return natssink.Open(ctx, natssink.Options{Address: o.Address, Auth: o.Auth, ConnLog: o.ConnLog, Duplicate: o.Duplicate})
}

// NATSSubscriptions implements daemon.Transports.
func (All) NATSSubscriptions(auth natsconf.Auth, log *slog.Logger) daemon.Subscriptions {
	return pool{natssub.New(natssub.Options{Auth: auth, Log: log})}
}

type pool struct{ *natssub.Pool }

// Subscribe implements daemon.Subscriptions.
func (p pool) Subscribe(ctx context.Context, server, subject string, message func([]byte)) (dynsource.Subscription, error) {
	s, err := p.Pool.Subscribe(ctx, server, subject, message)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// OTLPInput implements daemon.Transports.
func (All) OTLPInput(o daemon.OTLPInput) daemon.OTLPReceiver {
	return otlpin.New(otlpin.Options{
		MaxBody: o.MaxBody, Timeout: o.Timeout, Sync: o.Sync, SyncTimeout: o.SyncTimeout,
		Hooks: otlpin.Hooks{Request: o.Request, Records: o.Records, Error: o.Error},
	})
}

// OTLPSink implements daemon.Transports.
func (All) OTLPSink(o daemon.OTLPSink) (flow.Sink, error) {
	return otlpsink.Open(o.Target, otlpsink.Options{Version: o.Version, Rejected: o.Rejected})
}
