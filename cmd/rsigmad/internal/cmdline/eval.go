package cmdline

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/rsigma-go/rsigma/compiler/diag"
	"github.com/rsigma-go/rsigma/daemon/reload"
)

type evalCmd struct {
	engineFlags
	Event []string `sep:"none" short:"e" placeholder:"JSON|@FILE" help:"Event, as JSON text or as a file after @. Repeatable."`
	Files []string `arg:"" optional:"" name:"file" help:"Event files: NDJSON, whole JSON documents, or Windows event logs (.evtx); gzip is recognised. - is standard input, which is also the default."`
	Quiet bool     `short:"q" help:"No summary and no progress bar on standard error."`
}

// Help is shown below the flags.
func (evalCmd) Help() string {
	return `Evaluates events and prints one detection a line; a summary goes to standard error. A file whose first line is a complete JSON
value is read line by line; lines that are not JSON, or longer than 1 MiB, are reported and counted, the rest goes on. Otherwise
the whole file is read as JSON documents, pretty-printed or one after the other; the elements of an array count as events.
A Windows event log is recognised by its signature. Its records have fields such as Event.EventData.Image, so most rules need
the pipeline windows_evtx_json. Damaged records count as bad lines and are reported with their offset; the rest goes on.

Examples:
  rsigmad eval -r rules/ events.ndjson.gz
  rsigmad eval -r rules/whoami.yml -e '{"Image": "C:\\Windows\\System32\\whoami.exe"}' --match-detail full
  rsigmad eval -r rules/ -p windows_evtx_json Security.evtx`
}

// Run implements the command.
func (c *evalCmd) Run(s streams, linked Linked) error {
	logSource, err := c.logSource()
	if err != nil {
		return err
	}
	gen, report, err := c.load(linked)
	if report != nil {
		c.writeReport(s, report)
	}
	if err != nil {
		return err
	}
	worker := gen.NewWorker(logSource)
	det := &detector{
		worker: worker,
		read:   worker.JSON,
		gen:    gen,
		out:    bufio.NewWriterSize(s.out, 64<<10),
		format: c.format(gen.Digest),
	}
	start := time.Now()
	err = c.evalAll(det, s)
	if flushErr := det.flush(); flushErr != nil {
		return flushErr
	}
	if !c.Quiet {
		writeSummary(s.err, det.stats, report, time.Since(start))
	}
	return err
}

// writeReport prints what keeps documents from running; warnings are the business of rsigmac check.
func (c *evalCmd) writeReport(s streams, r *reload.Report) {
	var errs []diag.Diagnostic
	for _, d := range r.Diagnostics.Sorted() {
		if d.Severity == diag.SeverityError {
			errs = append(errs, d)
		}
	}
	diag.WriteText(s.err, errs, false)
}

// evalAll evaluates the events of the flags and the files. Files that cannot be read do not stop the others.
func (c *evalCmd) evalAll(det *detector, s streams) error {
	var errs []error
	for _, e := range c.Event {
		errs = append(errs, c.evalFlag(det, s, e))
	}
	files := c.Files
	if len(files) == 0 && len(c.Event) == 0 {
		files = []string{"-"}
	}
	for _, f := range files {
		errs = append(errs, c.evalFile(det, s, f))
	}
	return errors.Join(errs...)
}

func (c *evalCmd) evalFlag(det *detector, s streams, e string) error {
	if name, ok := strings.CutPrefix(e, "@"); ok {
		return c.evalFile(det, s, name)
	}
	det.onBadLine = badLines(s.err, "--event")
	return det.events(strings.NewReader(e))
}

func (c *evalCmd) evalFile(det *detector, s streams, name string) error {
	det.onBadLine = badLines(s.err, name)
	if name == "-" {
		return det.events(s.in)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	bar := newProgress(s.err, f, c.Quiet)
	defer bar.finish()
	if err := det.events(bar.reader(f)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// maxBadLines is how many bad lines of a file are named; the rest is only counted.
const maxBadLines = 10

func badLines(w io.Writer, name string) func(int64, error) {
	n := 0
	return func(number int64, err error) {
		n++
		switch {
		case n <= maxBadLines && number > 0:
			fmt.Fprintf(w, "%s:%d: %v\n", name, number, err)
		case n <= maxBadLines:
			fmt.Fprintf(w, "%s: %v\n", name, err)
		case n == maxBadLines+1:
			fmt.Fprintf(w, "%s: further bad lines are counted only\n", name)
		}
	}
}

func writeSummary(w io.Writer, st stats, r *reload.Report, took time.Duration) {
	rate := float64(st.events) / max(took.Seconds(), 1e-9)
	fmt.Fprintf(w, "%d events, %d bad lines, %d detections, %d correlations in %.3f s (%.0f events/s); rules: %d armed (%d compiled, %d interpreted), %d skipped, %d failed\n",
		st.events, st.bad, st.detections, st.correlations, took.Seconds(), rate, r.Armed, r.Compiled, r.Interpreted, r.Skipped, r.Failed)
}
