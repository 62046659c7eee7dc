// Package unix is the sink that writes to a Unix socket somebody else listens on, one result a line.
//
// Source: daemon.md section 12.
package unix

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Sink is a client connection. A write that fails is tried once more over a new connection.
type Sink struct {
	path string
	conn net.Conn
	buf  []byte
}

// dialTimeout bounds a connection attempt.
const dialTimeout = 5 * time.Second

// Open connects to the socket at path.
func Open(path string) (*Sink, error) {
	s := &Sink{path: path}
	return s, s.connect(context.Background())
}

func (s *Sink) connect(ctx context.Context) error {
	d := net.Dialer{Timeout: dialTimeout}
	conn, err := d.DialContext(ctx, "unix", s.path)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", s.path, err)
	}
	if s.conn != nil {
		s.conn.Close()
	}
	s.conn = conn
	return nil
}

// Deliver implements flow.Sink. Whether the other side has read what the system took cannot be known.
func (s *Sink) Deliver(ctx context.Context, lines [][]byte) (int, error) {
	written, err := s.write(ctx, lines)
	if err == nil || ctx.Err() != nil {
		return written, err
	}
	if err := s.connect(ctx); err != nil {
		return written, err
	}
	more, err := s.write(ctx, lines[written:])
	return written + more, err
}

// write writes lines and returns how many were written as a whole.
func (s *Sink) write(ctx context.Context, lines [][]byte) (int, error) {
	conn := s.conn // the one that ctx interrupts, even if it ends late
	stop := context.AfterFunc(ctx, func() { conn.SetWriteDeadline(time.Now()) })
	defer stop()
	for i, l := range lines {
		s.buf = append(append(s.buf[:0], l...), '\n')
		if _, err := conn.Write(s.buf); err != nil {
			return i, fmt.Errorf("write to %s: %w", s.path, err)
		}
	}
	return len(lines), nil
}

// Close implements flow.Sink. It may be called again.
func (s *Sink) Close() error {
	if err := s.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
