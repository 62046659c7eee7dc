package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/dlq"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/handover"
	"github.com/rsigma-go/rsigma/daemon/input/httpin"
	"github.com/rsigma-go/rsigma/daemon/listen"
	"github.com/rsigma-go/rsigma/daemon/live"
	"github.com/rsigma-go/rsigma/daemon/logging"
	"github.com/rsigma-go/rsigma/daemon/metrics"
	"github.com/rsigma-go/rsigma/daemon/reload"
	"github.com/rsigma-go/rsigma/daemon/store"
)

// The components that log.
const (
	targetServer  = "rsigma::daemon::server"
	targetReload  = "rsigma::daemon::reload"
	targetIO      = "rsigma_runtime::io"
	targetEngine  = "rsigma_runtime::engine"
	targetSources = "rsigma_runtime::sources"
	targetHTTP    = "tower_http"
	targetBatches = "rsigma::daemon::batch"
	targetEval    = "rsigma_eval::correlation_engine"
)

// daemon is a daemon that is being built, runs, or is being stopped.
type daemon struct {
	cfg   Config
	parts Parts
	log   *slog.Logger
	start time.Time
	from  origin

	metrics  *metrics.Set
	listener *listen.Listener
	server   *listen.Server
	events   *httpin.Input // nil unless the input is http
	otlp     OTLPReceiver  // beside whatever the input is; nil if the program has none
	tail     *live.Hub[*flow.Unit]
	tap      *live.Hub[api.Tapped]

	intake  *flow.Intake
	dead    *dlq.Queue
	sinks   []*outlet
	fanout  *flow.Fanout
	input   flow.Input
	sources *sources // nil without dynamic sources
	saved   *state   // nil without a state file
	store   store.Store

	// The API may be called while they are being made.
	pipeline atomic.Pointer[engine.Pipeline]
	reloader atomic.Pointer[reload.Reloader]
	deadline *reload.Deadline // of reloads
	state    atomic.Int32

	upgrading atomic.Bool         // somebody has asked for it
	upgrades  chan upgradeRequest // of the API
	prepared  chan *successor
	binary    *newBinary            // that is waited for; nil if none is
	files     func(context.Context) // watches files; see watch.Start

	background sync.WaitGroup // ends with the context that start makes
	core       sync.WaitGroup // pipeline and fan-out
	outlets    sync.WaitGroup // senders: one may be stuck in its sink
	letters    sync.WaitGroup // the dead-letter queue
	reading    sync.WaitGroup // the input
	counters   *counters
}

// The states of a daemon, for the API.
const (
	loading = iota
	running
	draining
)

// Run builds the daemon of cfg, runs it until ctx is done or, with ExitOnEOF, its input ends, and stops it. An error says that it
// could not be started.
//
// If another process is to take over and cannot, the daemon begins again.
func Run(ctx context.Context, cfg Config, parts Parts) error {
	from := &origin{sockets: parts.Sockets, predecessor: parts.Predecessor, binary: watchedBinary(&cfg, parts.Log)}
	for from != nil {
		var err error
		if from, err = runOnce(ctx, cfg, parts, *from); err != nil {
			return err
		}
	}
	return nil
}

// now is the wall clock.
func (d *daemon) now() time.Time {
	if d.parts.Now != nil {
		return d.parts.Now()
	}
	return time.Now()
}

// runOnce is one life of the daemon. It returns where the next one begins, nil if there is none.
func runOnce(ctx context.Context, cfg Config, parts Parts, from origin) (*origin, error) {
	d := &daemon{
		cfg: cfg, parts: parts, log: logging.For(parts.Log, targetServer), start: time.Now(), from: from, binary: from.binary,
		upgrades: make(chan upgradeRequest, 1), prepared: make(chan *successor), deadline: reload.NewDeadline(),
	}
	background, cancel := context.WithCancel(context.Background())
	defer d.leave(closeLimit)
	defer d.disconnectSources()
	defer cancel()
	if err := d.build(ctx, background); err != nil {
		d.abort()
		if d.from.predecessor != nil {
			d.from.predecessor.Failed(err)
		}
		return nil, err
	}
	return d.run(ctx, cancel), nil
}

// leave waits for what runs in the background, at most for limit: a file system that does not answer must not hold up the end.
func (d *daemon) leave(limit time.Duration) {
	if !waitFor(done(&d.background), limit) {
		d.log.Warn("A reload, or the reading of a source, does not end; it is left behind")
	}
}

