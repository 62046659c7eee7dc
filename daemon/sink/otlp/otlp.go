// Package otlp is the sink that exports results as OpenTelemetry log records, over gRPC (otlp:// and, with TLS, otlps://) or over HTTP
// (otlphttp:// and otlphttps://). It connects when the first result comes, so that a collector that is down does not keep the daemon from
// starting. Retries and dead letters are not its business.
//
// Source: daemon.md sections 12 and 27.2.
package otlp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resources "go.opentelemetry.io/proto/otlp/resource/v1"

	"github.com/rsigma-go/rsigma/daemon/flow"
)

// Options configure a Sink.
type Options struct {
	Version string // of the scope, and of the user agent
	// Rejected is told of results that the other side has taken and refused for good, when it does not say which ones. It may be nil.
	Rejected func(results int, reason string)
}

// Sink exports results. It implements flow.Sink.
type Sink struct {
	opts   Options
	to     exporter
	closed sync.Once
}

// exporter sends one request.
type exporter interface {
	export(ctx context.Context, req *collector.ExportLogsServiceRequest) (*collector.ExportLogsPartialSuccess, error)
	close() error
}

// Limits of one request. Collectors take 4 MiB of gRPC message unless they are told otherwise.
const (
	maxRequest     = 2 << 20 // bytes of results, unless a single one is longer
	requestTimeout = 10 * time.Second
	// grace is how much longer a request may take once the sink is told to stop. One that is broken off may have been taken, and then its
	// results are delivered twice.
	grace = time.Second
)

// Open returns a sink to address, which is SCHEME://HOST[:PORT][/PATH][?QUERY]. What is wrong with it, or with the certificates that it
// names, is an error; it does not connect.
func Open(address string, opts Options) (*Sink, error) {
	t, err := parse(address)
	if err != nil {
		return nil, err
	}
	tls, err := t.tlsConfig()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.name, err)
	}
	s := &Sink{opts: opts}
	if t.http {
		s.to = newHTTP(t, tls, opts.Version)
		return s, nil
	}
	if s.to, err = newGRPC(t, tls, opts.Version); err != nil {
		return nil, fmt.Errorf("%s: %w", t.name, err)
	}
	return s, nil
}

// Deliver implements flow.Sink: one record for each line. Every failure is worth a retry, except a line that is no JSON object and
// records that the other side refuses for good.
func (s *Sink) Deliver(ctx context.Context, lines [][]byte) (int, error) {
	for written := 0; written < len(lines); {
		if ctx.Err() != nil {
			return written, ctx.Err()
		}
		records, err := take(lines[written:])
		if len(records) == 0 {
			return written, flow.Permanent(err)
		}
		if err := s.send(ctx, records); err != nil {
			return written, err
		}
		written += len(records)
	}
	return len(lines), nil
}

// take turns lines into records, as many as one request may hold. It stops at a line that it cannot read; the error is that of the
// first one only if nothing comes before it.
func take(lines [][]byte) (records []*logs.LogRecord, err error) {
	size := 0
	for i, line := range lines {
		if size += len(line); i > 0 && size > maxRequest {
			break
		}
		r, err := record(line, time.Now())
		if err != nil {
			return records, err
		}
		records = append(records, r)
	}
	return records, nil
}

// send sends one request.
func (s *Sink) send(ctx context.Context, records []*logs.LogRecord) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	partial, err := s.to.export(ctx, s.request(records))
	if err != nil {
		return err
	}
	rejected := int(partial.GetRejectedLogRecords())
	switch {
	case rejected <= 0:
	case rejected >= len(records):
		return flow.PermanentFor(len(records), errors.New("the collector refuses the results: "+cut(partial.GetErrorMessage())))
	case s.opts.Rejected != nil: // a retry would repeat those that were taken
		s.opts.Rejected(rejected, cut(partial.GetErrorMessage()))
	}
	return nil
}

// bound returns the context of one request, which outlives parent by the grace time.
func bound(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), requestTimeout)
	stop := context.AfterFunc(parent, func() {
		select {
		case <-time.After(grace):
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		stop()
		cancel()
	}
}

func (s *Sink) request(records []*logs.LogRecord) *collector.ExportLogsServiceRequest {
	return &collector.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{{
		Resource: &resources.Resource{Attributes: []*common.KeyValue{{Key: "service.name", Value: text("rsigma")}}},
		ScopeLogs: []*logs.ScopeLogs{{
			Scope: &common.InstrumentationScope{Name: "rsigma", Version: s.opts.Version}, LogRecords: records,
		}},
	}}}
}

// Close implements flow.Sink. It may be called again.
func (s *Sink) Close() (err error) {
	s.closed.Do(func() { err = s.to.close() })
	return err
}

// maxText is how much of what the other side says is repeated (reliability.md T18).
const maxText = 512

func cut(s string) string { return s[:min(len(s), maxText)] }
