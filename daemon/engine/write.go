package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
	"github.com/rsigma-go/rsigma/rtlib/frame"
)

// write takes batches in order, correlates their events and commits what came of them, group by group. It is false if ctx ended before
// the last group was released; then p.rest holds what is left.
func (p *Pipeline) write(ctx context.Context) (complete bool) {
	w := writer{p: p, g: new(Group), timer: time.NewTimer(time.Hour)}
	w.timer.Stop()
	if p.opts.Log != nil {
		w.g.Begin = p.begin
		p.groups <- new(Group)
		go p.guarded(func() { p.committer(ctx) })
	}
	complete = true
	for {
		b, ok := w.next()
		switch {
		case !ok:
			return w.end() && complete && ctx.Err() == nil
		case b.call != nil:
			w.call(b)
			continue
		case !complete || ctx.Err() != nil:
			complete = false
			p.rest.Messages = append(p.rest.Messages, b.messages...)
		default:
			w.batch(b)
			complete = w.done(ctx, b)
		}
		b.reset()
		p.free <- b
	}
}

// writer is the state of write.
type writer struct {
	p *Pipeline
	g *Group // what is committed next

	timer *time.Timer // runs while there is something in g
	late  bool        // it has fired
}

// next waits for a batch that is judged, or a call. Meanwhile the group goes to the committer, once no further messages wait.
func (w *writer) next() (b *batch, ok bool) {
	for b == nil {
		select {
		case b, ok = <-w.p.order:
			if !ok {
				return nil, false
			}
			continue
		default:
		}
		waiting, _ := w.p.opts.Intake.Len()
		select {
		case b, ok = <-w.p.order:
			if !ok {
				return nil, false
			}
		case g := <-w.spare(waiting == 0):
			w.hand(g)
		case <-w.timer.C:
			w.late = true
		}
	}
	for b.call == nil {
		select {
		case <-b.done:
			return b, true
		case g := <-w.spare(false):
			w.hand(g)
		case <-w.timer.C:
			w.late = true
		}
	}
	return b, true
}

// spare returns where an empty group comes from when the committer has nothing to do; nil if there is nothing for it, or the group is to
// wait for further messages. quiet says that there are none.
func (w *writer) spare(quiet bool) <-chan *Group {
	if w.p.opts.Log == nil || w.g.empty() || !quiet && !w.late {
		return nil
	}
	return w.p.groups
}

// hand gives the group to the committer, which waits for it, and goes on with next.
func (w *writer) hand(next *Group) {
	if w.p.rec != nil {
		w.g.Delta = w.p.rec.AppendLog(w.g.Delta[:0])
	}
	w.g.seal()
	w.p.commits <- w.g
	w.g, w.late = next, false
	w.timer.Stop()
}

// call makes the call of b. What was judged before a generation takes over is committed with the one that judged it.
func (w *writer) call(b *batch) {
	if b.swap && w.p.opts.Log != nil {
		w.commit()
	}
	start := time.Now()
	b.call(w.p.inUse.Load())
	if b.swap {
		w.p.paused(PauseReload, start)
	}
	if b.swap && w.p.opts.Log != nil {
		w.g.Begin = w.p.begin
	}
}

// commit hands the group over as soon as the committer takes it.
func (w *writer) commit() {
	if w.g.empty() {
		return
	}
	start := time.Now()
	next := <-w.p.groups
	w.p.paused(PauseCommit, start)
	w.hand(next)
}

func (p *Pipeline) paused(why Pause, since time.Time) {
	if p.opts.Hooks.Paused != nil {
		p.opts.Hooks.Paused(why, time.Since(since))
	}
}

// done sees to it that what is in the group gets out. Without a Log that is at once. It is false if ctx ended meanwhile.
func (w *writer) done(ctx context.Context, b *batch) bool {
	w.report(b)
	if w.p.opts.Log == nil {
		w.p.rest.Units = w.p.release(ctx, w.g)
		w.g.reset()
		return len(w.p.rest.Units) == 0
	}
	if w.full() {
		w.commit()
	}
	return true
}

// full reports whether no further messages are to be added to the group.
func (w *writer) full() bool {
	l := &w.p.opts.Commit
	return w.g.Events >= l.Events || w.p.rec != nil && w.p.rec.Len() >= l.Bytes
}

// end commits what is left and waits for the committer. It is false if not everything was released.
func (w *writer) end() bool {
	if w.p.opts.Log == nil {
		return true
	}
	w.commit()
	close(w.p.commits)
	rest := <-w.p.committed
	w.p.rest.Units = rest.Units
	w.p.rest.Messages = append(rest.Messages, w.p.rest.Messages...)
	return len(rest.Units)+len(rest.Messages) == 0
}

