package engine

import (
	"time"

	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
	"github.com/rsigma-go/rsigma/rtlib/decode"
	"github.com/rsigma-go/rsigma/rtlib/ruleset"
)

// Worker evaluates events one after the other. It must not be shared between goroutines.
type Worker struct {
	gen       *Generation
	ev        *rtlib.Event
	scratch   *ruleset.Scratch
	logSource rtlib.LogSource
	hits      []int
	input     correlate.Input

	// Format and Syslog are how Line reads a line.
	Format decode.Format
	Syslog decode.SyslogOptions
}

// NewWorker returns a worker for g. logSource is given to every event.
func (g *Generation) NewWorker(logSource rtlib.LogSource) *Worker {
	return &Worker{gen: g, ev: rtlib.NewEvent(), scratch: g.Set.NewScratch(), logSource: logSource}
}

// JSON decodes line, one JSON value, and evaluates it. It returns the decoded event and the numbers of the rules that match, in
// load order; both are valid until the next call and as long as line is not changed. The error, a *decode.SyntaxError, says
// that line is not JSON.
func (w *Worker) JSON(line []byte) (*rtlib.Event, []int, error) {
	return w.evaluate(w.gen.plan.JSON(w.ev, line))
}

// Line is JSON for a line of w.Format.
func (w *Worker) Line(line []byte) (*rtlib.Event, []int, error) {
	return w.evaluate(w.gen.plan.Line(w.ev, line, w.Format, w.Syslog))
}

// evaluate evaluates the event that was decoded, unless err says that there is none.
func (w *Worker) evaluate(err error) (*rtlib.Event, []int, error) {
	w.hits = nil
	if err != nil {
		return nil, nil, err
	}
	w.ev.LogSource = w.logSource
	w.hits = w.gen.Set.Eval(w.ev, w.scratch)
	return w.ev, w.hits, nil
}

// Correlate feeds the correlations with the event that the last call of JSON or Line evaluated and returns what fires, in order; the
// result is valid until the next call. now is the time of day. One worker of a generation at a time may call it.
func (w *Worker) Correlate(now time.Time) []correlate.Firing {
	if w.gen.Correlations == nil {
		return nil
	}
	w.gen.sweep(now, now.Unix(), w.gen.Correlations)
	w.gen.Correlations.Extract(&w.input, w.ev, w.hits)
	return w.gen.Correlations.Apply(&w.input, now.Unix())
}
