package natsconn

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Limits of daemon.md section 18.2.
const (
	ConnectTimeout = 5 * time.Second
	RequestTimeout = 5 * time.Second  // of one JetStream request
	PublishTimeout = 30 * time.Second // until the server confirms what was published
)

// Delays between attempts to reconnect double up to a maximum.
const (
	reconnectBase = 100 * time.Millisecond
	reconnectMax  = 5 * time.Second
)

// Options configure a connection.
type Options struct {
	Auth Auth
	// Name tells the server's operators what the connection is for.
	Name string
	// RootCAs verify the server's certificate; nil are the system's.
	RootCAs *x509.CertPool
	// FailWhileDown makes publishing an error while there is no connection. Else what is published is kept and sent later.
	FailWhileDown bool
	// RetryFirst and RetryMax are the first and the longest delay between attempts to reconnect; zero are 100 ms and 5 s.
	RetryFirst, RetryMax time.Duration
	// Reconnected is called after each reconnect; it must not block. It may be nil.
	Reconnected func()
	// Log takes what happens to the connection; its target is the caller's business.
	Log *slog.Logger
}

// Conn is a connection that restores itself for ever, until it is closed. It is safe for concurrent use.
type Conn struct {
	*nats.Conn
	JetStream jetstream.JetStream
}

// Connect connects to the server of a. That the first attempt fails is an error; ctx, or 5 s for each server, bounds it.
func Connect(ctx context.Context, a Address, o Options) (*Conn, error) {
	if err := o.Auth.Validate(); err != nil {
		return nil, err
	}
	opts, err := o.connection()
	if err != nil {
		return nil, err
	}
	type answer struct {
		nc  *nats.Conn
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		nc, err := nats.Connect(a.Server, opts...)
		if err == nil && ctx.Err() != nil {
			nc.Close()
		}
		answers <- answer{nc, err}
	}()
	var got answer
	select {
	case got = <-answers:
	case <-ctx.Done():
		got.err = ctx.Err()
	}
	if got.err == nil {
		got.err = ctx.Err()
	}
	if got.err != nil {
		return nil, fmt.Errorf("connect to %s: %w", a.Redacted, got.err)
	}
	js, err := jetstream.New(got.nc, jetstream.WithDefaultTimeout(RequestTimeout), jetstream.WithPublishAsyncTimeout(PublishTimeout))
	if err != nil {
		got.nc.Close()
		return nil, fmt.Errorf("use JetStream of %s: %w", a.Redacted, err)
	}
	o.Log.Info("Connected to NATS", "server", got.nc.ConnectedUrlRedacted(), "connection", o.Name)
	return &Conn{got.nc, js}, nil
}

// connection returns the settings of the client.
func (o *Options) connection() ([]nats.Option, error) {
	opts, err := options(o.Auth, o.RootCAs)
	if err != nil {
		return nil, err
	}
	opts = append(opts,
		nats.Name(o.Name), nats.Timeout(ConnectTimeout), nats.MaxReconnects(-1), nats.CustomReconnectDelay(o.delay),
		nats.IgnoreAuthErrorAbort(), // credentials may be renewed while the daemon runs
		nats.DisconnectErrHandler(func(nc *nats.Conn, err error) {
			if !nc.IsClosed() {
				o.Log.Info("Disconnected from NATS", "connection", o.Name, "error", text(err))
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			o.Log.Info("Reconnected to NATS", "server", nc.ConnectedUrlRedacted(), "connection", o.Name)
			if o.Reconnected != nil {
				o.Reconnected()
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			o.Log.Warn("NATS reports an error", "connection", o.Name, "error", text(err))
		}),
	)
	if o.FailWhileDown {
		opts = append(opts, nats.ReconnectBufSize(-1))
	}
	return opts, nil
}

// delay returns how long to wait after so many rounds of attempts. The client counts from 1.
func (o *Options) delay(attempts int) time.Duration {
	return min(cmp.Or(o.RetryFirst, reconnectBase)<<min(max(attempts-1, 0), 10), cmp.Or(o.RetryMax, reconnectMax))
}

// maxError is how much of an error text of the server is kept (reliability.md T18).
const maxError = 512

func text(err error) string {
	if err == nil {
		return ""
	}
	s := err.Error()
	return s[:min(len(s), maxError)]
}
