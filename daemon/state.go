package daemon

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rsigma-go/rsigma/compiler/dynsource"
	"github.com/rsigma-go/rsigma/daemon/api"
	"github.com/rsigma-go/rsigma/daemon/commitlog"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/natsconf"
	"github.com/rsigma-go/rsigma/daemon/store"
)

// State configures what outlives the process.
type State struct {
	Path     string // of the file; empty for none
	Durable  bool   // each group of messages is committed before its results go out
	Power    bool   // and survives a loss of power
	Interval time.Duration
	// Clear and Keep override what a replay does with the saved state.
	Clear, Keep bool
	AckAtCommit bool
	OTLPAsync   bool // OTLP requests are answered before their records are committed
	Commit      engine.CommitLimits
	MaxOutbox   int64
}

// exitState is the status after a fault of the state file that cannot be waited out (reliability.md section 2.7).
const exitState = 70

// state is the saved state of a daemon.
type state struct {
	log       *commitlog.Log
	recovered *commitlog.Recovered
	cleared   bool                    // nothing of the state is used
	why       string                  // that is so, or is not
	sources   map[string][]*flow.Unit // by label of the outlet: results that an earlier process could not deliver

	at    atomic.Pointer[time.Time] // of the last save
	fault atomic.Pointer[string]    // of the last save, nil if it went well
}

// openStore opens the state file.
func (d *daemon) openStore() (err error) {
	c := &d.cfg.State
	if c.Path == "" {
		return nil
	}
	d.store, err = d.parts.OpenState(c.Path, c.Power, func(text string) { d.log.Warn(text, "state_db", c.Path) })
	if err != nil {
		d.store = nil
		return fmt.Errorf("--state-db %s: %w", c.Path, err)
	}
	if d.sources != nil {
		d.sources.resolver.Keep(values{d.store.Values()}, func(id string, err error) {
			d.log.Warn("The value of a source could not be kept", "source_id", id, "error", err.Error())
		})
	}
	return nil
}

// recoverState brings back what is in the state file.
func (d *daemon) recoverState(ctx context.Context, gen *engine.Generation) (err error) {
	c := &d.cfg.State
	if d.store == nil {
		return nil
	}
	s := &state{}
	s.log, s.recovered, err = commitlog.Recover(ctx, commitlog.Options{
		Store: d.store, Durable: c.Durable, Interval: c.Interval, MaxOutbox: c.MaxOutbox, Logger: d.log, Hooks: d.commitHooks(s),
		Now:   d.parts.Now,
		Fatal: d.fatal, Failed: d.stateFailed,
	})
	if err != nil {
		return fmt.Errorf("--state-db %s: %w", c.Path, err)
	}
	d.saved = s
	for _, text := range s.recovered.Faults {
		d.log.Error("Saved state is damaged", "state_db", c.Path, "error", text)
	}
	d.metrics.RecoverySeconds.Set(s.recovered.Took.Seconds())
	d.metrics.RecoveryRecords.Set(float64(s.recovered.Records))
	d.decide(s)
	return d.restore(ctx, s, gen)
}

// decide drops the saved state if the way the input begins makes it useless.
//
// Source: daemon.md section 17.
func (d *daemon) decide(s *state) {
	sequence, at := s.recovered.Position()
	var fits bool
	if fits, s.why = d.restores(sequence, at); fits {
		return
	}
	d.log.Info("Saved state is cleared", "why", s.why, "start", d.cfg.NATS.Start.String(), "source_sequence", show(sequence), "source_timestamp", show(at))
	s.recovered.Forget()
	s.cleared = true
}

// clearState drops what decide has found useless from the file. That is when everything is open: a start that fails changes nothing.
func (d *daemon) clearState(ctx context.Context) error {
	if d.saved == nil || !d.saved.cleared {
		return nil
	}
	if err := d.store.Clear(ctx, commitlog.IsMark); err != nil {
		return fmt.Errorf("--state-db %s: %w", d.cfg.State.Path, err)
	}
	return nil
}

func show(n *int64) string {
	if n == nil {
		return "none"
	}
	return strconv.FormatInt(*n, 10)
}

// restores reports whether the saved state fits the way the input begins, and why. sequence and at, in seconds, are those of the last message
// that is in it, nil if that is not known.
func (d *daemon) restores(sequence, at *int64) (fits bool, why string) {
	start := d.cfg.NATS.Start
	switch {
	case d.cfg.State.Clear:
		return false, "--clear-state"
	case d.cfg.State.Keep:
		return true, "--keep-state"
	case start.Mode == natsconf.StartResume:
		return true, "the input goes on where it was"
	case start.Mode == natsconf.StartSequence:
		fits = sequence != nil && int64(start.Sequence) > *sequence
	case start.Mode == natsconf.StartTime:
		fits = at != nil && start.Time.Unix() > *at
	}
	if fits {
		return true, "the replay begins behind what is in it"
	}
	return false, "the replay may begin before what is in it"
}

