package handover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// Predecessor is the first process, as the second one sees it.
type Predecessor struct{ conn conn }

// FromEnvironment returns the process that has started this one to take over, nil if it was started in another way. It is called once,
// before Inherited and before anything starts a process.
func FromEnvironment() (*Predecessor, error) {
	text, ok := os.LookupEnv(variable)
	if !ok {
		return nil, nil
	}
	os.Unsetenv(variable)
	var version, in, out int
	if n, err := fmt.Sscanf(text, "%d,%d,%d", &version, &in, &out); n < 1 {
		return nil, fmt.Errorf("%s=%q: %w", variable, text, err)
	}
	if version != protocol || out <= in || in < firstFD {
		return nil, fmt.Errorf("the running process hands over by protocol %d, this program knows %d: it has to be restarted", version, protocol)
	}
	if _, set := os.LookupEnv(listenPID); !set {
		os.Setenv(listenPID, fmt.Sprint(os.Getpid())) // the first process cannot know it when it makes the environment
	}
	return &Predecessor{newConn(pipe(in, "predecessor"), pipe(out, "predecessor"))}, nil
}

// pipe makes a file of an inherited descriptor whose reads and writes can be interrupted.
func pipe(fd int, name string) *os.File {
	syscall.CloseOnExec(fd)
	syscall.SetNonblock(fd, true) // if that fails it cannot be interrupted, that is all
	return os.NewFile(uintptr(fd), name)
}

// Prepared says that everything is prepared that need not be owned.
func (p *Predecessor) Prepared(ctx context.Context) error {
	if err := p.conn.send(ctx, message{Kind: kindPrepared}); err != nil {
		return gone(err)
	}
	return nil
}

// Receive waits until the first process has let go of everything, and returns what it gives.
func (p *Predecessor) Receive(ctx context.Context) (*Parcel, error) {
	m, err := p.conn.receive(ctx, kindParcel)
	switch {
	case err != nil:
		return nil, gone(err)
	case m.Parcel == nil:
		return new(Parcel), nil
	}
	return m.Parcel, nil
}

// Opened says that everything is open, and waits for leave to take events. That the first process is gone is leave as well: what it had
// has been received.
func (p *Predecessor) Opened(ctx context.Context) error {
	defer p.conn.close()
	err := p.conn.send(ctx, message{Kind: kindOpened})
	if err == nil {
		_, err = p.conn.receive(ctx, kindGo)
	}
	if broken(err) {
		return nil
	}
	return err
}

// Failed tells the first process why this one cannot go on.
func (p *Predecessor) Failed(err error) {
	p.conn.send(context.Background(), message{Kind: kindFailed, Error: strings.ToValidUTF8(err.Error(), "?")})
	p.conn.close()
}

// gone says in words that the first process has ended.
func gone(err error) error {
	if broken(err) {
		return errors.New("the process that was to hand over has ended")
	}
	return err
}

// broken reports whether err says that nobody is at the other end of a pipe.
func broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE)
}
