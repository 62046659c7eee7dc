package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rsigma-go/rsigma/compiler/watch"
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
	"github.com/rsigma-go/rsigma/daemon/natsconf"
	"github.com/rsigma-go/rsigma/daemon/reload"
	"github.com/rsigma-go/rsigma/daemon/sink"
	filesink "github.com/rsigma-go/rsigma/daemon/sink/file"
	stdoutsink "github.com/rsigma-go/rsigma/daemon/sink/stdout"
	unixsink "github.com/rsigma-go/rsigma/daemon/sink/unix"
)

// outlet is a sink with its worker.
type outlet struct {
	spec   sink.Spec
	label  string // in metrics
	sender *flow.Sender
	// refused is how many results of what is being delivered the other side has taken and refused for good.
	refused atomic.Int64
}

// build makes all parts, in the order of daemon.md section 2.1. ctx ends a start that takes too long; background outlives it.
func (d *daemon) build(ctx, background context.Context) error {
	filter, err := newFilter(d.cfg.JQ, d.cfg.JSONPath, logging.For(d.log, targetIO))
	if err != nil {
		return err
	}
	specs, letters, err := d.specs()
	if err != nil {
		return err
	}
	if err := d.checkInput(); err != nil {
		return err
	}
	d.metrics = metrics.New(d.cfg.Metrics, func(family string) {
		d.log.Warn("Too many series of a metric, further ones are counted as __overflow__", "metric", family)
	})
	d.counters = newCounters(d)
	if err := d.loadSources(); err != nil {
		return err
	}
	if d.from.predecessor == nil {
		if err := d.own(ctx, background); err != nil {
			return err
		}
	}
	if err := d.resolveSources(ctx); err != nil {
		return err
	}
	d.files = d.watchFiles()
	gen, report, err := d.load(ctx, reload.ResolveNone)
	if report != nil {
		d.logReport(report)
	}
	if err != nil {
		return err
	}
	d.logLoaded(gen, report)
	if d.from.predecessor != nil {
		if err := d.own(ctx, background); err != nil {
			return err
		}
	}
	if err := d.recoverState(ctx, gen); err != nil {
		return err
	}
	d.inherit(gen)
	if err := d.openSinks(ctx, specs, letters); err != nil {
		return err
	}
	if err := d.startLog(); err != nil {
		return err
	}
	d.intake = flow.NewIntake(d.cfg.Buffer, d.counters.intake())
	d.fanout = flow.NewFanout(d.senders(), d.cfg.Buffer, d.counters.observe)
	d.pipeline.Store(engine.NewPipeline(gen, engine.PipelineOptions{
		Batch: d.cfg.Batch, Workers: d.cfg.Workers, LogSource: d.cfg.LogSource, Format: d.cfg.Format, Syslog: d.cfg.Syslog, Filter: filter,
		Render: d.cfg.Render, Intake: d.intake, Results: d.fanout, Dead: d.dead, Hooks: d.counters.engine(), CostRate: d.cfg.CostRate,
		Keys:     d.cfg.ResultID || d.saved != nil || slices.ContainsFunc(specs, func(s sink.Spec) bool { return s.Scheme == "nats" }),
		ShowKeys: d.cfg.ResultID, Log: d.pipelineLog(), Commit: d.cfg.State.Commit, AckAtCommit: d.cfg.State.AckAtCommit,
		Now: d.parts.Now,
	}))
	d.metrics.BeforeScrape(d.counters.beforeScrape)
	d.watch(background, report)
	if err := d.openInput(ctx); err != nil {
		return err
	}
	if err := d.clearState(ctx); err != nil {
		return err
	}
	if err := d.taken(ctx); err != nil {
		return err
	}
	d.awaitUpgrades(background)
	d.watchBinary(background)
	return nil
}

