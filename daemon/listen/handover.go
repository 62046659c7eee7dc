package listen

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// socket is what TCP and Unix listeners have in common.
type socket interface {
	net.Listener
	SetDeadline(time.Time) error
	SyscallConn() (syscall.RawConn, error)
}

// inherit returns the listener of a socket that another process has bound.
func inherit(f *os.File) (net.Listener, error) {
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	if _, ok := l.(socket); !ok {
		l.Close()
		return nil, errors.New("the socket that was inherited is neither TCP nor Unix")
	}
	return l, nil
}

// InheritUnix returns the listener of a Unix socket that another process has bound. The file stays the caller's.
func InheritUnix(f *os.File) (net.Listener, error) {
	l, err := inherit(f)
	if err != nil {
		return nil, err
	}
	if _, ok := l.(*net.UnixListener); !ok {
		l.Close()
		return nil, errors.New("the socket that was inherited is no Unix socket")
	}
	return l, nil
}

// Duplicate returns a descriptor of the socket that l listens on, for another process. Unlike that of net, it leaves the socket one that
// never blocks: the mode belongs to the socket, not to the descriptor.
func Duplicate(l net.Listener, name string) (*os.File, error) {
	s, ok := l.(socket)
	if !ok {
		return nil, errors.New("no socket that can be handed over")
	}
	c, err := s.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	var failed error
	if err := c.Control(func(n uintptr) { fd, failed = unix.FcntlInt(n, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, os.NewSyscallError("dup", failed)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// KeepFile lets the file of a Unix socket stay when l is closed.
func KeepFile(l net.Listener) {
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
}

// Duplicate returns a descriptor of the socket for another process.
func (l *Listener) Duplicate(name string) (*os.File, error) { return Duplicate(l.inner, name) }

// gate holds up Accept.
type gate struct {
	accepting sync.Mutex // held while a connection is accepted

	mu     sync.Mutex
	open   chan struct{} // closed while connections may come
	closed chan struct{}
	once   sync.Once
}

func newGate() *gate {
	g := &gate{open: make(chan struct{}), closed: make(chan struct{})}
	close(g.open)
	return g
}

// wait waits while the gate is shut. It is false at the end.
func (g *gate) wait() bool {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	select {
	case <-open:
		return true
	case <-g.closed:
		return false
	}
}

// shut makes wait wait.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = make(chan struct{})
}

func (g *gate) end() { g.once.Do(func() { close(g.closed) }) }

// Pause leaves connections in the backlog of the socket from now on: for Resume, or for another process that has the socket.
func (l *Listener) Pause() {
	l.inner.SetDeadline(time.Unix(1, 0))
	l.gate.accepting.Lock() // whoever is accepting a connection has done so
	defer l.gate.accepting.Unlock()
	l.gate.shut()
}

// Resume accepts connections again.
func (l *Listener) Resume() {
	l.inner.SetDeadline(time.Time{})
	l.gate.mu.Lock()
	defer l.gate.mu.Unlock()
	close(l.gate.open)
}

// retiring is a ResponseWriter that ends the connection if the server is retired when the answer begins.
type retiring struct {
	http.ResponseWriter
	s *Server
}

func (w *retiring) end() {
	if w.s.retired.Load() {
		w.Header().Set("Connection", "close") // of HTTP/2 as well
	}
}

// WriteHeader implements http.ResponseWriter.
func (w *retiring) WriteHeader(status int) {
	w.end()
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *retiring) Write(b []byte) (int, error) {
	w.end()
	return w.ResponseWriter.Write(b)
}

// FlushError is for http.ResponseController.
func (w *retiring) FlushError() error {
	w.end()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Flush implements http.Flusher.
func (w *retiring) Flush() { w.FlushError() }

// Unwrap is for http.ResponseController.
func (w *retiring) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// What a server that leaves waits for.
const (
	firstGrace = time.Second           // a connection that is older and has sent no request is idle
	flushGrace = 25 * time.Millisecond // an answer that is older has been sent
)

// Retire makes every answer end its connection from now on, so that clients come again on another one.
func (s *Server) Retire() { s.retired.Store(true) }

// Leave leaves the socket, and its file, to another process: connections that come wait for that one. It returns when the requests on those
// that are open are answered, also on connections that have only just come, or when ctx is done; Stop breaks off the rest.
func (s *Server) Leave(ctx context.Context) {
	s.Retire()
	s.l.Pause()
	KeepFile(s.l.inner)
	for s.l.conns.busy(firstGrace, flushGrace) && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	s.l.conns.closeIdle()
	s.Shutdown(ctx)
}

// Connections returns how many are open.
func (l *Listener) Connections() int {
	n, _ := l.conns.count()
	return n
}
