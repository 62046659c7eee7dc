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

// write takes batches in order, correlates their events and hands their results on. It is false if ctx ended before the last
// batch was written; then p.rest holds what is left.
func (p *Pipeline) write(ctx context.Context) (complete bool) {
	complete = true
	for b := range p.order {
		if b.call != nil {
			b.call(p.inUse.Load())
			continue
		}
		<-b.done
		switch {
		case !complete || ctx.Err() != nil:
			complete = false
			p.rest.Messages = append(p.rest.Messages, b.messages...)
		default:
			complete = p.writeBatch(ctx, b)
		}
		b.reset()
		p.free <- b
	}
	return complete && ctx.Err() == nil
}

// writeBatch writes the messages of b. It is false if ctx ended meanwhile.
func (p *Pipeline) writeBatch(ctx context.Context, b *batch) bool {
	w := batchWriter{p: p, b: b, now: b.start.Unix()}
	for i := range b.messages {
		unit := w.message(ctx, i)
		if unit == nil {
			continue
		}
		if p.opts.Results.Put(ctx, unit) != nil {
			p.rest.Units = append(p.rest.Units, unit)
			p.rest.Messages = append(p.rest.Messages, b.messages[i+1:]...)
			b.outcomes = b.outcomes[:i+1]
			p.report(b)
			return false
		}
	}
	p.report(b)
	return true
}

// report tells of the batches that travelled in b.
func (p *Pipeline) report(b *batch) {
	info := BatchInfo{PerEvent: b.took / time.Duration(max(len(b.events), 1)), Latency: time.Since(b.start)}
	if b.gen.Correlations != nil {
		info.Groups = p.told.tell(b.gen.Correlations, &p.opts.Hooks)
	}
	for batch := range slices.Chunk(b.outcomes, p.opts.Batch) {
		info.Messages, info.Bad, info.Events, info.Results = len(batch), 0, 0, 0
		for i := range batch {
			info.Events += batch[i].events
			info.Results += batch[i].results
			if batch[i].err != nil {
				info.Bad++
			}
		}
		p.opts.Hooks.Batch(info)
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
	now     int64
	events  int // events and results that are done with
	results int
	buf     []byte
}

// message correlates the events of message number i and returns its results, nil if there are none. It sees to the
// acknowledgement of messages without results.
func (w *batchWriter) message(ctx context.Context, i int) *flow.Unit {
	m, out := &w.b.messages[i], &w.b.outcomes[i]
	if out.err != nil {
		w.p.opts.Hooks.Bad(m, out.err)
		text := flow.ErrorParse
		if errors.Is(out.err, frame.ErrTooLong) {
			text = flow.ErrorTooLong
		}
		w.p.letter(ctx, m, text)
		return nil
	}
	for _, x := range out.panics {
		m.Ack.Add(1)
		w.p.letter(ctx, m, flow.ErrorRulePanic+x.rule.ID)
	}
	var results []flow.Result
	for range out.events {
		results = w.event(results)
	}
	out.results = len(results)
	if w.p.keys != nil {
		w.p.keys.assign(m, results)
	}
	if len(results) == 0 {
		m.Ack.Done(true)
		return nil
	}
	return &flow.Unit{Results: results, Origin: m.Origin, Number: m.Number, Ack: m.Ack}
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
	g.sweep(w.now)
	if _, timed := j.input.Time(); !timed {
		w.p.opts.Hooks.Untimed()
	}
	firings := g.Correlations.Apply(&j.input, w.now)
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

// letter hands m to the dead letters, with its part of the acknowledgement.
func (p *Pipeline) letter(ctx context.Context, m *flow.Message, text string) {
	p.opts.Dead.Offer(ctx, flow.DeadLetter{Text: m.Data, Error: text, Origin: m.Origin, Number: m.Number, Ack: m.Ack})
}

// Rest returns what was taken from the intake and not finished. Run must have returned.
func (p *Pipeline) Rest() Rest { return p.rest }
