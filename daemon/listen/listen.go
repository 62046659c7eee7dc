// Package listen owns the daemon's one listener: where it binds and whether it may, its TLS certificates and their replacement while it
// runs, and the limits that keep a few bad clients from taking it away from the good ones. It knows no path and no handler.
//
// Source: daemon.md sections 4.4, 20 and 21; reliability.md T7 and T13.
package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// Options say where to listen and how.
type Options struct {
	Addr           string // HOST:PORT or unix:///path; empty for the default
	AllowPlaintext bool

	CertFile, KeyFile, ClientCAFile string
	MinVersion                      string // 1.3 if empty
	KeyPassword                     string

	// Inherited is a socket that listens already, nil to bind Addr. It stays the caller's.
	Inherited *os.File
	// Paused makes connections wait in the backlog until Resume.
	Paused bool

	MaxConns int // 0 for the default
	Timeouts Timeouts
	Log      *slog.Logger
}

// Timeouts bound what clients may take their time with. Zero values are the defaults.
type Timeouts struct {
	Header, Handshake, Idle, Body time.Duration
}

// The defaults of Options.
const (
	defaultMaxConns = 1024
	defaultHeader   = 10 * time.Second
	defaultIdle     = 120 * time.Second
	defaultBody     = 10 * time.Second
	defaultPort     = "9090"
)

// badAddress begins the message that tools know.
const badAddress = "Invalid API address"

// hasTLS reports whether certificates are given.
func (o *Options) hasTLS() bool { return o.CertFile != "" }

// address returns the address to bind: what was given, else loopback unless others may come (README ruling 1).
func (o *Options) address() string {
	switch {
	case o.Addr != "":
		return o.Addr
	case o.hasTLS() || o.AllowPlaintext:
		return "0.0.0.0:" + defaultPort
	default:
		return "127.0.0.1:" + defaultPort
	}
}

// Validate says why the options cannot work, before anything is bound.
func (o *Options) Validate() error {
	path, unix := strings.CutPrefix(o.Addr, "unix://")
	switch {
	case (o.CertFile == "") != (o.KeyFile == ""):
		return errors.New("--tls-cert and --tls-key go together: give both or neither")
	case o.ClientCAFile != "" && !o.hasTLS():
		return errors.New("--tls-client-ca needs --tls-cert and --tls-key")
	case unix && o.hasTLS():
		return errors.New("--api-addr unix:// excludes TLS: the socket is for this machine only")
	case unix && path == "":
		return fmt.Errorf("%s '%s': want unix:///path", badAddress, o.Addr)
	}
	if o.KeyPassword != "" {
		return errors.New("--tls-key-password: encrypted keys are not supported; " + decrypt)
	}
	if _, err := o.minVersion(); err != nil {
		return err
	}
	if !unix {
		if err := o.checkAddress(); err != nil {
			return err
		}
	}
	if o.hasTLS() {
		_, err := o.loadMaterial()
		return err
	}
	return nil
}

// checkAddress refuses addresses that cannot be read, and plaintext for the world to see.
func (o *Options) checkAddress() error {
	addr, err := net.ResolveTCPAddr("tcp", o.address())
	if err != nil {
		return fmt.Errorf("%s '%s': want HOST:PORT or unix:///path (%w)", badAddress, o.Addr, err)
	}
	if o.mayBind(addr) {
		return nil
	}
	return plaintext(o.address())
}

func (o *Options) mayBind(addr *net.TCPAddr) bool {
	return o.hasTLS() || o.AllowPlaintext || addr.IP.IsLoopback()
}

func plaintext(addr string) error {
	return fmt.Errorf("refusing to bind plaintext on non-loopback address %s: give --tls-cert and --tls-key, or --allow-plaintext if something else protects it", addr)
}

// Listener accepts connections, within limits. Server returns what serves them.
type Listener struct {
	opts  Options
	inner socket
	conns *connections
	tls   *material // nil without TLS
	gate  *gate
}

