package natstest

import (
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Server is a server on the loopback. Its methods belong to the goroutine of the test.
type Server struct {
	// Server is the one that runs, or ran last.
	*server.Server

	t    testing.TB
	opts server.Options
}

// Start runs a server until the test ends. What opts leaves open is set: a free port of 127.0.0.1, and with JetStream a directory of
// the test. Both stay the same when it is started again.
func Start(t testing.TB, opts server.Options) *Server {
	t.Helper()
	s := &Server{t: t, opts: opts}
	s.opts.Host, s.opts.NoLog, s.opts.NoSigs = "127.0.0.1", true, true
	if s.opts.Port == 0 {
		s.opts.Port = server.RANDOM_PORT
	}
	if s.opts.JetStream && s.opts.StoreDir == "" {
		s.opts.StoreDir = t.TempDir()
	}
	t.Cleanup(func() {
		if s.Server != nil {
			s.Stop()
		}
	})
	s.Start()
	return s
}

// StartJetStream runs a server that has nothing but JetStream.
func StartJetStream(t testing.TB) *Server {
	t.Helper()
	return Start(t, server.Options{JetStream: true})
}

// Start runs the server again, after Stop, on its old port and with what it has stored.
func (s *Server) Start() {
	s.t.Helper()
	s.boot()
	if !s.ReadyForConnections(startLimit) {
		s.t.Fatal("the NATS server does not start")
	}
	s.opts.Port = s.Addr().(*net.TCPAddr).Port
}

const startLimit = 30 * time.Second

func (s *Server) boot() {
	s.t.Helper()
	opts := s.opts.Clone() // the server changes them
	srv, err := server.NewServer(opts)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Server = srv
	srv.Start()
}

// Stop shuts the server down. It may be stopped already.
func (s *Server) Stop() {
	s.Shutdown()
	s.WaitForShutdown()
}

// Restart stops the server and starts it again.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.Start()
}

// Connect returns a connection that restores itself and is closed when the test ends.
func (s *Server) Connect(opts ...nats.Option) *nats.Conn {
	s.t.Helper()
	return connect(s.t, s.ClientURL(), opts...)
}

// Client returns a JetStream client over a connection of its own.
func (s *Server) Client() jetstream.JetStream {
	s.t.Helper()
	return client(s.t, s.ClientURL())
}

func connect(t testing.TB, url string, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, append(opts, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func client(t testing.TB, url string) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(connect(t, url))
	if err != nil {
		t.Fatal(err)
	}
	return js
}
