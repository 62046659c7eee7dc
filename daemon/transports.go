package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/natsconf"
)

// Transports open what reaches other machines over NATS and OpenTelemetry. They are apart, in package transports, because programs may be
// built without them: see Lite.
type Transports interface {
	NATSInput(context.Context, NATSInput) (NATSReader, error)
	NATSSink(context.Context, NATSSink) (flow.Sink, error)
	// NATSSubscriptions returns connections for what is no event; none is made before it is needed.
	NATSSubscriptions(natsconf.Auth, *slog.Logger) Subscriptions
	// OTLPInput returns nil if records cannot be taken.
	OTLPInput(OTLPInput) OTLPReceiver
	OTLPSink(OTLPSink) (flow.Sink, error)
}

// NATSInput configures an input. Its fields are those of input/nats.
type NATSInput struct {
	Address natsconf.Address
	Auth    natsconf.Auth
	Group   string
	Start   natsconf.Start
	Replay  string
	Keep    bool
	Stored  func(name string) *flow.Position
	Buffer  int

	Redelivered, StreamChanged func()
	Expired                    func(messages int)
	Suppressed, Acked          func()

	Log, ConnLog *slog.Logger
}

// NATSReader is an input that acknowledges what it has read.
type NATSReader interface {
	flow.Input
	Unacked() int
	Replay() string
}

// NATSSink configures a sink.
type NATSSink struct {
	Address   natsconf.Address
	Auth      natsconf.Auth
	ConnLog   *slog.Logger
	Duplicate func()
}

// Subscriptions deliver messages of plain subjects.
type Subscriptions interface {
	// Subscribe is that of natssub.Pool.
	Subscribe(ctx context.Context, server, subject string, message func([]byte)) (dynsource.Subscription, error)
	Close()
}

// OTLPInput configures what takes log records. Its fields are those of input/otlp.
type OTLPInput struct {
	MaxBody     int64
	Timeout     time.Duration
	Sync        bool
	SyncTimeout time.Duration

	Request func(transport, encoding string)
	Records func(n int)
	Error   func(transport, reason string)
}

// OTLPReceiver takes records over HTTP and gRPC.
type OTLPReceiver interface {
	http.Handler
	Run(ctx context.Context, out *flow.Intake) error
	Ready() <-chan struct{}
}

// OTLPSink configures an exporter.
type OTLPSink struct {
	Target   string // as --output spells it
	Version  string
	Rejected func(results int, reason string)
}

// ErrLite says that the program was built without something.
var ErrLite = errors.New("not part of this rsigmad, which was built with the tag lite")

// Lite are the transports of a program without NATS and OpenTelemetry: each is refused when it is asked for.
type Lite struct{}

// NATSInput implements Transports.
func (Lite) NATSInput(context.Context, NATSInput) (NATSReader, error) { return nil, ErrLite }

// NATSSink implements Transports.
func (Lite) NATSSink(context.Context, NATSSink) (flow.Sink, error) { return nil, ErrLite }

// NATSSubscriptions implements Transports.
func (Lite) NATSSubscriptions(natsconf.Auth, *slog.Logger) Subscriptions { return noSubscriptions{} }

// OTLPInput implements Transports.
func (Lite) OTLPInput(OTLPInput) OTLPReceiver { return nil }

// OTLPSink implements Transports.
func (Lite) OTLPSink(OTLPSink) (flow.Sink, error) { return nil, ErrLite }

type noSubscriptions struct{}

func (noSubscriptions) Subscribe(context.Context, string, string, func([]byte)) (dynsource.Subscription, error) {
	return nil, ErrLite
}

func (noSubscriptions) Close() {}
