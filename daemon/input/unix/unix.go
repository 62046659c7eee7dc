// Package unix is the input that reads lines from clients of a Unix socket.
//
// Source: daemon.md section 6.
package unix

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"

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

var origin = flow.Origin{Type: "unix"}

// Run implements flow.Input.
func (in *Input) Run(ctx context.Context, out *flow.Intake) error {
	var clients sync.WaitGroup
	defer clients.Wait()
	stop := context.AfterFunc(ctx, func() { in.l.Close() })
	defer stop()
	for {
		c, err := in.l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		clients.Go(func() { in.client(ctx, c, out) })
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

// Close implements flow.Input. It removes the socket file.
func (in *Input) Close() error {
	if err := in.l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
