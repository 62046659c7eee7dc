package engine

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rsigma-go/rsigma/daemon/alert"
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// PipelineOptions configure a Pipeline.
type PipelineOptions struct {
	// Batch is how many messages make a batch at most, if they wait already; nobody waits for a batch to fill up. Messages travel in
	// chunks of several batches if they are small, which changes what it costs and nothing else.
	Batch int
	// Workers is how many goroutines judge; 0 is one for each processor.
	Workers int

	LogSource rtlib.LogSource
	Format    decode.Format
	Syslog    decode.SyslogOptions
	// Filter, if not nil, makes events of one JSON event: none, one or several. After an error the message counts as one that cannot be read.
	Filter func(event []byte) ([][]byte, error)
	Render alert.Format // RuleSet is that of the generation

	Intake  *flow.Intake
	Results *flow.Fanout
	Dead    flow.DeadLetters
	Hooks   Hooks
	// Keys gives each result an id.
	Keys bool
	// ShowKeys puts them into the results.
	ShowKeys bool
	// CostRate is the share of events for which the cost of rules is measured; 0 measures nothing.
	CostRate float64

	// Now is the wall clock, nil for time.Now: the time of events without one, and how far times of events may be trusted. Nothing is
	// measured with it, since it may be set.
	Now func() time.Time

	// Log, if not nil, makes what comes of messages durable before it leaves the pipeline, in groups of up to Commit.
	Log    Log
	Commit CommitLimits
	// AckAtCommit acknowledges messages of every origin once they are committed, and not only when their results are delivered. Those of
	// some are so anyway (flow.Origin.AtCommit).
	AckAtCommit bool
}

// Hooks tell what a Pipeline does. All of them must be set. They are called on the goroutines of the pipeline.
type Hooks struct {
	// Batch is told of a batch before anything of it leaves the pipeline: who sees a result finds it counted.
	Batch func(BatchInfo)
	// Committed is told of a group before anything of it leaves: how many of its messages were events. With a Log it is durable.
	Committed func(messages int)
	// HandedOn is told when all results of a batch are in the result queue, and how long that is after its first message left the event queue.
	HandedOn    func(time.Duration)
	Detection   func(*rtlib.Meta)
	Correlation func(*correlate.Rule)
	Untimed     func()                              // an event for correlations had no time
	Bad         func(m *flow.Message, err error)    // m is no event
	Late        func(feeds int)                     // tumbling windows discarded them
	Evicted     func(r *correlate.Rule, groups int) // the cap removed them
	// Paused, if not nil, is told how long correlation stood still while events may have waited for it.
	Paused func(why Pause, took time.Duration)
	// Slow, if not nil, is told of events that took long to judge.
	Slow func(SlowEvent)
	// Released, if not nil, is told that all of a committed group is out.
	Released func()
	// Panic reports that a rule panicked. off says that this was once too often, so that the rule is switched off.
	Panic func(m *rtlib.Meta, value any, stack []byte, off bool)
	// Fatal, if not nil, is deferred on every goroutine of the pipeline: it ends the program if there is a panic.
	Fatal func()
	// Tap, if not nil, says who wants to see events; it is asked for each batch. decoded is only valid during the call.
	Tap func() func(raw []byte, decoded *rtlib.Event)
}

// Pause is why correlation stands still.
type Pause int

// The reasons.
const (
	PauseCommit Pause = iota // the group is full, and the one before is not committed yet
	PauseReload              // the state goes over to another generation: once to copy it, once for what has changed meanwhile
)

// BatchInfo describes a batch that is judged.
type BatchInfo struct {
	Messages, Bad, Events int // Bad ones could not be parsed; events are what was made of the others
	Results               int
	PerEvent              time.Duration // to judge one
	Elapsed               time.Duration // since its first message left the event queue
	Groups                int           // live groups of correlations
}

// Pipeline evaluates the messages of an intake and hands the results on in order. Detection runs on several goroutines,
// correlation on one.
type Pipeline struct {
	opts  PipelineOptions
	order chan *batch // in the order of the intake, for the writer
	work  chan *batch
	free  chan *batch

	mu    sync.Mutex // orders what enters order
	gen   *Generation
	ended bool
	// closed is closed when nothing more is written, so that nobody waits for a call in vain.
	closed chan struct{}

	commits   chan *Group // to the committer
	groups    chan *Group // that may be filled: while one is committed the next one is prepared
	committed chan Rest   // the committer is done; what it could not finish

	// These belong to the writer.
	begin *Begin              // of the next group
	state correlator          // of the active generation
	rec   *correlate.Recorder // the same, if it is recorded

	inUse atomic.Pointer[Generation] // the generation that the writer has reached
	told  told
	keys  *keys // nil without Options.Keys
	rest  Rest
}

// Rest is what a pipeline had taken from the intake and could not finish when it was stopped.
type Rest struct {
	Messages []flow.Message
	Units    []*flow.Unit
}

// ErrEnded says that a pipeline has ended.
var ErrEnded = errors.New("the pipeline has ended")

// minChunk is how many messages travel together at least, if they wait already: passing a message from one goroutine to the next costs
// as much as judging it.
const minChunk = 64

// maxCalls is how many calls may wait besides batches.
const maxCalls = 16