// own takes what only one process can have. A process that is to take over from another one does so as late as possible.
func (d *daemon) own(ctx, background context.Context) error {
	if err := d.takeOver(ctx); err != nil {
		return err
	}
	if err := d.openStore(); err != nil {
		return err
	}
	return d.listen(background)
}

// specs reads --output and --dlq.
func (d *daemon) specs() (specs []sink.Spec, letters *sink.Spec, err error) {
	for _, text := range d.cfg.Outputs {
		s, err := sink.Parse(text)
		if err != nil {
			return nil, nil, fmt.Errorf("--output %w", err)
		}
		if s.Warning != "" {
			d.log.Warn("Output parameter ignored", "output", s.Text, "error", s.Warning)
		}
		specs = append(specs, s)
	}
	if d.cfg.DLQ == "" {
		return specs, nil, nil
	}
	s, err := sink.ParseDeadLetters(d.cfg.DLQ)
	if err != nil {
		return nil, nil, fmt.Errorf("--dlq %w", err)
	}
	return specs, &s, nil
}

// openSinks opens the dead-letter queue and all sinks.
func (d *daemon) openSinks(ctx context.Context, specs []sink.Spec, letters *sink.Spec) error {
	var to flow.Sink
	var err error
	if letters != nil {
		if to, err = d.openSink(ctx, *letters, filesink.DeadLetters, d.metrics.DeadLetterFailures.Add); err != nil {
			return fmt.Errorf("--dlq %s: %w", letters.Text, err)
		}
		d.log.Info("Dead-letter queue enabled", "dlq", letters.Text)
	}
	d.dead = dlq.New(to, dlq.Options{
		Queue: d.cfg.Buffer, Retry: d.cfg.Retry, Log: d.log,
		Offered: d.metrics.DeadLetters.Inc, Failed: d.metrics.DeadLetterFailures.Inc,
	})
	labels := sink.Labels(specs)
	for i, spec := range specs {
		o := &outlet{spec: spec, label: labels[i]}
		s, err := d.openSink(ctx, spec, filesink.Results, func(n int) { o.refused.Add(int64(n)) })
		if err != nil {
			return fmt.Errorf("--output %s: %w", spec.Text, err)
		}
		o.sender = flow.NewSender(s, flow.SenderOptions{
			Queue: d.cfg.Buffer, BatchMax: d.cfg.BatchMax, Retry: d.cfg.Retry, DropWhenFull: spec.DropWhenFull,
			Exhausted: d.exhausted(o), Hooks: d.counters.sink(o),
		})
		d.sinks = append(d.sinks, o)
		d.log.Info("Sink started", "sink", spec.Text)
	}
	return nil
}

// openSink opens one sink: a line for each scheme. mode is that of a file that is made. refused is told, before a delivery ends, of results
// that the other side will never take although the delivery succeeds.
func (d *daemon) openSink(ctx context.Context, s sink.Spec, mode os.FileMode, refused func(results int)) (flow.Sink, error) {
	switch s.Scheme {
	case "stdout":
		return stdoutsink.New(d.parts.Stdout, d.cfg.Pretty), nil
	case "file":
		return d.openFile(s, mode)
	case "unix":
		return unixsink.Open(s.Target)
	case "nats":
		return d.openNATSSink(ctx, s)
	case "otlp", "otlps", "otlphttp", "otlphttps":
		return d.openOTLPSink(s, refused)
	}
	return nil, errors.New("no such sink")
}

// openFile opens a file to append to. After a crash it tells what it may write twice.
func (d *daemon) openFile(s sink.Spec, mode os.FileMode) (flow.Sink, error) {
	return filesink.OpenWith(s.Target, filesink.Options{
		Mode: mode, Sync: d.cfg.State.Power,
		Unsure: func(results int, why error) {
			d.log.Warn("Results of an earlier run may be written twice: the file is not the one they were written to", "sink", s.Text,
				"results", results, "error", why.Error())
		},
	})
}

