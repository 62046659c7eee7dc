package otlp

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rsigma-go/rsigma/bench"
	"github.com/rsigma-go/rsigma/compiler"
	"github.com/rsigma-go/rsigma/compiler/interp"
	"github.com/rsigma-go/rsigma/daemon/engine"
	"github.com/rsigma-go/rsigma/daemon/flow"
	"github.com/rsigma-go/rsigma/rtlib"
	"github.com/rsigma-go/rsigma/rtlib/correlate"
	"github.com/rsigma-go/rsigma/rtlib/decode"
)

// BenchmarkToVerdicts takes requests of 512 records from their bytes to verdicts. It shows events per second of processor time, that of all
// goroutines together. The records hold the events of a lane as maps in their bodies; lines are the same events as NDJSON, without OTLP.
// Rules and events come from where bench/run.sh says.
func BenchmarkToVerdicts(b *testing.B) {
	lanes, err := bench.LoadLanes(filepath.SplitList(fromEnv("RSIGMA_BENCH_EVENTS", "../../../examples")), 512)
	if err != nil {
		b.Fatal(err)
	}
	sources, err := compiler.Load([]string{fromEnv("RSIGMA_BENCH_RULES", "../../../rules")})
	if err != nil {
		b.Fatal(err)
	}
	prog, _ := compiler.Compile(sources, compiler.Options{})
	gen, err := engine.New(engine.Rules{Detections: interp.Rules(prog)}, nil, engine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for _, lane := range lanes {
		body := laneRequest(lane)
		b.Run(lane.Name+"/lines", func(b *testing.B) {
			judging(b, gen, len(lane.Lines), func(in *Input, out *flow.Intake) {
				for i, line := range lane.Lines {
					out.Put(b.Context(), flow.Message{Data: line, JSON: true, Origin: &origin, Number: int64(i)})
				}
			})
		})
		b.Run(lane.Name+"/twin", func(b *testing.B) {
			judging(b, gen, len(lane.Lines), func(in *Input, out *flow.Intake) {
				twinAccept(b, out, body)
			})
		})
		b.Run(lane.Name+"/now", func(b *testing.B) {
			judging(b, gen, len(lane.Lines), func(in *Input, out *flow.Intake) {
				if _, no := in.accept(b.Context(), "http", encodingProtobuf, body, &share{of: &in.bodies}); no != nil {
					b.Fatal(no.text)
				}
			})
		})
	}
}

func fromEnv(key, otherwise string) string {
	if v := os.Getenv(key); v != "" {
		return v
	}
	return otherwise
}

// twinAccept is what accept was.
func twinAccept(b *testing.B, out *flow.Intake, body []byte) {
	req := &collector.ExportLogsServiceRequest{}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, req); err != nil {
		b.Fatal(err)
	}
	var f twinFlattener
	for _, rl := range req.ResourceLogs {
		f.resource(rl.Resource)
		for _, sl := range rl.ScopeLogs {
			for i, r := range sl.LogRecords {
				if data, ok := f.record(r, sl.Scope); ok {
					out.Put(b.Context(), flow.Message{Data: data, JSON: true, Origin: &origin, Number: int64(i)})
				}
			}
		}
	}
}

// laneRequest returns the events of a lane as a request.
func laneRequest(lane *bench.Lane) []byte {
	var records []*logs.LogRecord
	for _, line := range lane.Lines {
		var tree any
		json.Unmarshal(line, &tree)
		records = append(records, &logs.LogRecord{Body: anyOf(tree)})
	}
	return mustMarshal(exportOf([]*common.KeyValue{pair("host.name", str("workstation6")), pair("service.name", str("agent"))}, nil, records...))
}

func anyOf(tree any) *common.AnyValue {
	switch x := tree.(type) {
	case string:
		return str(x)
	case float64:
		if x == float64(int64(x)) {
			return integer(int64(x))
		}
		return double(x)
	case bool:
		return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: x}}
	case []any:
		var values []*common.AnyValue
		for _, v := range x {
			values = append(values, anyOf(v))
		}
		return list(values...)
	case map[string]any:
		var pairs []*common.KeyValue
		for k, v := range x {
			pairs = append(pairs, pair(k, anyOf(v)))
		}
		slices.SortFunc(pairs, func(a, b *common.KeyValue) int { return len(a.Key) - len(b.Key) })
		return kvlist(pairs...)
	}
	return &common.AnyValue{}
}

// none is a sink, and dead letters.
type none struct{}

func (none) Deliver(_ context.Context, lines [][]byte) (int, error) { return len(lines), nil }
func (none) Close() error                                           { return nil }
func (none) Offer(context.Context, flow.DeadLetter)                 {}
func (none) Configured() bool                                       { return true }

// judging runs one worker and measures send, which sends so many events.
func judging(b *testing.B, gen *engine.Generation, events int, send func(*Input, *flow.Intake)) {
	queue := intake(10000)
	var left atomic.Int64
	judged := make(chan struct{}, 1)
	sender := flow.NewSender(none{}, flow.SenderOptions{Queue: 1000, BatchMax: 100, Exhausted: func(context.Context, *flow.Unit, int, error) {}})
	fanout := flow.NewFanout([]*flow.Sender{sender}, 1000, nil)
	pipeline := engine.NewPipeline(gen, engine.PipelineOptions{
		Batch: 64, Workers: 1, Format: decode.FormatJSON, Intake: queue, Results: fanout, Dead: none{},
		Hooks: engine.Hooks{
			Batch: func(x engine.BatchInfo) {
				if left.Add(-int64(x.Messages)) == 0 {
					judged <- struct{}{}
				}
			},
			Detection: func(*rtlib.Meta) {}, Correlation: func(*correlate.Rule) {}, Untimed: func() {},
			Bad: func(_ *flow.Message, err error) { b.Error(err) }, Late: func(int) {}, Evicted: func(*correlate.Rule, int) {},
			Committed: func(int) {}, HandedOn: func(time.Duration) {},
			Panic: func(*rtlib.Meta, any, []byte, bool) {},
		},
	})
	ctx, cancel := context.WithCancel(b.Context())
	var done sync.WaitGroup
	done.Go(func() { pipeline.Run(ctx) })
	done.Go(func() { fanout.Run(ctx) })
	done.Go(func() { sender.Run(ctx) })
	in := ready(b, Options{}, queue)
	b.ReportAllocs()
	before := spent()
	for b.Loop() {
		left.Store(int64(events))
		send(in, queue)
		<-judged
	}
	b.ReportMetric(float64(b.N*events)/(spent()-before).Seconds(), "events/cpu-s")
	queue.Close()
	done.Wait()
	cancel()
}

// spent returns the processor time of this process, which other processes of a busy machine disturb less than they do the clock.
func spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
