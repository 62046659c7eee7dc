package nats

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/daemon/natsconn/natstest"
)

// BenchmarkConsume reads and acknowledges stored messages of 200 bytes from a server in a process of its own. Beside the messages per
// second it reports those per second of processor time of this process: what one core of the daemon reads.
func BenchmarkConsume(b *testing.B) {
	const total = 100_000
	process := natstest.StartProcess(b)
	srv := &broker{t: b, url: process.URL, js: process.Client()}
	payload := []byte(`{"event":"` + strings.Repeat("x", 188) + `"}`)
	opts := srv.options("a")
	opts.Buffer = 10_000
	first := open(b, opts)
	for range total {
		if _, err := srv.js.PublishAsync("a", payload, jetstream.WithStallWait(time.Minute)); err != nil {
			b.Fatal(err)
		}
	}
	<-srv.js.PublishAsyncComplete()
	if err := first.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(total * len(payload)))
	var spent, busy time.Duration
	rounds := 0
	for b.Loop() {
		opts.Start = Start{Mode: StartSequence, Sequence: 1}
		in := open(b, opts)
		start, used := time.Now(), processorTime(b)
		consume(b, in, total, opts.Buffer)
		spent += time.Since(start)
		busy += processorTime(b) - used
		rounds++
	}
	b.ReportMetric(float64(rounds*total)/spent.Seconds(), "msgs/s")
	b.ReportMetric(float64(rounds*total)/busy.Seconds(), "msgs/core-s")
}

// consume reads total messages, commits them, and closes in.
func consume(b *testing.B, in *Input, total, buffer int) {
	b.Helper()
	intake := flow.NewIntake(buffer, flow.IntakeHooks{})
	ctx, cancel := context.WithCancel(b.Context())
	ran := make(chan error, 1)
	go func() { ran <- in.Run(ctx, intake) }()
	var batch []flow.Message
	for n := 0; n < total; n += len(batch) {
		batch, _ = intake.Take(ctx, batch[:0], 64)
		for i := range batch {
			batch[i].Ack.Done(true)
		}
	}
	cancel()
	<-ran
	if err := in.Close(); err != nil {
		b.Fatal(err)
	}
}

// processorTime returns what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
