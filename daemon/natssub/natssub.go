// Package natssub subscribes to NATS subjects whose messages are no events: values of dynamic sources, and commands to the daemon. They
// are plain messages, without a stream and without acknowledgements, and what is published while there is no connection is missed.
// Subscriptions to one server share a connection. It knows neither what messages mean nor who reads them; package daemon connects the
// two. Events come through input/nats.
//
// Source: dynamic-sources.md section 3.4, daemon.md sections 18.2 and 26.
package natssub

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/rsigma-go/rsigma/daemon/natsconn"
)

// The delays between attempts to reconnect.
const (
	retryFirst = time.Second
	retryMax   = time.Minute
)

// Options configure a Pool.
type Options struct {
	Auth    natsconn.Auth
	RootCAs *x509.CertPool // verify servers; nil are the system's
	Log     *slog.Logger   // what happens to connections
}

// Pool holds the connections of subscriptions. It is safe for concurrent use.
type Pool struct {
	opts Options

	mu     sync.Mutex
	shared map[string]*shared // by server
	closed bool
}

// shared is the connection to one server.
type shared struct {
	dialing sync.Mutex // held while it is made

	// Guarded by the mutex of the pool.
	conn  *natsconn.Conn // nil before it is made
	users int            // subscriptions, and those that are being made; without any the connection is closed
}

// ErrClosed says that the pool is closed.
var ErrClosed = errors.New("the daemon ends")

// New returns a pool without connections.
func New(o Options) *Pool { return &Pool{opts: o, shared: map[string]*shared{}} }

// Subscription delivers messages until it is closed.
type Subscription struct {
	pool *Pool
	from *shared
	sub  *nats.Subscription
	once sync.Once
}

// Subscribe calls message for each payload that is published to subject from now on, one at a time and in order, over all losses of the
// connection. The payload is message's to keep. server is nats:// and the authority. Subscribe returns once the server knows of the
// subscription; that it cannot be reached, or does not permit it, is an error without secrets. ctx bounds the attempt only.
func (p *Pool) Subscribe(ctx context.Context, server, subject string, message func(payload []byte)) (*Subscription, error) {
	a, err := natsconn.ParseURL(server + "/" + subject)
	if err != nil {
		return nil, err
	}
	from, err := p.enter(a.Server)
	if err != nil {
		return nil, err
	}
	conn, err := p.connect(ctx, from, a)
	if err == nil {
		var sub *nats.Subscription
		if sub, err = listen(ctx, conn, a, message); err == nil {
			return &Subscription{pool: p, from: from, sub: sub}, nil
		}
	}
	p.leave(from)
	return nil, err
}

// listen subscribes and waits until the server has answered.
func listen(ctx context.Context, conn *natsconn.Conn, a natsconn.Address, message func([]byte)) (*nats.Subscription, error) {
	sub, err := conn.Subscribe(a.Subject, func(m *nats.Msg) { message(m.Data) })
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, natsconn.RequestTimeout)
		defer cancel()
		if err = conn.FlushWithContext(ctx); err == nil {
			err = denied(conn, a.Subject)
		}
		if err != nil {
			_ = sub.Unsubscribe() // the connection may be gone
		}
	}
	if err != nil {
		return nil, fmt.Errorf("subscribe to %s at %s: %w", a.Subject, a.Redacted, err)
	}
	return sub, nil
}

// denied returns what the server has said against a subscription. It says so out of band, but before it answers a flush.
func denied(conn *natsconn.Conn, subject string) error {
	if err := conn.LastError(); errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(), `"`+subject+`"`) {
		return nats.ErrPermissionViolation
	}
	return nil
}

// enter notes that the connection to a server is needed.
func (p *Pool) enter(server string) (*shared, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	s := p.shared[server]
	if s == nil {
		s = &shared{}
		p.shared[server] = s
	}
	s.users++
	return s, nil
}

// connect returns the connection of s, after making it if there is none.
func (p *Pool) connect(ctx context.Context, s *shared, a natsconn.Address) (*natsconn.Conn, error) {
	s.dialing.Lock()
	defer s.dialing.Unlock()
	p.mu.Lock()
	conn, closed := s.conn, p.closed
	p.mu.Unlock()
	switch {
	case closed:
		return nil, ErrClosed
	case conn != nil:
		return conn, nil
	}
	conn, err := natsconn.Connect(ctx, a, natsconn.Options{
		Auth: p.opts.Auth, RootCAs: p.opts.RootCAs, Name: "rsigmad subscriptions", RetryFirst: retryFirst, RetryMax: retryMax, Log: p.opts.Log,
	})
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		conn.Close()
		return nil, ErrClosed
	}
	s.conn = conn
	return conn, nil
}

// leave notes that the connection is needed by one less.
func (p *Pool) leave(s *shared) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.users--; s.users > 0 {
		return
	}
	for server, other := range p.shared {
		if other == s {
			delete(p.shared, server)
		}
	}
	if s.conn != nil {
		s.conn.Close()
	}
}

// Connected reports whether messages can arrive at present.
func (s *Subscription) Connected() bool {
	s.pool.mu.Lock()
	conn := s.from.conn
	s.pool.mu.Unlock()
	return conn.IsConnected()
}

// Close ends the subscription. It is legal twice, and after the pool was closed.
func (s *Subscription) Close() {
	s.once.Do(func() {
		_ = s.sub.Unsubscribe() // the connection may be closed
		s.pool.leave(s.from)
	})
}

// Close closes all connections. Nothing can be subscribed from then on.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, s := range p.shared {
		if s.conn != nil {
			s.conn.Close()
		}
	}
}
