package cmdline

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/rsigma-go/rsigma/daemon/alert"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/frame"
)

// detector evaluates events one after the other and writes their detections.
type detector struct {
	worker    *engine.Worker
	read      func(line []byte) (*rtlib.Event, []int, error) // how worker takes an event
	gen       *engine.Generation
	out       *bufio.Writer
	format    alert.Format
	onBadLine func(number int64, err error) // number is 0 where there are no lines

	buf   []byte
	why   rtlib.Explanation
	stats stats
}

// stats counts what a detector did.
type stats struct {
	events, bad, detections, correlations int64
}

// events evaluates all events of in.
func (d *detector) events(in io.Reader) error {
	return frame.Events(in, frame.Handler{Event: d.event, Bad: d.badLine})
}

// event evaluates one event. number is its line, for messages.
func (d *detector) event(line []byte, number int64) {
	ev, hits, err := d.read(line)
	if err != nil {
		d.badLine(number, err)
		return
	}
	d.stats.events++
	for _, i := range hits {
		if d.gen.Hidden(i) {
			continue
		}
		d.stats.detections++
		rule := d.gen.Set.Rules()[i]
		d.write(d.format.AppendDetection(d.buf[:0], rule, d.gen.Engine(&rule.Meta), ev, &d.why))
	}
	if d.gen.Correlations == nil {
		return
	}
	firings := d.worker.Correlate(time.Now())
	for i := range firings {
		d.stats.correlations++
		d.write(d.format.AppendCorrelation(d.buf[:0], &firings[i], d.gen.Engine(&firings[i].Rule.Meta)))
	}
}

// write writes one result and keeps its memory for the next.
func (d *detector) write(result []byte) {
	d.buf = append(result, '\n')
	d.out.Write(d.buf) // a failed write sticks to d.out and comes back from flush
}

func (d *detector) badLine(number int64, err error) {
	d.stats.bad++
	d.onBadLine(number, err)
}

func (d *detector) flush() error {
	if err := d.out.Flush(); err != nil {
		return fmt.Errorf("write detections: %w", err)
	}
	return nil
}
