package cmdline

import (
	"errors"
	"fmt"
	"time"

	"github.com/rsigma-go/rsigma/daemon"
	"github.com/rsigma-go/rsigma/daemon/flow"
)

// outputFlags say where results go.
//
// Source: daemon.md section 4.3.
type outputFlags struct {
	Output            []string `sep:"none" default:"stdout" placeholder:"SPEC" help:"Where results go: stdout, file://PATH, unix:///PATH, nats://HOST:PORT/SUBJECT, otlp(s)://HOST:PORT (gRPC) or otlphttp(s)://HOST:PORT. Repeatable. With ?on_full=drop results that find the queue of this output full are dropped."`
	DLQ               string   `name:"dlq" placeholder:"SPEC" help:"Where events go that cannot be parsed, and results that cannot be delivered."`
	Pretty            bool     `help:"Indent results on standard output."`
	ResultID          bool     `name:"result-id" help:"Put the id of each result into it: equal events and equal rules give equal ids, so that others can drop repetitions."`
	SinkRetryMax      int      `default:"3" placeholder:"N" help:"How often a delivery is tried again."`
	SinkBackoffBaseMS int      `name:"sink-backoff-base-ms" default:"100" placeholder:"MS" help:"How long to wait before the first retry; doubled each time."`
	SinkBackoffMaxMS  int      `name:"sink-backoff-max-ms" default:"5000" placeholder:"MS" help:"How long to wait at most."`
	SinkBatchMax      int      `default:"64" placeholder:"N" help:"Events whose results are delivered with one write, if they wait already."`
	SinkBatchFlushMS  int      `name:"sink-batch-flush-ms" hidden:"" default:"50" help:"Accepted and without effect: nobody waits for a batch to fill up."`
}

func (f *outputFlags) apply(c *daemon.Config) error {
	switch {
	case len(f.Output) == 0:
		return errors.New("no output: daemon.output.sinks is empty")
	case f.SinkRetryMax < 0:
		return fmt.Errorf("--sink-retry-max %d: want 0 or more", f.SinkRetryMax)
	case f.SinkBackoffBaseMS < 1:
		return fmt.Errorf("--sink-backoff-base-ms %d: want 1 or more", f.SinkBackoffBaseMS)
	case f.SinkBackoffMaxMS < f.SinkBackoffBaseMS:
		return fmt.Errorf("--sink-backoff-max-ms %d: want --sink-backoff-base-ms (%d) or more", f.SinkBackoffMaxMS, f.SinkBackoffBaseMS)
	case f.SinkBatchMax < 1:
		return fmt.Errorf("--sink-batch-max %d: want 1 or more", f.SinkBatchMax)
	}
	c.Outputs, c.DLQ, c.Pretty, c.ResultID, c.BatchMax = f.Output, f.DLQ, f.Pretty, f.ResultID, f.SinkBatchMax
	c.Retry = flow.Retry{
		Times: f.SinkRetryMax,
		Base:  time.Duration(f.SinkBackoffBaseMS) * time.Millisecond,
		Max:   time.Duration(f.SinkBackoffMaxMS) * time.Millisecond,
	}
	return nil
}
