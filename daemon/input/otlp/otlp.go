// Package otlp is the input that takes OpenTelemetry log records: POST /v1/logs with protobuf or JSON bodies, and the gRPC service
// LogsService over HTTP/2, both through one http.Handler. Every record becomes one flat JSON event. Where the handler is mounted, who may
// call it, and TLS are not its business; whoever builds the daemon mounts it on the listener of the API.
//
// Source: daemon.md section 19; http-api.md sections 3.10 and 3.11; reliability.md section 3.4, T5 and T6.
package otlp

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// Options configure an Input.
type Options struct {
	MaxBody int64         // bytes of an HTTP body as it is sent; decompressed it may have 64 MiB, whatever this says
	Timeout time.Duration // how long a record may wait for room in the queue; 0 is without limit
	// Sync holds the reply to a request until every record of it is committed, all of them at once. One that is not makes it a failure
	// that clients retry.
	Sync        bool
	SyncTimeout time.Duration // how long a reply is held back; 0 is without limit
	Hooks       Hooks
}

// Hooks count. All of them may be nil; they are called on the goroutines of requests. transport is http or grpc.
type Hooks struct {
	Request func(transport, encoding string) // a request was decoded; encoding is protobuf or json
	Records func(n int)                      // so many records were queued
	// Error tells why a request was refused: unsupported_content_type, decompression, decode, channel_closed, too_large or queue_full.
	Error func(transport, reason string)
}

// Paths of the two services.
const (
	PathHTTP = "/v1/logs"
	PathGRPC = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
)

// Limits (daemon.md section 25, reliability.md T6).
const (
	maxDecompressed = 64 << 20  // of an HTTP body
	maxGRPC         = 16 << 20  // of a gRPC message
	maxEvent        = 1 << 20   // of a record, flattened
	maxBodies       = 66 << 20  // of all bodies that are being read: one of the greatest length, in whole pieces
	maxDecoded      = 512 << 20 // of all requests that are decoded and not queued yet, about
	maxExpansion    = 1 << 30   // of all events of a request; resource attributes are in every one of them
)

// Input is an http.Handler whose records Run forwards. It is safe for concurrent use.
type Input struct {
	opts            Options
	out             atomic.Pointer[flow.Intake] // nil until Run
	ready           chan struct{}
	closed          atomic.Bool // Run was told to stop
	bodies, decoded budget
	grpc            *grpc.Server
}

// New returns an input.
func New(opts Options) *Input {
	in := &Input{opts: opts, ready: make(chan struct{}), bodies: budget{max: maxBodies}, decoded: budget{max: maxDecoded}}
	in.grpc = newGRPC(in)
	return in
}

// A client that waits for its records asks whether a crash can lose them, which a commit answers. A sink that hangs must not make it
// send them again.
var origin = flow.Origin{Type: "otlp", AtCommit: true}

// Run implements flow.Input: it lets the handler put records into out, whose closing ends that. Requests that are decoded after ctx is
// cancelled are refused; those whose records are being queued go on until out is closed.
func (in *Input) Run(ctx context.Context, out *flow.Intake) error {
	in.out.Store(out)
	close(in.ready)
	<-ctx.Done()
	in.closed.Store(true)
	return nil
}

// Ready is closed once Run takes records: whoever is told before that the daemon is ready may be refused.
func (in *Input) Ready() <-chan struct{} { return in.ready }

// Close implements flow.Input. It does not break off requests that still wait for their records.
func (in *Input) Close() error { return nil }

// ServeHTTP implements http.Handler for both services; they differ in the media type of the request.
func (in *Input) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		in.serveGRPC(w, r)
		return
	}
	in.serveHTTP(w, r)
}

// failed counts a refusal.
func (in *Input) failed(transport, reason string) {
	if in.opts.Hooks.Error != nil && reason != "" {
		in.opts.Hooks.Error(transport, reason)
	}
}
