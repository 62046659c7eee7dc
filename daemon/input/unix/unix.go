// Package unix is the input that reads lines from clients of a Unix socket.
//
// Source: daemon.md section 6.
package unix

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/listen"
)

// Input accepts connections and reads each of them by lines.
type Input struct {
	l   net.Listener
	log *slog.Logger
}

// Open binds the socket at path. A file that nobody listens on any more is replaced.
func Open(path string, log *slog.Logger) (*Input, error) {
	l, err := listen.ListenUnix(path)
	if err != nil {
		return nil, err
	}
	return &Input{l, log}, nil
}

// Inherit returns an input for the socket of f, which another process has bound. f stays the caller's.
func Inherit(f *os.File, log *slog.Logger) (*Input, error) {
	l, err := listen.InheritUnix(f)
	if err != nil {
		return nil, err
	}
	return &Input{l, log}, nil
}

// Duplicate returns a descriptor of the socket for another process, named name. Clients that come once Run has returned wait for that
// process; those that are connected are not handed over.
func (in *Input) Duplicate(name string) (*os.File, error) { return listen.Duplicate(in.l, name) }

// KeepFile lets the file of the socket stay for another process that has the socket.
func (in *Input) KeepFile() { listen.KeepFile(in.l) }

var origin = flow.Origin{Type: "unix"}

// maxClients bounds the connections that are read at a time, each of which has a buffer of 256 KiB; others wait in the backlog
// (reliability.md T6).
const maxClients = 256

// Run implements flow.Input.
func (in *Input) Run(ctx context.Context, out *flow.Intake) error {
	var clients sync.WaitGroup
	defer clients.Wait()
	stop := context.AfterFunc(ctx, func() { in.l.Close() })
	defer stop()
	slots := make(chan struct{}, maxClients)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		c, err := in.accept(ctx)
		if ctx.Err() != nil {
			if err == nil {
				c.Close()
			}
			return nil
		}
		if err != nil {
			return err
		}
		clients.Go(func() {
			defer func() { <-slots }()
			in.client(ctx, c, out)
		})
	}
}

// acceptDelay is how long to wait when the system has no room for another connection.
const acceptDelay = 100 * time.Millisecond

// accept waits for a connection. That the process or the system has too many files open passes.
func (in *Input) accept(ctx context.Context) (net.Conn, error) {
	for {
		c, err := in.l.Accept()
		switch {
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.ENOMEM):
			in.log.Warn("A client of the input socket has to wait", "error", err.Error())
		case errors.Is(err, syscall.ECONNABORTED):
			continue
		default:
			return c, err
		}
		select {
		case <-time.After(acceptDelay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// client reads one connection.
func (in *Input) client(ctx context.Context, c net.Conn, out *flow.Intake) {
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	err := flow.NewLines(c, &origin).Forward(ctx, out)
	if err != nil && ctx.Err() == nil && !errors.Is(err, flow.ErrClosed) {
		in.log.Warn("A client of the input socket was lost", "error", err.Error())
	}
}

// Close implements flow.Input. It removes the socket file, unless that is to stay.
func (in *Input) Close() error {
	if err := in.l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
