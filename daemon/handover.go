package daemon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/handover"
	"github.com/rsigma-go/rsigma/daemon/input/stdin"
	unixin "github.com/rsigma-go/rsigma/daemon/input/unix"
	"github.com/rsigma-go/rsigma/daemon/logging"
	"github.com/rsigma-go/rsigma/daemon/natsconf"
)

// Upgrade says which program may take over from this process.
type Upgrade struct {
	Own    string   // the path of this program, looked up when it is needed
	Binary string   // is taken instead; empty for Own
	Args   []string // without the name of the program
	Watch  string   // takes over by itself once it has the rules that are loaded; empty for none
}

// Limits of a hand-over.
const (
	prepareLimit = time.Minute      // for the new process to read its rules
	openLimit    = time.Minute      // for it to open state, outputs and input
	readLimit    = 5 * time.Second  // for the input to stop
	flightLimit  = 10 * time.Second // for events in flight, if the time for them at a stop is shorter
	retireTime   = 500 * time.Millisecond
)

// origin is where a daemon begins: at nothing, or where another one has left off.
type origin struct {
	sockets     map[string]*os.File   // that listen already, by name
	predecessor *handover.Predecessor // has to be waited for; nil if nobody has
	parcel      *handover.Parcel      // nil if nobody has left one
	binary      *newBinary            // that is waited for; nil if none is
}

// replay tells results of a replay that another process has begun from all others.
func (o *origin) replay() string {
	if o.parcel == nil {
		return ""
	}
	return o.parcel.Replay
}

// upgradeRequest asks for a process that runs binary.
type upgradeRequest struct {
	binary string
	done   chan api.Upgraded
}

// requestUpgrade is the API's way to ask. Only a path that the command line allows may be named: a token must not decide what runs.
func (d *daemon) requestUpgrade(binary string) (<-chan api.Upgraded, error) {
	u := d.cfg.Upgrade
	switch {
	case binary == "":
		binary = u.binary()
	case filepath.Clean(binary) != u.Own && filepath.Clean(binary) != u.Binary:
		return nil, api.ErrBinary
	}
	if d.upgrading.Swap(true) {
		return nil, api.ErrUpgradePending
	}
	r := upgradeRequest{filepath.Clean(binary), make(chan api.Upgraded, 1)}
	d.upgrades <- r
	return r.done, nil
}

func (u *Upgrade) binary() string {
	if u.Binary != "" {
		return u.Binary
	}
	return u.Own
}

// awaitUpgrades starts a process whenever that is asked for, until ctx is done or one of them is prepared. Nothing stops meanwhile.
func (d *daemon) awaitUpgrades(ctx context.Context) {
	d.background.Go(func() {
		for {
			r := upgradeRequest{d.cfg.Upgrade.binary(), make(chan api.Upgraded, 1)}
			select {
			case <-d.parts.Upgrade:
				if d.upgrading.Swap(true) {
					continue // the API was first
				}
			case r = <-d.upgrades:
			case <-ctx.Done():
				return
			}
			s, err := d.prepareSuccessor(ctx, r.binary)
			if err != nil {
				d.log.Error("Upgrade failed, this process goes on", "binary", r.binary, "error", err.Error())
				d.upgrading.Store(false)
				r.done <- api.Upgraded{Err: err}
				continue
			}
			r.done <- api.Upgraded{PID: s.process.PID()}
			select {
			case d.prepared <- s:
			case <-ctx.Done():
				s.kill()
			}
			return
		}
	})
}

// successor is a process that is to take over.
type successor struct {
	process *handover.Successor
	binary  string
	sockets map[string]*os.File // duplicates, for the case that it cannot
}

func (s *successor) kill() {
	s.process.Kill()
	s.closeSockets()
}

func (s *successor) closeSockets() {
	for _, f := range s.sockets {
		f.Close()
	}
}

// prepareSuccessor starts a process that runs binary and waits until it is prepared.
func (d *daemon) prepareSuccessor(ctx context.Context, binary string) (*successor, error) {
	if os.Getpid() == 1 {
		return nil, errors.New("this is process 1, with which its container would end")
	}
	s := &successor{binary: binary, sockets: map[string]*os.File{}}
	var err error
	if s.sockets[handover.SocketAPI], err = d.listener.Duplicate(handover.SocketAPI); err != nil {
		return nil, err
	}
	if in, ok := d.input.(*unixin.Input); ok {
		if s.sockets[handover.SocketEvents], err = in.Duplicate(handover.SocketEvents); err != nil {
			delete(s.sockets, handover.SocketEvents)
			s.closeSockets()
			return nil, err
		}
	}
	opts := handover.Options{Binary: binary, Args: d.cfg.Upgrade.Args}
	for _, f := range s.sockets {
		opts.Sockets = append(opts.Sockets, f)
	}
	if s.process, err = handover.Start(opts); err != nil {
		s.closeSockets()
		return nil, err
	}
	d.log.Info("Upgrade: a new process prepares itself", "binary", binary, "pid", s.process.PID())
	ctx, cancel := context.WithTimeout(ctx, prepareLimit)
	defer cancel()
	if err := s.process.Prepared(ctx); err != nil {
		s.kill()
		return nil, err
	}
	return s, nil
}