// restore loads the saved state into the correlations of gen.
func (d *daemon) restore(ctx context.Context, s *state, gen *engine.Generation) error {
	switch {
	case gen.Correlations == nil:
		return nil
	case !s.recovered.HasState():
		d.log.Info("No saved state, correlations begin anew", "state_db", d.cfg.State.Path)
		return nil
	}
	sequence, at := s.recovered.Position()
	restored, err := s.recovered.Restore(gen.Correlations)
	if err != nil {
		d.log.Warn(commitlog.RestoreFault(err), "state_db", d.cfg.State.Path, "error", err.Error())
		return d.store.KeepBadSnapshot(ctx)
	}
	d.log.Info("State restored", "groups", restored.Groups, "skipped", restored.Skipped, "commits", s.recovered.Records,
		"seconds", s.recovered.Took.Seconds(), "why", s.why, "start", d.cfg.NATS.Start.String(), "source_sequence", show(sequence), "source_timestamp", show(at))
	return nil
}

// stateFailed ends the process: nobody knows what is on the disk.
func (d *daemon) stateFailed(err error) {
	d.log.Error("The state file has failed, exiting", "state_db", d.cfg.State.Path, "error", err.Error())
	d.parts.Exit(exitState)
}

func (d *daemon) commitHooks(s *state) commitlog.Hooks {
	return commitlog.Hooks{
		Committed: func(messages int, took time.Duration) {
			d.metrics.CommitSeconds.Observe(took.Seconds())
			d.metrics.CommitEvents.Observe(float64(messages))
		},
		Blocked: func(yes bool) {
			d.metrics.CommitBlocked.Set(map[bool]float64{true: 1}[yes])
		},
		Outbox: func(bytes int64) { d.metrics.OutboxBytes.Set(float64(bytes)) },
		Saved: func(at time.Time, err error) {
			if err != nil {
				text := err.Error()
				s.fault.Store(&text)
				return
			}
			s.at.Store(&at)
			s.fault.Store(nil)
		},
		Step: d.parts.Step,
	}
}

// logOutlets are the sinks as the log sees them.
func (d *daemon) logOutlets() (out []commitlog.Outlet) {
	for _, o := range d.sinks {
		out = append(out, commitlog.Outlet{Name: o.spec.Text, Sender: o.sender})
	}
	return out
}

// startLog begins committing, once the sinks are open.
func (d *daemon) startLog() error {
	if d.saved == nil {
		return nil
	}
	outlets := d.logOutlets()
	d.saved.sources = map[string][]*flow.Unit{}
	for i, o := range outlets {
		units, err := d.saved.recovered.Undelivered(o)
		if err != nil {
			return fmt.Errorf("--output %s: %w", o.Name, err)
		}
		if n := len(units); n > 0 {
			d.log.Info("Results of an earlier run are delivered first", "sink", o.Name, "units", n)
		}
		d.saved.sources[d.sinks[i].label] = units
	}
	d.saved.log.Start(outlets)
	return nil
}

// syncLimit bounds how long a request waits until what it has brought is committed.
const syncLimit = time.Minute

// replies looks up what requests with an idempotency key were answered; nil if nothing is kept.
func (d *daemon) replies() func(context.Context, string) ([]byte, bool, error) {
	if !d.cfg.State.Durable {
		return nil
	}
	return func(ctx context.Context, key string) ([]byte, bool, error) { return d.store.Reply(ctx, key) }
}

// redeliver gives each sink what it still lacks of an earlier run.
func (d *daemon) redeliver(ctx context.Context) {
	if d.saved == nil {
		return
	}
	for _, o := range d.sinks {
		for _, u := range d.saved.sources[o.label] {
			if o.sender.Put(ctx, u) != nil {
				return // it stays in the outbox
			}
		}
	}
	d.saved.sources = nil
}

// pipelineLog is what the pipeline commits to, nil without a state file.
func (d *daemon) pipelineLog() engine.Log {
	if d.saved == nil {
		return nil
	}
	return d.saved.log
}

// closeState saves the state at the end.
func (d *daemon) closeState() {
	if d.saved == nil {
		return
	}
	waiting, err := d.saved.log.Close()
	switch {
	case err != nil:
		d.log.Error("The state could not be saved", "state_db", d.cfg.State.Path, "error", err.Error())
	case waiting > 0:
		d.log.Info("State saved; results that are not delivered stay in it until the next start", "state_db", d.cfg.State.Path, "results", waiting)
	default:
		d.log.Info("State saved", "state_db", d.cfg.State.Path)
	}
}

// values keeps the values of dynamic sources in the state file.
type values struct{ store.Values }

// Load implements dynsource.Store.
func (v values) Load(id string) (dynsource.Entry, bool, error) {
	x, ok, err := v.Values.Load(id)
	return dynsource.Entry{Declaration: x.Declaration, Value: x.Text, At: x.At}, ok, err
}

// Save implements dynsource.Store.
func (v values) Save(id string, e dynsource.Entry) error {
	return v.Values.Save(id, store.Value{Text: e.Value, Declaration: e.Declaration, At: e.At})
}

// stateStatus shows the saved state to the API, nil without a state file.
func (d *daemon) stateStatus() *api.StateStatus {
	if d.saved == nil {
		return nil
	}
	s := &api.StateStatus{LastError: d.saved.fault.Load()}
	if at := d.saved.at.Load(); at != nil {
		text := at.UTC().Format(time.RFC3339)
		s.LastSavedAt = &text
	}
	s.SourceSequence = d.saved.log.SourceSequence()
	return s
}