// exhausted hands results that o could not deliver to the dead letters.
func (d *daemon) exhausted(o *outlet) func(context.Context, *flow.Unit, int, error) {
	log := logging.Every(d.log, time.Second)
	outcomes := d.counters.outcomes(o.label)
	return func(ctx context.Context, u *flow.Unit, from int, err error) {
		n, ack := len(u.Results)-from, u.Ack
		if d.dead.Configured() {
			ack = flow.NewAck(func(written bool) {
				if written {
					outcomes.dlq.Add(n)
				} else {
					outcomes.dropped.Add(n)
					d.metrics.Dropped.With("dlq_write_failed").Add(n)
				}
				u.Ack.Done(written)
			})
			log.Warn("Sink delivery failed; the results go to the DLQ", "sink", o.spec.Text, "error", err.Error())
		} else {
			outcomes.dropped.Add(n)
			d.metrics.SinkDropped.With(o.label).Add(n)
			log.Warn("Sink delivery failed and no DLQ is configured; dropping result", "sink", o.spec.Text, "error", err.Error())
		}
		d.dead.Offer(ctx, flow.DeadLetter{
			Text: u.AppendJSON(nil, from), Error: flow.ErrorDelivery + err.Error(), Sink: o.spec.Text, Origin: u.Origin, Number: u.Number, Ack: ack,
		})
	}
}

func (d *daemon) senders() (out []*flow.Sender) {
	for _, o := range d.sinks {
		out = append(out, o.sender)
	}
	return out
}

// checkInput says whether the input can be meant.
func (d *daemon) checkInput() error {
	switch path, unix := strings.CutPrefix(d.cfg.Input, "unix://"); {
	case d.cfg.Input == "stdin" || d.cfg.Input == "stdin://" || d.cfg.Input == "http" || unix && path != "":
	case strings.HasPrefix(d.cfg.Input, "nats://"):
		if _, err := natsconf.ParseURL(d.cfg.Input); err != nil {
			return inputError(d.cfg.Input, err)
		}
	default:
		return inputError(d.cfg.Input, errors.New("want stdin, http, unix:///PATH or nats://HOST:PORT/SUBJECT"))
	}
	if d.cfg.ExitOnEOF && !strings.HasPrefix(d.cfg.Input, "stdin") {
		return errors.New("--exit-on-eof needs --input stdin: nothing else has an end")
	}
	if d.cfg.Input == "http" {
		d.events = httpin.New(httpin.Options{
			MaxBody: d.cfg.MaxBody, Timeout: d.cfg.IngestTimeout, SyncTimeout: syncLimit, Replies: d.replies(), Client: api.Client,
		})
	}
	return nil
}

// openInput opens the primary source: a case for each kind.
func (d *daemon) openInput(ctx context.Context) (err error) {
	switch path, unix := strings.CutPrefix(d.cfg.Input, "unix://"); {
	case d.events != nil:
		d.input = d.events
	case unix:
		d.input, err = d.openUnix(path)
	case strings.HasPrefix(d.cfg.Input, "nats://"):
		d.input, err = d.openNATS(ctx)
	default:
		d.input = d.openStdin()
	}
	if err != nil {
		d.input = nil
		return inputError(d.cfg.Input, err)
	}
	return nil
}

