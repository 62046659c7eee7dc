package handover

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// variable tells a process that it is a successor: the version of the protocol and the descriptors of its pipes.
const variable = "RSIGMAD_HANDOVER"

// protocol is the version of the protocol. A binary that speaks another one refuses, and the first process goes on.
const protocol = 1

// The variables of the descriptor protocol, as in sd_listen_fds(3).
const (
	listenPID   = "LISTEN_PID"
	listenFDs   = "LISTEN_FDS"
	listenNames = "LISTEN_FDNAMES"
)

// firstFD is the first descriptor that is handed on.
const firstFD = 3

// Options say what to start.
type Options struct {
	Binary  string
	Args    []string // without the name of the program
	Sockets []*os.File
}

// Successor is the second process, as the first one sees it. Its methods are called by one goroutine; Kill may be called by another.
type Successor struct {
	cmd  *exec.Cmd
	conn conn

	ended chan struct{} // the process has
	kill  sync.Once
}

// Start starts a second process with the arguments, the environment, the directory and the standard streams of this one. The sockets stay
// the caller's; their names become those of the descriptors.
func Start(o Options) (*Successor, error) {
	fromChild, childOut, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer childOut.Close()
	childIn, toChild, err := os.Pipe()
	if err != nil {
		fromChild.Close()
		return nil, err
	}
	defer childIn.Close()
	s := &Successor{cmd: exec.Command(o.Binary, o.Args...), conn: newConn(fromChild, toChild), ended: make(chan struct{})}
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	s.cmd.ExtraFiles = append(append(s.cmd.ExtraFiles, o.Sockets...), childIn, childOut)
	s.cmd.Env = environment(o.Sockets)
	if err := s.cmd.Start(); err != nil {
		s.conn.close()
		return nil, err
	}
	go func() {
		s.cmd.Wait() // its state is all there is to know
		close(s.ended)
	}()
	return s, nil
}

// environment is that of this process, with the descriptors that are handed on.
func environment(sockets []*os.File) []string {
	var env, names []string
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); !slices.Contains([]string{variable, listenPID, listenFDs, listenNames}, name) {
			env = append(env, e)
		}
	}
	for _, f := range sockets {
		names = append(names, f.Name())
	}
	pipes := firstFD + len(sockets)
	return append(env, fmt.Sprintf("%s=%d,%d,%d", variable, protocol, pipes, pipes+1),
		listenFDs+"="+strconv.Itoa(len(sockets)), listenNames+"="+strings.Join(names, ":"))
}

// PID is the process id.
func (s *Successor) PID() int { return s.cmd.Process.Pid }

// Prepared waits until the process has prepared everything that it need not own.
func (s *Successor) Prepared(ctx context.Context) error { return s.await(ctx, kindPrepared) }

// Give hands over p, and everything that this process owned, and waits until the other one has opened it.
func (s *Successor) Give(ctx context.Context, p *Parcel) error {
	if err := s.conn.send(ctx, message{Kind: kindParcel, Parcel: p}); err != nil {
		return s.explain(ctx, err)
	}
	return s.await(ctx, kindOpened)
}

// Go lets the process take events. After an error it does not: it was gone.
func (s *Successor) Go(ctx context.Context) error {
	if err := s.conn.send(ctx, message{Kind: kindGo}); err != nil {
		return s.explain(ctx, err)
	}
	return nil
}

// Kill ends the process and returns once it is gone.
func (s *Successor) Kill() {
	s.kill.Do(func() {
		s.cmd.Process.Kill() // an error says that it has ended
		<-s.ended
		s.conn.close()
	})
}

func (s *Successor) await(ctx context.Context, kind string) error {
	_, err := s.conn.receive(ctx, kind)
	return s.explain(ctx, err)
}

// explain says in words that the process is gone.
func (s *Successor) explain(ctx context.Context, err error) error {
	var failed *FailedError
	switch {
	case err == nil || errors.As(err, &failed):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("the new process did not say anything in time")
	case errors.Is(err, context.Canceled):
		return err
	}
	select { // the pipe is broken
	case <-s.ended:
		return fmt.Errorf("the new process has ended: %s", s.cmd.ProcessState)
	case <-ctx.Done():
		return fmt.Errorf("the new process is no rsigmad that can take over: %w", err)
	}
}
