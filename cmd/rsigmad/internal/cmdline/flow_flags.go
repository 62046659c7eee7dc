package cmdline

import (
	"fmt"
	"time"

	"github.com/rsigma-go/rsigma/daemon"
)

// flowFlags say where events come from and how they flow.
//
// Source: daemon.md sections 4.2 and 4.7.
type flowFlags struct {
	Input          string  `default:"stdin" placeholder:"SPEC" help:"Where events come from: stdin, http (POST /api/v1/events), unix:///PATH, or nats://HOST:PORT/SUBJECT. OpenTelemetry logs come in on the API's port beside each of these."`
	JQ             string  `name:"jq" xor:"filter" placeholder:"EXPR" help:"Turn each JSON event into the outputs of this jq expression: none, one or several events."`
	JSONPath       string  `name:"jsonpath" xor:"filter" placeholder:"EXPR" help:"Turn each JSON event into the nodes that this JSONPath selects."`
	ExitOnEOF      bool    `name:"exit-on-eof" help:"Exit when standard input ends and everything is delivered, instead of waiting to be stopped."`
	IngestTimeout  int     `default:"0" placeholder:"SECS" help:"How long a POST of events waits for room in the queue before it gets 429; 0 waits without limit."`
	MaxBodyBytes   int64   `default:"67108864" placeholder:"N" help:"Largest body of a POST of events, before and after decompression."`
	BufferSize     int     `default:"10000" placeholder:"N" help:"Events that may wait for evaluation, results that may wait for the outputs, and for each of them."`
	BatchSize      int     `default:"1" placeholder:"N" help:"Events that are evaluated together at most. Nobody waits for a batch to fill up."`
	DrainTimeout   int     `default:"5" placeholder:"SECS" help:"How long events in flight may take when the daemon is stopped."`
	DetectWorkers  int     `name:"detect-inflight" env:"RSIGMA_DETECT_INFLIGHT" default:"0" placeholder:"N" help:"Goroutines that evaluate events; 0 is one for each processor."`
	CostRate       float64 `name:"cost-sample-rate" default:"0.01" placeholder:"SHARE" help:"Share of events on which the cost of each rule is measured, for /api/v1/rules/cost; 0 measures nothing."`
	BloomPrefilter bool    `hidden:"" help:"Accepted and without effect: the index is always on."`
	BloomMaxBytes  int64   `hidden:"" default:"1048576" help:"Accepted and without effect."`
	CrossRuleAC    bool    `name:"cross-rule-ac" hidden:"" help:"Accepted and without effect: the index is always on."`
	Debounce       int     `name:"reload-debounce-ms" hidden:"" default:"500" help:"How long a reload waits for further triggers."`
}

func (f *flowFlags) apply(c *daemon.Config) error {
	switch {
	case f.BufferSize < 1:
		return fmt.Errorf("--buffer-size %d: want 1 or more", f.BufferSize)
	case f.BatchSize < 1:
		return fmt.Errorf("--batch-size %d: want 1 or more", f.BatchSize)
	case f.DrainTimeout < 0:
		return fmt.Errorf("--drain-timeout %d: want 0 or more", f.DrainTimeout)
	case f.IngestTimeout < 0:
		return fmt.Errorf("--ingest-timeout %d: want 0 or more", f.IngestTimeout)
	case f.MaxBodyBytes < 1<<20:
		return fmt.Errorf("--max-body-bytes %d: want 1048576 or more, the length of one line", f.MaxBodyBytes)
	case f.CostRate < 0 || f.CostRate > 1:
		return fmt.Errorf("--cost-sample-rate %g: want 0 to 1", f.CostRate)
	case f.DetectWorkers < 0:
		return fmt.Errorf("--detect-inflight %d: want 0 or more", f.DetectWorkers)
	}
	c.Input, c.JQ, c.JSONPath, c.ExitOnEOF = f.Input, f.JQ, f.JSONPath, f.ExitOnEOF
	c.IngestTimeout, c.MaxBody = time.Duration(f.IngestTimeout)*time.Second, f.MaxBodyBytes
	c.Buffer, c.Batch, c.Drain = f.BufferSize, min(f.BatchSize, f.BufferSize), time.Duration(f.DrainTimeout)*time.Second
	c.Workers, c.CostRate, c.Debounce = f.DetectWorkers, f.CostRate, time.Duration(f.Debounce)*time.Millisecond
	return nil
}
