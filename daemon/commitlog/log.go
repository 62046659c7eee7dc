package commitlog

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/store"
)

// Options configure a Log.
type Options struct {
	Store store.Store
	// Durable commits each group. Otherwise the state is only saved from time to time, and messages do not wait for that.
	Durable bool
	// Now is the wall clock, nil for time.Now. It says when something was saved; how much time has passed is measured, since it may be set.
	Now func() time.Time
	// Interval is how often the state is saved, if it has changed.
	Interval time.Duration
	// MaxJSON is up to how many groups the JSON form is written with each base; 0 means 100,000.
	MaxJSON int
	// MaxOutbox bounds the bytes of results that are committed and not delivered; beyond it commits wait.
	MaxOutbox int64
	Logger    *slog.Logger
	Hooks     Hooks
	// Fatal, if not nil, is deferred on every goroutine of the log: it ends the program if there is a panic.
	Fatal func()
	// Failed is called, once, if the store has failed for good. Nothing may leave the process after that; it should not return.
	Failed func(error)
}

// Hooks tell what a Log does. All of them must be set.
type Hooks struct {
	Committed func(messages int, took time.Duration)
	Blocked   func(bool)        // commits wait for the disk
	Outbox    func(bytes int64) // of results that are committed and not delivered; is told whenever that may have changed
	Saved     func(at time.Time, err error)
	// Step, if not nil, is called at each step of the protocol, so that a test can end the process there.
	Step func(name string)
}

// The steps.
const (
	StepBegin     = "begin"     // a generation is about to be noted
	StepBegan     = "began"     // and is; none of its groups are committed
	StepCommit    = "commit"    // a group is about to be committed
	StepCommitted = "committed" // and is; nothing of it has left
	StepNote      = "note"      // what sinks have done is about to be noted
	StepBase      = "base"      // a base is about to be written
	StepSaved     = "saved"     // and is
)

func (h *Hooks) step(name string) {
	if h.Step != nil {
		h.Step(name)
	}
}

// Log commits groups. It implements engine.Log.
type Log struct {
	opts    Options
	outlets []Outlet

	began   time.Time // by the wall clock
	started time.Time // the same moment, to measure from

	mu     sync.Mutex // one commit at a time
	last   int64      // number of the last commit
	rows   rows
	source *flow.Position // of the source that has one
	twin   *twin          // nil without correlations

	row            []byte // of results
	packed, deltas packer

	reached atomic.Pointer[flow.Position] // of source, for those who only look

	stopTidy chan struct{}
	tidied   chan struct{}
}

// tidyEvery is how long what sinks have done may wait for being noted when nothing else is committed.
const tidyEvery = time.Second

// Start begins the work for outlets. It is called once, before the first Commit, with what Recover has found.
func (l *Log) Start(outlets []Outlet) {
	l.outlets = outlets
	l.opts.Hooks.Outbox(l.rows.bytes)
	l.stopTidy, l.tidied = make(chan struct{}), make(chan struct{})
	go l.tidyUp()
}

// tidyUp notes from time to time what sinks have done.
func (l *Log) tidyUp() {
	defer close(l.tidied)
	if l.opts.Fatal != nil {
		defer l.opts.Fatal()
	}
	var pruned time.Time
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			l.tidy()
			if now.Sub(pruned) >= pruneEvery {
				pruned = now
				l.prune()
			}
		case <-l.stopTidy:
			return
		}
	}
}

// Replies are kept for a while (reliability.md section 2.6).
const (
	keepReplies = 10 * time.Minute
	maxReplies  = 100_000
	pruneEvery  = time.Minute
)

// clock returns the time for the age of replies: what the wall clock said at the start, plus what has passed since. If it is set meanwhile,
// they become neither older nor younger.
func (l *Log) clock() time.Time { return l.began.Add(time.Since(l.started)) }

// prune drops old replies, and those that a process before, with another clock, has left in the time to come. What cannot be dropped now is
// tried again later.
func (l *Log) prune() {
	now := l.clock()
	if err := l.opts.Store.ForgetReplies(context.Background(), now.Add(-keepReplies), now.Add(keepReplies), maxReplies); err != nil && !passes(err) && l.opts.Durable {
		l.opts.Failed(err)
	}
}

// tidy commits what sinks have done since the last commit, if anything. What cannot be noted now is tried again with the next commit.
func (l *Log) tidy() {
	if !l.opts.Durable || !l.mu.TryLock() {
		return // a commit is under way, which does the same
	}
	defer l.mu.Unlock()
	g := l.group()
	if len(g.Positions) == 0 && g.Delivered == 0 {
		return
	}
	l.opts.Hooks.step(StepNote)
	if err := l.opts.Store.Commit(context.Background(), g); err == nil {
		l.last = g.Seq
	} else if !passes(err) {
		l.opts.Failed(err)
	}
}

// group begins a commit with what sinks have done.
func (l *Log) group() *store.Group {
	g := &store.Group{Seq: l.last + 1}
	g.Positions, g.Delivered = l.rows.note(l.outlets)
	l.opts.Hooks.Outbox(l.rows.bytes)
	return g
}

// passes reports whether err is a fault that passes: the same commit can be tried again.
func passes(err error) bool { return errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrBusy) }

