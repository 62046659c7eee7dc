package daemon

import (
	"context"
	"sync"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// Limits of a shutdown besides the drain time (daemon.md section 23).
const (
	letterLimit = 2 * time.Second // for dead letters after a timeout
	closeLimit  = time.Second     // to close a sink
	serverLimit = 500 * time.Millisecond
	returnLimit = 250 * time.Millisecond // for sinks to return when they are interrupted
)

// drain stops the daemon: first what brings events in, then everything downstream once it is empty. limit bounds how long events in
// flight may take; what is left then goes to the dead letters. message says why.
func (d *daemon) drain(limit time.Duration, message string, closeInputs, cancel, stop context.CancelFunc) {
	d.state.Store(draining)
	d.log.Info(message)
	closeInputs()
	d.intake.Close()
	d.closeStreams()
	lost := d.metrics.DeadLetterFailures.Value()
	empty := done(&d.core, &d.outlets)
	if !waitFor(empty, limit) {
		stop()
		d.giveUp(limit)
	}
	d.dead.Close()
	if written := done(&d.letters); !waitFor(written, letterBudget(limit)) {
		d.dead.Abandon()
	}
	if n := d.metrics.DeadLetterFailures.Value() - lost; n > 0 { // nobody scrapes any more
		d.log.Warn("Dead letters were lost", "count", n)
	}
	cancel()
	d.close()
	d.log.Info("Pipeline stopped", "events", d.metrics.EventsProcessed.Value(), "parse_errors", d.metrics.ParseErrors.Value(),
		"detections", d.metrics.DetectionMatches.Value(), "correlations", d.metrics.CorrelationMatches.Value(),
		"dead_letters", d.metrics.DeadLetters.Value())
}

// closeStreams ends what people watch.
func (d *daemon) closeStreams() {
	if d.tail != nil {
		d.tail.Close()
	}
	if d.tap != nil {
		d.tap.Close()
	}
}

// letterBudget is how long the dead letters may take at the end.
func letterBudget(limit time.Duration) time.Duration {
	if limit < 0 {
		return limit
	}
	return letterLimit
}

// giveUp hands everything that is still under way to the dead letters. All goroutines of the flow have been told to stop; one that is
// stuck in a sink is left behind.
func (d *daemon) giveUp(limit time.Duration) {
	results, events, kept := 0, 0, 0
	ctx, cancel := context.WithTimeout(context.Background(), letterLimit)
	defer cancel()
	letter := func(u *flow.Unit, from int, sink string) {
		if u.Row > 0 { // the next start delivers it
			kept += len(u.Results) - from
			u.Ack.Done(false)
			return
		}
		results += len(u.Results) - from
		d.dropIfLost(len(u.Results) - from)
		d.dead.Offer(ctx, flow.DeadLetter{
			Text: u.AppendJSON(nil, from), Error: flow.ErrorDrainTimeout, Sink: sink, Origin: u.Origin, Number: u.Number, Ack: u.Ack,
		})
	}
	message := func(m flow.Message) {
		events++
		d.dropIfLost(1)
		d.dead.Offer(ctx, flow.DeadLetter{Text: m.Text(), Error: flow.ErrorDrainTimeout, Origin: m.Origin, Number: m.Number, Ack: m.Ack})
	}
	waitFor(done(&d.outlets), returnLimit) // a sink that can be interrupted says what it has written
	for _, o := range d.sinks {
		for _, p := range o.sender.Abandon() {
			letter(p.Unit, p.From, o.spec.Text)
		}
	}
	d.core.Wait()
	for _, r := range d.fanout.Rest() {
		letter(r.Unit, 0, d.specOf(r.Sender))
	}
	rest := d.pipeline.Load().Rest()
	for _, u := range rest.Units {
		letter(u, 0, "")
	}
	for _, m := range append(rest.Messages, d.intake.Rest()...) {
		message(m)
	}
	d.log.Warn("Drain timeout reached, exiting", "timeout_secs", limit.Seconds(), "results", results, "events", events, "kept", kept, "dlq", d.dead.Configured())
}

// dropIfLost counts what is given up for good.
func (d *daemon) dropIfLost(n int) {
	if !d.dead.Configured() {
		d.metrics.Dropped.With("drain_timeout").Add(n)
	}
}

func (d *daemon) specOf(s *flow.Sender) string {
	for _, o := range d.sinks {
		if o.sender == s {
			return o.spec.Text
		}
	}
	return ""
}

// close closes sinks, the input and the listener.
func (d *daemon) close() {
	ctx, cancel := context.WithTimeout(context.Background(), serverLimit)
	defer cancel()
	d.server.Stop(ctx)
	var closing sync.WaitGroup
	for _, o := range d.sinks {
		closing.Go(func() {
			if err := o.sender.CloseSink(closeLimit); err != nil {
				d.log.Warn("A sink could not be closed", "sink", o.label, "error", err.Error())
			}
		})
	}
	closing.Go(func() {
		if err := d.dead.CloseSink(closeLimit); err != nil {
			d.log.Warn("The dead-letter queue could not be closed", "error", err.Error())
		}
	})
	closing.Wait()
	d.closeState()
	waitFor(done(&d.reading), readLimit) // an input is closed after it has stopped reading
	if err := d.input.Close(); err != nil {
		d.log.Warn("The input could not be closed", "error", err.Error())
	}
}

// done returns a channel that is closed when all of groups are done.
func done(groups ...*sync.WaitGroup) <-chan struct{} {
	c := make(chan struct{})
	go func() {
		defer close(c)
		for _, g := range groups {
			g.Wait()
		}
	}()
	return c
}

// waitFor waits for c, at most for limit; negative is without limit.
func waitFor(c <-chan struct{}, limit time.Duration) bool {
	if limit < 0 {
		<-c
		return true
	}
	select {
	case <-c:
		return true
	case <-time.After(limit):
		return false
	}
}
