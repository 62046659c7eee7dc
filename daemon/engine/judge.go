package engine

import (
	"math/rand/v2"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib"
)

// judge is the state of a goroutine that judges messages: a worker for the generation of the last batch.
type judge struct {
	p     *Pipeline
	w     *Worker
	why   rtlib.Explanation
	buf   []byte
	b     *batch // the batch in hand
	event []byte // source text of the event in hand, when it was filtered
	text  writtenText
	tap   func(raw []byte, decoded *rtlib.Event)

	blamed time.Time // when a slow event was last looked into
}

// worker judges batches until there are no more.
func (p *Pipeline) worker() {
	j := judge{p: p}
	for b := range p.work {
		j.batch(b)
		b.done <- struct{}{}
	}
}

// batch judges the messages of b.
func (j *judge) batch(b *batch) {
	if j.w == nil || j.w.gen != b.gen {
		j.w = b.gen.NewWorker(j.p.opts.LogSource)
		j.w.Format, j.w.Syslog = j.p.opts.Format, j.p.opts.Syslog
	}
	j.b, j.tap = b, nil
	if j.p.opts.Hooks.Tap != nil {
		j.tap = j.p.opts.Hooks.Tap()
	}
	start := time.Now()
	j.w.Syslog.Now = j.p.opts.Now()
	for i := range b.messages {
		b.outcomes = append(b.outcomes, outcome{})
		j.message(&b.messages[i])
		took := time.Since(start)
		if one := took - b.took; one > slowEvent {
			j.slow(&b.messages[i], one)
			took = time.Since(start)
		}
		b.took = took
		j.unread(&b.messages[i])
	}
}

// message judges one message, the one that the last outcome is for.
func (j *judge) message(m *flow.Message) {
	out := &j.b.outcomes[len(j.b.outcomes)-1]
	if m.Err != nil {
		out.err = m.Err
		return
	}
	if out.err = j.decode(m); out.err != nil {
		return
	}
	if j.tap != nil {
		j.tap(j.raw(m), j.w.ev)
	}
	if j.p.opts.Filter == nil || j.w.ev.Shape() != rtlib.ShapeJSON {
		j.judge()
		return
	}
	j.event = j.w.ev.AppendJSON(j.event[:0])
	events, err := j.p.opts.Filter(j.event)
	if err != nil { // it came to no end: nothing of it counts
		out.err = err
		return
	}
	for _, event := range events {
		if j.w.gen.plan.JSON(j.w.ev, event) == nil {
			j.judge()
		}
	}
}

func (j *judge) decode(m *flow.Message) error {
	if m.Source != nil {
		return j.text.decode(j.w, m.Source)
	}
	if m.JSON {
		return j.w.gen.plan.JSON(j.w.ev, m.Data)
	}
	return j.w.gen.plan.Line(j.w.ev, m.Data, j.w.Format, j.w.Syslog)
}

// judge evaluates the event that was decoded and renders its detections.
func (j *judge) judge() {
	w, g := j.w, j.w.gen
	w.ev.LogSource = w.logSource
	hits := j.evaluate()
	slot := j.b.event()
	for _, i := range hits {
		if !g.Hidden(i) && j.detection(i) {
			slot.results++
		}
	}
	if g.Correlations != nil {
		g.Correlations.Extract(&slot.input, w.ev, hits)
	}
	panicked := len(j.b.outcomes[len(j.b.outcomes)-1].panics) > 0
	if rate := j.p.opts.CostRate; rate > 0 && !panicked && rand.Float64() < rate {
		g.costs.sample(g, w)
	}
}

// detection renders the detection of rule number i.
func (j *judge) detection(i int) (ok bool) {
	g := j.w.gen
	r := g.Set.Rules()[i]
	defer j.guard(i, &ok)
	format := j.p.opts.Render
	format.RuleSet = g.Digest
	j.buf = format.AppendDetection(j.buf[:0], r, g.Engine(&r.Meta), j.w.ev, &j.why)
	j.p.opts.Hooks.Detection(&r.Meta)
	j.b.results = append(j.b.results, flow.Result{
		JSON: append([]byte(nil), j.buf...), Title: r.Meta.Title, ID: r.Meta.ID, Level: r.Meta.Level,
	})
	return true
}
