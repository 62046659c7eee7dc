package listen

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Limits of requests (daemon.md section 21, reliability.md T7).
const (
	maxHeader  = 64 << 10
	maxStreams = 250
	// progress is how much of a body has to arrive within Timeouts.Body.
	progress = 1 << 10
)

// Server serves a Listener.
type Server struct {
	l       *Listener
	retired atomic.Bool
	http.Server
}

// Server returns a server for handler: HTTP/1.1 and HTTP/2, with TLS or in plaintext. Answers that stream are not cut off; bodies have
// to make progress while the handler reads them.
func (l *Listener) Server(handler http.Handler) *Server {
	s := &Server{l: l}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer l.guardBody(w, r)()
		l.conns.use(r)
		out := &retiring{w, s}
		handler.ServeHTTP(out, r)
		out.end() // if nothing was written
	})
	s.ReadHeaderTimeout = l.opts.Timeouts.Header // also bounds the TLS handshake
	s.IdleTimeout = l.opts.Timeouts.Idle
	s.MaxHeaderBytes = maxHeader
	s.ConnState = l.conns.state
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) }
	s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: maxStreams}
	s.ErrorLog = slog.NewLogLogger(l.opts.Log.Handler(), slog.LevelDebug)
	s.Protocols = new(http.Protocols)
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetHTTP2(l.TLS())
	s.Protocols.SetUnencryptedHTTP2(!l.TLS())
	if l.TLS() {
		s.TLSConfig = l.tls.config()
	}
	return s
}

// Serve serves until Shutdown. The error is never nil; http.ErrServerClosed is the regular one.
func (s *Server) Serve() error {
	if s.l.TLS() {
		return s.ServeTLS(s.l, "", "")
	}
	return s.Server.Serve(s.l)
}

// Stop refuses new connections, waits for running requests until ctx is done, and then breaks off those that are left.
func (s *Server) Stop(ctx context.Context) {
	s.l.conns.closeIdle() // those that have not sent a request yet would hold it up
	if s.Shutdown(ctx) != nil {
		s.Close()
	}
}

// guardBody lets r's body fail once less than 1 KiB arrives within the time for it, as long as somebody reads. The function that it
// returns is called when the handler is done: what it has not read has to arrive within that time as well.
func (l *Listener) guardBody(w http.ResponseWriter, r *http.Request) (end func()) {
	if r.Body == nil || r.Body == http.NoBody {
		return func() {}
	}
	b := &guardedBody{body: r.Body, control: http.NewResponseController(w), limit: l.opts.Timeouts.Body}
	r.Body = b
	return func() {
		limit := b.limit
		if b.failed {
			limit = 0 // the rest of a body that was given up is not worth waiting for
		}
		b.control.SetReadDeadline(time.Now().Add(limit))
	}
}

type guardedBody struct {
	body    io.ReadCloser
	control *http.ResponseController
	limit   time.Duration
	arrived int           // since the clock was set
	left    time.Duration // of the time in which progress has to be made
	failed  bool
}

// Read implements io.Reader. The clock runs only while it waits: a reader that is held up by back-pressure is not the client's fault.
func (b *guardedBody) Read(p []byte) (int, error) {
	if b.left == 0 || b.arrived >= progress {
		b.arrived, b.left = 0, b.limit
	}
	start := time.Now()
	b.control.SetReadDeadline(start.Add(b.left)) // recorders in tests do not know it: then there is no limit
	n, err := b.body.Read(p)
	b.arrived += n
	b.control.SetReadDeadline(time.Time{}) // on HTTP/2 it would end the body even if nobody waits
	b.left = max(b.left-time.Since(start), time.Millisecond)
	b.failed = err != nil && err != io.EOF
	return n, err
}

func (b *guardedBody) Close() error { return b.body.Close() }