// handOver lets s take over: inputs stop, everything in flight is delivered, state is saved, and s is given what is nowhere else. If s cannot
// go on then, the daemon begins again where it has left off, which is what handOver returns.
func (d *daemon) handOver(ctx context.Context, s *successor, closeInputs, cancel, stop context.CancelFunc) *origin {
	d.log.Info("Handing over to a new process", "pid", s.process.PID())
	d.retire(ctx)
	start := time.Now()
	d.leaveSockets(ctx)
	closeInputs()
	if !waitFor(done(&d.reading), readLimit) {
		d.log.Warn("The input does not stop", "input", d.cfg.Input)
	}
	d.drain(max(d.cfg.Drain, flightLimit), "Handing over, draining pipeline...", closeInputs, cancel, stop)
	p := d.parcel()
	err := d.give(ctx, s, p)
	switch {
	case err == nil:
		d.log.Info("Handed over, exiting", "pid", s.process.PID(), "gap_ms", time.Since(start).Milliseconds())
		s.closeSockets()
		return nil
	case ctx.Err() != nil: // a stop wins
		s.kill()
		return nil
	}
	d.log.Error("The new process cannot take over, this one begins again", "pid", s.process.PID(), "error", err.Error())
	s.process.Kill()
	d.binary.cannot(s.binary, err)
	d.tell(handover.MainProcess(os.Getpid()))
	return &origin{sockets: s.sockets, parcel: p, binary: d.binary}
}

// retire asks clients to come again on another connection, so that those who are busy do not find theirs closed. Events are taken as ever.
func (d *daemon) retire(ctx context.Context) {
	d.server.Retire()
	for start := time.Now(); time.Since(start) < retireTime && d.listener.Connections() > 0 && ctx.Err() == nil; {
		time.Sleep(10 * time.Millisecond)
	}
}

// leaveSockets stops accepting connections and ends those that are open, while the pipeline still takes what they bring.
func (d *daemon) leaveSockets(ctx context.Context) {
	d.closeStreams()
	if in, ok := d.input.(*unixin.Input); ok {
		in.KeepFile()
	}
	answered, cancel := context.WithTimeout(ctx, max(d.cfg.Drain, serverLimit))
	defer cancel()
	d.server.Leave(answered)
}

// parcel is what this process holds that is nowhere else, once it has stopped.
func (d *daemon) parcel() *handover.Parcel {
	p := new(handover.Parcel)
	if in, ok := d.input.(*stdin.Input); ok {
		p.Rest, p.Lines = in.Rest()
	}
	if in, ok := d.input.(NATSReader); ok {
		p.Replay = in.Replay()
	}
	if e := d.pipeline.Load().Generation().Correlations; e != nil && d.saved == nil {
		p.Correlations = e.AppendState(nil)
	}
	if d.parts.Parcel != nil {
		d.parts.Parcel(p)
	}
	return p
}

// give hands p to s and lets it go.
func (d *daemon) give(ctx context.Context, s *successor, p *handover.Parcel) error {
	limited, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	if err := s.process.Give(limited, p); err != nil {
		return err
	}
	d.tell(handover.MainProcess(s.process.PID()))
	return s.process.Go(limited)
}

// takeOver waits until the process that has started this one has let go of everything. What may differ from a start of its own is put
// right: what the command line says about the beginning has been done.
func (d *daemon) takeOver(ctx context.Context) (err error) {
	if p := d.from.predecessor; p != nil {
		if err := p.Prepared(ctx); err != nil {
			return err
		}
		if d.from.parcel, err = p.Receive(ctx); err != nil {
			return err
		}
		d.step(StepReceived)
	}
	if d.from.parcel != nil {
		d.cfg.NATS.Start, d.cfg.State.Clear = natsconf.Start{}, false
	}
	d.cfg.Listen.Inherited, d.cfg.Listen.Paused = d.from.sockets[handover.SocketAPI], d.from.parcel != nil
	return nil
}

// taken says that everything is open, and waits until the other process agrees to be gone. From then on this one is the daemon.
func (d *daemon) taken(ctx context.Context) error {
	p := d.from.predecessor
	if p == nil {
		return nil
	}
	d.step(StepOpened)
	d.from.predecessor = nil
	if err := p.Opened(ctx); err != nil {
		return err
	}
	d.log.Info("Taken over from another process")
	return nil
}

// Steps of a process that takes over.
const (
	StepReceived = "received" // the other process has let go of everything
	StepOpened   = "opened"   // everything is open; the other process does not know yet
)

func (d *daemon) step(name string) {
	if d.parts.Step != nil {
		d.parts.Step(name)
	}
}

// inherit takes over the state of correlations that another process, or life, has left.
func (d *daemon) inherit(gen *engine.Generation) {
	e := gen.Correlations
	if d.from.parcel == nil || d.from.parcel.Correlations == nil || e == nil {
		return
	}
	if d.saved != nil {
		d.log.Warn("Correlations begin anew: until now there was no state file, and now there is")
		return
	}
	restored, err := e.LoadState(d.from.parcel.Correlations)
	if err != nil {
		d.log.Error("Correlations begin anew", "error", err.Error())
		return
	}
	d.log.Info("State taken over", "groups", restored.Groups, "skipped", restored.Skipped)
}

// openStdin reads on where another process has left off.
func (d *daemon) openStdin() flow.Input {
	if p := d.from.parcel; p != nil {
		return stdin.Resume(p.Rest, p.Lines, d.parts.Stdin)
	}
	return stdin.New(d.parts.Stdin)
}

// openUnix binds the socket at path, unless it listens already.
func (d *daemon) openUnix(path string) (flow.Input, error) {
	log := logging.For(d.log, targetIO)
	if f := d.from.sockets[handover.SocketEvents]; f != nil {
		return unixin.Inherit(f, log)
	}
	return unixin.Open(path, log)
}

// tell logs that a service manager could not be told something.
func (d *daemon) tell(err error) {
	if err != nil {
		d.log.Warn("The service manager cannot be told", "error", err.Error())
	}
}
