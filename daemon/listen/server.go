package listen

import (
	"context"
	"io"
	"log/slog"
	"net/http"
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
	l *Listener
	http.Server
}

// Server returns a server for handler: HTTP/1.1 and HTTP/2, with TLS or in plaintext. Handlers that stream are not cut off; those
// that read a body should wrap it with GuardBody.
func (l *Listener) Server(handler http.Handler) *Server {
	s := &Server{l: l}
	s.Handler = handler
	s.ReadHeaderTimeout = l.opts.Timeouts.Header // also bounds the TLS handshake
	s.IdleTimeout = l.opts.Timeouts.Idle
	s.MaxHeaderBytes = maxHeader
	s.ConnState = l.conns.state
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
	if s.Shutdown(ctx) != nil {
		s.Close()
	}
}

// GuardBody lets r's body fail once less than 1 KiB arrives within the time for it, as long as somebody reads. The deadline does not
// outlive the request.
func (l *Listener) GuardBody(w http.ResponseWriter, r *http.Request) {
	r.Body = &guardedBody{body: r.Body, control: http.NewResponseController(w), limit: l.opts.Timeouts.Body}
}

type guardedBody struct {
	body    io.ReadCloser
	control *http.ResponseController
	limit   time.Duration
	arrived int           // since the clock was set
	left    time.Duration // of the time in which progress has to be made
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
	b.left = max(b.left-time.Since(start), time.Millisecond)
	if err != nil {
		b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

func (b *guardedBody) Close() error {
	b.control.SetReadDeadline(time.Time{})
	return b.body.Close()
}