// Listen binds. The options must be valid.
func Listen(ctx context.Context, opts Options) (*Listener, error) {
	opts.defaults()
	l := &Listener{opts: opts, conns: newConnections(opts.MaxConns, opts.firstRequest()), gate: newGate()}
	if opts.hasTLS() {
		l.tls = &material{opts: &opts}
		if err := l.tls.reload(); err != nil {
			return nil, err
		}
	}
	inner, err := opts.bind(ctx)
	if err != nil {
		return nil, fmt.Errorf("bind the API listener: %w", err)
	}
	l.inner = inner.(socket)
	if opts.Paused {
		l.Pause()
	}
	return l, nil
}

// bind returns the listening socket.
func (o *Options) bind(ctx context.Context) (net.Listener, error) {
	path, unix := strings.CutPrefix(o.Addr, "unix://")
	switch {
	case o.Inherited != nil:
		l, err := inherit(o.Inherited)
		if err != nil {
			return nil, err
		}
		if addr, ok := l.Addr().(*net.TCPAddr); ok && !o.mayBind(addr) {
			l.Close()
			return nil, plaintext(addr.String())
		}
		return l, nil
	case unix:
		return ListenUnix(path)
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", o.address())
}

func (o *Options) defaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&o.Timeouts.Header, defaultHeader)
	set(&o.Timeouts.Handshake, defaultHeader)
	set(&o.Timeouts.Idle, defaultIdle)
	set(&o.Timeouts.Body, defaultBody)
	if o.MaxConns == 0 {
		o.MaxConns = defaultMaxConns
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// firstRequest is how long a connection may take until its first request is there. The server's own limit counts anew after it has looked
// for HTTP/2.
func (o *Options) firstRequest() time.Duration {
	if o.hasTLS() {
		return o.Timeouts.Handshake + o.Timeouts.Header
	}
	return o.Timeouts.Header
}

// Addr returns the address that is bound.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

// Loopback reports whether only this machine can connect.
func (l *Listener) Loopback() bool {
	addr, ok := l.inner.Addr().(*net.TCPAddr)
	return !ok || addr.IP.IsLoopback()
}

// TLS reports whether connections are encrypted.
func (l *Listener) TLS() bool { return l.tls != nil }

// Accept implements net.Listener. It makes room if there are too many connections, and waits while the listener is paused.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, ok, err := l.accept()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if !l.gate.wait() {
				return nil, net.ErrClosed
			}
		case err != nil || ok:
			return c, err
		default:
			go refuse(c)
		}
	}
}

// accept accepts one connection; ok says that there is room for it.
func (l *Listener) accept() (c net.Conn, ok bool, err error) {
	l.gate.accepting.Lock()
	defer l.gate.accepting.Unlock()
	c, err = l.inner.Accept()
	return c, err == nil && l.conns.admit(c), err
}

// Close stops accepting connections; those that are open stay. A socket file is removed, unless Keep was called.
func (l *Listener) Close() error {
	l.gate.end()
	return l.inner.Close()
}

// refuse tells a client that there is no room.
func refuse(c net.Conn) {
	c.SetDeadline(time.Now().Add(time.Second))
	c.Write([]byte("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
	c.Close()
}

// ListenUnix binds a socket that only this user may open. A socket file that nobody listens on is replaced.
func ListenUnix(path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil {
		if info.Mode()&os.ModeSocket == 0 {
			return nil, fmt.Errorf("%s exists and is no socket", path)
		}
		c, err := net.DialTimeout("unix", path, time.Second)
		if err == nil {
			c.Close()
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, fmt.Errorf("another program listens on %s", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// minVersion reads --tls-min-version.
func (o *Options) minVersion() (uint16, error) {
	switch strings.TrimPrefix(strings.ToLower(o.MinVersion), "tls") {
	case "", "1.3":
		return tls.VersionTLS13, nil
	case "1.2":
		return tls.VersionTLS12, nil
	}
	return 0, fmt.Errorf("--tls-min-version %q: want 1.2 or 1.3", o.MinVersion)
}