// batch adds what came of the messages of b to the group.
func (w *writer) batch(b *batch) {
	if w.g.Events == 0 && w.p.opts.Log != nil {
		w.timer.Reset(w.p.opts.Commit.Delay)
	}
	bw := batchWriter{p: w.p, b: b, g: w.g}
	for i := range b.messages {
		bw.message(i)
		w.g.add(&b.messages[i])
	}
	if w.p.opts.Log != nil {
		w.g.keep(b)
	}
}

// report tells of the batches that travelled in b.
func (w *writer) report(b *batch) {
	hooks := &w.p.opts.Hooks
	info := BatchInfo{PerEvent: b.took / time.Duration(max(len(b.events), 1)), Elapsed: time.Since(b.start)}
	if b.gen.Correlations != nil {
		info.Groups = w.p.told.tell(b.gen.Correlations, hooks)
	}
	for batch := range slices.Chunk(b.outcomes, w.p.opts.Batch) {
		info.Messages, info.Bad, info.Events, info.Results = len(batch), 0, 0, 0
		for i := range batch {
			info.Events += batch[i].events
			info.Results += batch[i].results
			if batch[i].err != nil {
				info.Bad++
			}
		}
		hooks.Batch(info)
		w.g.bad += info.Bad
		w.g.starts = append(w.g.starts, b.start)
	}
}

// told is what was told of the counts of a correlation engine.
type told struct {
	late    uint64
	evicted []uint64
}

// tell tells what has changed since the last time and returns the number of live groups.
func (t *told) tell(e *correlate.Engine, hooks *Hooks) (groups int) {
	stats := e.Stats()
	if n := stats.Late - t.late; n > 0 {
		t.late = stats.Late
		hooks.Late(int(n))
	}
	if t.evicted == nil {
		t.evicted = make([]uint64, len(stats.Evicted))
	}
	for i, n := range stats.Evicted {
		if n > t.evicted[i] {
			hooks.Evicted(e.Rule(i), int(n-t.evicted[i]))
			t.evicted[i] = n
		}
	}
	return stats.Groups
}

// batchWriter walks over the judged messages of a batch.
type batchWriter struct {
	p       *Pipeline
	b       *batch
	g       *Group
	events  int // events and results that are done with
	results int
	buf     []byte
}

// message correlates the events of message number i and adds what came of it to the group.
func (w *batchWriter) message(i int) {
	m, out := &w.b.messages[i], &w.b.outcomes[i]
	if out.err != nil {
		w.p.opts.Hooks.Bad(m, out.err)
		text := flow.ErrorParse
		if errors.Is(out.err, frame.ErrTooLong) {
			text = flow.ErrorTooLong
		}
		w.letter(m, text)
		return
	}
	for _, x := range out.panics {
		m.Ack.Add(1)
		w.letter(m, flow.ErrorRulePanic+x.rule.ID)
	}
	var results []flow.Result
	for range out.events {
		results = w.event(results)
	}
	out.results = len(results)
	if len(results) == 0 {
		if m.Ack != nil {
			w.g.acks = append(w.g.acks, m.Ack)
		}
		return
	}
	u := &flow.Unit{Results: results, Origin: m.Origin, Number: m.Number, Ack: m.Ack}
	if w.p.keys != nil {
		w.p.keys.assign(m, u)
	}
	if w.p.opts.ShowKeys {
		for i := range results {
			results[i].JSON = w.p.opts.Render.WithID(results[i].JSON, u.Key(i))
		}
	}
	w.g.Units = append(w.g.Units, u)
}

// event appends the results of the next event: its detections, then what fires.
func (w *batchWriter) event(results []flow.Result) []flow.Result {
	j := &w.b.events[w.events]
	w.events++
	results = append(results, w.b.results[w.results:w.results+j.results]...)
	w.results += j.results
	g := w.b.gen
	if g.Correlations == nil {
		return results
	}
	g.sweep(w.b.start, w.b.now, w.p.state)
	if _, timed := j.input.Time(); !timed {
		w.p.opts.Hooks.Untimed()
	}
	firings := w.p.state.Apply(&j.input, w.b.now)
	for k := range firings {
		results = append(results, w.firing(&firings[k]))
	}
	return results
}

func (w *batchWriter) firing(f *correlate.Firing) flow.Result {
	w.p.opts.Hooks.Correlation(f.Rule)
	format := w.p.opts.Render
	format.RuleSet = w.b.gen.Digest
	w.buf = format.AppendCorrelation(w.buf[:0], f, w.b.gen.Engine(&f.Rule.Meta))
	m := &f.Rule.Meta
	return flow.Result{JSON: append([]byte(nil), w.buf...), Title: m.Title, ID: m.ID, Level: m.Level, Correlation: true}
}

// letter makes m a dead letter, with its part of the acknowledgement.
func (w *batchWriter) letter(m *flow.Message, text string) {
	w.g.letters = append(w.g.letters, flow.DeadLetter{Text: m.Data, Error: text, Origin: m.Origin, Number: m.Number, Ack: m.Ack})
}

// Rest returns what was taken from the intake and not finished. Run must have returned.
func (p *Pipeline) Rest() Rest { return p.rest }