// Commit implements engine.Log.
func (l *Log) Commit(ctx context.Context, in *engine.Group) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if in.Begin != nil {
		if err := l.begin(ctx, in.Begin); err != nil {
			return err
		}
	}
	for i := range in.Positions {
		p := in.Positions[i]
		l.source = &p
		l.reached.Store(&p)
	}
	if l.opts.Durable {
		if err := l.write(ctx, in); err != nil {
			return err
		}
	}
	if len(in.Delta) == 0 || l.twin == nil {
		return nil
	}
	return l.twin.follow(ctx, delta{l.last, append([]byte(nil), in.Delta...), l.source})
}

// write makes a group durable.
func (l *Log) write(ctx context.Context, in *engine.Group) error {
	if in.Events == 0 {
		return nil // it only began a generation
	}
	if err := l.room(ctx); err != nil {
		return err
	}
	start := time.Now()
	g := l.group()
	g.Delta = l.deltas.pack(in.Delta)
	results := 0
	if len(in.Units) > 0 {
		l.row, results = appendRow(l.row[:0], g.Seq, in.Units)
		g.Outbox = l.packed.pack(l.row)
	}
	for _, p := range in.Positions {
		g.Positions = append(g.Positions, store.Position(p))
	}
	for _, r := range in.Replies {
		g.Replies = append(g.Replies, store.Reply{Key: r.Key, Body: r.Body, At: l.clock()})
	}
	l.opts.Hooks.step(StepCommit)
	if err := l.retry(ctx, func() error { return l.opts.Store.Commit(ctx, g) }); err != nil {
		return err
	}
	l.opts.Hooks.step(StepCommitted)
	l.last = g.Seq
	if results > 0 {
		l.rows.add(g.Seq, results, len(l.row)) // not as packed: the next start takes them into memory
	}
	l.opts.Hooks.Outbox(l.rows.bytes)
	l.opts.Hooks.Committed(in.Events, time.Since(start))
	return nil
}

// room waits until the outbox is below its limit.
func (l *Log) room(ctx context.Context) error {
	for l.rows.bytes >= l.opts.MaxOutbox {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		g := l.group()
		if g.Delivered == 0 {
			continue
		}
		if err := l.retry(ctx, func() error { return l.opts.Store.Commit(ctx, g) }); err != nil {
			return err
		}
		l.last = g.Seq
	}
	return nil
}

// retry calls f until it succeeds. The error is that of ctx; of one that does not pass nobody hears, because the process ends.
func (l *Log) retry(ctx context.Context, f func() error) error {
	pause := flow.Retry{Base: 100 * time.Millisecond, Max: 5 * time.Second}.Pause()
	blocked := false
	for {
		err := f()
		switch {
		case err == nil:
			if blocked {
				l.opts.Hooks.Blocked(false)
				l.opts.Logger.Info("State is written again")
			}
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !passes(err):
			l.opts.Failed(err)
			return err
		case !blocked:
			blocked = true
			l.opts.Hooks.Blocked(true)
			l.opts.Logger.Error("State cannot be written: no events are taken until it can", "error", err.Error())
		}
		if !pause(ctx) {
			return ctx.Err()
		}
	}
}

// begin takes note of a new generation: its base is written before its first delta.
func (l *Log) begin(ctx context.Context, b *engine.Begin) error {
	l.stopTwin()
	if b.Follower == nil {
		return nil // nothing is saved while there are no correlations
	}
	definition := b.Follower.AppendDefinition(nil)
	base := &store.Base{Upto: l.last, At: l.opts.Now(), Body: appendBase(nil, definition, b.Follower.AppendState)}
	l.twin = startTwin(l, b.Follower, definition, l.last, l.source)
	l.opts.Hooks.step(StepBegin)
	if err := l.retry(ctx, func() error { return l.opts.Store.SaveBase(ctx, base) }); err != nil {
		return err
	}
	l.opts.Hooks.step(StepBegan)
	return nil
}

func (l *Log) stopTwin() {
	if l.twin != nil {
		l.twin.stop()
		l.twin = nil
	}
}

// save writes a base made of t. full asks for the JSON form in any case.
func (l *Log) save(t *twin, full bool) {
	b := t.base(full || !l.opts.Durable)
	if !l.opts.Durable { // what an earlier run has committed says less than the base
		b.Forget = func(source string) bool { return !IsMark(source) }
	}
	l.opts.Hooks.step(StepBase)
	err := l.opts.Store.SaveBase(context.Background(), b)
	l.opts.Hooks.step(StepSaved)
	l.opts.Hooks.Saved(b.At, err)
	switch {
	case err == nil:
		t.dirty, t.bytes = false, 0
	case passes(err) || !l.opts.Durable:
		l.opts.Logger.Warn("State could not be saved; the next attempt is after --state-save-interval", "error", err.Error())
	default:
		l.opts.Failed(err)
	}
}

// SourceSequence returns how far the source that has positions is committed; nil if none has.
func (l *Log) SourceSequence() *int64 {
	if p := l.reached.Load(); p != nil {
		return &p.Floor
	}
	return nil
}

// Close notes what sinks have done and saves the state. No commit may follow; sinks are done. It reports how many results stay in the
// outbox until the next start.
func (l *Log) Close() (waiting int, err error) {
	close(l.stopTidy)
	<-l.tidied
	l.tidy()
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.twin; t != nil {
		l.stopTwin()
		l.save(t, true)
	}
	for _, r := range l.rows.waiting {
		waiting += r.results
	}
	return waiting, l.opts.Store.Close(waiting == 0)
}

var _ engine.Log = (*Log)(nil)
