package reload

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
)

// Trigger is what asked for a reload.
type Trigger int

// The triggers.
const (
	TriggerFile   Trigger = iota // a rule, pipeline or source file changed
	TriggerAPI                   // POST /api/v1/reload
	TriggerSignal                // SIGHUP
	TriggerSource                // the value of a dynamic source changed
)

func (t Trigger) String() string {
	return [...]string{"file change", "API", "signal", "dynamic source"}[t]
}

// ReloaderOptions configure a Reloader.
type ReloaderOptions struct {
	// Load makes a generation of what is on disk now. resolve tells which dynamic sources to read anew first.
	Load func(ctx context.Context, resolve Resolve) (*engine.Generation, *Report, error)
	// Swap makes a generation the active one.
	Swap func(context.Context, *engine.Generation) (correlate.Restored, error)
	// Others are further things that a reload reads anew, each for itself: one that fails keeps what it had. They run before Load.
	Others []func(Trigger) error
	// Active is what was loaded at the start.
	Active *Report
	// Debounce is how long a reload waits for further triggers.
	Debounce time.Duration
	Log      *slog.Logger
	// Finished, if not nil, is told of every reload.
	Finished func(Outcome, *engine.Generation)
}

// Resolve says which dynamic sources a load reads anew.
type Resolve int

// The choices of Resolve.
const (
	ResolveNone Resolve = iota
	ResolveUsed         // those that pipelines refer to
	ResolveAll
)

// Outcome is how a reload ended.
type Outcome struct {
	Err        error // nil if the new rules are active
	Generation int   // the active one, from 1
	Finished   time.Time
	Report     *Report // of the active rules
	Changes    Changes // against the rules before; zero after an error
}

// queued is how many triggers may wait.
const queued = 4

// Reloader replaces the rules of a running daemon. Triggers are gathered for a while and answered with one reload. Run does the
// work; the other methods are safe for concurrent use.
//
// Source: daemon.md section 15.
type Reloader struct {
	opts  ReloaderOptions
	queue chan request

	mu      sync.Mutex
	status  Status
	waiting int // requests that no reload has answered
}

// request is one trigger. done, if not nil, is told how its reload ended.
type request struct {
	trigger Trigger
	done    chan Outcome
}

// Status is what is known about reloads.
type Status struct {
	Pending bool     // a trigger waits, or a reload runs
	Last    *Outcome // nil before the first reload
	// Generation and Report are those of the active rules.
	Generation int
	Report     *Report
}

// NewReloader returns a Reloader. The active generation has number 1.
func NewReloader(opts ReloaderOptions) *Reloader {
	return &Reloader{opts: opts, queue: make(chan request, queued), status: Status{Generation: 1, Report: opts.Active}}
}

// Trigger asks for a reload. It is false if too many triggers wait already; whatever was to be read will be read then. done receives
// the outcome of the reload that covers the trigger.
func (r *Reloader) Trigger(t Trigger) (done <-chan Outcome, ok bool) {
	req := request{t, make(chan Outcome, 1)}
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case r.queue <- req:
		r.waiting++
		return req.done, true
	default:
		return nil, false
	}
}

// Status returns what is known about reloads.
func (r *Reloader) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.status
	s.Pending = r.waiting > 0
	return s
}

// Run reloads when it is triggered, until ctx is done.
func (r *Reloader) Run(ctx context.Context) {
	for {
		select {
		case req := <-r.queue:
			batch, ok := r.gather(ctx, req)
			if !ok {
				return
			}
			r.answer(batch, r.reload(ctx, batch))
		case <-ctx.Done():
			return
		}
	}
}

// gather waits for further triggers. It is false if ctx ended.
func (r *Reloader) gather(ctx context.Context, first request) ([]request, bool) {
	select {
	case <-time.After(r.opts.Debounce):
	case <-ctx.Done():
		return nil, false
	}
	batch := []request{first}
	for {
		select {
		case req := <-r.queue:
			batch = append(batch, req)
		default:
			return batch, true
		}
	}
}

func (r *Reloader) answer(batch []request, out Outcome) {
	r.mu.Lock()
	r.waiting -= len(batch)
	r.mu.Unlock()
	for _, req := range batch {
		req.done <- out
	}
}

// reload performs one reload.
func (r *Reloader) reload(ctx context.Context, batch []request) Outcome {
	var failed error
	resolve := ResolveNone
	for _, req := range batch {
		resolve = max(resolve, resolves[req.trigger])
	}
	r.opts.Log.Info("Reloading rules and pipelines...", "trigger", batch[0].trigger.String())
	for _, other := range r.opts.Others {
		for _, req := range batch {
			if err := other(req.trigger); err != nil {
				r.opts.Log.Error("Failed to reload", "error", err.Error())
				failed = err
				break
			}
		}
	}
	gen, report, restored, err := r.replace(ctx, resolve)
	if err != nil {
		failed = err
		r.opts.Log.Error("Failed to reload rules", "error", err.Error())
	}
	r.mu.Lock()
	var diff Changes
	if err == nil {
		diff = changes(r.status.Report, report)
		r.status.Generation++
		r.status.Report = report
	}
	out := Outcome{Err: failed, Generation: r.status.Generation, Finished: time.Now(), Report: r.status.Report, Changes: diff}
	r.status.Last = &out
	r.mu.Unlock()
	if err == nil {
		r.opts.Log.Info("Rules and pipelines reloaded", "generation", out.Generation, "ruleset", gen.Digest,
			"armed", report.Armed, "skipped", report.Skipped, "failed", report.Failed,
			"compiled", report.Compiled, "interpreted", report.Interpreted,
			"unchanged", diff.Unchanged, "changed", diff.Changed, "added", diff.Added, "removed", diff.Removed,
			"groups_kept", restored.Groups, "groups_dropped", restored.Skipped)
	}
	if r.opts.Finished != nil {
		r.opts.Finished(out, gen)
	}
	return out
}

// resolves says which dynamic sources each trigger reads anew. A source that changed has just been read.
var resolves = map[Trigger]Resolve{TriggerFile: ResolveUsed, TriggerAPI: ResolveUsed, TriggerSignal: ResolveAll, TriggerSource: ResolveNone}

// replace loads what is on disk and makes it active, unless a document fails that did not fail before.
func (r *Reloader) replace(ctx context.Context, resolve Resolve) (*engine.Generation, *Report, correlate.Restored, error) {
	none := correlate.Restored{}
	gen, report, err := r.opts.Load(ctx, resolve)
	if report != nil {
		if d := report.newFailure(r.opts.Active); d != nil {
			return nil, nil, none, documentError(d)
		}
	}
	if err != nil {
		return nil, nil, none, err
	}
	restored, err := r.opts.Swap(ctx, gen)
	if err != nil {
		return nil, nil, none, fmt.Errorf("swap: %w", err)
	}
	r.opts.Active = report
	return gen, report, restored, nil
}

func documentError(d *Document) error {
	return fmt.Errorf("%s: %s [%s]", d.Pos, d.Reason, d.Code)
}