// listen binds the API and serves it from now on; it tells that the daemon is not ready.
func (d *daemon) listen(ctx context.Context) error {
	d.cfg.Listen.Log = d.log
	var err error
	if d.listener, err = listen.Listen(ctx, d.cfg.Listen); err != nil {
		return err
	}
	opts := api.Options{
		Metrics: d.metrics, Auth: d.cfg.Auth, Log: d.log, Access: logging.For(d.log, targetHTTP), TapMax: d.cfg.Tap.MaxDuration,
		Hooks: api.Hooks{
			AuthFailure: func(reason string) { d.metrics.AuthFailures.With(reason).Inc() },
			TapSession:  d.metrics.TapSessions.Inc, TapStreamed: d.metrics.TapStreamed.Inc,
		},
	}
	opts.OTLP = http.HandlerFunc(noOTLP)
	if d.otlp = d.openOTLP(); d.otlp != nil {
		opts.OTLP = d.otlp
	}
	opts.Upgrade = d.requestUpgrade
	if d.events != nil {
		opts.Events = d.events
	}
	if d.cfg.Tail.Enabled {
		d.tail = live.NewHub[*flow.Unit](d.cfg.Tail.Sessions, d.cfg.Tail.Buffer)
		d.tail.Dropped = d.metrics.TailDropped.Inc
		opts.Tail = d.tail
	}
	if d.cfg.Tap.Enabled {
		d.tap = live.NewHub[api.Tapped](d.cfg.Tap.Sessions, d.cfg.Tap.Buffer)
		d.tap.Dropped = d.metrics.TapDropped.Inc
		opts.Tap = d.tap
	}
	if d.listener.Loopback() {
		opts.Hosts = d.hosts()
	}
	d.serve(api.New(backend{d}, opts))
	return nil
}

// hosts are the names that a loopback listener answers to, besides those of loopback.
func (d *daemon) hosts() []string {
	hosts := []string{}
	if host, _, err := net.SplitHostPort(d.cfg.Listen.Addr); err == nil {
		hosts = append(hosts, strings.ToLower(host))
	}
	for _, h := range d.cfg.APIHosts {
		hosts = append(hosts, strings.ToLower(h))
	}
	return hosts
}

// watch starts what reloads rules, until ctx is done.
func (d *daemon) watch(ctx context.Context, active *reload.Report) {
	r := reload.NewReloader(reload.ReloaderOptions{
		Load: d.load, Swap: d.pipeline.Load().Swap, Active: active, Debounce: d.cfg.Debounce, Log: d.log,
		Others:   []func(reload.Trigger) error{d.reloadTLS, d.reopen},
		Finished: d.reloaded,
	})
	d.reloader.Store(r)
	d.background.Go(func() { r.Run(ctx) })
	files := d.files
	d.files = nil
	d.background.Go(func() { files(ctx) })
	d.background.Go(func() {
		for {
			select {
			case <-d.parts.Hangup:
				d.hangUp(r)
			case <-ctx.Done():
				return
			}
		}
	})
	d.refreshSources(ctx)
}

// watchFiles notes the state of all files from which rules are made, before they are read, and returns what reloads when they change.
func (d *daemon) watchFiles() func(context.Context) {
	log := logging.For(d.log, targetReload)
	changed := func() { d.reloader.Load().Trigger(reload.TriggerFile) }
	watched := reload.Watched{Rules: d.cfg.Rules.Rules, Pipelines: d.cfg.Rules.Pipelines, Sources: d.cfg.Sources.Files}
	return watch.Start(watched.Watch(changed, func(err error) { log.Warn("Files are not watched as they should be", "error", err.Error()) }))
}

// hangUp reloads after SIGHUP. A service manager that has sent it waits for the end.
func (d *daemon) hangUp(r *reload.Reloader) {
	d.tell(handover.Reloading())
	done, ok := r.Trigger(reload.TriggerSignal)
	if !ok {
		d.tell(handover.Ready())
		return
	}
	d.background.Go(func() {
		<-done
		d.tell(handover.Ready())
	})
}

// reloadTLS reads the certificates anew.
func (d *daemon) reloadTLS(reload.Trigger) error {
	if err := d.listener.Reload(); err != nil {
		return fmt.Errorf("TLS certificates stay as they are: %w", err)
	}
	return nil
}

// reopen reopens files after a log rotation.
func (d *daemon) reopen(t reload.Trigger) error {
	if t != reload.TriggerSignal {
		return nil
	}
	errs := []error{d.dead.Reopen()}
	for _, o := range d.sinks {
		errs = append(errs, o.sender.Reopen())
	}
	return errors.Join(errs...)
}
