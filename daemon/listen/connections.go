package listen

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// connections keeps track of open connections, so that at the limit one that does nothing makes room for a new one.
//
// Source: reliability.md T7.
type connections struct {
	mu   sync.Mutex
	max  int
	wait time.Duration // for the first request
	open map[net.Conn]*tracked
	idle *list.List // of net.Conn: those without a request, oldest first
	tls  int        // past the handshake
}

// tracked is one connection.
type tracked struct {
	idle  *list.Element // nil while a request is served
	late  *time.Timer   // closes a connection whose first request does not come
	since time.Time     // of the connection, and later of its last request
	used  bool          // a handler has seen a request; HTTP/2 is active before that
	http2 bool
	tls   bool
}

func newConnections(max int, wait time.Duration) *connections {
	return &connections{max: max, wait: wait, open: map[net.Conn]*tracked{}, idle: list.New()}
}

// admit adds c, if need be in place of the connection that has been idle longest. It is false if all are busy.
func (c *connections) admit(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) >= c.max {
		oldest := c.idle.Front()
		if oldest == nil {
			return false
		}
		victim := oldest.Value.(net.Conn)
		c.forget(victim)
		victim.Close()
	}
	c.open[conn] = &tracked{idle: c.idle.PushBack(conn), late: time.AfterFunc(c.wait, func() { conn.Close() }), since: time.Now()}
	return true
}

func (c *connections) forget(conn net.Conn) {
	t := c.open[conn]
	if t == nil {
		return
	}
	t.late.Stop()
	if t.idle != nil {
		c.idle.Remove(t.idle)
	}
	if t.tls {
		c.tls--
	}
	delete(c.open, conn)
}

// state follows http.Server.ConnState.
func (c *connections) state(conn net.Conn, s http.ConnState) {
	encrypted := false
	if t, ok := conn.(*tls.Conn); ok {
		encrypted, conn = true, t.NetConn()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.open[conn]
	if t == nil {
		return // it had to make room
	}
	switch s {
	case http.StateActive:
		t.late.Stop()
		if t.idle != nil {
			c.idle.Remove(t.idle)
			t.idle = nil
		}
		if encrypted && !t.tls {
			t.tls = true
			c.tls++
		}
	case http.StateIdle:
		if t.idle == nil {
			t.idle = c.idle.PushBack(conn)
		}
		if t.used {
			t.since = time.Now()
		}
	case http.StateClosed, http.StateHijacked:
		c.forget(conn)
	}
}

// count returns the open connections, and how many of them are past the TLS handshake.
func (c *connections) count() (open, encrypted int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open), c.tls
}

// ActiveTLS returns how many connections are past the TLS handshake.
func (l *Listener) ActiveTLS() int {
	_, n := l.conns.count()
	return n
}

// closeIdle closes the connections without a request.
func (c *connections) closeIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := c.idle.Front(); e != nil; e = c.idle.Front() {
		conn := e.Value.(net.Conn)
		c.forget(conn)
		conn.Close()
	}
}

// connKey is the key of a connection in the context of its requests.
type connKey struct{}

// use notes that r has come over its connection.
func (c *connections) use(r *http.Request) {
	conn, _ := r.Context().Value(connKey{}).(net.Conn)
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.open[conn]; t != nil {
		t.used, t.http2 = true, r.ProtoMajor == 2
	}
}

// busy reports whether a request is served, or a connection that is younger than first has yet to send one, or an answer over HTTP/2 is younger
// than flush: such a connection counts as idle before the answer has been sent.
func (c *connections) busy(first, flush time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.open {
		age := time.Since(t.since)
		if t.idle == nil || !t.used && age < first || t.used && t.http2 && age < flush {
			return true
		}
	}
	return false
}
