package nats

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// BenchmarkConsume reads and acknowledges stored messages of 200 bytes from a server in the same process.
func BenchmarkConsume(b *testing.B) {
	const total = 100_000
	srv := newBroker(b)
	payload := []byte(`{"event":"` + strings.Repeat("x", 188) + `"}`)
	opts := srv.options("a")
	opts.Buffer = 10_000
	first := open(b, opts)
	for range total {
		if _, err := srv.js.PublishAsync("a", payload); err != nil {
			b.Fatal(err)
		}
	}
	<-srv.js.PublishAsyncComplete()
	if err := first.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(total * len(payload)))
	var spent time.Duration
	rounds := 0
	for b.Loop() {
		opts.Start = Start{Mode: StartSequence, Sequence: 1}
		in := open(b, opts)
		intake := flow.NewIntake(opts.Buffer, flow.IntakeHooks{})
		ctx, cancel := context.WithCancel(b.Context())
		ran := make(chan error, 1)
		start := time.Now()
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
		spent += time.Since(start)
		rounds++
	}
	b.ReportMetric(float64(rounds*total)/spent.Seconds(), "msgs/s")
}