// run runs what was built: first what is downstream. It returns where to begin again, nil if the daemon has ended.
func (d *daemon) run(ctx context.Context, cancel context.CancelFunc) *origin {
	hard, stop := context.WithCancel(context.Background())
	defer stop()
	letters, endLetters := context.WithCancel(context.Background())
	defer endLetters()
	d.letters.Go(d.guarded(func() { d.dead.Run(letters) }))
	for _, o := range d.sinks {
		d.outlets.Go(d.guarded(func() { o.sender.Run(hard) }))
	}
	d.core.Go(d.guarded(func() {
		d.redeliver(hard)
		d.fanout.Run(hard)
	}))
	d.core.Go(d.guarded(func() { d.pipeline.Load().Run(hard) }))
	inputs, closeInputs := context.WithCancel(context.Background())
	defer closeInputs()
	ended := make(chan error, 1)
	d.reading.Go(d.guarded(func() { ended <- d.input.Run(inputs, d.intake) }))
	if d.otlp != nil {
		go d.guarded(func() { d.otlp.Run(inputs, d.intake) })() // it has no end of its own
		<-d.otlp.Ready()
	}
	if d.events != nil {
		<-d.events.Ready()
	}
	d.begin()
	limit, next := d.wait(ctx, ended)
	if next != nil {
		return d.handOver(ctx, next, closeInputs, cancel, stop)
	}
	d.tell(handover.Stopping())
	message := "Shutdown signal received, draining pipeline..."
	if limit < 0 {
		message = "End of input, draining pipeline..."
	}
	d.drain(limit, message, closeInputs, cancel, stop)
	return nil
}

// begin says that events are taken.
func (d *daemon) begin() {
	d.state.Store(running)
	if d.cfg.Listen.Paused {
		d.listener.Resume()
	}
	for _, f := range d.from.sockets {
		f.Close() // who listens has a descriptor of their own
	}
	d.tell(handover.Ready())
	d.log.Info("Event source started", "input", d.cfg.Input)
}

// exitPanic is the status after a panic (daemon.md section 24).
const exitPanic = 70

// fatal is deferred on goroutines without which the daemon would be half dead. After a panic it ends the program.
func (d *daemon) fatal() {
	if v := recover(); v != nil {
		d.log.Error("Internal error, exiting", "value", fmt.Sprint(v), "stack", string(debug.Stack()))
		d.parts.Exit(exitPanic)
	}
}

// guarded returns f with fatal deferred.
func (d *daemon) guarded(f func()) func() {
	return func() {
		defer d.fatal()
		f()
	}
}

// wait waits until the daemon is to stop and returns how long that may take, where negative is without limit; or until another process can
// take over, and returns that.
func (d *daemon) wait(ctx context.Context, ended <-chan error) (time.Duration, *successor) {
	for {
		select {
		case <-ctx.Done():
			return d.cfg.Drain, nil
		case s := <-d.prepared:
			return d.cfg.Drain, s
		case err := <-ended:
			switch {
			case err != nil && !errors.Is(err, flow.ErrClosed):
				d.log.Warn("Event source failed", "input", d.cfg.Input, "error", err.Error())
			default:
				d.log.Info("Event source ended", "input", d.cfg.Input)
			}
			if d.cfg.ExitOnEOF {
				return -1, nil
			}
		}
	}
}

// serve serves the API in the background.
func (d *daemon) serve(handler http.Handler) {
	d.server = d.listener.Server(handler)
	d.background.Go(func() {
		if err := d.server.Serve(); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("API listener failed", "error", err.Error())
		}
	})
	suffix := " (HTTP/2 + gRPC)"
	if d.listener.TLS() {
		suffix = " (HTTPS, HTTP/2 + gRPC)"
	}
	d.log.Info("API server listening"+suffix, "addr", d.listener.Addr().String())
}

// abort closes what a failed build has opened.
func (d *daemon) abort() {
	if d.files != nil {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		d.files(ended)
	}
	if d.server != nil {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		d.server.Stop(ctx)
	} else if d.listener != nil {
		d.listener.Close()
	}
	for _, o := range d.sinks {
		o.sender.CloseSink(closeLimit)
	}
	if d.dead != nil {
		d.dead.CloseSink(closeLimit)
	}
	if d.input != nil {
		d.input.Close()
	}
	if d.store != nil {
		d.store.Close(false)
	}
}

// inputError wraps what is wrong with --input.
func inputError(spec string, err error) error { return fmt.Errorf("--input %s: %w", spec, err) }