// NewPipeline returns a pipeline that begins with gen.
func NewPipeline(gen *Generation, opts PipelineOptions) *Pipeline {
	if opts.Workers <= 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	inFlight := 2*opts.Workers + 1
	p := &Pipeline{
		opts: opts, gen: gen,
		order: make(chan *batch, inFlight+maxCalls), work: make(chan *batch, inFlight), free: make(chan *batch, inFlight),
		closed:  make(chan struct{}),
		commits: make(chan *Group), groups: make(chan *Group, 1), committed: make(chan Rest, 1),
	}
	p.activate(gen, first(gen, opts.Log != nil))
	p.inUse.Store(gen)
	if opts.Keys {
		p.keys = newKeys()
	}
	for range inFlight {
		p.free <- &batch{done: make(chan struct{}, 1)}
	}
	return p
}

// Generation returns the generation that events are judged by now.
func (p *Pipeline) Generation() *Generation { return p.inUse.Load() }

// Run works until the intake is closed and empty, or ctx is done; then Rest returns what is left. It closes the result queue at its
// regular end.
func (p *Pipeline) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for range p.opts.Workers {
		workers.Go(func() { p.guarded(p.worker) })
	}
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		p.guarded(func() { p.take(ctx) })
	}()
	complete := p.write(ctx)
	<-taken
	workers.Wait()
	close(p.closed)
	if complete {
		p.opts.Results.Close()
	}
}

// guarded calls f with Hooks.Fatal deferred.
func (p *Pipeline) guarded(f func()) {
	if p.opts.Hooks.Fatal != nil {
		defer p.opts.Hooks.Fatal()
	}
	f()
}

// take moves messages from the intake to the workers.
func (p *Pipeline) take(ctx context.Context) {
	defer p.end()
	for {
		var b *batch
		select {
		case b = <-p.free:
		case <-ctx.Done():
			return
		}
		if !p.fill(ctx, b) {
			return
		}
		b.start, b.now = time.Now(), p.opts.Now().Unix()
		p.mu.Lock()
		b.gen = p.gen
		p.order <- b // there is room for all batches
		p.mu.Unlock()
		p.work <- b
	}
}

// fill takes a chunk of messages, and what is needed so that it does not end within a source message. It is false if there are no more.
func (p *Pipeline) fill(ctx context.Context, b *batch) bool {
	var ok bool
	if b.messages, ok = p.opts.Intake.Take(ctx, b.messages[:0], max(p.opts.Batch, minChunk)); !ok {
		return false
	}
	if p.opts.Log == nil {
		return true
	}
	begun := unfinished(nil, b.messages)
	for n := len(b.messages); begun != nil && len(b.messages)-n < flow.MaxWhole; {
		from := len(b.messages)
		if b.messages, ok = p.opts.Intake.Take(ctx, b.messages, 1); !ok {
			break // the daemon stops the hard way, within a message; the next Take says so
		}
		begun = unfinished(begun, b.messages[from:])
	}
	return true
}

// unfinished returns the acknowledgement of the source message of which only a part is in messages, nil if there is none. begun is that of
// the messages before. There is one at a time (flow.Whole), but others that stand alone may lie in between.
func unfinished(begun *flow.Ack, messages []flow.Message) *flow.Ack {
	for i := range messages {
		switch m := &messages[i]; {
		case m.More:
			begun = m.Ack
		case m.Ack == begun:
			begun = nil
		}
	}
	return begun
}

func (p *Pipeline) end() {
	close(p.work)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	close(p.order)
}

// Do calls f between two batches, on the goroutine that correlates; f gets the generation of that moment. It waits until f has
// returned. The error is ErrEnded, or that of ctx, and then f may still be called.
func (p *Pipeline) Do(ctx context.Context, f func(*Generation)) error { return p.call(ctx, nil, f) }

// Swap makes gen judge all messages that are taken from the intake from now on. The state of correlations is carried over when the
// last batch before it is written: most of it before, while messages are judged, and what has changed since then while they wait. The
// error is as with Do; after an error of ctx the swap may still happen. One goroutine at a time calls it.
func (p *Pipeline) Swap(ctx context.Context, gen *Generation) (correlate.Restored, error) {
	t := takeover{to: gen}
	begin := func(from *Generation) {
		start := time.Now()
		t.begin(from)
		p.paused(PauseReload, start)
	}
	if err := p.Do(ctx, begin); err != nil {
		return correlate.Restored{}, err
	}
	if err := t.copy(p.opts.Log != nil); err != nil {
		return correlate.Restored{}, err
	}
	done := make(chan correlate.Restored, 1) // after an error of ctx nobody reads it
	err := p.call(ctx, gen, func(old *Generation) {
		restored := t.finish(old)
		p.activate(gen, t.follower)
		p.told = told{}
		p.inUse.Store(gen)
		done <- restored
	})
	if err != nil {
		return correlate.Restored{}, err
	}
	return <-done, nil
}

func (p *Pipeline) call(ctx context.Context, next *Generation, f func(*Generation)) error {
	finished := make(chan struct{})
	b := &batch{swap: next != nil, call: func(g *Generation) {
		defer close(finished)
		f(g)
	}}
	p.mu.Lock()
	if p.ended {
		p.mu.Unlock()
		return ErrEnded
	}
	if next != nil {
		p.gen = next
	}
	p.order <- b
	p.mu.Unlock()
	select {
	case <-finished:
		return nil
	case <-p.closed:
		return ErrEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// activate makes g the generation whose correlations are fed from now on. The log gets a follower of them, if there is one.
func (p *Pipeline) activate(g *Generation, follower *correlate.Engine) {
	p.state, p.rec = g.Correlations, nil
	if p.opts.Log == nil {
		return
	}
	p.begin = &Begin{RuleSet: g.Digest, Follower: follower}
	if g.Correlations != nil {
		p.rec = correlate.NewRecorder(g.Correlations)
		p.state = p.rec
	}
}
