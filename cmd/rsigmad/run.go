package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"syscall"
	"time"

	"github.com/rsigma-go/rsigma/rtlib/frame"
)

type runCmd struct {
	engineFlags
	formatFlags
	ExitOnEOF bool `name:"exit-on-eof" help:"Exit when standard input ends, instead of waiting to be stopped."`
}

// Help is shown below the flags.
func (runCmd) Help() string {
	return `Reads one event a line from standard input. A line is JSON if it looks like it and is valid, syslog if it begins with a
priority, and plain text otherwise; --input-format settles it. Lines that are not of the format, and lines over 1 MiB, are counted and
logged; the stream goes on. Of syslog, logfmt and CEF lines rules see flat fields, of plain ones only keywords see the text. The program stays alive after the end of its input, as a service does, unless --exit-on-eof is given. Logs are
JSON lines on standard error.

Examples:
  tail -F events.ndjson | rsigmad -r rules/
  tail -F /var/log/auth.log | rsigmad -r rules/linux --input-format syslog --syslog-tz +02:00`
}

// Run implements the command.
func (c *runCmd) Run(s streams) error {
	log := slog.New(slog.NewJSONHandler(s.err, nil))
	logSource, err := c.logSource()
	if err != nil {
		return err
	}
	gen, report, err := c.load()
	if report != nil {
		logReport(log, report)
	}
	if err != nil {
		return err
	}
	worker := gen.NewWorker(logSource)
	if err := c.apply(worker); err != nil {
		return err
	}
	det := &detector{
		worker: worker,
		read:   worker.Line,
		gen:    gen,
		out:    bufio.NewWriterSize(s.out, 64<<10),
		format: c.format(gen),
		onBadLine: func(number int64, err error) {
			log.Warn("event cannot be parsed", "line", number, "error", err.Error())
		},
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- det.stream(s.in) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		return det.stop()
	}
	if err != nil {
		return err
	}
	log.Info("end of standard input", "events", det.stats.events, "bad_lines", det.stats.bad, "detections", det.stats.detections,
		"correlations", det.stats.correlations)
	if !c.ExitOnEOF {
		log.Info("waiting to be stopped; --exit-on-eof ends the program with its input")
		<-ctx.Done()
	}
	return nil
}

// stream evaluates lines until the input ends. Output is flushed whenever no further input is waiting.
func (d *detector) stream(in io.Reader) error {
	r := frame.NewReader(in)
	for {
		line, err := r.Next()
		d.mu.Lock()
		switch {
		case err == nil:
			d.worker.Syslog.Now = time.Now()
			d.event(line, r.Number())
		case errors.Is(err, frame.ErrTooLong):
			d.badLine(r.Number(), err)
		}
		var flushed error
		if err == io.EOF || r.Buffered() == 0 {
			flushed = d.flush()
		}
		d.mu.Unlock()
		switch {
		case flushed != nil:
			return flushed
		case err == io.EOF:
			return nil
		case err != nil && !errors.Is(err, frame.ErrTooLong):
			return fmt.Errorf("read events: %w", err)
		}
	}
}

// stop writes the detections of all events evaluated so far and keeps the stream from evaluating more: a read from standard
// input cannot be interrupted, so its goroutine is left behind.
func (d *detector) stop() error {
	d.mu.Lock()
	return d.flush()
}
