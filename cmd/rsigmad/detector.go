package main

import (
	"bufio"
	"fmt"
	"io"
	"sync"

	"github.com/rsigma-go/rsigma/daemon/alert"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/rtlib/frame"
)

// detector evaluates events one after the other and writes their detections.
type detector struct {
	worker    *engine.Worker
	gen       *engine.Generation
	out       *bufio.Writer
	format    alert.Format
	onBadLine func(number int64, err error)

	mu    sync.Mutex // held while an event of a stream is evaluated
	buf   []byte
	stats stats
}

// stats counts what a detector did.
type stats struct {
	events, bad, detections int64
}

// events evaluates all events of in.
func (d *detector) events(in io.Reader) error {
	return frame.Events(in, frame.Handler{Event: d.event, Bad: d.badLine})
}

// event evaluates one event. number is its line, for messages.
func (d *detector) event(line []byte, number int64) {
	ev, hits, err := d.worker.JSON(line)
	if err != nil {
		d.badLine(number, err)
		return
	}
	d.stats.events++
	d.stats.detections += int64(len(hits))
	for _, i := range hits {
		d.buf = d.format.AppendDetection(d.buf[:0], d.gen.Set.Rules()[i], d.gen.Engine(i), ev)
		d.buf = append(d.buf, '\n')
		d.out.Write(d.buf) // a failed write sticks to d.out and comes back from flush
	}
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
